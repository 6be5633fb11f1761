"""An outage that was mirrored is one ticket with one truth, in its source and in the store."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from builders import SHIPPED
from flows.tickets.syncing.syncing import events, pass_delay, state
from supportops.context import Context
from supportops.db.engine import reading, writing
from supportops.db.schema import sync_marks, ticket_events, tickets
from supportops.flows.sla.judging.judged_tickets import policy_book
from supportops.flows.tickets import ticket_sync
from supportops.flows.tickets.own_tickets.outage_tickets import link_tickets, record, ticket_number
from supportops.sites.incident import Change, ChangeKind, Incident, IncidentKind
from supportops.sites.store import save_changes
from supportops.sla.history import prepare
from supportops.sla.judging import judge
from supportops.tickets.log.event_reading import event_columns
from supportops.tickets.ticket import Author, EventKind
from supportops.tickets.zendesk.client import Client
from supportops.tickets.zendesk.model import Account
from supportops.tickets.zendesk.source import ZendeskSource
from tickets.fake_zendesk import AGENT, LOGIN, ROBOT, START, TOKEN, FakeZendesk
from tickets.helpline import Helpline, HelplineSource

BEGAN = datetime.fromtimestamp(START, UTC)
TIER = "mission_critical"
DOWN = Incident(IncidentKind.OUTAGE, "Shop", "refused", BEGAN, BEGAN, site="Shop", customer="Acme")
NUMBER = ticket_number(DOWN.key)


def begins(store: Engine) -> None:
    with writing(store) as connection:
        record(connection, [Change(ChangeKind.OPENED, DOWN, "3 checks failed")], BEGAN, TIER)


def ends(store: Engine, after: timedelta = timedelta(seconds=28)) -> None:
    at = BEGAN + after
    over = replace(DOWN, ended_at=at, closed_at=at)
    with writing(store) as connection:
        record(connection, [Change(ChangeKind.CLOSED, over, "2 good checks")], at, TIER)


def fetch(store: Engine, zendesk: FakeZendesk) -> dict[str, Any]:
    account = Account(zendesk.address, LOGIN, TOKEN)
    with Client(account, sleep=zendesk.advance, monotonic=lambda: zendesk.now) as client:
        context = Context(store, SHIPPED, lambda _: None)
        clock = lambda: datetime.fromtimestamp(zendesk.now, UTC)  # noqa: E731
        return ticket_sync.fetch(context, [ZendeskSource(client)], clock)


def fetch_twice(store: Engine, zendesk: FakeZendesk) -> int:
    """Raises what is to be raised, and reads it back; the twin's number."""
    fetch(store, zendesk)
    pass_delay(zendesk)
    fetch(store, zendesk)
    [twin] = [key for key, row in zendesk.tickets.items() if row["external_id"]]
    return twin


def clocks(store: Engine, ticket: int, after: timedelta = timedelta(days=9)) -> dict[str, Any]:
    """The states of a ticket's clocks, and whether they were broken, by metric."""
    with reading(store) as connection:
        number = connection.execute(
            select(tickets.c.id).where(tickets.c.ticket == str(ticket))
        ).scalar_one()
        columns = event_columns(connection, tickets=[number])
    found = judge(prepare(columns), policy_book(SHIPPED), BEGAN + after).frame()
    return {
        row.metric: (row.state, row.breached_at == row.breached_at) for row in found.itertuples()
    }


def test_the_twin_is_the_outage(store: Engine, zendesk: FakeZendesk) -> None:
    begins(store)
    twin = fetch_twice(store, zendesk)
    found = state(store, twin)
    assert (found.tier, found.site, found.customer) == (TIER, "Shop", "Acme")
    assert found.requester == ""
    assert state(store, NUMBER).merged_into == str(twin)
    [created] = events(store, twin, EventKind.CREATED)
    assert created.author == Author.AUTOMATIC
    assert "first_reply_time" not in clocks(store, twin)
    assert "next_reply_time" not in clocks(store, twin)
    with reading(store) as connection:
        open_ones = connection.execute(select(tickets.c.ticket).where(tickets.c.open)).scalars()
        assert list(open_ones) == [str(twin)]


@pytest.mark.parametrize("before_it_is_read", [True, False])
def test_it_is_solved_when_the_outage_ends(
    store: Engine, zendesk: FakeZendesk, before_it_is_read: bool
) -> None:
    begins(store)
    if before_it_is_read:
        ends(store)
    twin = fetch_twice(store, zendesk)
    if not before_it_is_read:
        ends(store, timedelta(minutes=10))
        fetch(store, zendesk)
    assert zendesk.tickets[twin]["status"] == "solved"
    assert "2 good checks" in zendesk.comments[twin][0]["body"]
    pass_delay(zendesk)
    fetch(store, zendesk)
    assert state(store, twin).status == "solved"
    assert all(not broken for _, broken in clocks(store, twin).values())
    before = len(zendesk.audits)
    fetch(store, zendesk)
    assert len(zendesk.audits) == before


def test_what_we_wrote_is_nobodys_reply(store: Engine, zendesk: FakeZendesk) -> None:
    begins(store)
    twin = fetch_twice(store, zendesk)
    ends(store)
    fetch(store, zendesk)
    zendesk.audits[-2]["child_events"][0]["public"] = True  # as an account may make them
    pass_delay(zendesk)
    fetch(store, zendesk)
    assert [e.author for e in events(store, twin, EventKind.COMMENT)] == [Author.AUTOMATIC]
    assert not {"update_time", "next_reply_time"} & clocks(store, twin).keys()


@pytest.mark.parametrize("how", ["assigned", "answered", "opened"])
def test_one_that_people_work_on_is_theirs_to_solve(
    store: Engine, zendesk: FakeZendesk, how: str
) -> None:
    begins(store)
    twin = fetch_twice(store, zendesk)
    match how:
        case "assigned":
            zendesk.change(twin, "assignee_id", AGENT)
        case "answered":
            zendesk.comment(twin, "Restarting the server", by=AGENT, public=False)
        case _:
            zendesk.change(twin, "status", "open")
    ends(store)
    fetch(store, zendesk)
    assert zendesk.tickets[twin]["status"] in ("new", "open")
    assert "2 good checks" in zendesk.comments[twin][0]["body"]
    zendesk.advance(600)
    zendesk.change(twin, "status", "solved")
    pass_delay(zendesk)
    fetch(store, zendesk)
    assert state(store, twin).status == "solved"


def test_a_persons_work_under_our_own_login_is_an_agents(
    store: Engine, zendesk: FakeZendesk
) -> None:
    begins(store)
    twin = fetch_twice(store, zendesk)
    zendesk.comment(twin, "We are on it", by=ROBOT)
    pass_delay(zendesk)
    fetch(store, zendesk)
    assert [e.author for e in events(store, twin, EventKind.COMMENT)] == [Author.AGENT]
    assert "next_reply_time" not in clocks(store, twin)


@pytest.mark.parametrize("fate", ["merge", "delete", "destroy"])
def test_a_twin_that_is_closed_or_gone_stops_no_sync(
    store: Engine, zendesk: FakeZendesk, fate: str
) -> None:
    begins(store)
    twin = fetch_twice(store, zendesk)
    other = zendesk.raise_ticket()
    if fate == "merge":
        zendesk.merge(twin, other)
    else:
        getattr(zendesk, fate)(twin)
    ends(store)
    assert fetch(store, zendesk)["caught_up"]
    pass_delay(zendesk)
    assert fetch(store, zendesk)["caught_up"]
    if fate == "merge":
        assert state(store, twin).merged_into == str(other)


def test_it_is_not_linked_as_a_customers_ticket(store: Engine, zendesk: FakeZendesk) -> None:
    with writing(store) as connection:
        save_changes(connection, [Change(ChangeKind.OPENED, DOWN, "3 checks failed")])
    begins(store)
    fetch_twice(store, zendesk)
    with writing(store) as connection:
        now = datetime.fromtimestamp(zendesk.now, UTC)
        assert link_tickets(connection, now, TIER) == 0


def test_one_that_an_earlier_version_read_as_a_customers_is_corrected(
    store: Engine, zendesk: FakeZendesk
) -> None:
    begins(store)
    ends(store)
    twin = fetch_twice(store, zendesk)
    zendesk.tickets[twin]["status"] = "new"
    with writing(store) as connection:
        mark = json.dumps({"ticket": str(twin), "told_end": True})
        connection.execute(
            update(sync_marks).where(sync_marks.c.stream.startswith("outage/")).values(mark=mark)
        )
        connection.execute(
            ticket_events.delete().where(
                ticket_events.c.source_event.startswith(f"outage/{NUMBER}")
            )
        )
        created = ticket_events.c.source_event == f"ticket/{twin}/created"
        connection.execute(update(ticket_events).where(created).values(author="customer"))
    zendesk.advance(40 * 86_400)
    fetch(store, zendesk)
    assert zendesk.tickets[twin]["status"] == "solved"
    found = state(store, twin)
    assert (found.tier, found.site, found.customer, found.status) == (
        TIER,
        "Shop",
        "Acme",
        "solved",
    )
    assert "first_reply_time" not in clocks(store, twin)


def test_another_source_recognises_its_twin_through_the_contract(store: Engine) -> None:
    remote = Helpline()
    remote.now = BEGAN
    source, context = HelplineSource(remote), Context(store, SHIPPED, lambda _: None)
    begins(store)
    ticket_sync.fetch(context, [source], lambda: remote.now)
    remote.write("H1", "created", "customer", subject="Shop is down", text="We know")
    remote.write("H1", "comment", "agent", text="Hello")
    ticket_sync.fetch(context, [source], lambda: remote.now)
    ends(store, timedelta(minutes=5))
    ticket_sync.fetch(context, [source], lambda: remote.now)
    found = state(store, "H1")
    assert (found.tier, found.site, found.status) == (TIER, "Shop", "solved")
    assert remote.solved == ["H1"]
    assert [e.author for e in events(store, "H1", EventKind.CREATED)] == [Author.AUTOMATIC]
    assert [e.author for e in events(store, "H1", EventKind.COMMENT)] == [Author.AGENT]
