"""Checks every customer's site every five minutes and raises an alert for what is down.

**A failure means** that some sites were not asked in these five minutes; what was recorded is
judged all the same. **Is a rerun safe?** Yes: recorded checks are not asked again, a slot long
past asks nobody, no alert is raised twice. **Who hears:** the operators (route `operations` in
alerts.yaml), and after two intervals without a check an alert of its own.
"""

import logging
from datetime import timedelta

from airflow.sdk import Asset, AssetAlias, Connection, CronTriggerTimetable, dag, task, timezone

DEFAULTS = {
    "owner": "supportops",
    "retries": 1,
    "retry_delay": timedelta(seconds=5),
    "execution_timeout": timedelta(minutes=7),
}
RAISED = AssetAlias("alerts_raised_by_site_check")


@dag(
    schedule=CronTriggerTimetable("*/5 * * * *", timezone="UTC"),
    start_date=timezone.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=15),
    default_args=DEFAULTS,
    tags=["sites"],
    doc_md=__doc__,
)
def site_check():
    @task
    def plan(dag_run=None):
        from supportops.bootstrap import open_context
        from supportops.flows import site_check as flow

        with open_context(Connection.get) as context:
            planned = flow.plan(
                context.engine, context.config, dag_run.run_after, timezone.utcnow()
            )
        logging.getLogger("airflow.task").info("planned: %s", planned)
        return planned.specs()

    @task
    def check(spec):
        from supportops.bootstrap import open_context
        from supportops.flows import site_check as flow

        with open_context(Connection.get) as context:
            return flow.check(context.engine, spec, timezone.utcnow)

    @task(trigger_rule="all_done", outlets=[RAISED])
    def judge(specs, checked, dag_run=None, outlet_events=None):
        from supportops.bootstrap import open_context
        from supportops.flows import site_check as flow

        with open_context(Connection.get) as context:
            now = timezone.utcnow()
            summary = flow.finish(context, specs, list(checked), dag_run.run_after, now)
        if summary["changes"]:
            outlet_events[RAISED].add(Asset("alerts"))
        return summary

    specs = plan()
    judge(specs, check.expand(spec=specs))


site_check()
