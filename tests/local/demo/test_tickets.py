"""The demo's tickets: a real log, loaded once, that goes on as time passes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from supportops.config.loader import load_mapping, load_triage
from supportops.context import Context
from supportops.db.engine import reading, writing
from supportops.db.schema import ticket_events, tickets
from supportops.flows.operations.demo_tickets import has_other_tickets
from supportops.local.demo import tickets as demo_tickets
from supportops.local.demo.config import SHIPPED, SOURCE, choose_ports, write
from supportops.local.install.installation import Installation
from supportops.tickets.log.store import append_events
from supportops.tickets.ticket import Author, Event, EventKind

NOW = datetime(2026, 4, 7, 12, tzinfo=UTC)


def load(store: Engine, folder: Path, now: datetime = NOW) -> str:
    context = Context(store, SOURCE, {}.get)
    return demo_tickets.load(context, now, folder / "rejects.jsonl")


def count(store: Engine, table) -> int:
    with reading(store) as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def somebodys_ticket(source: str) -> Event:
    return Event(source, "1/created", "1", EventKind.CREATED, NOW, NOW, Author.CUSTOMER)


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)  # which the demo is on
def test_the_log_is_loaded_moved_to_now_and_goes_on(store: Engine, tmp_path: Path) -> None:
    assert re.match(r"4[5-9]\d new tickets", load(store, tmp_path))
    before = count(store, ticket_events)
    with reading(store) as connection:
        raised = connection.execute(select(func.max(tickets.c.created_at))).scalar_one()
        happened = connection.execute(select(func.max(ticket_events.c.happened_at))).scalar_one()
    assert NOW - timedelta(weeks=1) < raised <= happened <= NOW

    assert "0 new tickets, 0 new events" in load(store, tmp_path)
    assert count(store, ticket_events) == before
    load(store, tmp_path, NOW + timedelta(days=1))
    assert count(store, ticket_events) > before


@pytest.mark.parametrize("source", ["zendesk", "demo"])
def test_a_store_with_tickets_of_its_own_is_left_as_it_is(
    store: Engine, tmp_path: Path, source: str
) -> None:
    with writing(store) as connection:
        append_events(connection, [somebodys_ticket(source)], NOW)
    assert "left out" in load(store, tmp_path)
    assert count(store, tickets) == 1


@pytest.mark.parametrize("source", ["outage", "phone"])
def test_a_demo_that_was_there_before_the_tickets_gets_them(store: Engine, source: str) -> None:
    with writing(store) as connection:
        append_events(connection, [somebodys_ticket(source)], NOW)
    assert not has_other_tickets(store)


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)  # which the demo is on
def test_the_process_says_what_it_did_and_leaves_no_rejects(
    store: Engine, store_address: str, tmp_path: Path
) -> None:
    rejects = tmp_path / "rejects.jsonl"
    argv = [sys.executable, "-m", "supportops.local.demo.tickets", str(rejects)]
    environment = os.environ | {
        "SUPPORTOPS_DATABASE_URL": store_address,
        "SUPPORTOPS_CONFIG": str(SOURCE),
        "PYTHONPATH": str(SHIPPED.parent),
    }
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True)
    assert re.match(r"(4[5-9]|50)\d new tickets", done.stdout)
    assert not rejects.exists()
    assert 450 <= count(store, tickets) <= 510


class Enough(Exception):
    """Ends what goes on for ever."""


def test_following_looks_again_every_five_minutes(capsys: pytest.CaptureFixture[str]) -> None:
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise Enough

    with pytest.raises(Enough):
        demo_tickets.follow(lambda: f"look {len(pauses)}", pause)
    assert pauses == [300.0] * 3
    assert capsys.readouterr().out == "look 1\nlook 2\n"


def test_the_demo_has_the_mapping_and_the_rules_that_are_shipped(tmp_path: Path) -> None:
    here = Installation(tmp_path, tmp_path / ".local").demo
    here.prepare_demo()
    for _ in range(2):
        write(here, choose_ports(8080))
    assert load_mapping(here.demo_config, "uci") == load_mapping(SHIPPED, "uci")
    assert load_triage(here.demo_config) == load_triage(SHIPPED)
