"""The queue: what is due next, by the engine that alerts; filters, counts, search and its file."""

from __future__ import annotations

import csv
import re
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text, update

from supportops.config.snapshots import newest
from supportops.db.engine import reading, writing
from supportops.db.schema import alerts, tickets
from supportops.flows.sla import sla_sweep
from supportops.flows.tickets import ticket_queue
from supportops.flows.tickets.ticket_queue import Standing, queue
from supportops.tickets.ticket import Author, Event, EventKind
from supportops.web.tickets.filters import Filters
from supportops.web.tickets.solved import searching
from web.boards import NOON
from web.desk import Desk, event

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def desk(store: Engine, tmp_path: Path) -> Desk:
    return Desk(store, tmp_path / "config")


def shown(page: str) -> list[str]:
    """The numbers of the tickets of a list, in their order."""
    return re.findall(r'<a href="ticket\?source=[^&]+&amp;id=([^"]+)">', page)


def reply(number: str, ago: timedelta) -> Event:
    return event(number, EventKind.COMMENT, NOON - ago, text="We look into it.", by="bo")


def test_what_is_due_next_comes_first_and_what_was_broken_last_after_it(desk: Desk) -> None:
    desk.ticket("old", ago=timedelta(days=14))
    desk.ticket("late", ago=timedelta(days=1, hours=1))
    desk.ticket("later", ago=2 * HOUR)
    desk.ticket("soon", ago=5 * MINUTE, tier="mission_critical")
    desk.ticket("guest", ago=HOUR, tier="user_support")
    # A late reply does not hide that the same ticket's solution is due on Friday.
    assert shown(desk.get("/tickets")) == ["soon", "later", "late", "guest", "old"]
    assert shown(desk.get("/tickets", sort="late"))[:2] == ["old", "late"]
    assert shown(desk.get("/tickets", sort="newest"))[0] == "soon"


def test_a_clock_counts_down_while_its_calendar_is_open_and_says_when_it_resumes(
    desk: Desk,
) -> None:
    desk.ticket("bug", ago=HOUR)
    page = desk.get("/tickets")
    # A working day of eight hours, an hour of it gone; the office closes in five.
    assert 'data-left="25200" data-runs="18000"' in page
    assert "First reply in 7 h 00 min" in desk.text("/tickets")
    desk.now = NOON + 8 * HOUR
    assert "in 2 h 00 min resumes Thu 09:00" in desk.text("/tickets")
    desk.now = NOON + timedelta(days=1)
    assert "First reply late by 1 h 00 min" in desk.text("/tickets")
    assert 'class="down"' in desk.get("/tickets")


def test_a_ticket_that_waits_for_the_customer_stands_still(desk: Desk) -> None:
    pending = event("bug", EventKind.STATUS, NOON - HOUR, value="pending")
    desk.ticket("bug", reply("bug", 2 * HOUR), pending, ago=3 * HOUR)
    found = desk.text("/tickets", state="waiting")
    assert "left paused, waiting for the customer" in found
    assert 'data-runs="0"' in desk.get("/tickets")


def test_the_queue_and_the_sweep_agree_on_what_is_at_risk_and_what_is_broken(desk: Desk) -> None:
    for number, hours in enumerate((0, 3, 5, 6, 7, 20, 27, 50)):
        desk.ticket(f"bug-{number}", ago=hours * HOUR)
        desk.ticket(f"call-{number}", ago=hours * 2 * MINUTE, tier="mission_critical")
    sla_sweep.hourly(desk.context, desk.now, desk.now)
    with reading(desk.engine) as connection:
        configuration = newest(connection)
        assert configuration is not None
        found = queue(connection, configuration.promises, desk.now)
        alerted = connection.execute(select(alerts.c.kind, alerts.c.facts)).all()

    def subjects(kind: str) -> set[str]:
        return {facts["ticket"] for found, facts in alerted if found == kind}

    def standing(each: Standing) -> set[str]:
        return {ticket.ticket for ticket in found.tickets if each in ticket.standings}

    assert subjects("sla_breach") == standing(Standing.BREACHED) != set()
    assert subjects("sla_warning") == standing(Standing.AT_RISK) != set()


def test_every_choice_says_how_many_tickets_it_has_under_the_other_filters(desk: Desk) -> None:
    desk.ticket("1", customer="Acme", assignee="ann")
    desk.ticket("2", customer="Acme", tier="user_support")
    desk.ticket("3", customer="Umbrella", assignee="ann", site="wiki.example")
    desk.ticket("4", customer="Umbrella", source="uci")
    assert sorted(shown(desk.get("/tickets", customer="Acme"))) == ["1", "2"]
    assert shown(desk.get("/tickets", customer="Acme", owner="ann")) == ["1"]
    found = desk.text("/tickets", owner="ann")
    assert "2 of 4 open" in found
    assert "Acme (1) Umbrella (1)" in found
    assert "2 Nobody has it" not in found
    assert "ann (1)" in desk.text("/tickets", customer="Acme")
    assert shown(desk.get("/tickets", source="uci")) == ["4"]
    assert shown(desk.get("/tickets", site="wiki.example")) == ["3"]
    assert sorted(shown(desk.get("/tickets", state="unassigned"))) == ["2", "4"]
    assert 'value="nobody" selected' in desk.get("/tickets", customer="nobody")
    assert "No open ticket matches." in desk.text("/tickets", customer="nobody")


def test_an_unanswered_and_a_doubtful_ticket_are_found(desk: Desk) -> None:
    desk.ticket("new")
    desk.ticket("answered", reply("answered", MINUTE))
    again = event("again", EventKind.COMMENT, NOON - MINUTE, Author.CUSTOMER, text="And now?")
    desk.ticket("again", reply("again", 3 * MINUTE), again)
    doubtful = {"doubtful": ["mission_critical"], "rule": "words", "why": "two rules"}
    desk.ticket("doubt", reply("doubt", MINUTE), tier_facts=doubtful)
    assert sorted(shown(desk.get("/tickets", state="unanswered"))) == ["again", "new"]
    assert shown(desk.get("/tickets", state="doubtful")) == ["doubt"]


def test_a_ticket_is_found_by_its_number_and_by_words_of_its_subject(desk: Desk) -> None:
    desk.ticket("4711", subject="Checkout is BROKEN")
    desk.ticket("4712", subject="100% of images_missing")
    solved = event("9", EventKind.STATUS, NOON - HOUR, value="solved")
    desk.ticket("9", solved, ago=2 * HOUR, subject="Old checkout", assignee="ann")
    assert shown(desk.get("/tickets", text="#4711")) == ["4711"]
    assert shown(desk.get("/tickets", text=" broken ")) == ["4711"]
    assert shown(desk.get("/tickets", text="0% of images_")) == ["4712"]
    assert shown(desk.get("/tickets", text="checkout", state="solved")) == ["9"]
    assert shown(desk.get("/tickets", text="0%_", state="solved")) == []
    for number in ("9", "#9", "zendesk/9"):
        assert shown(desk.get("/tickets", text=number, state="solved")) == ["9"]
    assert shown(desk.get("/tickets", state="solved", owner="ann")) == ["9"]
    assert shown(desk.get("/tickets", state="solved", text="9", owner="bo")) == []


def test_many_tickets_are_paged_and_each_is_on_one_page(desk: Desk) -> None:
    for number in range(51):
        desk.ticket(str(number), ago=number * MINUTE)
    first, second = desk.get("/tickets"), desk.get("/tickets", page="2")
    assert "Page 1 of 2" in first
    assert sorted(shown(first) + shown(second), key=int) == [str(n) for n in range(51)]
    assert "The list ends before this page." in desk.text("/tickets", page="3")
    assert 'href="tickets?customer=Acme&amp;page=2"' in desk.get("/tickets", customer="Acme")


def test_what_is_beyond_the_bound_is_found_by_a_filter_and_the_page_says_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticket_queue, "MOST_JUDGED", 2)
    desk.ticket("1", customer="Acme", subject="Checkout")
    desk.ticket("2", customer="Umbrella", assignee="ann")
    desk.ticket("3", customer="Acme", source="uci")
    sla_sweep.hourly(desk.context, desk.now, desk.now)
    assert len(shown(desk.get("/tickets"))) == 2
    assert "3 tickets are open. This page judges at most 2" in desk.text("/tickets")
    for query in ({"customer": "Umbrella"}, {"owner": "ann"}, {"text": "/2"}):
        assert shown(desk.get("/tickets", **query)) == ["2"]
    assert shown(desk.get("/tickets", text="checkout")) == ["1"]
    assert shown(desk.get("/tickets", source="uci")) == ["3"]


def test_what_no_sweep_has_seen_is_judged_first_then_what_comes_next(
    desk: Desk, store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, soon, later = NOON - HOUR, NOON + HOUR, NOON + 2 * HOUR
    # When each was swept, and when its next instant comes; the best first, equal ones by age.
    ranks = [(None, soon), (None, None), (None, None), (seen, soon), (seen, later), (seen, None)]
    for number, (swept_at, next_at) in enumerate(ranks):
        desk.ticket(str(number))
        with writing(store) as connection:
            mine = update(tickets).where(tickets.c.ticket == str(number))
            connection.execute(mine.values(swept_at=swept_at, next_at=next_at))
    order = ["0", "2", "1", "3", "4", "5"]
    for most in range(1, len(order)):
        monkeypatch.setattr(ticket_queue, "MOST_JUDGED", most)
        with reading(store) as connection:
            found = queue(connection, None, NOON)
        assert {each.ticket for each in found.tickets} == set(order[:most])


def test_the_file_has_what_is_shown_and_no_formula(desk: Desk) -> None:
    desk.ticket("1", subject='=HYPERLINK("http://evil.example")')
    desk.ticket("2", subject="-1+1", ago=timedelta(days=2))
    desk.ticket("3", customer="Umbrella")
    response = desk.client.get("/tickets.csv?customer=Acme", headers={"x-user": "bob"})
    assert response.headers["content-disposition"] == 'attachment; filename="tickets.csv"'
    rows = list(csv.DictReader(StringIO(response.text)))
    assert [row["ticket"] for row in rows] == ["1", "2"]
    assert rows[0]["subject"] == '\'=HYPERLINK("http://evil.example")'
    assert rows[1]["subject"] == "'-1+1"
    assert int(rows[1]["left_seconds"]) < 0
    assert rows[0]["due_at"] == "2026-11-19T11:55:00+00:00"


def test_hostile_subjects_stay_text(desk: Desk) -> None:
    hostile = "<script>alert(1)</script>{{7*7}}"
    desk.ticket("1", subject=hostile, customer=hostile, assignee=hostile, site=hostile)
    page = desk.get("/tickets")
    assert "<script>alert" not in page
    assert hostile in desk.text("/tickets")


def test_closed_tickets_are_searched_by_the_index_of_their_last_change(
    desk: Desk, store: Engine
) -> None:
    statement = searching(Filters(text="checkout", customer="Acme"), ["Acme"]).limit(50)
    compiled = statement.compile(store, compile_kwargs={"literal_binds": True})
    with reading(store) as connection:
        if store.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL enable_seqscan = off"))
            plan = connection.execute(text(f"EXPLAIN {_plain(str(compiled))}"))
            assert "tickets_updated_at_idx" in str(plan.all())
        else:
            plan = connection.execute(text(f"EXPLAIN QUERY PLAN {_plain(str(compiled))}"))
            assert "USING INDEX tickets_updated_at_idx" in str(plan.all())


def _plain(statement: str) -> str:
    return statement.replace(":", "\\:").replace("%%", "%")
