"""Reads the calendars that `rota.yaml` names, four times an hour.

A team whose duties are kept in a calendar elsewhere has them read from there; nothing else is
fetched, and without such a team nothing is done. **A failure means** that no usable `rota.yaml` or
no store was found; a calendar that does not answer is an alert instead, and its last good reading
counts. **Is a rerun safe?** Yes: a reading takes the place of the one before. **Who is notified:**
the operators (route `operations` in alerts.yaml).
"""

from datetime import timedelta

from airflow.sdk import AssetAlias, CronTriggerTimetable, dag, task, timezone
from airflow.sdk.exceptions import AirflowSkipException

from supportops_dags.context import clock_of, open_context
from supportops_dags.defaults import DEFAULT_ARGS
from supportops_dags.dispatching import dispatch_after

ALERTS_RAISED = AssetAlias("alerts_raised_by_rota_calendars")


@dag(
    schedule=CronTriggerTimetable("3-59/15 * * * *", timezone="UTC"),
    start_date=timezone.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=10),
    default_args=DEFAULT_ARGS | {"retries": 1, "retry_delay": timedelta(seconds=30)},
    tags=["alerts"],
    doc_md=__doc__,
)
def rota_calendars():
    @task(outlets=[ALERTS_RAISED])
    def read(outlet_events=None):
        from supportops.flows.rota import rota_calendars as flow

        with open_context() as context:
            summary = flow.run(context, clock_of(context)())
        if not (summary["read"] or summary["failed"]):
            raise AirflowSkipException(flow.NO_CALENDAR)
        dispatch_after(outlet_events, ALERTS_RAISED, summary["failed"])
        return summary

    read()


rota_calendars()
