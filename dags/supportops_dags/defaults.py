"""What every task of every DAG starts from; a DAG adds how often and how soon it tries again.

Where several tasks wait for a slot, the one with the highest priority begins. With several workers
each queue has its own: what takes long never occupies the workers that checks and pages need.
"""

from datetime import timedelta

DEFAULT_ARGS = {
    "owner": "supportops",
    # A task's token lasts ten minutes, and renewing it can fail (apache/airflow#67939).
    "execution_timeout": timedelta(minutes=7),
    "priority_weight": 5,
    "weight_rule": "absolute",
}
# From a failed check or a customer's call to the message. A worker that is killed uses up a try,
# and one after the other may be, as when all of them are replaced.
URGENT = {"priority_weight": 10, "retries": 3}
# Reports, and what is done by night.
BACKGROUND = {"priority_weight": 1, "queue": "background"}
