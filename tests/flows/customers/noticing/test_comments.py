"""A notice on the customer's tickets in Zendesk: posted once, and an update that is no reply."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from flows.customers.noticing.agency import Agency, configuration
from flows.tickets.syncing.syncing import events, pass_delay, sync
from supportops.db.engine import writing
from supportops.flows.customers import notices, show_notices
from supportops.tickets.log.store import append_events
from supportops.tickets.source import SourceError
from supportops.tickets.ticket import Author, Event, EventKind
from supportops.tickets.zendesk.client import Client
from supportops.tickets.zendesk.model import Account
from supportops.tickets.zendesk.source import ZendeskSource
from tickets.fake_zendesk import LOGIN, START, TOKEN, FakeZendesk, Status


class Desk:
    """An agency with Zendesk, at the time of the account's clock."""

    def __init__(self, store: Engine, zendesk: FakeZendesk, rules: dict[str, Any]) -> None:
        self.store, self.zendesk = store, zendesk
        self.agency = Agency(store)
        self.agency.clock.now = datetime.fromtimestamp(START, UTC)
        self.agency.activate(configuration({"approval": "none"} | rules))

    def ticket(self, site: str = "acme-shop", organization: int = 7) -> int:
        """A customer's ticket about a site, read from Zendesk."""
        number = self.zendesk.raise_ticket(organization_id=organization)
        at = datetime.fromtimestamp(self.zendesk.now, UTC)
        pass_delay(self.zendesk)
        sync(self.store, self.zendesk)
        key, automatic = f"{number}/site", Author.AUTOMATIC
        named = Event("zendesk", key, f"{number}", EventKind.SITE, at, at, automatic, site)
        with writing(self.store) as connection:
            append_events(connection, [named], at)
        self.agency.clock.now = datetime.fromtimestamp(self.zendesk.now, UTC)
        return number

    def read(self, ticket: int, kind: EventKind, value: str) -> None:
        """The next sync reads this about a ticket."""
        at = self.agency.clock.now
        event = Event(
            *("zendesk", f"{ticket}/{kind}", f"{ticket}", kind, at, at, Author.AGENT, value)
        )
        with writing(self.store) as connection:
            append_events(connection, [event], at)

    def round(self) -> dict[str, Any]:
        found = self.agency.round()
        account = Account(self.zendesk.address, LOGIN, TOKEN)
        with Client(account, sleep=self.zendesk.advance, monotonic=lambda: self.zendesk.now) as it:
            sources = [ZendeskSource(it)]
            return found | notices.post_comments(self.agency.context, sources, self.agency.clock)

    def comments(self, ticket: int) -> list[tuple[str, bool]]:
        return [(each["body"], each["public"]) for each in self.zendesk.comments[ticket]]


@pytest.fixture
def desk(store: Engine, zendesk: FakeZendesk) -> Desk:
    return Desk(store, zendesk, {})


def test_a_notice_is_a_public_comment_on_the_customers_open_tickets_about_the_outage(
    desk: Desk,
) -> None:
    desk.agency.down("acme-shop")
    mine, other = desk.ticket(), desk.ticket("borealis", organization=8)
    solved = desk.ticket()
    desk.zendesk.change(solved, "status", "solved")
    pass_delay(desk.zendesk)
    sync(desk.store, desk.zendesk)
    assert desk.round()["comments"] == 1
    ((text, public),) = desk.comments(mine)
    assert public
    assert text.startswith("acme-shop cannot be reached\n\n")
    assert "We will write to you again by" in text
    assert desk.comments(other) == desk.comments(solved) == []
    assert desk.round()["comments"] == 0


def test_it_comes_back_as_an_update_that_is_nobodys_reply(desk: Desk) -> None:
    desk.agency.down("acme-shop")
    ticket = desk.ticket()
    desk.round()
    desk.zendesk.comment(ticket, "A person writes")
    pass_delay(desk.zendesk)
    sync(desk.store, desk.zendesk)
    notice, reply = events(desk.store, ticket, EventKind.NOTICE, EventKind.COMMENT)
    assert (notice.kind, notice.author) == ("notice", "automatic")
    assert (reply.kind, reply.author) == ("comment", "agent")


def test_where_the_policy_says_so_it_is_a_reply(store: Engine, zendesk: FakeZendesk) -> None:
    desk = Desk(store, zendesk, {"tickets": "reply"})
    desk.agency.down("acme-shop")
    ticket = desk.ticket()
    desk.round()
    pass_delay(zendesk)
    sync(store, zendesk)
    (found,) = events(store, ticket, EventKind.NOTICE, EventKind.COMMENT)
    assert (found.kind, found.author) == ("comment", "agent")


def test_where_it_is_configured_so_no_ticket_gets_a_comment(
    store: Engine, zendesk: FakeZendesk
) -> None:
    desk = Desk(store, zendesk, {"tickets": "none"})
    desk.agency.down("acme-shop")
    ticket = desk.ticket()
    assert desk.round()["comments"] == 0
    assert desk.comments(ticket) == []


def test_what_zendesk_refuses_is_tried_again_and_not_posted_once_there_is_a_newer_one(
    desk: Desk,
) -> None:
    desk.agency.down("acme-shop")
    ticket = desk.ticket()
    desk.zendesk.fail("tickets/", *[Status(500)] * 40)
    with pytest.raises(SourceError):
        desk.round()
    desk.zendesk.faults.clear()
    assert desk.round()["comments"] == 0, "its pause is not over"
    desk.agency.clock.turn(minutes=3)
    desk.agency.up("acme-shop")
    assert desk.round()["comments"] == 1
    ((text, _),) = desk.comments(ticket)
    assert text.startswith("acme-shop works again")


def test_a_ticket_that_was_merged_meanwhile_passes_its_comment_on(desk: Desk) -> None:
    desk.agency.down("acme-shop")
    merged, whole = desk.ticket(), desk.ticket()
    desk.zendesk.fail(f"tickets/{merged}", *[Status(500)] * 20)
    with pytest.raises(SourceError):
        desk.round()
    desk.zendesk.faults.clear()
    desk.read(merged, EventKind.MERGED, str(whole))
    desk.agency.clock.turn(minutes=3)
    desk.round()
    desk.agency.clock.turn(minutes=1)
    desk.round()
    assert desk.comments(merged) == []
    assert len(desk.comments(whole)) == 1, "it had one already"
    (notice,) = desk.agency.notices()
    about = {
        each.ticket: each for each in show_notices.show(desk.agency.context, notice.id).comments
    }
    assert about[str(merged)].detail == f"merged into {whole}"


def test_a_ticket_that_was_closed_meanwhile_gets_none_and_fails_no_round(desk: Desk) -> None:
    desk.agency.down("acme-shop")
    ticket = desk.ticket()
    desk.zendesk.fail("tickets/", *[Status(422)] * 40)
    assert desk.round()["comments"] == 0
    desk.zendesk.faults.clear()
    desk.read(ticket, EventKind.STATUS, "closed")
    desk.agency.clock.turn(minutes=3)
    assert desk.round()["comments"] == 0
    assert desk.comments(ticket) == []
    (notice,) = desk.agency.notices()
    (comment,) = show_notices.show(desk.agency.context, notice.id).comments
    assert (comment.state, comment.detail) == ("given_up", "the ticket is closed")
