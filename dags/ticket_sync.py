"""Fetches what happened to tickets in their sources, then judges their clocks.

A source is used where its connection is set, such as `zendesk`; without one nothing is fetched, and
clocks are judged all the same. **A failure means** that a source did not answer or refused us; what
was fetched until then is stored and judged. **Is a rerun safe?** Yes: a page is stored together
with the mark up to which it reaches, an event is stored once, and nothing is raised twice. **Who is
notified:** the operators (route `operations` in alerts.yaml).
"""

from datetime import timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import AssetAlias, Connection, CronTriggerTimetable, dag, task, timezone
from airflow.sdk.exceptions import AirflowSkipException

from supportops_dags.context import clock_of, open_context
from supportops_dags.defaults import DEFAULT_ARGS
from supportops_dags.dispatching import dispatch_after

ALERTS_RAISED = AssetAlias("alerts_raised_by_ticket_sync")


@dag(
    schedule=CronTriggerTimetable("1-59/5 * * * *", timezone="UTC"),
    start_date=timezone.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=15),
    default_args=DEFAULT_ARGS | {"retries": 1, "retry_delay": timedelta(seconds=30)},
    tags=["tickets"],
    doc_md=__doc__,
)
def ticket_sync():
    @task
    def sync():
        from supportops.bootstrap import open_ticket_sources
        from supportops.flows.tickets import ticket_sync as flow

        with open_context() as context, open_ticket_sources(Connection.get) as sources:
            if not sources:
                raise AirflowSkipException(flow.NO_SOURCE)
            return flow.fetch(context, sources, clock_of(context))

    @task(trigger_rule="all_done", outlets=[ALERTS_RAISED])
    def sweep(outlet_events=None):
        from supportops.flows.tickets import touched_tickets as flow

        with open_context() as context:
            summary = flow.follow(context, clock_of(context)())
        new = summary["raised"] > summary["untold"] or summary["retracted"]
        dispatch_after(outlet_events, ALERTS_RAISED, new)
        return summary

    # A run's state is that of its last tasks: it fails where the sync did, whatever the sweep does.
    synced = EmptyOperator(task_id="synced", trigger_rule="none_failed")
    sync() >> [sweep(), synced]


ticket_sync()
