"""Starts the dispatch of alerts: when the task that raised them ends, or while it goes on."""

import logging

from airflow.sdk import Asset, get_current_context, timezone

log = logging.getLogger(__name__)
DISPATCH = "alert_dispatch"


def dispatch_after(outlet_events, alias, raised):
    """Has the dispatch run when this task has ended, if it `raised` something.

    A second try does so in any case: the first may have been killed when alerts were in the store
    already, and Airflow forgets the events of a try that did not end well.
    """
    if raised or get_current_context()["ti"].try_number > 1:
        outlet_events[alias].add(Asset("alerts"))


def start_dispatch(_changes=()):
    """Asks Airflow for a run of the dispatch at once.

    An asset's event is only made when its task ends well, and a task that checks sites that hang
    may last for minutes. So the task asks as TriggerDagRunOperator does, which would end it. Where
    that fails, the event at the task's end and the dispatch's own schedule remain.
    """
    try:
        from airflow.sdk.execution_time import task_runner
        from airflow.sdk.execution_time.comms import GetDRCount, TriggerDagRun

        # One that waits will send what is in the store by then.
        waiting = task_runner.SUPERVISOR_COMMS.send(GetDRCount(dag_id=DISPATCH, states=["queued"]))
        if waiting.count:
            log.info("a dispatch waits already")
            return
        # No `run_after`: it is due by Airflow's clock, which this machine's may be ahead of.
        run_id = f"asked__{timezone.utcnow().isoformat()}"
        answer = task_runner.SUPERVISOR_COMMS.send(TriggerDagRun(dag_id=DISPATCH, run_id=run_id))
        log.info("asked for a dispatch: %s", answer)
    except Exception:
        log.exception("no dispatch could be started before the end of this task")
