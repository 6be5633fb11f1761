"""A reading that is killed anywhere and run again leaves what one leaves that nobody disturbed."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from builders import NOON
from flows.tickets.mailing.dovecot import PLAIN_PASSWORD, Dovecot
from flows.tickets.mailing.mails import drop, installation, mail, maildir, voicemail
from killing.program import Program, started
from supportops.db.engine import make_engine
from supportops.db.schema import (
    alerts,
    mailbox_messages,
    quarantine,
    recordings,
    ticket_events,
    tickets,
)

NIGHT = NOON + timedelta(hours=9)
TABLES = (tickets, ticket_events, alerts, mailbox_messages, recordings, quarantine)
Run = Callable[[int], tuple[int, int]]


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    with started("flows/tickets/mailing/killed_reading.py") as running:
        yield running


@pytest.fixture
def run(program: Program, store_address: str, tmp_path: Path) -> Run:
    job = {"store": store_address, "config": str(tmp_path / "config"), "now": NIGHT.timestamp()}
    secrets = {"mailbox_answerphone": PLAIN_PASSWORD}
    return lambda point: program.run(**job, secrets=secrets, point=point)


MESSAGES = (
    voicemail(),
    mail(message_id=None, text="no Message-ID"),
    b"\n\n",
)


def rows(address: str) -> dict[str, list[Any]]:
    """Every row of every table, without the numbers that a database draws for itself."""
    engine, found = make_engine(address), {}
    with engine.connect() as connection:
        for table in TABLES:
            drawn = {"id", "message"} | ({"ticket"} if table is ticket_events else set())
            columns = [each for each in table.c if each.name not in drawn]
            found[table.name] = sorted(map(repr, connection.execute(select(*columns)).all()))
    engine.dispose()
    return found


def empty(address: str) -> None:
    engine: Engine = make_engine(address)
    with engine.begin() as connection:
        for table in (ticket_events, tickets, alerts, recordings, mailbox_messages, quarantine):
            connection.execute(table.delete())
    engine.dispose()


def deliver(tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "box", ignore_errors=True)
    box = maildir(tmp_path / "box")
    for place, content in enumerate(MESSAGES):
        drop(box, content, NIGHT - timedelta(seconds=len(MESSAGES) - place))


def where(tmp_path: Path) -> dict[str, int]:
    box = tmp_path / "box"
    return {name: len(list(box.glob(f"{name}/*"))) for name in ("new", ".Handled/cur", ".Q*/cur")}


def test_killed_at_any_point_and_run_again_nothing_is_lost_or_doubled(
    run: Run, store_address: str, tmp_path: Path
) -> None:
    installation(tmp_path)
    deliver(tmp_path)
    code, points = run(0)
    assert (code, points > 20) == (0, True)
    undisturbed = rows(store_address)
    counts = {name: len(found) for name, found in undisturbed.items()}
    assert (counts["tickets"], counts["alerts"], counts["recordings"]) == (2, 2, 1)
    assert (counts["mailbox_messages"], counts["quarantine"]) == (3, 1)
    # The databases differ in what a commit is, not in the order of what a reading does.
    for point in range(1, points + 1, 1 if store_address.startswith("sqlite") else 5):
        empty(store_address)
        deliver(tmp_path)
        assert run(point) == (-signal.SIGKILL, point)
        assert run(0)[0] == 0
        assert rows(store_address) == undisturbed, f"killed at point {point} of {points}"
        assert where(tmp_path) == {"new": 0, ".Handled/cur": 2, ".Q*/cur": 1}


@pytest.mark.parametrize("point", [8, 10, 14, 16])
def test_a_reading_over_imap_that_is_killed_is_gone_on_with(
    run: Run, sqlite_only: str, server: Dovecot, login: str, tmp_path: Path, point: int
) -> None:
    installation(tmp_path, server.entry(login))
    server.deliver(login, *MESSAGES[:2], at=NIGHT.timestamp())
    assert run(point) == (-signal.SIGKILL, point)
    assert run(0)[0] == 0
    found = rows(sqlite_only)
    assert (len(found["tickets"]), len(found["alerts"]), len(found["recordings"])) == (2, 2, 1)
    assert (server.held(login), server.held(login, "Handled")) == (0, 2)


@pytest.fixture
def sqlite_only(store_address: str) -> str:
    if not store_address.startswith("sqlite"):
        pytest.skip("what a server does depends on no database")
    return store_address
