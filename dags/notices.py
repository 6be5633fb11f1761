"""Drafts notices to customers about outages of their sites, and sends what is approved.

Runs each minute: an outage is drafted within a minute of its confirmation, and what somebody
approved goes out with the dispatch that follows. Comments on customers' tickets are posted in their
source. **A failure means** that customers may hear late; what was approved is not lost. **Is a
rerun safe?** Yes: each draft is decided once, by one UPDATE, together with its messages, and a
comment that a ticket has is not posted again. **Who is notified:** the operators (route
`operations` in alerts.yaml); of a draft that waits and of a word that is late, whoever the route
for `notice_waiting` and `notice_late` names.
"""

from datetime import timedelta

from airflow.sdk import AssetAlias, Connection, CronTriggerTimetable, dag, task, timezone

from supportops_dags.context import clock_of, open_context
from supportops_dags.defaults import DEFAULT_ARGS
from supportops_dags.dispatching import dispatch_after, start_dispatch
from supportops_dags.nudging import sync_if_nudged

ALERTS_RAISED = AssetAlias("alerts_raised_by_notices")


@dag(
    schedule=CronTriggerTimetable("* * * * *", timezone="UTC"),
    start_date=timezone.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=10),
    default_args=DEFAULT_ARGS | {"retries": 1, "retry_delay": timedelta(seconds=10)},
    tags=["alerts"],
    doc_md=__doc__,
)
def notices():
    @task(outlets=[ALERTS_RAISED])
    def decide(outlet_events=None):
        from supportops.flows.customers import notices as flow

        with open_context() as context:
            sync_if_nudged(context, clock := clock_of(context))
            summary = flow.run(context, clock)
            dispatch_after(outlet_events, ALERTS_RAISED, summary["to_dispatch"])
            if summary["comments_due"]:
                if summary["to_dispatch"]:  # a source that does not answer fails the task
                    start_dispatch()
                # A task of its own would take a second each minute, for what is seldom to be done.
                from supportops.bootstrap import open_ticket_sources

                with open_ticket_sources(Connection.get) as sources:
                    summary |= flow.post_comments(context, sources, clock)
        return summary

    decide()


notices()
