"""The hourly sweep in a real Airflow, on a real store; its state is asserted."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from builders import configure
from supportops.db.engine import reading, writing
from supportops.db.schema import alerts
from supportops.tickets.log.store import append_events
from supportops.tickets.ticket import Author, Event, EventKind


@pytest.fixture
def tickets(
    store: Engine, store_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Engine]:
    """A ticket of a month ago that nobody answered."""
    config = configure(tmp_path / "config", [])
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", store_address)
    monkeypatch.setenv("SUPPORTOPS_CONFIG", str(config))
    now = datetime.now(UTC)
    at = now - timedelta(days=30)
    created = Event("desk", "1", "17", EventKind.CREATED, at, now, Author.CUSTOMER)
    with writing(store) as connection:
        append_events(connection, [created], now)
    yield store
    shutil.rmtree(config)


def raised(store: Engine) -> list[tuple[str, str]]:
    with reading(store) as connection:
        found = connection.execute(
            select(alerts.c.kind, alerts.c.key).order_by(alerts.c.kind, alerts.c.key)
        )
        return [tuple(row) for row in found]


def test_a_sweep_raises_what_is_late_and_another_adds_nothing(tickets: Engine, bag) -> None:
    run = bag.dags["sla_sweep"].test()
    assert run.state == "success", run.get_task_instances()
    first = raised(tickets)
    assert [kind for kind, _ in first] == ["sla_breach", "sla_follow_up"]
    assert bag.dags["sla_sweep"].test().state == "success"
    assert raised(tickets) == first
