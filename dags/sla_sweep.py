"""Judges every open ticket's clocks each hour and raises warnings, breaches and follow-ups.

**A failure means** that deadlines of the last hour may not have been alerted on; the next run, or
the ticket sync in five minutes, raises them. **Is a rerun safe?** Yes: nothing is raised twice, and
an hour that later sweeps have judged is only counted. **Who is notified:** the operators (route
`operations` in alerts.yaml); tickets that cannot be judged are an alert of their own.
"""

import logging
from datetime import timedelta

from airflow.sdk import AssetAlias, CronTriggerTimetable, dag, task, timezone

from supportops_dags.context import clock_of, open_context
from supportops_dags.defaults import DEFAULT_ARGS
from supportops_dags.dispatching import dispatch_after

ALERTS_RAISED = AssetAlias("alerts_raised_by_sla_sweep")


@dag(
    schedule=CronTriggerTimetable("3 * * * *", timezone="UTC"),
    start_date=timezone.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=15),
    default_args=DEFAULT_ARGS | {"retries": 2, "retry_delay": timedelta(seconds=30)},
    tags=["tickets"],
    doc_md=__doc__,
)
def sla_sweep():
    @task(outlets=[ALERTS_RAISED])
    def sweep(dag_run=None, outlet_events=None):
        from supportops.flows.sla import sla_sweep as flow

        with open_context() as context:
            summary = flow.hourly(context, dag_run.run_after, clock_of(context)())
        log = logging.getLogger("airflow.task")
        for one in summary["unjudgeable"]:
            log.warning("%s could not be judged: %s", one["ticket"], one["error"])
        new = summary["raised"] > summary["untold"] or summary["retracted"]
        dispatch_after(outlet_events, ALERTS_RAISED, new)
        return summary

    sweep()


sla_sweep()
