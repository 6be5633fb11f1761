"""Tells everybody who should have been told of an alert by now and was not.

Runs when an alert was raised, and every five minutes for retries and next steps. **A failure
means** that messages wait in the outbox; none is lost. **Is a rerun safe?** Yes: what was handed
over is in the ledger and is not sent again; only a message whose outcome nobody saw is repeated,
and says so. **Who hears:** the operators, by the next dispatch that works; a dispatch that never
works is told by the outside heartbeat of site_check alone.
"""

from datetime import timedelta

from airflow.sdk import (
    Asset,
    AssetOrTimeSchedule,
    Connection,
    CronTriggerTimetable,
    dag,
    task,
    timezone,
)

EVERY_FIVE_MINUTES = CronTriggerTimetable("2-59/5 * * * *", timezone="UTC")


@dag(
    schedule=AssetOrTimeSchedule(timetable=EVERY_FIVE_MINUTES, assets=[Asset("alerts")]),
    start_date=timezone.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=10),
    default_args={
        "owner": "supportops",
        "retries": 1,
        "retry_delay": timedelta(seconds=10),
        "execution_timeout": timedelta(minutes=7),
    },
    tags=["alerts"],
    doc_md=__doc__,
)
def alert_dispatch():
    @task
    def dispatch():
        from supportops.bootstrap import open_context
        from supportops.flows import alert_dispatch as flow

        with open_context(Connection.get) as context:
            return flow.run(context.engine, context.secrets, timezone.utcnow)

    dispatch()


alert_dispatch()
