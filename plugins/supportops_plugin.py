"""What supportops adds to Airflow: one listener, so that a failed task is told like an outage.

Airflow executes this file in every process; nothing happens at import, and what a listener does
is imported when it is called.
"""

from __future__ import annotations

import logging
import sys

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin

log = logging.getLogger(__name__)


def _tell(what: str, *arguments: object) -> None:
    """Calls one flow of `airflow_trouble`; trouble with telling never harms who called."""
    from airflow.sdk import Connection, timezone

    from supportops.bootstrap import open_workplace
    from supportops.flows import airflow_trouble

    try:
        with open_workplace(Connection.get) as place:
            getattr(airflow_trouble, what)(place.engine, *arguments, timezone.utcnow())
    except Exception:
        log.exception("supportops could not record that %s", what.replace("_", " "))


@hookimpl
def on_task_instance_failed(previous_state, task_instance, error):
    if str(getattr(task_instance, "state", "")) != "up_for_retry":
        _tell("task_failed", task_instance.dag_id, task_instance.task_id, task_instance.run_id)


@hookimpl
def on_dag_run_failed(dag_run, msg):
    _tell("run_failed", dag_run.dag_id, dag_run.run_id)


@hookimpl
def on_dag_run_success(dag_run, msg):
    _tell("run_succeeded", dag_run.dag_id)


@hookimpl
def on_new_dag_import_error(filename, stacktrace):
    _tell("import_failed", filename, stacktrace)


@hookimpl
def on_existing_dag_import_error(filename, stacktrace):
    _tell("import_failed", filename, stacktrace)


class SupportopsPlugin(AirflowPlugin):
    name = "supportops"
    listeners = [sys.modules[__name__]]  # noqa: RUF012 (the form that Airflow reads)
