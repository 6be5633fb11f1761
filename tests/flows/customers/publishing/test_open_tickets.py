"""By when open tickets are answered: on the customer's own status page, and on no other."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from flows.customers.publishing.agency import CUSTOMERS, SITES, Agency
from flows.customers.publishing.raised import answered, became, moved, raised, synced
from supportops.tickets.ticket import Status
from web.boards import visible

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BOOKS, BIKES = "Bluebird Books", "Kestrel Cycles"
ON: dict[str, Any] = {"status_pages": {"due_by": True}}
on_sqlite = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)


@pytest.fixture
def agency(store: Engine, tmp_path: Path) -> Agency:
    """Its clock stands at noon on a Wednesday."""
    found = Agency(store, tmp_path)
    found.configure(SITES, CUSTOMERS, **ON)
    found.activate()
    found.check(2)
    return found


def shown(agency: Agency, customer: str = BOOKS) -> str:
    synced(agency.engine, agency.now)
    agency.write()
    return visible(agency.page(customer))


def test_each_open_ticket_says_by_when_it_is_answered_in_the_customers_language(
    agency: Agency,
) -> None:
    raised(agency.engine, "12", BOOKS, agency.now - HOUR, subject="<b>The basket</b>")
    raised(agency.engine, "13", "Kestrel", agency.now - HOUR, subject="Der Korb ist leer")
    page = shown(agency)
    assert "Your open tickets 12 <b>The basket</b> answer due by Thu 11:00" in page
    assert "Tickets are shown as of Wed, 18 Nov 2026, 12:00 GMT." in page
    assert "&lt;b&gt;The basket&lt;/b&gt;" in agency.page(BOOKS)
    assert "Ihre offenen Tickets 13 Der Korb ist leer Antwort bis Do 11:00" in visible(
        agency.page(BIKES)
    )
    found = agency.json(BOOKS)
    assert found["tickets"] == [
        {
            "number": "12",
            "subject": "<b>The basket</b>",
            "next": "first_reply_time",
            "due_at": "2026-11-19T11:00:00+00:00",
        }
    ]
    assert found["tickets_as_of"] == agency.now.isoformat()
    assert "answer due by Thu 11:00" in agency.page(BOOKS, "feed.xml")


def test_the_public_page_and_other_customers_never_show_a_ticket(agency: Agency) -> None:
    for number, customer in enumerate((BOOKS, BIKES, "Harbour Trust", "Umbrella", None)):
        word = f"Secret{(customer or 'Nobody').split()[0]}"
        raised(agency.engine, f"9000{number}", customer, agency.now - HOUR, subject=word)
    shown(agency)
    tokens = agency.addresses()
    for name, content in agency.files().items():
        text = content.decode()
        for number, customer in enumerate((BOOKS, BIKES, "Harbour Trust", "Umbrella", None)):
            word = f"Secret{(customer or 'Nobody').split()[0]}"
            mine = bool(customer and name.startswith(tokens.get(customer, "@")))
            if name.endswith((".html", ".json", ".xml")) and "service" not in name and mine:
                assert word in text, name
            else:
                assert word not in text, name
                assert f"9000{number}" not in text, name
    assert "tickets" not in agency.json()


@on_sqlite
@pytest.mark.parametrize(
    ("common", "own", "seen"),
    [
        (False, None, False),
        (True, None, True),
        (False, True, True),
        (True, False, False),
    ],
)
def test_it_is_switched_for_all_and_for_one(
    agency: Agency, common: bool, own: bool | None, seen: bool
) -> None:
    mine = {**CUSTOMERS[0], **({} if own is None else {"page_due_by": own})}
    agency.configure(SITES, [mine, *CUSTOMERS[1:]], status_pages={"due_by": common})
    agency.activate()
    raised(agency.engine, "12", BOOKS, agency.now - HOUR)
    assert ("The basket is empty" in shown(agency)) is seen
    assert ("tickets" in agency.json(BOOKS)) is seen
    assert ("Your open tickets" in visible(agency.page("Harbour Trust"))) is common


def test_what_is_late_waits_or_is_promised_nothing_is_said_as_it_is(agency: Agency) -> None:
    now = agency.now
    raised(agency.engine, "1", BOOKS, now - 5 * DAY, subject="late")
    raised(agency.engine, "2", BOOKS, now - DAY, subject="your turn")
    answered(agency.engine, "2", now - 2 * HOUR)
    became(agency.engine, "2", now - 2 * HOUR, Status.PENDING)
    raised(agency.engine, "3", BOOKS, now - DAY, subject="on hold", tier="user_support")
    answered(agency.engine, "3", now - 2 * HOUR)
    became(agency.engine, "3", now - 2 * HOUR, Status.HOLD)
    raised(agency.engine, "4", BOOKS, now - DAY, subject="solved")
    became(agency.engine, "4", now - HOUR, Status.SOLVED)
    raised(agency.engine, "5", BOOKS, now - DAY, subject="answered", tier="user_support")
    answered(agency.engine, "5", now - HOUR)
    raised(agency.engine, "6", BOOKS, now - DAY, subject="ours", source="outage")
    page = shown(agency)
    assert "1 late answer was due by Mon 16 Nov 12:00" in page
    assert "2 your turn waiting for your answer" in page
    assert "3 on hold open" in page
    assert "5 answered open" in page
    assert "solved" not in page
    assert "ours" not in page
    assert "4 " not in [str(each["number"]) for each in agency.json(BOOKS)["tickets"]]


def test_while_nothing_is_known_of_the_help_desk_nothing_is_claimed(agency: Agency) -> None:
    raised(agency.engine, "12", BOOKS, agency.now - DAY)
    synced(agency.engine, agency.now - 61 * timedelta(minutes=1))
    agency.write()
    page = visible(agency.page(BOOKS))
    assert "The state of your tickets is not known at the moment." in page
    assert "basket" not in page
    found = agency.json(BOOKS)
    assert (found["tickets_as_of"], found["tickets"]) == (None, [])


def test_a_ticket_that_turns_out_to_be_anothers_moves_to_their_page(agency: Agency) -> None:
    raised(agency.engine, "12", BOOKS, agency.now - HOUR)
    assert "The basket is empty" in shown(agency)
    moved(agency.engine, "12", agency.now, BIKES)
    agency.later()
    page = shown(agency)
    assert "No ticket is open." in page
    assert "The basket is empty" in visible(agency.page(BIKES))
    assert "basket" not in agency.page(BOOKS, "feed.xml")


def test_a_promise_is_one_item_of_the_feed_whose_words_do_not_change(agency: Agency) -> None:
    raised(agency.engine, "12", BOOKS, agency.now - HOUR)
    shown(agency)
    before = agency.page(BOOKS, "feed.xml")
    agency.later(12 * 24 // 6)
    shown(agency)
    assert agency.page(BOOKS, "feed.xml") == before
    answered(agency.engine, "12", agency.now)
    agency.later()
    shown(agency)
    after = agency.page(BOOKS, "feed.xml")
    assert "answer due by" not in after
    assert "solution due by" in after or "progress update due by" in after


@on_sqlite
def test_without_usable_promises_the_tickets_are_not_known(agency: Agency) -> None:
    raised(agency.engine, "12", BOOKS, agency.now - HOUR)
    levels = agency.config / "service_levels.yaml"
    policies = levels.read_text()
    levels.write_text("tiers: {}\n" + "x" * 5)
    synced(agency.engine, agency.now)
    agency.write()  # by the last good version
    assert "answer due by" in visible(agency.page(BOOKS))
    levels.write_text(policies)
