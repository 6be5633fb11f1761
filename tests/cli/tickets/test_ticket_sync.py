"""`supportops ticket-sync` as a user meets it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner, Result

from supportops.cli.main import app
from tickets.fake_zendesk import LOGIN, TOKEN, FakeZendesk, Status

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _store(store_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", store_address)
    monkeypatch.delenv("AIRFLOW_CONN_ZENDESK", raising=False)
    monkeypatch.setattr("supportops.cli.tickets.ticket_sync.now", lambda: NOW)


def connect(zendesk: FakeZendesk, monkeypatch: pytest.MonkeyPatch, token: str = TOKEN) -> None:
    fields = {"host": zendesk.address, "login": LOGIN, "password": token}
    monkeypatch.setenv("AIRFLOW_CONN_ZENDESK", json.dumps(fields))


def ticket_sync(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["ticket-sync", *arguments])


def test_without_a_connection_it_says_so_in_one_line() -> None:
    found = ticket_sync()
    assert found.exit_code == 0
    assert found.stdout == "no connection zendesk is set; nothing to fetch\n"
    assert "skipped" in json.loads(ticket_sync("--json").stdout)


def test_it_fetches_and_says_how_much(
    zendesk: FakeZendesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(zendesk, monkeypatch)
    zendesk.raise_ticket()
    zendesk.advance(61)
    found = ticket_sync("--json")
    assert found.exit_code == 0
    summary = json.loads(found.stdout)
    assert (summary["tickets"], summary["caught_up"]) == (1, True)
    assert ticket_sync().stdout.startswith("0 new events from 2 pages\n")


def test_records_set_aside_are_a_finding(
    zendesk: FakeZendesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(zendesk, monkeypatch)
    zendesk.audit(zendesk.raise_ticket(), ["no object"])
    zendesk.advance(61)
    found = ticket_sync()
    assert found.exit_code == 1
    assert "1 records set aside" in found.stdout


@pytest.mark.parametrize(("status", "code"), [(401, 2), (403, 2), (404, 1)])
def test_a_refusal_is_one_line(
    zendesk: FakeZendesk, monkeypatch: pytest.MonkeyPatch, status: int, code: int
) -> None:
    connect(zendesk, monkeypatch)
    zendesk.fail("cursor", Status(status))
    found = ticket_sync()
    assert found.exit_code == code
    assert found.stderr.startswith("supportops: Zendesk: GET ")
    assert len(found.stderr.splitlines()) == 1
    assert TOKEN not in found.output
