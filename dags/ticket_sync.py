"""Fetches from Zendesk what happened to tickets since the last time, every five minutes.

Without a connection `zendesk` it skips. **A failure means** that Zendesk did not answer or refused
us; what was fetched until then is kept, and its own line says which. **Is a rerun safe?** Yes: a
page and the mark up to which it reaches are stored together, and an event is stored once. **Who
hears:** the operators (route `operations` in alerts.yaml).
"""

from datetime import timedelta

from airflow.sdk import Connection, CronTriggerTimetable, dag, task, timezone
from airflow.sdk.exceptions import AirflowSkipException


@dag(
    schedule=CronTriggerTimetable("1-59/5 * * * *", timezone="Europe/London"),
    start_date=timezone.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=15),
    default_args={
        "owner": "supportops",
        "retries": 1,
        "retry_delay": timedelta(seconds=30),
        "execution_timeout": timedelta(minutes=7),
    },
    tags=["tickets"],
    doc_md=__doc__,
)
def ticket_sync():
    @task
    def sync():
        from supportops.bootstrap import open_workplace, zendesk_account
        from supportops.flows import ticket_sync as flow
        from supportops.tickets.zendesk_client import Client

        with open_workplace(Connection.get) as place:
            account = zendesk_account(Connection.get)
            if account is None:
                raise AirflowSkipException("no connection zendesk is set; nothing to fetch")
            with Client(account) as client:
                return flow.sync(place.engine, client, timezone.utcnow)

    sync()


ticket_sync()
