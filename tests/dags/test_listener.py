"""The plugin's listener: what Airflow reports to it becomes an alert, and a retry does not."""

from __future__ import annotations

import importlib.util
import sys
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine

from airflow_home import ROOT
from supportops.alerts.alert import Kind
from supportops.alerts.store import list_open
from supportops.db.engine import reading


@pytest.fixture
def plugin(store_address: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", store_address)
    spec = importlib.util.spec_from_file_location("p", ROOT / "plugins/supportops_plugin.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "p", module)
    spec.loader.exec_module(module)
    return module


def a_try(state: str):
    from airflow.sdk import TaskInstanceState

    return SimpleNamespace(
        dag_id="site_check", task_id="judge", run_id="r1", state=TaskInstanceState(state)
    )


def subjects(store: Engine, kind: Kind) -> list[str]:
    with reading(store) as connection:
        return [alert.subject for alert in list_open(connection, kind)]


def test_a_try_that_will_be_repeated_alarms_nobody(plugin, store: Engine) -> None:
    plugin.on_task_instance_failed(a_try("up_for_retry"))
    assert subjects(store, Kind.TASK_FAILED) == []


def test_the_last_try_that_fails_is_an_alert_until_a_run_succeeds(plugin, store: Engine) -> None:
    plugin.on_task_instance_failed(a_try("failed"))
    plugin.on_dag_run_failed(SimpleNamespace(dag_id="site_check", run_id="r1"))
    assert subjects(store, Kind.TASK_FAILED) == ["site_check"]
    plugin.on_dag_run_success(SimpleNamespace(dag_id="site_check"))
    assert subjects(store, Kind.TASK_FAILED) == []


def test_a_dag_that_does_not_load_is_one_alert_however_often_it_is_parsed(
    plugin, store: Engine
) -> None:
    plugin.on_new_dag_import_error("dags/x.py", "Traceback ...")
    plugin.on_existing_dag_import_error("dags/x.py", "Traceback ...")
    assert subjects(store, Kind.IMPORT_ERROR) == ["dags/x.py"]


def test_a_store_that_is_away_never_harms_airflow(plugin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", "nonsense")
    plugin.on_dag_run_failed(SimpleNamespace(dag_id="site_check", run_id="r1"))
