"""Starts the sync of tickets where a ticket source has said that something happened.

Asked by the DAG `notices`, which runs every minute, so that no DAG of its own has to.
"""

import logging

log = logging.getLogger(__name__)
SYNC = "ticket_sync"


def sync_if_nudged(context, clock):
    """Asks Airflow for a run of the sync. Where that fails, its own schedule remains."""
    try:
        from supportops.flows.tickets import ticket_sync as flow

        now = clock()
        if not flow.is_nudged(context, now):
            return
        from airflow.sdk.execution_time import task_runner
        from airflow.sdk.execution_time.comms import GetDRCount, TriggerDagRun

        # One that waits will read all of it; of a DAG that is paused no more are piled up.
        waiting = task_runner.SUPERVISOR_COMMS.send(GetDRCount(dag_id=SYNC, states=["queued"]))
        if not waiting.count:
            run_id = f"nudged__{now.isoformat()}"
            task_runner.SUPERVISOR_COMMS.send(TriggerDagRun(dag_id=SYNC, run_id=run_id))
        flow.note_asked(context, now)
        log.info("a sync %s", "waits already" if waiting.count else "was asked for")
    except Exception:
        log.exception("no sync could be started before its schedule")
