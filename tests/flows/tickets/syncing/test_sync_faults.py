"""Failures, limits, clocks and another sync: what is read is stored, and nothing is read twice."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, select

from flows.tickets.syncing.syncing import events, everything, pass_delay, state, sync
from supportops.db.engine import writing
from supportops.db.schema import sync_marks, ticket_events, tickets
from supportops.flows.tickets import ticket_sync
from supportops.tickets.log.sync_marks import read_mark
from supportops.tickets.ticket import EventKind
from supportops.tickets.zendesk import marks
from supportops.tickets.zendesk.client import Client
from supportops.tickets.zendesk.model import Account, ZendeskError
from supportops.tickets.zendesk.source import ZendeskSource
from tickets.fake_zendesk import (
    LOGIN,
    START,
    TOKEN,
    Body,
    Cut,
    FakeZendesk,
    Reset,
    Status,
)


def test_a_second_sync_changes_nothing(store: Engine, zendesk: FakeZendesk) -> None:
    for _ in range(3):
        zendesk.comment(zendesk.raise_ticket(), "Hello")
    pass_delay(zendesk)
    sync(store, zendesk)
    before = everything(store)
    summary = sync(store, zendesk)
    assert summary["new_events"] == 0
    assert everything(store) == before


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 05 Jan 2026 08:00:00 -0000"])
def test_a_server_without_a_clock_is_fine(store: Engine, zendesk: FakeZendesk, date: str) -> None:
    headers = zendesk._headers
    zendesk._headers = lambda path: headers(path) | {"Date": date}  # type: ignore[method-assign]
    zendesk.raise_ticket()
    pass_delay(zendesk)
    assert sync(store, zendesk)["notes"] == []


def test_failures_on_the_way_leave_the_same_store(store: Engine, zendesk: FakeZendesk) -> None:
    zendesk.page = 3
    for place in range(7):
        ticket = zendesk.raise_ticket()
        zendesk.comment(ticket, f"reply {place}")
        zendesk.advance(1)
    pass_delay(zendesk)
    later = zendesk.now + 3600
    everywhere = [Cut(), Reset(), Status(503), Status(504), Status(500), Status(409)]
    zendesk.fail("cursor", *everywhere)
    zendesk.fail("show_many", Cut(0.9), Status(502))
    zendesk.fail("ticket_events", *everywhere, Body(b'{"x": NaN}'))
    assert sync(store, zendesk)["caught_up"]
    assert zendesk.faults == []
    first = everything(store, without=("recorded_at", "touched_at", "moved_at"))
    with writing(store) as connection:
        for table in (ticket_events, tickets, sync_marks):
            connection.execute(table.delete())
    zendesk.now = later
    sync(store, zendesk)
    assert everything(store, without=("recorded_at", "touched_at", "moved_at")) == first


def test_what_was_read_before_a_failure_is_stored(store: Engine, zendesk: FakeZendesk) -> None:
    ticket = zendesk.raise_ticket()
    pass_delay(zendesk)
    zendesk.fail("ticket_events", Status(403))
    with pytest.raises(ZendeskError, match="403, not allowed: exports need an admin"):
        sync(store, zendesk)
    assert state(store, ticket).subject == f"Help {ticket}"
    sync(store, zendesk)
    assert len(zendesk.requests("cursor")) == 2


def test_a_long_first_sync_stops_in_time_and_goes_on_later(
    store: Engine, zendesk: FakeZendesk
) -> None:
    zendesk.page = 1
    for _ in range(6):
        zendesk.raise_ticket()
        zendesk.advance(1)
    pass_delay(zendesk)
    summary = sync(store, zendesk, seconds_a_look=50)
    assert summary["caught_up"] is False
    assert 0 < summary["tickets"] < 6
    for _ in range(20):
        if sync(store, zendesk, seconds_a_look=20)["caught_up"]:
            break
    with store.connect() as connection:
        assert len(connection.execute(select(tickets.c.ticket)).all()) == 6


def test_the_paced_exports_never_meet_the_limit(store: Engine, zendesk: FakeZendesk) -> None:
    zendesk.page, zendesk.limits = 1, {"incremental": 10}
    for _ in range(14):
        zendesk.raise_ticket()
        zendesk.advance(1)
    pass_delay(zendesk)
    began = zendesk.now
    sync(store, zendesk)
    assert len(zendesk.requests("incremental")) == 29
    assert zendesk.now - began >= 120


def test_a_limit_that_another_program_used_up_is_waited_for(
    store: Engine, zendesk: FakeZendesk
) -> None:
    ticket = zendesk.raise_ticket()
    pass_delay(zendesk)
    zendesk.limits = {"incremental": 10}
    zendesk._windows["incremental"] = (zendesk.now, 10)
    assert sync(store, zendesk)["caught_up"]
    assert state(store, ticket)


def test_clocks_that_differ_are_noted_and_change_nothing(
    store: Engine, zendesk: FakeZendesk
) -> None:
    ticket = zendesk.raise_ticket()
    pass_delay(zendesk)
    account = Account(zendesk.address, LOGIN, TOKEN)
    behind = datetime.fromtimestamp(zendesk.now - 7200, UTC)
    with Client(account) as client:
        summary = ticket_sync.sync(store, ZendeskSource(client), lambda: behind)
    assert any("clock differs from ours by 7200 s" in note for note in summary["notes"])
    created = events(store, ticket, EventKind.CREATED)[0]
    assert created.happened_at == datetime.fromtimestamp(START, UTC)
    with store.connect() as connection:
        text = read_mark(connection, "zendesk", "ticket_events")
    assert marks.EventMark.read(text, 0).start == START


def test_a_sync_that_another_overtook_leaves_the_rest_to_it(
    store: Engine, zendesk: FakeZendesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    zendesk.raise_ticket()
    pass_delay(zendesk)
    read = Client.tickets

    def slowly(client: Client, **query: Any) -> Any:
        page = read(client, **query)
        monkeypatch.setattr(Client, "tickets", read)
        assert sync(store, zendesk)["caught_up"]
        return page

    monkeypatch.setattr(Client, "tickets", slowly)
    summary = sync(store, zendesk)
    assert summary["notes"] == ["another sync is at work; it goes on with the rest"]
    assert summary["new_events"] == 0


def test_a_start_leaves_older_history_out_and_takes_old_tickets_as_they_stand(
    store: Engine, zendesk: FakeZendesk
) -> None:
    old = zendesk.raise_ticket(priority="low", tags=["vip"])
    zendesk.advance(86_400)
    cut = int(zendesk.now)
    zendesk.advance(60)
    zendesk.change(old, "status", "pending")
    pass_delay(zendesk)
    sync(store, zendesk, start=cut)
    found = state(store, old)
    assert (found.status, found.priority, found.tags) == ("pending", "low", "vip")
    assert found.created_at == datetime.fromtimestamp(START, UTC)
    assert zendesk.requests("cursor")[0].query == {"start_time": str(cut)}
    zendesk.change(old, "status", "solved")
    pass_delay(zendesk)
    sync(store, zendesk, start=cut)
    assert state(store, old).status == "solved"
