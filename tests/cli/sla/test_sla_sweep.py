"""The sweep from a shell: what it prints, and how it ends."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from builders import configure
from supportops.cli.main import app
from supportops.db.engine import writing
from supportops.tickets.log.store import append_events
from supportops.tickets.ticket import Author, Event, EventKind


@pytest.fixture
def waiting(
    store: Engine, store_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> datetime:
    """A ticket that nobody has answered for a month; answers when that was."""
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", store_address)
    monkeypatch.setenv("SUPPORTOPS_CONFIG", str(configure(tmp_path / "config", [])))
    now = datetime.now(UTC)
    at = now - timedelta(days=30)
    with writing(store) as connection:
        created = Event("desk", "1", "17", EventKind.CREATED, at, now, Author.CUSTOMER)
        append_events(connection, [created], now)
    return at


def test_a_sweep_reports_what_it_raised_and_raises_it_once(waiting: datetime) -> None:
    first = CliRunner().invoke(app, ["sla-sweep"])
    assert first.exit_code == 0, first.output
    assert "raised: 2" in first.output
    assert "sla breach: 1 in force" in first.output
    again = json.loads(CliRunner().invoke(app, ["sla-sweep", "--json"]).output)
    assert (again["written"], again["raised"]) == (True, 0)


def test_a_sweep_of_the_past_only_reports_what_it_finds(waiting: datetime) -> None:
    assert CliRunner().invoke(app, ["sla-sweep"]).exit_code == 0
    at = (waiting + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
    past = CliRunner().invoke(app, ["sla-sweep", "--at", at])
    assert past.exit_code == 0, past.output
    assert "raised: 0" in past.output
    assert "in force" not in past.output
    assert "nothing was written" in past.output
