"""Folds the checks of each hour that is over into summaries of days, and removes what is old.

**A failure means** that availability and the pages of sites are computed from single checks for as
long as it lasts: slower, with the same figures; and that nothing is removed from the store.
**Is a rerun safe?** Yes: it goes on where the last one ended. **Who is notified:** the operators
(route `operations` in alerts.yaml).
"""

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag, task, timezone

from supportops_dags.context import clock_of, open_context
from supportops_dags.defaults import BACKGROUND, DEFAULT_ARGS

SECONDS = 300


@dag(
    schedule=CronTriggerTimetable("41 * * * *", timezone="UTC"),
    start_date=timezone.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=15),
    default_args=DEFAULT_ARGS | BACKGROUND | {"retries": 1, "retry_delay": timedelta(seconds=30)},
    tags=["sites"],
    doc_md=__doc__,
)
def housekeeping():
    @task
    def fold():
        from supportops.flows.operations import housekeeping as flow

        with open_context() as context:
            return flow.hourly(context.engine, SECONDS)

    @task
    def prune(folded):
        from supportops.flows.operations import housekeeping as flow

        with open_context() as context:
            now, took = clock_of(context)(), folded["seconds"]
            return flow.tidy(context.engine, context.config, now, SECONDS, took)

    prune(fold())


housekeeping()
