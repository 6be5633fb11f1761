"""Failures of Airflow's own tasks as alerts, which go out like all others.

One alert a DAG stays open over repeated failures, and ends with the next run that succeeds.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from supportops.alerts.alert import Kind
from supportops.alerts.operations import operations_alert
from supportops.alerts.store import find_open, raise_alert, resolve_alert
from supportops.db.engine import reading, writing
from supportops.rendering.printable import mask_logins

LONGEST_TRACEBACK = 8000


def task_failed(engine: Engine, dag_id: str, task_id: str, run_id: str, now: datetime) -> None:
    """A task used up its retries."""
    headline = f"task {task_id} of {dag_id} failed"
    facts = {"dag_id": dag_id, "task_id": task_id, "run_id": run_id}
    _raise(engine, Kind.TASK_FAILED, dag_id, headline, facts, now)


def run_failed(engine: Engine, dag_id: str, run_id: str, now: datetime) -> None:
    """A run failed. Called when a worker was killed, too, but without the name of the task."""
    with reading(engine) as connection:
        found = find_open(connection, Kind.TASK_FAILED, dag_id)
    if found is None or found.facts.get("run_id") != run_id:
        facts = {"dag_id": dag_id, "run_id": run_id}
        _raise(engine, Kind.TASK_FAILED, dag_id, f"a run of {dag_id} failed", facts, now)


def run_succeeded(engine: Engine, dag_id: str, now: datetime) -> None:
    """A run succeeded, which ends the alert on earlier failures of this DAG."""
    with reading(engine) as connection:
        found = find_open(connection, Kind.TASK_FAILED, dag_id)
    if found is not None:
        with writing(engine) as connection:
            resolve_alert(connection, Kind.TASK_FAILED, dag_id, now)


def import_failed(engine: Engine, file: str, traceback: str, now: datetime) -> None:
    """A DAG file does not load. Called at each parse; the alert ends once that stops."""
    facts = {"file": file, "traceback": mask_logins(traceback)[-LONGEST_TRACEBACK:]}
    _raise(engine, Kind.IMPORT_ERROR, file, f"{file} does not load", facts, now)


def _raise(
    engine: Engine, kind: Kind, subject: str, headline: str, facts: dict[str, str], now: datetime
) -> None:
    alert = operations_alert(kind, subject, headline, now, facts=facts)
    with writing(engine) as connection:
        raise_alert(connection, alert, now)
