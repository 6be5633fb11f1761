"""Judges the push monitors: raises an alert for a job that has fallen silent, ends what is over.

A failure that a job reports is an alert already when it comes. **A failure means** that silence is
not noticed; pushes are recorded all the same. **Is a rerun safe?** Yes: a push is folded once, and
no alert is raised twice. **Who is notified:** the operators (route `operations`).
"""

from datetime import timedelta

from airflow.sdk import AssetAlias, CronTriggerTimetable, dag, task, timezone

from supportops_dags.context import clock_of, open_context
from supportops_dags.defaults import DEFAULT_ARGS
from supportops_dags.dispatching import dispatch_after

ALERTS_RAISED = AssetAlias("alerts_raised_by_push_check")


@dag(
    schedule=CronTriggerTimetable("3-59/5 * * * *", timezone="UTC"),
    start_date=timezone.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=10),
    default_args=DEFAULT_ARGS | {"retries": 1, "retry_delay": timedelta(seconds=10)},
    tags=["sites", "alerts"],
    doc_md=__doc__,
)
def push_check():
    @task(outlets=[ALERTS_RAISED])
    def judge(outlet_events=None):
        from supportops.flows.sites import push_check as flow

        with open_context() as context:
            summary = flow.judge(context, clock_of(context)())
        dispatch_after(outlet_events, ALERTS_RAISED, summary["changes"])
        return summary

    judge()


push_check()
