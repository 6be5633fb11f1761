"""Starts the dispatch of alerts while the task that raised them goes on."""

import logging

from airflow.sdk import timezone

log = logging.getLogger(__name__)
DISPATCH = "alert_dispatch"


def start_dispatch(_changes):
    """Asks Airflow for a run of the dispatch.

    An asset's event is only made when its task ends, and a task that checks sites that hang may
    last for minutes. So the task asks as TriggerDagRunOperator does, which would end it. Where that
    fails, the event at the run's end and the dispatch's own schedule remain.
    """
    try:
        from airflow.sdk.execution_time import task_runner
        from airflow.sdk.execution_time.comms import TriggerDagRun

        now = timezone.utcnow()
        run_id = f"site_check__{now.isoformat()}"
        answer = task_runner.SUPERVISOR_COMMS.send(
            TriggerDagRun(dag_id=DISPATCH, run_id=run_id, run_after=now)
        )
        log.info("asked for a dispatch: %s", answer)
    except Exception:
        log.exception("no dispatch could be started before the end of this run")
