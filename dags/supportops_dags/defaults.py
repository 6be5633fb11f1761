"""What every task of every DAG starts from; a DAG adds how often and how soon it tries again.

Where several tasks wait for a slot, the one with the highest priority begins. Priority does not end
what runs already, so all but urgent tasks share the pool `ordinary`, made by the plugin with one
place less than the installation has: one is always free for checks and pages, whatever reports are
made and whatever source does not answer. With several workers each queue has its own, too.
"""

from datetime import timedelta

DEFAULT_ARGS = {
    "owner": "supportops",
    # A task's token lasts ten minutes, and renewing it can fail (apache/airflow#67939).
    "execution_timeout": timedelta(minutes=7),
    "priority_weight": 5,
    "weight_rule": "absolute",
    "pool": "ordinary",
}
# From a failed check or a customer's call to the message. A worker that is killed uses up a try,
# and one after the other may be, as when all of them are replaced.
URGENT = {"priority_weight": 10, "retries": 3, "pool": "default_pool"}
# Reports, and what is done by night: of the four places that an installation has as shipped, one of
# these takes two, so that the sync and the notices have one, too.
BACKGROUND = {"priority_weight": 1, "queue": "background", "pool_slots": 2}
