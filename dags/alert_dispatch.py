"""Sends the messages of alerts that are due, and tries those again that have failed.

Runs when an alert was raised, and every five minutes for retries and next steps. **A failure
means** that messages wait in the outbox; none is lost. **Is a rerun safe?** Yes: what was handed
over is in the notification log and is not sent again; only a message whose outcome is unknown is
repeated, and says so. **Who is notified:** the operators; while no dispatch works, site_check sends
them that alert and no longer calls the outside heartbeat.
"""

from datetime import timedelta

from airflow.sdk import Asset, AssetOrTimeSchedule, CronTriggerTimetable, dag, task, timezone

from supportops_dags.context import clock_of, open_context
from supportops_dags.defaults import DEFAULT_ARGS, URGENT

EVERY_FIVE_MINUTES = CronTriggerTimetable("2-59/5 * * * *", timezone="UTC")


@dag(
    schedule=AssetOrTimeSchedule(timetable=EVERY_FIVE_MINUTES, assets=[Asset("alerts")]),
    start_date=timezone.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=10),
    default_args=DEFAULT_ARGS | URGENT | {"retry_delay": timedelta(seconds=10)},
    tags=["alerts"],
    doc_md=__doc__,
)
def alert_dispatch():
    @task
    def dispatch():
        from supportops.flows.alerts import alert_dispatch as flow

        with open_context() as context:
            return flow.run(
                context.engine, context.secrets, clock_of(context), folder=context.config
            )

    dispatch()


alert_dispatch()
