"""The sync, against a Zendesk that is as hard as the real one, on SQLite and PostgreSQL."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from supportops.db.engine import writing
from supportops.db.schema import quarantine, sync_marks, ticket_events, tickets
from supportops.flows import ticket_sync
from supportops.tickets import zendesk_marks
from supportops.tickets.ticket import Author, EventKind
from supportops.tickets.zendesk import Account, ZendeskError
from supportops.tickets.zendesk_client import Client
from tickets.fake_zendesk import (
    AGENT,
    CUSTOMER,
    LOGIN,
    OTHER_CUSTOMER,
    ROBOT,
    START,
    TOKEN,
    Body,
    Cut,
    FakeZendesk,
    Patch,
    Reset,
    Status,
    fake_zendesk,
)


@pytest.fixture
def zendesk() -> Iterator[FakeZendesk]:
    with fake_zendesk() as fake:
        yield fake


def sync(store: Engine, zendesk: FakeZendesk, **fields: Any) -> dict[str, Any]:
    """One sync; while it sleeps, Zendesk's clock moves on."""
    slow = fields.pop("seconds_a_look", 0)

    def clock() -> datetime:
        zendesk.advance(slow)
        return datetime.fromtimestamp(zendesk.now, UTC)

    account = Account(zendesk.address, LOGIN, TOKEN, **fields)
    with Client(account, sleep=zendesk.advance, monotonic=lambda: zendesk.now) as client:
        return ticket_sync.sync(store, client, clock)


def settle(zendesk: FakeZendesk) -> None:
    zendesk.advance(61)


def events(store: Engine, ticket: int, *kinds: EventKind) -> list[Any]:
    with store.connect() as connection:
        query = (
            select(ticket_events)
            .join(tickets, tickets.c.id == ticket_events.c.ticket)
            .where(tickets.c.ticket == str(ticket))
            .order_by(ticket_events.c.happened_at, ticket_events.c.id)
        )
        rows = connection.execute(query).all()
    return [row for row in rows if not kinds or row.kind in kinds]


def state(store: Engine, ticket: int) -> Any:
    with store.connect() as connection:
        return connection.execute(select(tickets).where(tickets.c.ticket == str(ticket))).one()


def everything(store: Engine, *, without: tuple[str, ...] = ()) -> dict[str, list[Any]]:
    """Every row, without the numbers that a database draws for itself."""
    found = {}
    with store.connect() as connection:
        for table in (tickets, ticket_events, sync_marks, quarantine):
            columns = [c for c in table.c if c.name not in ("id", *without)]
            if table is ticket_events:
                columns = [tickets.c.ticket, *(c for c in columns if c.name != "ticket")]
                query = select(*columns).join(tickets, tickets.c.id == ticket_events.c.ticket)
            else:
                query = select(*columns)
            found[table.name] = sorted(map(repr, connection.execute(query).all()))
    return found


def aside(store: Engine) -> list[Any]:
    with store.connect() as connection:
        return list(connection.execute(select(quarantine).order_by(quarantine.c.id)).all())


def test_a_tickets_whole_story_comes_over(store: Engine, zendesk: FakeZendesk) -> None:
    ticket = zendesk.raise_ticket(subject="No images", description="I cannot upload")
    zendesk.advance(600)
    zendesk.comment(ticket, "Looking", by=AGENT)
    zendesk.change(ticket, "status", "pending")
    zendesk.change(ticket, "priority", "high")
    zendesk.change(ticket, "assignee_id", AGENT)
    zendesk.comment(ticket, "psst", public=False)
    zendesk.advance(600)
    zendesk.comment(ticket, "Thanks", by=CUSTOMER)
    zendesk.change(ticket, "status", "solved", by=CUSTOMER)
    settle(zendesk)

    summary = sync(store, zendesk)

    assert summary["caught_up"] is True
    assert summary["quarantined"] == 0
    found = state(store, ticket)
    assert (found.subject, found.requester, found.customer) == ("No images", "Ada Customer", "Acme")
    assert (found.status, found.priority, found.assignee) == ("solved", "high", "Eve Agent")
    created = events(store, ticket, EventKind.CREATED)[0]
    assert created.author == Author.CUSTOMER
    assert created.happened_at == datetime.fromtimestamp(START, UTC)
    assert created.facts["text"] == "I cannot upload"
    replies = events(store, ticket, EventKind.COMMENT)
    assert [(r.author, r.facts["text"]) for r in replies] == [
        (Author.AGENT, "Looking"),
        (Author.CUSTOMER, "Thanks"),
    ]
    assert replies[0].happened_at == datetime.fromtimestamp(START + 600, UTC)
    assert [
        n.facts["text"] for n in events(store, ticket, EventKind.NOTE) if "text" in n.facts
    ] == ["psst"]


def test_a_second_sync_changes_nothing(store: Engine, zendesk: FakeZendesk) -> None:
    for _ in range(3):
        zendesk.comment(zendesk.raise_ticket(), "Hello")
    settle(zendesk)
    sync(store, zendesk)
    before = everything(store)
    summary = sync(store, zendesk)
    assert summary["new_events"] == 0
    assert everything(store) == before


def test_the_last_minute_is_hidden_and_comes_with_the_next_sync(
    store: Engine, zendesk: FakeZendesk
) -> None:
    ticket = zendesk.raise_ticket()
    settle(zendesk)
    sync(store, zendesk)
    zendesk.comment(ticket, "Just now")
    sync(store, zendesk)
    assert events(store, ticket, EventKind.COMMENT) == []
    settle(zendesk)
    sync(store, zendesk)
    assert [e.facts["text"] for e in events(store, ticket, EventKind.COMMENT)] == ["Just now"]


def test_start_time_is_sent_once_and_then_the_cursor(store: Engine, zendesk: FakeZendesk) -> None:
    zendesk.page = 2
    for _ in range(5):
        zendesk.raise_ticket()
        zendesk.advance(1)
    settle(zendesk)
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
    settle(zendesk)
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
    settle(zendesk)
    sync(store, zendesk)
    before = everything(store)
    zendesk.advance(3600)
    zendesk.bump(ticket)
    settle(zendesk)
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
    settle(zendesk)
    sync(store, zendesk)
    zendesk.tickets[old]["subject"] = "seen"
    zendesk.bump(old)
    settle(zendesk)
    assert sync(store, zendesk)["tickets"] == 1


def test_deleting_and_restoring_and_deleting_again(store: Engine, zendesk: FakeZendesk) -> None:
    ticket = zendesk.raise_ticket()
    for act, ends in ((zendesk.delete, True), (zendesk.restore, False), (zendesk.delete, True)):
        zendesk.advance(3600)
        at = datetime.fromtimestamp(zendesk.now, UTC)
        act(ticket)
        settle(zendesk)
        sync(store, zendesk)
        sync(store, zendesk)
        assert state(store, ticket).ended_at == (at if ends else None)
    kinds = [e.kind for e in events(store, ticket, EventKind.DELETED, EventKind.RESTORED)]
    assert kinds == ["deleted", "restored", "deleted"]


def test_a_deletion_that_the_events_tell_of_is_one_too(store: Engine, zendesk: FakeZendesk) -> None:
    ticket = zendesk.raise_ticket(status="open")
    zendesk.advance(60)
    zendesk.change(ticket, "status", "deleted")
    settle(zendesk)
    sync(store, zendesk)
    assert state(store, ticket).ended_at is not None
    zendesk.change(ticket, "status", "open")
    settle(zendesk)
    sync(store, zendesk)
    assert state(store, ticket).ended_at is None
    assert state(store, ticket).status == "open"


def test_a_ticket_deleted_for_good_keeps_what_was_heard_of_it(
    store: Engine, zendesk: FakeZendesk
) -> None:
    ticket = zendesk.raise_ticket()
    settle(zendesk)
    sync(store, zendesk)
    zendesk.destroy(ticket)
    settle(zendesk)
    assert sync(store, zendesk)["caught_up"]
    assert state(store, ticket).subject.startswith("Help")


def test_an_archived_ticket_stays_as_it_was_closed(store: Engine, zendesk: FakeZendesk) -> None:
    ticket = zendesk.raise_ticket()
    zendesk.change(ticket, "status", "closed")
    zendesk.advance(3600)
    zendesk.archive(ticket)
    zendesk.tickets[ticket]["status"] = "archived"
    settle(zendesk)
    assert sync(store, zendesk)["quarantined"] == 0
    assert state(store, ticket).status == "closed"


def test_a_merged_ticket_ends_and_names_where_it_went(store: Engine, zendesk: FakeZendesk) -> None:
    ticket, other = zendesk.raise_ticket(), zendesk.raise_ticket()
    zendesk.advance(600)
    zendesk.merge(ticket, other)
    settle(zendesk)
    sync(store, zendesk)
    found = state(store, ticket)
    assert found.merged_into == str(other)
    assert found.ended_at == datetime.fromtimestamp(START + 600, UTC)
    assert state(store, other).ended_at is None


def test_a_customer_who_writes_of_merging_merges_nothing(
    store: Engine, zendesk: FakeZendesk
) -> None:
    ticket = zendesk.raise_ticket()
    zendesk.comment(ticket, "closed and merged into request #1, tag closed_by_merge", by=CUSTOMER)
    settle(zendesk)
    sync(store, zendesk)
    assert state(store, ticket).ended_at is None


def test_a_comment_made_private_stays_in_the_log_with_a_note(
    store: Engine, zendesk: FakeZendesk
) -> None:
    ticket = zendesk.raise_ticket()
    zendesk.comment(ticket, "oops")
    zendesk.advance(5)
    zendesk.retract(ticket, 1)
    settle(zendesk)
    sync(store, zendesk)
    assert len(events(store, ticket, EventKind.COMMENT)) == 1
    types = [n.facts["type"] for n in events(store, ticket, EventKind.NOTE) if "type" in n.facts]
    assert "CommentPrivacyChange" in types


def test_a_late_event_is_found_and_keeps_its_instant(store: Engine, zendesk: FakeZendesk) -> None:
    ticket = zendesk.raise_ticket()
    zendesk.advance(3600)
    zendesk.comment(ticket, "newest")
    settle(zendesk)
    sync(store, zendesk)
    reply = {"event_type": "Comment", "author_id": AGENT, "body": "late", "public": True}
    happened = "2026-01-05T08:10:00Z"
    zendesk.audit(ticket, [reply], timestamp=int(zendesk.now) - 200, created_at=happened)
    settle(zendesk)
    sync(store, zendesk)
    late = next(e for e in events(store, ticket, EventKind.COMMENT) if e.facts["text"] == "late")
    assert late.happened_at == datetime(2026, 1, 5, 8, 10, tzinfo=UTC)
    assert late.recorded_at > late.happened_at + timedelta(minutes=50)


def test_what_a_trigger_writes_is_automatic(store: Engine, zendesk: FakeZendesk) -> None:
    ticket = zendesk.raise_ticket()
    reply = {"event_type": "Comment", "author_id": AGENT, "body": "We got it", "public": True}
    zendesk.audit(ticket, [reply | {"via": {"channel": "rule"}}])
    zendesk.audit(ticket, [dict(reply)], via="Rule")
    zendesk.audit(ticket, [reply | {"author_id": -1}], by=-1)
    settle(zendesk)
    sync(store, zendesk)
    authors = [e.author for e in events(store, ticket, EventKind.COMMENT)]
    assert authors == [Author.AUTOMATIC] * 3


def test_an_agent_on_a_ticket_of_their_own_is_its_customer(
    store: Engine, zendesk: FakeZendesk
) -> None:
    ticket = zendesk.raise_ticket(by=AGENT)
    zendesk.comment(ticket, "It is still broken", by=AGENT)
    zendesk.comment(ticket, "Me too", by=OTHER_CUSTOMER)
    zendesk.comment(ticket, "Fixed", by=ROBOT)
    settle(zendesk)
    sync(store, zendesk)
    authors = [e.author for e in events(store, ticket, EventKind.COMMENT)]
    assert authors == [Author.CUSTOMER, Author.CUSTOMER, Author.AGENT]


def test_an_author_whom_zendesk_forgot_stops_no_clock(store: Engine, zendesk: FakeZendesk) -> None:
    ticket = zendesk.raise_ticket(by=999)
    zendesk.comment(ticket, "ghost", by=998)
    settle(zendesk)
    sync(store, zendesk)
    assert events(store, ticket, EventKind.COMMENT)[0].author == Author.AUTOMATIC
    assert events(store, ticket, EventKind.CREATED)[0].author == Author.CUSTOMER


def test_a_ticket_that_an_agent_raised_for_a_customer_says_so(
    store: Engine, zendesk: FakeZendesk
) -> None:
    ticket = zendesk.raise_ticket(by=CUSTOMER, submitter=AGENT)
    settle(zendesk)
    sync(store, zendesk)
    assert events(store, ticket, EventKind.CREATED)[0].author == Author.AGENT
    # Its first comment is the creation's text, and answers nobody.
    assert events(store, ticket, EventKind.COMMENT) == []


def test_unknown_types_and_fields_are_kept_and_ignored(store: Engine, zendesk: FakeZendesk) -> None:
    ticket = zendesk.raise_ticket()
    before = len(zendesk.audits)
    zendesk.audit(ticket, [{"event_type": "TelepathyChange", "mood": "\x00\ud800 fine"}])
    zendesk.audit(ticket, [{"event_type": "Change", "group_id": 4, "previous_value": 3}])
    assert len(zendesk.audits) == before + 2
    settle(zendesk)
    assert sync(store, zendesk)["quarantined"] == 0
    notes = {e.facts["type"]: e.facts for e in events(store, ticket, EventKind.NOTE)}
    assert notes["TelepathyChange"]["raw"]["mood"] == "\ufffd\ufffd fine"
    assert notes["Change"]["raw"]["group_id"] == "4"
    assert state(store, ticket).status == "new"


BAD_CHILDREN = [
    ("a text", "is no object"),
    ({"event_type": "Comment", "body": "?"}, "neither public nor private"),
    ({"event_type": "Change", "status": "sideways"}, "status is none"),
    ({"event_type": "Change", "status": ["open"]}, "status is none"),
    ({"event_type": "Change", "tags": {"a": 1}}, "tags is no list"),
    ({"event_type": "Change", "tags": [f"tag{n:05}" for n in range(2000)]}, "at most"),
]


@pytest.mark.parametrize(("child", "reason"), BAD_CHILDREN, ids=[r for _, r in BAD_CHILDREN])
def test_one_bad_child_is_set_aside_and_stops_nobody(
    store: Engine, zendesk: FakeZendesk, child: Any, reason: str
) -> None:
    ticket = zendesk.raise_ticket()
    zendesk.audit(ticket, [child, {"event_type": "Change", "priority": "urgent"}])
    settle(zendesk)
    summary = sync(store, zendesk)
    assert summary["quarantined"] == 1
    assert reason in aside(store)[0].reason
    assert state(store, ticket).priority == "urgent"
    assert sync(store, zendesk)["quarantined"] == 0
    assert len(aside(store)) == 1


BAD_ROWS: list[tuple[dict[str, Any], str]] = [
    ({"id": None}, "id is no number"),
    ({"id": True}, "id is no number"),
    ({"created_at": "yesterday"}, "created_at is no time"),
    ({"created_at": "2026-01-05T08:00:00"}, "with a zone"),
    ({"updated_at": "0001-01-01T00:00:00Z"}, "between 2000 and 2200"),
    ({"status": None}, "status is none"),
]


@pytest.mark.parametrize(("fields", "reason"), BAD_ROWS, ids=[r for _, r in BAD_ROWS])
def test_one_bad_row_is_set_aside_and_stops_nobody(
    store: Engine, zendesk: FakeZendesk, fields: dict[str, Any], reason: str
) -> None:
    bad, good = zendesk.raise_ticket(), zendesk.raise_ticket()
    zendesk.audits = [audit for audit in zendesk.audits if audit["ticket_id"] != bad]
    fine = dict(zendesk.tickets[bad])
    settle(zendesk)
    rows = [fine | fields, zendesk.tickets[good]]
    zendesk.fail("cursor", Patch({"tickets": rows}))
    assert sync(store, zendesk)["quarantined"] == 1
    assert reason in aside(store)[0].reason
    assert state(store, good).subject == f"Help {good}"


@pytest.mark.parametrize("rows", [[None, 7, "text", [], {}], [{"id": 1, "child_events": 3}]])
def test_records_that_are_nothing_are_set_aside(
    store: Engine, zendesk: FakeZendesk, rows: list[Any]
) -> None:
    zendesk.fail("ticket_events", Patch({"ticket_events": rows, "end_time": START}))
    summary = sync(store, zendesk)
    assert summary["caught_up"]
    assert summary["quarantined"] >= 1
    assert all(one.source == "zendesk" and one.reason for one in aside(store))


def test_hostile_texts_are_kept_as_texts(store: Engine, zendesk: FakeZendesk) -> None:
    ticket = zendesk.raise_ticket(subject="\x00<script>alert(1)</script>\ud800", tags=["a,b", "c"])
    zendesk.comment(ticket, "x" * 50_000 + "\x00")
    zendesk.change(ticket, "tags", ["a,b", "c\x00"])
    settle(zendesk)
    assert sync(store, zendesk)["quarantined"] == 0
    assert state(store, ticket).subject == "\ufffd<script>alert(1)</script>\ufffd"
    assert state(store, ticket).tags.split(",") == ["a_b", "c\ufffd"]
    assert len(events(store, ticket, EventKind.COMMENT)[0].facts["text"]) == 20_000


def test_a_ticket_page_that_names_itself_as_next_ends_the_loop(
    store: Engine, zendesk: FakeZendesk
) -> None:
    zendesk.raise_ticket()
    settle(zendesk)
    sync(store, zendesk)
    with store.connect() as connection:
        cursor = zendesk_marks.TicketMark.read(
            zendesk_marks.mark(connection, "zendesk", "tickets"), 0
        ).cursor
    before = len(zendesk.requests("cursor"))
    zendesk.fail("cursor", *[Patch({"after_cursor": cursor, "end_of_stream": False})] * 20)
    summary = sync(store, zendesk)
    assert any("names a page again" in note for note in summary["notes"])
    assert len(zendesk.requests("cursor")) == before + 1


def test_an_event_page_that_names_itself_as_next_ends_the_loop(
    store: Engine, zendesk: FakeZendesk
) -> None:
    zendesk.raise_ticket()
    settle(zendesk)
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


def test_a_second_that_fills_a_page_is_got_over(store: Engine, zendesk: FakeZendesk) -> None:
    zendesk.page = 2
    tickets_raised = [zendesk.raise_ticket() for _ in range(6)]
    zendesk.advance(1)
    zendesk.change(tickets_raised[0], "status", "solved")
    settle(zendesk)
    assert sync(store, zendesk)["caught_up"]
    assert state(store, tickets_raised[0]).status == "solved"


def test_an_end_time_out_of_this_world_loses_nothing(store: Engine, zendesk: FakeZendesk) -> None:
    ticket = zendesk.raise_ticket()
    settle(zendesk)
    zendesk.fail("ticket_events", Patch({"end_time": 10**12}))
    sync(store, zendesk)
    zendesk.comment(ticket, "still there")
    settle(zendesk)
    sync(store, zendesk)
    assert len(events(store, ticket, EventKind.COMMENT)) == 1


def test_a_record_from_the_future_is_kept_and_hides_nothing(
    store: Engine, zendesk: FakeZendesk
) -> None:
    ticket = zendesk.raise_ticket()
    child = {"event_type": "Change", "priority": "low"}
    future = zendesk.audit(ticket, [child], timestamp=START + 10**8)
    zendesk.fail("ticket_events", Patch({"ticket_events": [future], "end_time": START + 10**8}))
    settle(zendesk)
    sync(store, zendesk)
    zendesk.comment(ticket, "still there")
    settle(zendesk)
    sync(store, zendesk)
    assert len(events(store, ticket, EventKind.COMMENT)) == 1
    assert state(store, ticket).priority == "low"


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 05 Jan 2026 08:00:00 -0000"])
def test_a_server_without_a_clock_is_fine(store: Engine, zendesk: FakeZendesk, date: str) -> None:
    headers = zendesk._headers
    zendesk._headers = lambda path: headers(path) | {"Date": date}  # type: ignore[method-assign]
    zendesk.raise_ticket()
    settle(zendesk)
    assert sync(store, zendesk)["notes"] == []


def test_without_end_of_stream_the_end_is_where_time_stands_still(
    store: Engine, zendesk: FakeZendesk
) -> None:
    zendesk.raise_ticket()
    settle(zendesk)
    zendesk.fail("ticket_events", *[Patch({"end_of_stream": None})] * 2)
    assert sync(store, zendesk)["caught_up"]


def test_a_cursor_that_zendesk_forgot_is_replaced_by_the_time_of_the_newest_row(
    store: Engine, zendesk: FakeZendesk
) -> None:
    zendesk.raise_ticket()
    settle(zendesk)
    sync(store, zendesk)
    ticket = zendesk.raise_ticket()
    settle(zendesk)
    zendesk.fail("cursor", Status(422, body=b'{"error": "InvalidValue"}'))
    summary = sync(store, zendesk)
    assert any("forgotten our cursor" in note for note in summary["notes"])
    last = zendesk.requests("cursor")[-1]
    assert last.query == {"start_time": str(START - ticket_sync.OVERLAP_SECONDS)}
    assert state(store, ticket).subject == f"Help {ticket}"


def test_failures_on_the_way_leave_the_same_store(store: Engine, zendesk: FakeZendesk) -> None:
    zendesk.page = 3
    for place in range(7):
        ticket = zendesk.raise_ticket()
        zendesk.comment(ticket, f"reply {place}")
        zendesk.advance(1)
    settle(zendesk)
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


def test_what_was_read_before_a_failure_is_kept(store: Engine, zendesk: FakeZendesk) -> None:
    ticket = zendesk.raise_ticket()
    settle(zendesk)
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
    settle(zendesk)
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
    settle(zendesk)
    began = zendesk.now
    sync(store, zendesk)
    assert len(zendesk.requests("incremental")) == 29
    assert zendesk.now - began >= 120


def test_a_limit_that_another_program_used_up_is_waited_for(
    store: Engine, zendesk: FakeZendesk
) -> None:
    ticket = zendesk.raise_ticket()
    settle(zendesk)
    zendesk.limits = {"incremental": 10}
    zendesk._windows["incremental"] = (zendesk.now, 10)
    assert sync(store, zendesk)["caught_up"]
    assert state(store, ticket)


def test_clocks_that_differ_are_told_and_change_nothing(
    store: Engine, zendesk: FakeZendesk
) -> None:
    ticket = zendesk.raise_ticket()
    settle(zendesk)
    account = Account(zendesk.address, LOGIN, TOKEN)
    behind = datetime.fromtimestamp(zendesk.now - 7200, UTC)
    with Client(account) as client:
        summary = ticket_sync.sync(store, client, lambda: behind)
    assert any("clock differs from ours by 7200 s" in note for note in summary["notes"])
    created = events(store, ticket, EventKind.CREATED)[0]
    assert created.happened_at == datetime.fromtimestamp(START, UTC)
    with store.connect() as connection:
        text = zendesk_marks.mark(connection, "zendesk", "ticket_events")
    assert zendesk_marks.EventMark.read(text, 0).start == START


def test_a_sync_that_another_overtook_leaves_the_rest_to_it(
    store: Engine, zendesk: FakeZendesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    zendesk.raise_ticket()
    settle(zendesk)
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
    settle(zendesk)
    sync(store, zendesk, start=cut)
    found = state(store, old)
    assert (found.status, found.priority, found.tags) == ("pending", "low", "vip")
    assert found.created_at == datetime.fromtimestamp(START, UTC)
    assert zendesk.requests("cursor")[0].query == {"start_time": str(cut)}
    zendesk.change(old, "status", "solved")
    settle(zendesk)
    sync(store, zendesk, start=cut)
    assert state(store, old).status == "solved"


def test_a_site_named_in_the_set_field_is_the_tickets(store: Engine, zendesk: FakeZendesk) -> None:
    ticket = zendesk.raise_ticket(custom_fields=[{"id": 42, "value": "shop"}, {"id": 1}])
    settle(zendesk)
    sync(store, zendesk, site_field="42")
    assert state(store, ticket).site == "shop"
    zendesk.audit(ticket, [{"event_type": "Change", "custom_ticket_fields": {"42": "blog"}}])
    settle(zendesk)
    sync(store, zendesk, site_field="42")
    assert state(store, ticket).site == "blog"


def test_no_secret_reaches_the_store(store: Engine, zendesk: FakeZendesk) -> None:
    zendesk.raise_ticket()
    settle(zendesk)
    sync(store, zendesk)
    written = repr(everything(store))
    basic = base64.b64encode(f"{LOGIN}:{TOKEN}".encode()).decode()
    assert not any(secret in written for secret in (TOKEN, LOGIN, basic))
