"""The exports page by page: hidden minutes, repeated seconds, and pages that lead nowhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from flows.tickets.syncing.syncing import events, everything, pass_delay, state, sync
from supportops.db.engine import reading
from supportops.db.schema import ticket_events
from supportops.tickets.log.sync_marks import read_mark
from supportops.tickets.ticket import EventKind
from supportops.tickets.zendesk import marks
from supportops.tickets.zendesk.model import ZendeskError
from supportops.tickets.zendesk.streams import OVERLAP_SECONDS
from tickets.fake_zendesk import (
    AGENT,
    START,
    FakeZendesk,
    Patch,
    Status,
)


def test_the_last_minute_is_hidden_and_comes_with_the_next_sync(
    store: Engine, zendesk: FakeZendesk
) -> None:
    ticket = zendesk.raise_ticket()
    pass_delay(zendesk)
    sync(store, zendesk)
    zendesk.comment(ticket, "Just now")
    sync(store, zendesk)
    assert events(store, ticket, EventKind.COMMENT) == []
    pass_delay(zendesk)
    sync(store, zendesk)
    assert [e.facts["text"] for e in events(store, ticket, EventKind.COMMENT)] == ["Just now"]


def test_start_time_is_sent_once_and_then_the_cursor(store: Engine, zendesk: FakeZendesk) -> None:
    zendesk.page = 2
    for _ in range(5):
        zendesk.raise_ticket()
        zendesk.advance(1)
    pass_delay(zendesk)
    sync(store, zendesk)
    sync(store, zendesk)
    queries = [asked.query for asked in zendesk.requests("cursor")]
    assert queries[0] == {"start_time": "0"}
    assert len(queries) == 4
    assert all(set(query) == {"cursor"} for query in queries[1:])
    # The mark is a cursor of Zendesk's, so an empty last page is resumed from as well.
    assert queries[3] == queries[3] | {"cursor": queries[3]["cursor"]}


def test_repeated_boundary_seconds_store_nothing_twice(store: Engine, zendesk: FakeZendesk) -> None:
    zendesk.page = 3
    ticket = zendesk.raise_ticket()
    for place in range(12):
        zendesk.comment(ticket, f"number {place}")
        if place % 2:
            zendesk.advance(1)
    pass_delay(zendesk)
    summary = sync(store, zendesk)
    assert len(zendesk.requests("ticket_events")) > 3
    # Some records came on two pages.
    assert summary["changes"] > len(zendesk.audits)
    texts = [e.facts["text"] for e in events(store, ticket, EventKind.COMMENT)]
    assert sorted(texts) == sorted(f"number {place}" for place in range(12))


def test_a_bump_of_generated_timestamp_alone_adds_nothing(
    store: Engine, zendesk: FakeZendesk
) -> None:
    ticket = zendesk.raise_ticket()
    zendesk.delete(ticket)
    pass_delay(zendesk)
    sync(store, zendesk)
    before = everything(store)
    zendesk.advance(3600)
    zendesk.bump(ticket)
    pass_delay(zendesk)
    summary = sync(store, zendesk)
    assert summary["tickets"] == 1
    assert summary["new_events"] == 0
    assert everything(store)["ticket_events"] == before["ticket_events"]


def test_rows_come_in_the_order_of_generated_timestamp(store: Engine, zendesk: FakeZendesk) -> None:
    zendesk.page = 1
    old = zendesk.raise_ticket()
    zendesk.advance(10)
    zendesk.raise_ticket()
    zendesk.advance(10)
    # A system's update: its updated_at is before everything that was read already.
    pass_delay(zendesk)
    sync(store, zendesk)
    zendesk.tickets[old]["subject"] = "seen"
    zendesk.bump(old)
    pass_delay(zendesk)
    assert sync(store, zendesk)["tickets"] == 1


def test_a_late_event_is_found_and_keeps_its_instant(store: Engine, zendesk: FakeZendesk) -> None:
    ticket = zendesk.raise_ticket()
    zendesk.advance(3600)
    zendesk.comment(ticket, "newest")
    pass_delay(zendesk)
    sync(store, zendesk)
    reply = {"event_type": "Comment", "author_id": AGENT, "body": "late", "public": True}
    happened = "2026-01-05T08:10:00Z"
    zendesk.audit(ticket, [reply], timestamp=int(zendesk.now) - 200, created_at=happened)
    pass_delay(zendesk)
    sync(store, zendesk)
    late = next(e for e in events(store, ticket, EventKind.COMMENT) if e.facts["text"] == "late")
    assert late.happened_at == datetime(2026, 1, 5, 8, 10, tzinfo=UTC)
    assert late.recorded_at > late.happened_at + timedelta(minutes=50)


def test_a_ticket_page_that_names_itself_as_next_ends_the_loop(
    store: Engine, zendesk: FakeZendesk
) -> None:
    zendesk.raise_ticket()
    pass_delay(zendesk)
    sync(store, zendesk)
    with store.connect() as connection:
        cursor = marks.TicketMark.read(read_mark(connection, "zendesk", "tickets"), 0).cursor
    before = len(zendesk.requests("cursor"))
    zendesk.fail("cursor", *[Patch({"after_cursor": cursor, "end_of_stream": False})] * 20)
    summary = sync(store, zendesk)
    assert any("names a page again" in note for note in summary["notes"])
    assert len(zendesk.requests("cursor")) == before + 1


def test_an_event_page_that_names_itself_as_next_ends_the_loop(
    store: Engine, zendesk: FakeZendesk
) -> None:
    zendesk.raise_ticket()
    pass_delay(zendesk)
    zendesk.fail("ticket_events", *[Patch({"end_time": 0, "end_of_stream": False})] * 20)
    summary = sync(store, zendesk)
    assert any("names a page again" in note for note in summary["notes"])
    assert len(zendesk.requests("ticket_events")) == 1


def test_pages_that_name_each_other_end_the_loop(store: Engine, zendesk: FakeZendesk) -> None:
    pages = [Patch({"after_cursor": name, "end_of_stream": False}) for name in "ababab"]
    zendesk.fail("cursor", *pages)
    zendesk._cursors |= {"a": (0, 0), "b": (0, 0)}
    summary = sync(store, zendesk)
    assert any("names a page again" in note for note in summary["notes"])
    assert len(zendesk.requests("cursor")) == 3


def test_a_second_that_fills_a_page_is_passed(store: Engine, zendesk: FakeZendesk) -> None:
    zendesk.page = 2
    tickets_raised = [zendesk.raise_ticket() for _ in range(6)]
    zendesk.advance(1)
    zendesk.change(tickets_raised[0], "status", "solved")
    pass_delay(zendesk)
    assert sync(store, zendesk)["caught_up"]
    assert state(store, tickets_raised[0]).status == "solved"


@pytest.mark.parametrize("one_ticket", [True, False])
@pytest.mark.parametrize("whole_seconds", [True, False])
def test_a_second_longer_than_a_page_is_read_whole_or_stops_the_sync_before_it(
    store: Engine, zendesk: FakeZendesk, whole_seconds: bool, one_ticket: bool
) -> None:
    zendesk.page, zendesk.whole_seconds = 50, whole_seconds
    if one_ticket:
        ticket = zendesk.raise_ticket()
        zendesk.advance(7200)
    for n in range(120):
        if one_ticket:
            zendesk.comment(ticket, f"line {n}")
        else:
            ticket = zendesk.raise_ticket()
    zendesk.advance(60)
    zendesk.comment(ticket, "after them all")
    pass_delay(zendesk)
    if whole_seconds:
        assert sync(store, zendesk)["caught_up"]
        with reading(store) as connection:
            kinds = connection.execute(select(ticket_events.c.kind)).scalars().all()
        kind = EventKind.COMMENT if one_ticket else EventKind.CREATED
        assert kinds.count(kind) >= 120
        return
    for _ in range(2):
        with pytest.raises(ZendeskError, match=r"50 changes of the second .* stops before it"):
            sync(store, zendesk)
    with reading(store) as connection:
        mark = marks.EventMark.read(read_mark(connection, "zendesk", "ticket_events"), 0)
    assert mark.start <= int(zendesk.now) - 60


def test_an_impossible_end_time_loses_nothing(store: Engine, zendesk: FakeZendesk) -> None:
    ticket = zendesk.raise_ticket()
    pass_delay(zendesk)
    zendesk.fail("ticket_events", Patch({"end_time": 10**12}))
    sync(store, zendesk)
    zendesk.comment(ticket, "still there")
    pass_delay(zendesk)
    sync(store, zendesk)
    assert len(events(store, ticket, EventKind.COMMENT)) == 1


def test_a_record_from_the_future_is_stored_and_hides_nothing(
    store: Engine, zendesk: FakeZendesk
) -> None:
    ticket = zendesk.raise_ticket()
    child = {"event_type": "Change", "priority": "low"}
    future = zendesk.audit(ticket, [child], timestamp=START + 10**8)
    zendesk.fail("ticket_events", Patch({"ticket_events": [future], "end_time": START + 10**8}))
    pass_delay(zendesk)
    sync(store, zendesk)
    zendesk.comment(ticket, "still there")
    pass_delay(zendesk)
    sync(store, zendesk)
    assert len(events(store, ticket, EventKind.COMMENT)) == 1
    assert state(store, ticket).priority == "low"


def test_without_end_of_stream_the_end_is_where_time_stands_still(
    store: Engine, zendesk: FakeZendesk
) -> None:
    zendesk.raise_ticket()
    pass_delay(zendesk)
    zendesk.fail("ticket_events", *[Patch({"end_of_stream": None})] * 2)
    assert sync(store, zendesk)["caught_up"]


def test_a_cursor_that_zendesk_lost_is_replaced_by_the_time_of_the_newest_row(
    store: Engine, zendesk: FakeZendesk
) -> None:
    zendesk.raise_ticket()
    pass_delay(zendesk)
    sync(store, zendesk)
    ticket = zendesk.raise_ticket()
    pass_delay(zendesk)
    zendesk.fail("cursor", Status(422, body=b'{"error": "InvalidValue"}'))
    summary = sync(store, zendesk)
    assert any("forgotten our cursor" in note for note in summary["notes"])
    last = zendesk.requests("cursor")[-1]
    assert last.query == {"start_time": str(START - OVERLAP_SECONDS)}
    assert state(store, ticket).subject == f"Help {ticket}"
