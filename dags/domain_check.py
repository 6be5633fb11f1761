"""Checks the domains of all sites once a day: registrations, changed records, and mail records.

Only where `sites.yaml` has `domains`. **A failure means** that the domains were not checked today;
what was known of them stands. **Is a rerun safe?** Yes: a domain that was checked in the last hours
is not asked again, and no alert is raised twice. **Who is notified:** the operators (route
`operations`).
"""

from datetime import timedelta

from airflow.sdk import AssetAlias, CronTriggerTimetable, dag, task, timezone

from supportops_dags.context import clock_of, open_context
from supportops_dags.defaults import BACKGROUND, DEFAULT_ARGS
from supportops_dags.dispatching import dispatch_after

ALERTS_RAISED = AssetAlias("alerts_raised_by_domain_check")


@dag(
    schedule=CronTriggerTimetable("20 5 * * *", timezone="UTC"),
    start_date=timezone.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=15),
    default_args=DEFAULT_ARGS | BACKGROUND | {"retries": 2, "retry_delay": timedelta(minutes=1)},
    tags=["sites"],
    doc_md=__doc__,
)
def domain_check():
    @task(outlets=[ALERTS_RAISED])
    def check(outlet_events=None):
        from supportops.flows.sites import domain_check as flow

        with open_context() as context:
            summary = flow.run(context, clock_of(context))
        dispatch_after(outlet_events, ALERTS_RAISED, summary["changes"])
        return summary

    check()


domain_check()
