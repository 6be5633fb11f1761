"""Reads the mailboxes of mailbox.yaml: the answerphone's messages and e-mail that asks for help.

Every minute, or as the file says; without it only by hand. **A failure means** that messages wait
in their mailbox; none is lost. **Is a rerun safe?** Yes: a message is known by its Message-ID or
its content, makes one ticket and one page, and is moved only after that was stored. **Who is
notified:** the engineers of what was left outside office hours or cannot wait; the operators (route
`operations` in alerts.yaml) where a mailbox cannot be read.
"""

from datetime import timedelta

from airflow.sdk import AssetAlias, CronTriggerTimetable, dag, task, timezone
from airflow.sdk.exceptions import AirflowSkipException

from supportops.schedule import mailbox_schedule
from supportops_dags.context import clock_of, open_context
from supportops_dags.defaults import DEFAULT_ARGS
from supportops_dags.dispatching import dispatch_after

ALERTS_RAISED = AssetAlias("alerts_raised_by_mailbox")
SCHEDULE = mailbox_schedule()


@dag(
    schedule=CronTriggerTimetable(SCHEDULE, timezone="UTC") if SCHEDULE else None,
    start_date=timezone.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=15),
    default_args=DEFAULT_ARGS | {"retries": 1, "retry_delay": timedelta(seconds=10)},
    tags=["tickets", "alerts"],
    doc_md=__doc__,
)
def mailbox():
    @task(outlets=[ALERTS_RAISED])
    def read(outlet_events=None):
        from supportops.flows.tickets import mailbox as flow

        with open_context() as context:
            summary = flow.run(context, clock_of(context))
        if "skipped" in summary:
            raise AirflowSkipException(summary["skipped"])
        dispatch_after(outlet_events, ALERTS_RAISED, summary["raised"])
        return summary

    read()


mailbox()
