"""A notice says by when the customer's open tickets about the outage are answered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from flows.customers.noticing.agency import Agency, configuration, published_to
from flows.customers.publishing.raised import answered, became, raised, synced
from supportops.config.documents import restore
from supportops.flows.customers import show_notices
from supportops.notices import comment_log
from supportops.tickets.ticket import Status

MINUTE = timedelta(minutes=1)
REPLY, RESOLUTION = {"within": "1 working day"}, {"within": "2 working days"}
on_sqlite = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)


def promising(agency: Agency, rules: dict[str, Any], **own: dict[str, Any]) -> None:
    """Its notices say by when tickets are answered, which is promised."""
    document = dict(configuration({"due_by": True} | rules, own).document)
    levels = dict(document["service_levels"])
    targets = {
        "first_reply_time": REPLY,
        "next_reply_time": REPLY,
        "update_time": {"within": "1h"},
        "resolution_time": {**RESOLUTION, "pauses": ["pending"]},
    }
    promise = {"tier": "bug_fix", "calendar": "office", "targets": targets}
    levels["tiers"] = {"bug_fix": {"title": "Bug fix", "severity": "warning", "wakes": False}}
    levels |= {"default_tier": "bug_fix", "outage_tier": "bug_fix", "call_tier": "bug_fix"}
    levels["policies"] = [{"name": "all", "from": "2026-01-01", "promises": [promise]}]
    agency.activate(restore(document | {"service_levels": levels}))


@pytest.fixture
def agency(store: Engine) -> Agency:
    found = Agency(store)
    promising(found, {})
    found.down("acme-shop")
    now = found.clock.now
    raised(store, "12", "Acme", now, site="acme-shop")
    raised(store, "13", "Borealis", now, site="borealis")
    raised(store, "14", "Acme", now, site="acme-blog")
    synced(store, now)
    found.pass_minutes(1)
    return found


def text(agency: Agency, number: int = -1) -> str:
    return str(agency.messages("acme_email")[number].text)


def sent(agency: Agency) -> list[str]:
    return [notice.due or "" for notice in agency.notices() if notice.state.value == "sent"]


def test_it_is_added_when_the_notice_is_sent_and_shown_to_who_approves(agency: Agency) -> None:
    number = agency.waiting().id
    assert "#12" not in agency.waiting().text
    seen = show_notices.show(agency.context, number, agency.clock.now)
    assert "\n\nYour ticket #12: answer due by " in seen.text
    agency.approve()
    agency.dispatch()
    (due,) = sent(agency)
    assert due.startswith("Your ticket #12: answer due by ")
    assert seen.due == due
    assert due in text(agency)
    assert "13" not in due
    assert "14" not in due


def test_what_was_said_stays_and_what_is_said_next_is_as_it_is_then(
    agency: Agency, store: Engine
) -> None:
    agency.approve()
    agency.dispatch()
    answered(store, "12", agency.clock.now)
    before = sent(agency)
    number = next(n.id for n in agency.notices() if n.state.value == "sent")
    for _ in range(70):
        synced(store, agency.clock.now)
        agency.pass_minutes(1)
    agency.approve() if any(n.state.value == "waiting" for n in agency.notices()) else None
    first, second = sent(agency)
    assert [first] == before
    assert first in show_notices.show(agency.context, number, agency.clock.now).text
    assert second.startswith("Your ticket #12: solution due by "), "the update is the notice itself"


def test_a_ticket_that_was_solved_or_waits_for_others_is_not_in_it(
    agency: Agency, store: Engine
) -> None:
    answered(store, "12", agency.clock.now)
    became(store, "12", agency.clock.now, Status.SOLVED)
    agency.approve()
    assert sent(agency) == [""]


def test_the_end_says_nothing_of_tickets(agency: Agency) -> None:
    agency.approve()
    agency.clock.turn(minutes=1)
    agency.up("acme-shop")
    agency.pass_minutes(8)
    assert agency.states() == ["first sent", "end sent"]
    assert sent(agency)[1] == ""


def test_each_comment_is_about_its_own_ticket(agency: Agency, store: Engine) -> None:
    raised(store, "15", "Acme", agency.clock.now, site="acme-shop")
    agency.approve()
    number = next(n.id for n in agency.notices() if n.state.value == "sent")
    with store.connect() as connection:
        found = {c.ticket: c.text for c in comment_log.of_notice(connection, number)}
    assert found.keys() == {"12", "15"}
    assert ("ticket #12" in found["12"], "ticket #15" in found["12"]) == (True, False)
    assert ("ticket #12" in found["15"], "ticket #15" in found["15"]) == (False, True)


@on_sqlite
def test_what_the_status_page_publishes_has_no_ticket(agency: Agency) -> None:
    agency.approve()
    with agency.store.connect() as connection:
        (found,) = published_to(
            connection, agency.configuration, "Acme", agency.clock.now - timedelta(days=1)
        )
    assert "ticket" not in found.text


@on_sqlite
def test_nothing_is_said_where_it_is_off_stale_or_a_reply(agency: Agency, store: Engine) -> None:
    number = agency.waiting().id

    def due(after: float = 0) -> str:
        return show_notices.show(agency.context, number, agency.clock.now + after * MINUTE).due

    assert due()
    assert not due(120), "the last sync is two hours old"
    promising(agency, {"tickets": "reply"})
    assert not due(), "the notice is the answer"
    promising(agency, {}, Acme={"notice_rules": {"due_by": False}})
    assert not due()
    promising(agency, {"due_by": False}, Acme={"notice_rules": {"due_by": True}})
    assert due()
    agency.activate(configuration({"due_by": True}))
    assert not due(), "nothing is promised"
