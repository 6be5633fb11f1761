"""Fetches from Zendesk what happened to tickets since the last time, then judges their clocks.

Without a connection `zendesk` nothing is fetched; clocks are judged all the same. **A failure
means** that Zendesk did not answer or refused us; what was fetched until then is kept and judged.
**Is a rerun safe?** Yes: a page and the mark up to which it reaches are stored together, an event
is stored once, and nothing is raised twice. **Who hears:** the operators (route `operations` in
alerts.yaml).
"""

from datetime import timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import Asset, AssetAlias, Connection, CronTriggerTimetable, dag, task, timezone
from airflow.sdk.exceptions import AirflowSkipException

DEFAULTS = {
    "owner": "supportops",
    "retries": 1,
    "retry_delay": timedelta(seconds=30),
    "execution_timeout": timedelta(minutes=7),
}
RAISED = AssetAlias("alerts_raised_by_ticket_sync")


@dag(
    schedule=CronTriggerTimetable("1-59/5 * * * *", timezone="UTC"),
    start_date=timezone.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=15),
    default_args=DEFAULTS,
    tags=["tickets"],
    doc_md=__doc__,
)
def ticket_sync():
    @task
    def sync():
        from supportops.bootstrap import open_context, zendesk_account
        from supportops.flows import ticket_sync as flow

        with open_context(Connection.get) as context:
            account = zendesk_account(Connection.get)
            if account is None:
                raise AirflowSkipException("no connection zendesk is set; nothing to fetch")
            return flow.fetch(context, account, timezone.utcnow)

    @task(trigger_rule="all_done", outlets=[RAISED])
    def sweep(outlet_events=None):
        from supportops.bootstrap import open_context
        from supportops.flows import touched_tickets as flow

        with open_context(Connection.get) as context:
            summary = flow.follow(context, timezone.utcnow())
        if summary["raised"] > summary["untold"] or summary["retracted"]:
            outlet_events[RAISED].add(Asset("alerts"))
        return summary

    # A run is what its last tasks are: this one fails where the sync did, whatever the sweep says.
    synced = EmptyOperator(task_id="synced", trigger_rule="none_failed")
    synced << sync() >> sweep()


ticket_sync()
