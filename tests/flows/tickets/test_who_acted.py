"""Who acted, and as what, is what it was at that time, however often Zendesk is read."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import Engine

from flows.tickets.syncing.syncing import events, everything, pass_delay, sync
from supportops.db.engine import writing
from supportops.db.schema import quarantine, sync_marks, ticket_events, tickets
from supportops.tickets.ticket import Author, EventKind
from tickets.fake_zendesk import AGENT, CUSTOMER, OTHER_CUSTOMER, FakeZendesk, fake_zendesk

SECOND_AGENT = 201
DRAWN = ("recorded_at", "touched_at", "moved_at")
Act = Callable[[FakeZendesk], None]


def authors(store: Engine, ticket: int, kind: EventKind = EventKind.COMMENT) -> list[str]:
    return [event.author for event in events(store, ticket, kind)]


def read(store: Engine, zendesk: FakeZendesk) -> None:
    pass_delay(zendesk)
    sync(store, zendesk)


class TestAReply:
    def test_of_an_agent_who_became_a_customer_later_is_an_agents(
        self, store: Engine, zendesk: FakeZendesk
    ) -> None:
        ticket = zendesk.raise_ticket()
        zendesk.advance(60)
        zendesk.change(ticket, "assignee_id", AGENT)
        zendesk.comment(ticket, "Done", by=AGENT)
        zendesk.advance(60)
        zendesk.users[AGENT]["role"] = "end-user"
        read(store, zendesk)
        assert authors(store, ticket) == [Author.AGENT]

    @pytest.mark.parametrize("unknown", [False, True])
    def test_of_an_agent_who_set_the_status_in_the_same_update_is_an_agents(
        self, store: Engine, zendesk: FakeZendesk, unknown: bool
    ) -> None:
        ticket = zendesk.raise_ticket()
        zendesk.advance(60)
        comment = zendesk._comment("Done", AGENT, True)
        solved = {"event_type": "Change", "status": "solved", "previous_value": "new"}
        zendesk.audit(ticket, [comment, solved], by=AGENT)
        zendesk.users[AGENT]["role"] = "end-user"
        if unknown:
            del zendesk.users[AGENT]
        read(store, zendesk)
        assert authors(store, ticket) == [Author.AGENT]

    def test_of_a_colleague_is_a_customers(self, store: Engine, zendesk: FakeZendesk) -> None:
        ticket = zendesk.raise_ticket()
        zendesk.comment(ticket, "We have it too", by=OTHER_CUSTOMER)
        read(store, zendesk)
        assert authors(store, ticket) == [Author.CUSTOMER]

    def test_by_mail_of_a_stranger_makes_no_agent_of_him(
        self, store: Engine, zendesk: FakeZendesk
    ) -> None:
        ticket = zendesk.raise_ticket()
        mail = zendesk._comment("Me too", OTHER_CUSTOMER, False)
        zendesk.audit(ticket, [mail | {"via": {"channel": "email"}}], by=OTHER_CUSTOMER)
        zendesk.comment(ticket, "And again", by=OTHER_CUSTOMER)
        read(store, zendesk)
        assert authors(store, ticket) == [Author.CUSTOMER]

    def test_of_an_agent_whose_own_ticket_it_became_is_an_agents_until_then(
        self, store: Engine, zendesk: FakeZendesk
    ) -> None:
        ticket = zendesk.raise_ticket()
        zendesk.comment(ticket, "Looking", by=AGENT)
        zendesk.advance(60)
        zendesk.change(ticket, "requester_id", AGENT, by=SECOND_AGENT)
        zendesk.advance(60)
        zendesk.comment(ticket, "How far is it?", by=AGENT)
        read(store, zendesk)
        assert authors(store, ticket) == [Author.AGENT, Author.CUSTOMER]

    def test_written_for_the_requester_is_the_requesters(
        self, store: Engine, zendesk: FakeZendesk
    ) -> None:
        ticket = zendesk.raise_ticket()
        spoken = zendesk._comment("She called: still broken", CUSTOMER, True)
        zendesk.audit(ticket, [spoken], by=AGENT)
        read(store, zendesk)
        assert authors(store, ticket) == [Author.CUSTOMER]


def test_a_customers_ticket_that_an_agent_took_over_later_was_a_customers(
    store: Engine, zendesk: FakeZendesk
) -> None:
    ticket = zendesk.raise_ticket(subject="Help")
    zendesk.advance(60)
    zendesk.change(ticket, "requester_id", OTHER_CUSTOMER)
    zendesk.change(ticket, "subject", "Renamed")
    zendesk.change(ticket, "organization_id", 8)
    read(store, zendesk)
    [created] = events(store, ticket, EventKind.CREATED)
    assert (created.author, created.facts["requester"]) == (Author.CUSTOMER, "Ada Customer")
    assert created.facts["subject"] == "Help"
    customers = events(store, ticket, EventKind.CUSTOMER)
    assert [event.value for event in customers] == ["Acme", "Umbrella"]


def test_a_ticket_that_an_agent_raised_for_a_customer_is_an_agents_after_he_left(
    store: Engine, zendesk: FakeZendesk
) -> None:
    ticket = zendesk.raise_ticket(submitter=AGENT)
    zendesk.users[AGENT]["role"] = "end-user"
    read(store, zendesk)
    assert authors(store, ticket, EventKind.CREATED) == [Author.AGENT]


def a_history(seed: int) -> list[tuple[Act, bool]]:
    """What people do, one act after the other, and whether a sync follows it."""
    draw = random.Random(seed)
    people = [CUSTOMER, OTHER_CUSTOMER, AGENT, SECOND_AGENT]
    working = [AGENT, SECOND_AGENT]
    acts: list[Act] = []

    def raises(by: int, submitter: int | None, site: bool) -> Act:
        fields = [{"id": 42, "value": "shop"}] if site else []
        return lambda z: none(z.raise_ticket(by=by, submitter=submitter, custom_fields=fields))

    def changes(name: str, value: Any, by: int, which: int) -> Act:
        return lambda z: z.change(chosen(z, which), name, value, by=by)

    def comments(by: int, which: int, public: bool) -> Act:
        return lambda z: z.comment(chosen(z, which), f"{by} {which}", by=by, public=public)

    def leaves(agent: int) -> Act:
        return lambda z: z.users[agent].update(role="end-user")

    acts.append(raises(CUSTOMER, None, False))
    acts += [changes("assignee_id", agent, agent, 0) for agent in working]
    for _ in range(draw.randint(4, 12)):
        by, which = draw.choice(people), draw.randint(0, 9)
        match draw.randint(0, 8):
            case 0:
                acts.append(raises(by, draw.choice([None, AGENT]), draw.random() < 0.5))
            case 1:
                acts.append(changes("requester_id", draw.choice(people), AGENT, which))
            case 2:
                status = draw.choice(["open", "pending", "hold", "solved"])
                acts.append(changes("status", status, by, which))
            case 3:
                acts.append(changes("subject", f"Help {which} again", by, which))
            case 4:
                acts.append(changes("organization_id", draw.choice([7, 8]), by, which))
            case 5 if working:
                acts.append(leaves(working.pop()))
            case 6:
                agent = draw.choice([AGENT, SECOND_AGENT])
                acts.append(comments(agent, which, draw.random() < 0.7))
            case _:
                acts.append(comments(by, which, True))
    return [(act, draw.random() < 0.4) for act in acts]


def none(_: object) -> None:
    """So that an act answers nothing."""


def chosen(zendesk: FakeZendesk, which: int) -> int:
    return sorted(zendesk.tickets)[which % len(zendesk.tickets)]


def rows_after(
    store: Engine, history: Sequence[tuple[Act, bool]], *, often: bool, start: int = 0
) -> dict[str, list[Any]]:
    with writing(store) as connection:
        for table in (ticket_events, tickets, sync_marks, quarantine):
            connection.execute(table.delete())
    with fake_zendesk() as zendesk:
        agent = {"id": SECOND_AGENT, "name": "Ivy Agent", "role": "agent"}
        zendesk.users[SECOND_AGENT] = agent
        for act, followed in history:
            act(zendesk)
            zendesk.advance(61)
            if often and followed and zendesk.now > start:
                sync(store, zendesk, site_field="42", start=start)
        zendesk.advance(300)
        sync(store, zendesk, site_field="42", start=start)
        found = everything(store, without=DRAWN)
    return {name: found[name] for name in ("tickets", "ticket_events", "quarantine")}


@pytest.mark.parametrize("seed", range(12))
def test_any_cut_of_a_history_into_syncs_leaves_the_same_rows(store: Engine, seed: int) -> None:
    history = a_history(seed)
    assert rows_after(store, history, often=True) == rows_after(store, history, often=False)
