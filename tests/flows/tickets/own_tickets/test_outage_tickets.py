"""Outages as tickets: opened, solved and linked with the incident itself, and never twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from builders import NOON
from flows.websites import Checks, Websites, websites
from supportops.alerts.alert import Kind
from supportops.alerts.description import reference
from supportops.alerts.store import list_open
from supportops.db.engine import reading, writing
from supportops.db.schema import ticket_events, tickets
from supportops.flows.sites import site_check
from supportops.flows.sites.checking import judgement
from supportops.flows.tickets.own_tickets import outage_tickets
from supportops.tickets.log.store import append_events, events_of
from supportops.tickets.ticket import Author, Event, EventKind, Status
from tickets.histories import ticket_at


@pytest.fixture
def web() -> Iterator[Websites]:
    with websites("shop", "blog", "wiki") as them:
        yield them


@pytest.fixture
def desk(store: Engine, tmp_path: Path, web: Websites) -> Checks:
    found = Checks(store, tmp_path / "config")
    found.write(web.entries())
    return found


def found_tickets(desk: Checks, source: str = "outage") -> list[Any]:
    with reading(desk.engine) as connection:
        statement = select(tickets).where(tickets.c.source == source).order_by(tickets.c.id)
        return list(connection.execute(statement))


def events(desk: Checks, source: str, ticket: str) -> tuple[Event, ...]:
    with reading(desk.engine) as connection:
        return events_of(connection, source, ticket)


def notes(desk: Checks, source: str, ticket: str) -> list[str]:
    return [e.facts["text"] for e in events(desk, source, ticket) if e.kind is EventKind.NOTE]


def everything(desk: Checks) -> list[Any]:
    with reading(desk.engine) as connection:
        stored = connection.execute(select(tickets).order_by(tickets.c.id)).all()
        logged = connection.execute(select(ticket_events).order_by(ticket_events.c.id)).all()
    return [*stored, *logged]


def raise_ticket(
    desk: Checks, minutes: float, ticket: str = "7", site: str | None = "shop"
) -> None:
    """A customer's ticket about `site`, raised so many minutes after noon."""
    at = NOON + timedelta(minutes=minutes)
    happened = [(EventKind.CREATED, None), *([(EventKind.SITE, site)] if site else [])]
    made = [
        Event("zendesk", f"{ticket}/{kind}", ticket, kind, at, at, Author.CUSTOMER, value)
        for kind, value in happened
    ]
    with writing(desk.engine) as connection:
        append_events(connection, made, desk.clock())


def link(desk: Checks) -> int:
    with writing(desk.engine) as connection:
        return outage_tickets.link_tickets(connection, desk.clock(), "mission_critical")


def test_an_outage_is_a_mission_critical_ticket_about_the_site(desk: Checks, web: Websites) -> None:
    web.broken.add("shop")
    desk.run()
    (ticket,) = found_tickets(desk)
    assert (ticket.tier, ticket.site, ticket.customer) == ("mission_critical", "shop", "Acme")
    assert ticket.open
    assert ticket.tier_rule == outage_tickets.RULE
    assert ticket.subject.startswith("shop is down: ")
    assert ticket.created_at <= desk.clock()


def test_its_number_begins_with_what_the_messages_show(desk: Checks, web: Websites) -> None:
    web.broken.add("shop")
    desk.run()
    with reading(desk.engine) as connection:
        (alert,) = list_open(connection, Kind.OUTAGE)
    assert found_tickets(desk)[0].ticket.startswith(reference(alert))


def test_no_customer_raised_it_so_that_nobody_owes_an_answer(desk: Checks, web: Websites) -> None:
    web.broken.add("shop")
    desk.run()
    web.broken.clear()
    desk.run(after=5)
    ticket = found_tickets(desk)[0]
    assert {e.author for e in events(desk, "outage", ticket.ticket)} == {Author.AUTOMATIC}


def test_recovery_is_a_comment_on_the_ticket_and_solves_it(desk: Checks, web: Websites) -> None:
    web.broken.add("shop")
    desk.run()
    web.broken.clear()
    desk.run(after=5)
    (ticket,) = found_tickets(desk)
    assert not ticket.open
    comments = [
        e.facts["text"]
        for e in events(desk, "outage", ticket.ticket)
        if e.kind is EventKind.COMMENT
    ]
    assert len(comments) == 1
    assert "after 5 min" in comments[0]
    with reading(desk.engine) as connection:
        at = ticket_at(connection, "outage", ticket.ticket, ticket.solved_at - timedelta(seconds=1))
    assert at is not None
    assert at.status is Status.NEW


def test_the_next_outage_of_the_site_is_another_ticket(desk: Checks, web: Websites) -> None:
    for _ in range(2):
        web.broken.add("shop")
        desk.run(after=5)
        web.broken.clear()
        desk.run(after=5)
    assert len(found_tickets(desk)) == desk.incidents().count(("outage", "shop", False)) == 2


def test_a_server_is_one_ticket_that_names_its_sites(desk: Checks, web: Websites) -> None:
    desk.write([entry | {"host": "web-1"} for entry in web.entries()])
    web.broken |= {"shop", "blog"}
    desk.run()
    (ticket,) = found_tickets(desk)
    assert ticket.site is None
    assert "web-1" in ticket.subject
    assert events(desk, "outage", ticket.ticket)[0].facts["sites"] == ["blog", "shop"]


def test_a_fault_and_a_blink_are_no_tickets(desk: Checks, web: Websites) -> None:
    shop = web.servers["shop"].url()
    pages = [{"path": "/b", "expect": {"contains": ["nobody says this"]}}]
    desk.write([{"name": "shop", "url": shop, "pages": pages}])
    desk.run()
    assert desk.alerts() == [("fault", "shop /b", True)]
    assert found_tickets(desk) == []


def test_judging_again_adds_nothing(desk: Checks, web: Websites) -> None:
    web.broken.add("shop")
    raise_ticket(desk, 0)
    desk.run()
    before = everything(desk)
    site_check.judge(desk.engine, NOON, desk.clock())
    desk.run(after=5)
    assert everything(desk) == before


def test_incident_alert_and_ticket_are_committed_together_or_not_at_all(
    desk: Checks, web: Websites, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.broken.add("shop")

    def fails(*_: Any) -> None:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(judgement.store, "mark_judged", fails)
        patch.setattr(judgement.part_store, "append", fails)
        with pytest.raises(RuntimeError, match="disk"):
            desk.run()
    assert desk.incidents() == desk.alerts() == found_tickets(desk) == []
    desk.run(after=5)
    assert len(desk.incidents()) == len(desk.alerts()) == len(found_tickets(desk)) == 1


def test_hostile_names_become_a_ticket_too(desk: Checks, web: Websites) -> None:
    name = ('O\'Brien "&" <script>alert(1)</script>\r\n{{7*7}} \N{PILE OF POO}' * 9)[:200]
    web.broken.add("shop")
    desk.write([{"name": name, "url": web.servers["shop"].url()}])
    desk.run()
    assert found_tickets(desk)[0].site == name


class TestLinks:
    def test_a_ticket_raised_within_the_outage_and_the_outage_name_each_other(
        self, desk: Checks, web: Websites
    ) -> None:
        web.broken.add("shop")
        desk.run()
        outage = found_tickets(desk)[0].ticket
        raise_ticket(desk, 3)
        desk.clock.move(5)
        assert link(desk) == 1
        (on_ticket,) = notes(desk, "zendesk", "7")
        assert "We know already" in on_ticket
        assert f"outage/{outage}" in on_ticket
        (on_outage,) = notes(desk, "outage", outage)
        assert "zendesk/7" in on_outage

    def test_linking_again_adds_nothing(self, desk: Checks, web: Websites) -> None:
        web.broken.add("shop")
        desk.run()
        raise_ticket(desk, 3)
        desk.clock.move(5)
        assert link(desk) == 1
        before = everything(desk)
        desk.clock.move(5)
        assert link(desk) == 0
        assert everything(desk) == before

    def test_the_next_check_links_what_came_meanwhile(self, desk: Checks, web: Websites) -> None:
        web.broken.add("shop")
        desk.run()
        raise_ticket(desk, 3)
        desk.run(after=5)
        assert len(notes(desk, "zendesk", "7")) == 1

    def test_a_customer_who_was_quicker_than_our_check_is_linked(
        self, desk: Checks, web: Websites
    ) -> None:
        desk.run()
        web.broken.add("shop")
        raise_ticket(desk, 2)
        desk.run(after=5)
        assert len(notes(desk, "zendesk", "7")) == 1

    def test_a_ticket_that_we_hear_of_after_the_end_is_linked(
        self, desk: Checks, web: Websites
    ) -> None:
        web.broken.add("shop")
        desk.run()
        web.broken.clear()
        desk.run(after=5)
        raise_ticket(desk, 3)
        assert link(desk) == 1
        assert not found_tickets(desk)[0].open

    @pytest.mark.parametrize(
        ("minutes", "site"), [(3, "blog"), (3, None), (-1, "shop"), (8, "shop")]
    )
    def test_other_sites_and_other_times_are_left_alone(
        self, desk: Checks, web: Websites, minutes: float, site: str | None
    ) -> None:
        desk.run()
        web.broken.add("shop")
        desk.run(after=0.5)
        web.broken.clear()
        desk.run(after=5)
        raise_ticket(desk, minutes, site=site)
        desk.clock.move(60)
        assert link(desk) == 0

    def test_a_servers_outage_is_linked_to_tickets_about_its_sites(
        self, desk: Checks, web: Websites
    ) -> None:
        desk.write([entry | {"host": "web-1"} for entry in web.entries()])
        web.broken |= {"shop", "blog"}
        desk.run()
        raise_ticket(desk, 1, "1", "blog")
        raise_ticket(desk, 1, "2", "wiki")
        desk.clock.move(5)
        assert link(desk) == 1
        assert notes(desk, "zendesk", "2") == []

    def test_outages_of_a_site_at_an_instant(self, desk: Checks, web: Websites) -> None:
        web.broken.add("shop")
        desk.run()
        with reading(desk.engine) as connection:
            assert outage_tickets.outages_of(connection, "blog", desk.clock()) == []
            (incident,) = outage_tickets.outages_of(connection, "shop", desk.clock())
        assert outage_tickets.ticket_number(incident.key) == found_tickets(desk)[0].ticket
