"""What happens to a ticket in Zendesk is in the store, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Engine

from flows.tickets.syncing.syncing import events, pass_delay, state, sync
from supportops.db.engine import reading
from supportops.tickets.log.pages import page_forms, page_of
from supportops.tickets.ticket import Author, EventKind
from tickets.fake_zendesk import (
    AGENT,
    CUSTOMER,
    OTHER_CUSTOMER,
    ROBOT,
    START,
    FakeZendesk,
    Patch,
)


def test_the_whole_history_of_a_ticket_is_stored(store: Engine, zendesk: FakeZendesk) -> None:
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
    pass_delay(zendesk)

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


def test_a_sync_notes_where_the_tickets_have_their_pages(
    store: Engine, zendesk: FakeZendesk
) -> None:
    sync(store, zendesk)
    with reading(store) as connection:
        forms = page_forms(connection)
    found = page_of(forms, "zendesk", "17")
    assert found is not None
    assert found.endswith("/agent/tickets/17")
    assert page_of(forms, "phone", "17") is None


def test_deleting_and_restoring_and_deleting_again(store: Engine, zendesk: FakeZendesk) -> None:
    ticket = zendesk.raise_ticket()
    for act, ends in ((zendesk.delete, True), (zendesk.restore, False), (zendesk.delete, True)):
        zendesk.advance(3600)
        at = datetime.fromtimestamp(zendesk.now, UTC)
        act(ticket)
        pass_delay(zendesk)
        sync(store, zendesk)
        sync(store, zendesk)
        assert state(store, ticket).ended_at == (at if ends else None)
    kinds = [e.kind for e in events(store, ticket, EventKind.DELETED, EventKind.RESTORED)]
    assert kinds == ["deleted", "restored", "deleted"]


def test_a_deleted_ticket_that_moves_again_ended_when_it_was_deleted(
    store: Engine, zendesk: FakeZendesk
) -> None:
    ticket = zendesk.raise_ticket()
    zendesk.advance(60)
    at = datetime.fromtimestamp(zendesk.now, UTC)
    zendesk.delete(ticket)
    pass_delay(zendesk)
    sync(store, zendesk)
    zendesk.touch(ticket)
    pass_delay(zendesk)
    assert sync(store, zendesk)["tickets"] == 1
    assert state(store, ticket).ended_at == at


def test_a_row_from_before_the_deletion_restores_nothing(
    store: Engine, zendesk: FakeZendesk
) -> None:
    ticket = zendesk.raise_ticket(status="open")
    stale = dict(zendesk.tickets[ticket])
    zendesk.advance(60)
    zendesk.change(ticket, "status", "deleted")
    pass_delay(zendesk)
    sync(store, zendesk)
    zendesk.fail("cursor", Patch({"tickets": [stale]}))
    assert sync(store, zendesk)["new_events"] == 0
    assert state(store, ticket).ended_at is not None


def test_a_deletion_among_the_events_counts_too(store: Engine, zendesk: FakeZendesk) -> None:
    ticket = zendesk.raise_ticket(status="open")
    zendesk.advance(60)
    zendesk.change(ticket, "status", "deleted")
    pass_delay(zendesk)
    sync(store, zendesk)
    assert state(store, ticket).ended_at is not None
    zendesk.change(ticket, "status", "open")
    pass_delay(zendesk)
    sync(store, zendesk)
    assert state(store, ticket).ended_at is None
    assert state(store, ticket).status == "open"


def test_a_ticket_deleted_for_good_stays_in_the_store(store: Engine, zendesk: FakeZendesk) -> None:
    ticket = zendesk.raise_ticket()
    pass_delay(zendesk)
    sync(store, zendesk)
    zendesk.destroy(ticket)
    pass_delay(zendesk)
    assert sync(store, zendesk)["caught_up"]
    assert state(store, ticket).subject.startswith("Help")


def test_an_archived_ticket_stays_as_it_was_closed(store: Engine, zendesk: FakeZendesk) -> None:
    ticket = zendesk.raise_ticket()
    zendesk.change(ticket, "status", "closed")
    zendesk.advance(3600)
    zendesk.archive(ticket)
    zendesk.tickets[ticket]["status"] = "archived"
    pass_delay(zendesk)
    assert sync(store, zendesk)["quarantined"] == 0
    assert state(store, ticket).status == "closed"


def test_a_merged_ticket_ends_and_names_where_it_went(store: Engine, zendesk: FakeZendesk) -> None:
    ticket, other = zendesk.raise_ticket(), zendesk.raise_ticket()
    zendesk.advance(600)
    zendesk.merge(ticket, other)
    pass_delay(zendesk)
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
    pass_delay(zendesk)
    sync(store, zendesk)
    assert state(store, ticket).ended_at is None


def test_a_comment_made_private_stays_in_the_log_with_a_note(
    store: Engine, zendesk: FakeZendesk
) -> None:
    ticket = zendesk.raise_ticket()
    zendesk.comment(ticket, "oops")
    zendesk.advance(5)
    zendesk.retract(ticket, 1)
    pass_delay(zendesk)
    sync(store, zendesk)
    assert len(events(store, ticket, EventKind.COMMENT)) == 1
    types = [n.facts["type"] for n in events(store, ticket, EventKind.NOTE) if "type" in n.facts]
    assert "CommentPrivacyChange" in types


def test_what_a_trigger_writes_is_automatic(store: Engine, zendesk: FakeZendesk) -> None:
    ticket = zendesk.raise_ticket()
    reply = {"event_type": "Comment", "author_id": AGENT, "body": "We got it", "public": True}
    zendesk.audit(ticket, [reply | {"via": {"channel": "rule"}}])
    zendesk.audit(ticket, [dict(reply)], via="Rule")
    zendesk.audit(ticket, [reply | {"author_id": -1}], by=-1)
    pass_delay(zendesk)
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
    pass_delay(zendesk)
    sync(store, zendesk)
    authors = [e.author for e in events(store, ticket, EventKind.COMMENT)]
    assert authors == [Author.CUSTOMER, Author.CUSTOMER, Author.AGENT]


def test_an_author_unknown_to_zendesk_stops_no_clock(store: Engine, zendesk: FakeZendesk) -> None:
    ticket = zendesk.raise_ticket(by=999)
    zendesk.comment(ticket, "ghost", by=998)
    pass_delay(zendesk)
    sync(store, zendesk)
    assert events(store, ticket, EventKind.COMMENT)[0].author == Author.AUTOMATIC
    assert events(store, ticket, EventKind.CREATED)[0].author == Author.CUSTOMER


def test_a_ticket_that_an_agent_raised_for_a_customer_says_so(
    store: Engine, zendesk: FakeZendesk
) -> None:
    ticket = zendesk.raise_ticket(by=CUSTOMER, submitter=AGENT)
    pass_delay(zendesk)
    sync(store, zendesk)
    assert events(store, ticket, EventKind.CREATED)[0].author == Author.AGENT
    # Its first comment is the creation's text, and answers nobody.
    assert events(store, ticket, EventKind.COMMENT) == []


def test_a_site_named_in_the_set_field_is_the_tickets(store: Engine, zendesk: FakeZendesk) -> None:
    ticket = zendesk.raise_ticket(custom_fields=[{"id": 42, "value": "shop"}, {"id": 1}])
    pass_delay(zendesk)
    sync(store, zendesk, site_field="42")
    assert state(store, ticket).site == "shop"
    zendesk.audit(ticket, [{"event_type": "Change", "custom_ticket_fields": {"42": "blog"}}])
    pass_delay(zendesk)
    sync(store, zendesk, site_field="42")
    assert state(store, ticket).site == "blog"
