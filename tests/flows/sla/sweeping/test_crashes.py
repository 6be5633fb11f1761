"""Killed at any point and run again, a sweep leaves what one that was not killed leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from flows.sweep_builders import Sweeper, recorded, sweeper
from sla.policies import london, story
from supportops.db.engine import store_url
from supportops.tickets.ticket import Event

TESTS = Path(__file__).parents[3]
BEFORE, AT = "2026-04-09 11:03", "2026-04-09 17:03"


@pytest.fixture
def desk(store: Engine) -> Sweeper:
    return sweeper(store)


def some_tickets() -> list[Event]:
    """Tickets that warn, breach, come too late to send, cannot be judged, or wait for nothing."""
    asks = "2026-04-04 11:00 asks"
    return [
        *story(asks, ticket="1"),
        *story(asks, "2026-04-09 12:00 answers", ticket="2"),
        *story("2026-03-02 09:00 asks", "2026-03-20 10:00 answers", ticket="3"),
        *story(asks, "2150-01-01 10:00 answers", ticket="4"),
        *story("2026-04-07 09:00 asks", "2026-04-07 09:00 tier bug_fix", ticket="5"),
    ]


def late_events() -> list[Event]:
    late = [replace(event, source_event="late") for event in story("2026-04-08 09:00 answers")]
    return recorded([replace(event, ticket="5") for event in late], "2026-04-09 12:00")


def sweep_and_die(address: str, at: str) -> int:
    order = {"store": address, "swept": [london(at).isoformat()]}
    done = subprocess.run(
        [sys.executable, str(TESTS / "sweeper_process.py"), json.dumps(order)],
        env={"PYTHONPATH": f"{TESTS.parent / 'include'}:{TESTS}", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_killed_at_any_statement_the_store_is_the_same_row_for_row(
    desk: Sweeper, store_address: str
) -> None:
    address = store_url(store_address).render_as_string(hide_password=False)
    desk.append(*some_tickets())
    died = sweep_and_die(address, BEFORE)
    desk.append(*late_events())
    died += sweep_and_die(address, AT)
    killed = desk.plain_rows()

    desk.empty()
    desk.append(*some_tickets())
    desk.sweep(BEFORE, size=2)
    desk.append(*late_events())
    desk.sweep(AT, size=2)
    assert died > 40
    assert killed == desk.plain_rows()
    assert {"first_reply breach open", "first_reply warning over"} <= set(desk.lines())
