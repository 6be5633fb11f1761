"""On a store of another version a task fails, says what to do, and writes nothing."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from airflow_home import ROOT
from supportops.db.copying import contents
from supportops.db.engine import writing


def functions(path: Path) -> list[ast.FunctionDef]:
    return [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.FunctionDef)]


def calls(function: ast.FunctionDef) -> set[str]:
    return {ast.unparse(n.func) for n in ast.walk(function) if isinstance(n, ast.Call)}


def test_every_task_opens_the_store_where_its_version_is_looked_at() -> None:
    opening = {"open_context"}
    for path in sorted((ROOT / "dags/supportops_dags").glob("*.py")):
        opening |= {each.name for each in functions(path) if calls(each) & opening}
    tasks = [
        (path.stem, each)
        for path in sorted((ROOT / "dags").glob("*.py"))
        for each in functions(path)
        if any("task" in ast.unparse(decorator) for decorator in each.decorator_list)
    ]
    assert len(tasks) > 14
    assert [(dag, each.name) for dag, each in tasks if not calls(each) & opening] == []


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_a_task_refuses_it(
    store: Engine,
    store_address: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    bag,
) -> None:
    with writing(store) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = contents(store)
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", store_address)
    dag = bag.dags["housekeeping"]
    for task in dag.tasks:
        monkeypatch.setattr(task, "retries", 0)
    run = dag.test()
    assert {each.task_id: each.state for each in run.get_task_instances()} == {
        "fold": "failed",
        "prune": "upstream_failed",
    }
    assert "a newer version migrated it" in caplog.text + capsys.readouterr().out
    assert contents(store) == before
