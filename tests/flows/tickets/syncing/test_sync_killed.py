"""A sync that is killed anywhere and run again leaves the store of one that nobody disturbed."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, select

from killing.program import Program, started
from supportops.db.engine import make_engine
from supportops.db.schema import quarantine, sync_marks, ticket_events, tickets
from tickets.fake_zendesk import AGENT, CUSTOMER, LOGIN, TOKEN, FakeZendesk, fake_zendesk

Run = Callable[[int], tuple[int, int]]


@pytest.fixture(scope="module")
def zendesk() -> Iterator[FakeZendesk]:
    """An account with a bit of everything, in pages that break in awkward places."""
    with fake_zendesk() as fake:
        fake.page = 4
        made = [fake.raise_ticket() for _ in range(3)]
        fake.advance(600)
        fake.comment(made[0], "Looking", by=AGENT)
        fake.change(made[0], "status", "pending")
        fake.comment(made[1], "psst", public=False)
        fake.audit(made[1], ["no object", {"event_type": "Novelty"}])
        fake.advance(1)
        fake.merge(made[1], made[0])
        made += [fake.raise_ticket(by=CUSTOMER, status="open") for _ in range(2)]
        fake.tickets[made[3]]["status"] = "sideways"
        fake.advance(1)
        fake.delete(made[4])
        fake.advance(61)
        yield fake


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    with started("tickets/killed_sync.py") as running:
        yield running


@pytest.fixture
def run(
    program: Program, zendesk: FakeZendesk, store_address: str
) -> Callable[[int], tuple[int, int]]:
    job = {"store": store_address, "zendesk": zendesk.address, "login": LOGIN, "token": TOKEN}
    return lambda point: program.run(**job, now=zendesk.now, point=point)


def rows(address: str) -> dict[str, list[Any]]:
    """Every row of every table, without the numbers that a database draws for itself."""
    engine, found = make_engine(address), {}
    ticket_of = select(tickets.c.ticket).where(tickets.c.id == ticket_events.c.ticket)
    with engine.connect() as connection:
        for table in (tickets, ticket_events, sync_marks, quarantine):
            columns: list[Any] = [c for c in table.c if c.name not in ("id", "ticket")]
            if table is tickets:
                columns.append(tickets.c.ticket)
            if table is ticket_events:
                columns.append(ticket_of.scalar_subquery())
            found[table.name] = sorted(map(repr, connection.execute(select(*columns)).all()))
    engine.dispose()
    return found


def empty(address: str) -> None:
    engine: Engine = make_engine(address)
    with engine.begin() as connection:
        for table in (ticket_events, tickets, sync_marks, quarantine):
            connection.execute(table.delete())
    engine.dispose()


def test_killed_at_any_point_and_run_again_is_a_sync_that_nobody_disturbed(
    run: Run, store_address: str
) -> None:
    code, points = run(0)
    assert code == 0
    assert points > 20
    undisturbed = rows(store_address)
    assert len(undisturbed["tickets"]) == 5
    assert len(undisturbed["quarantine"]) == 2
    for point in range(1, points + 1):
        empty(store_address)
        assert run(point) == (-signal.SIGKILL, point)
        assert run(0)[0] == 0
        assert rows(store_address) == undisturbed, f"killed at point {point} of {points}"


@pytest.mark.parametrize("every", [5, 9])
def test_a_sync_that_is_killed_again_and_again_gets_there(
    run: Run, store_address: str, every: int
) -> None:
    assert run(0)[0] == 0
    undisturbed = rows(store_address)
    empty(store_address)
    kills = 0
    # A page takes up to eight points, and each run starts at the page that was not stored.
    while (code := run(every)[0]) != 0 and kills < 6:
        assert code == -signal.SIGKILL
        kills += 1
    assert kills > 0
    assert run(0)[0] == 0
    assert rows(store_address) == undisturbed
