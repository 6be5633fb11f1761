"""Checks every customer's site every five minutes and raises an alert for what is down.

**A failure means** that some sites were not checked in these five minutes; what was recorded is
judged all the same. **Is a rerun safe?** Yes: a recorded check is not made again, a slot long past
checks nothing, no alert is raised twice. **Who is notified:** the operators (route `operations`).
"""

from datetime import timedelta

from airflow.sdk import AssetAlias, CronTriggerTimetable, dag, task, timezone

from supportops_dags.context import clock_of, open_context
from supportops_dags.defaults import DEFAULT_ARGS, URGENT
from supportops_dags.dispatching import dispatch_after, start_dispatch

ALERTS_RAISED = AssetAlias("alerts_raised_by_site_check")


@dag(
    schedule=CronTriggerTimetable("*/5 * * * *", timezone="UTC"),
    start_date=timezone.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    max_active_tasks=1024,
    dagrun_timeout=timedelta(minutes=15),
    default_args=DEFAULT_ARGS | URGENT | {"retry_delay": timedelta(seconds=5)},
    tags=["sites"],
    doc_md=__doc__,
)
def site_check():
    @task
    def plan(dag_run=None):
        from supportops.flows.sites import site_check as flow

        with open_context() as context:
            at, now = dag_run.run_after, clock_of(context)()
            return flow.plan(context.engine, context.config, at, now).specs()

    @task
    def check(spec):
        from supportops.flows.sites import site_check as flow

        with open_context() as context:
            send = flow.shown_at_once(context, clock := clock_of(context), start_dispatch)
            return flow.check(context.engine, spec, clock, secrets=context.secrets, on_changes=send)

    @task(trigger_rule="all_done", outlets=[ALERTS_RAISED], retries=1)
    def judge(specs, checked, dag_run=None, outlet_events=None):
        from supportops.flows.sites import site_check as flow

        with open_context() as context:
            at, now = dag_run.run_after, clock_of(context)()
            summary = flow.finish(context, specs, list(checked), at, now, start_dispatch)
        dispatch_after(outlet_events, ALERTS_RAISED, summary["changes"])
        return summary

    judge(specs := plan(), check.expand(spec=specs))


site_check()
