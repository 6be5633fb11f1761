"""`ticket_sync` runs in a real Airflow: it skips without a connection, and fetches with one."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select

from supportops.db.schema import ticket_events, tickets
from tickets.fake_zendesk import LOGIN, TOKEN, Status, fake_zendesk


@pytest.fixture
def dag(bag):
    return bag.dags["ticket_sync"]


def task_state(run, task: str = "sync") -> str:
    [state] = [i.state for i in run.get_task_instances() if i.task_id == task]
    return str(state)


def test_without_a_connection_it_skips(
    dag, store: Engine, store_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", store_address)
    monkeypatch.delenv("AIRFLOW_CONN_ZENDESK", raising=False)
    run = dag.test()
    assert task_state(run) == "skipped"
    assert task_state(run, "sweep") == "success"
    assert run.state == "success"


def test_with_a_connection_it_fetches_and_a_refusal_fails_the_run(
    dag, store: Engine, store_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_zendesk() as zendesk:
        fields = {"conn_type": "http", "host": zendesk.address, "login": LOGIN, "password": TOKEN}
        monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", store_address)
        monkeypatch.setenv("AIRFLOW_CONN_ZENDESK", json.dumps(fields))
        zendesk.raise_ticket()
        zendesk.advance(61)
        run = dag.test()
        assert run.state == "success", task_state(run)
        with store.connect() as connection:
            assert connection.execute(select(func.count()).select_from(tickets)).scalar_one() == 1
            events = connection.execute(select(ticket_events.c.source_event)).scalars().all()
        assert any(name.endswith("/created") for name in events)
        zendesk.fail("cursor", *[Status(403)] * 3)
        monkeypatch.setattr(dag.get_task("sync"), "retry_delay", timedelta(0))
        refused = dag.test()
        assert refused.state == "failed"
        assert task_state(refused, "sweep") == "success"
