"""Taking a call on the board: what is known at once, what is wrong at its field, one ticket."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from supportops.db.engine import reading
from supportops.db.schema import tickets
from supportops.sites.check import Reason
from web.boards import NOON, live_through, slots_until, visible
from web.desk import Desk

FORM = "0" * 32
NUMBER = "020 7946 0958 oder so"


@pytest.fixture
def desk(store: Engine, tmp_path: Path) -> Desk:
    return Desk(store, tmp_path / "config")


def look(desk: Desk, **fields: str) -> dict[str, Any]:
    answer = desk.act("call_look", call=FORM, **fields)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def known(desk: Desk, **fields: str) -> str:
    return visible(look(desk, **fields)["html"])


def stored(desk: Desk) -> int:
    with reading(desk.engine) as connection:
        return connection.execute(select(func.count()).select_from(tickets)).scalar_one()


def test_the_form_offers_sites_customers_and_tiers(desk: Desk) -> None:
    page = desk.acting("/call", site="shop.example")
    for option in ('value="shop.example"', 'value="Umbrella"', "Mission critical (pages"):
        assert option in page
    assert '<input name="customer" value="Acme"' in page
    assert "<form" not in desk.get("/call")


def test_a_call_becomes_a_ticket_whose_page_comes_next_and_is_signed(desk: Desk) -> None:
    page = desk.acting("/call")
    (name,) = re.findall(r'name="call" value="([0-9a-f]{32})"', page)
    fields = {"customer": "acme", "what": "Nothing works", "site": "SHOP.example", "call": name}
    answer = desk.act("call_take", **fields, tier="mission_critical")
    assert answer.status_code == 200, answer.text
    assert answer.json()["said"].endswith("is logged; the engineers are paged.")
    text = visible(desk.client.get(f"/{answer.json()['to']}", headers={"x-user": "bob"}).text)
    assert "Nothing works" in text
    assert "Acme" in text
    assert "ada tier Mission critical chosen by whoever took the call" in text
    again = desk.act("call_take", **fields, tier="mission_critical")
    assert "was logged before" in again.json()["said"]
    assert stored(desk) == 1


def test_whether_the_site_is_down_and_who_has_it_is_shown_before_the_call_is_taken(
    desk: Desk,
) -> None:
    def answer(site: Any, page: str, at: Any) -> Reason:
        failing = site.name == "shop.example" and at > NOON - timedelta(minutes=13)
        return Reason.STATUS if failing else Reason.OK

    live_through(desk.engine, desk.context.config, slots_until(NOON, 6), answer)
    found = known(desk, site="https://shop.example/cart")
    assert "shop.example is down: outage of shop.example" in found
    assert "nobody has it yet" in found
    assert "We know already: outage/" in found
    assert "has no open incident" in known(desk, site="wiki.example")
    assert stored(desk) == 1  # the outage's own


def test_the_open_tickets_of_the_customer_and_what_triage_would_say_are_shown(desk: Desk) -> None:
    desk.ticket("7", subject="Menu is cut off", customer="Acme", assignee="ann")
    desk.ticket("8", subject="Something else", customer="Umbrella")
    found = known(desk, customer="acme", what="The whole site is down!")
    assert "Menu is cut off zendesk/7 · Bug fixes · ann" in found
    assert "Something else" not in found
    assert "Its tier is" in found
    chosen = known(desk, customer="Acme", tier="mission_critical")
    assert "Its tier is Mission critical (chosen by whoever took the call): the engineers" in chosen
    assert "did you mean Umbrella?" in known(desk, customer="Umbrela")
    assert "did you mean shop.example?" in known(desk, site="shopp.example")


def test_a_wrong_field_is_told_in_a_sentence_at_the_field_and_not_in_the_log(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    faults = look(desk, number=NUMBER)["faults"]
    assert faults == {
        "number": f"Number is {NUMBER!r}; expected a telephone number such as "
        "+44 20 7946 0958, or nothing where it was withheld."
    }
    assert look(desk, number="+44 20 7946 0958")["faults"] == {}
    refused = desk.act("call_take", call=FORM, customer="Acme", what="Help", number=NUMBER)
    assert (refused.status_code, refused.json()["fields"]) == (409, faults)
    empty = desk.act("call_take", call=FORM, customer="Acme", what="  ")
    assert "what" in empty.json()["fields"]
    wrong = desk.act("call_take", call=FORM, customer="Acme", what="Help", tier="nothing")
    assert "No tier 'nothing'" in wrong.json()["fields"]["tier"]
    assert stored(desk) == 0
    assert "7946" not in caplog.text
    assert "Help" not in caplog.text


def test_hostile_words_stay_text(desk: Desk) -> None:
    hostile = "<script>alert(1)</script>{{7*7}}"
    desk.ticket("7", subject=hostile, customer=hostile)
    for fields in ({"customer": hostile}, {"site": hostile}, {"what": hostile}, {"tier": hostile}):
        assert "<script>" not in look(desk, **fields)["html"]
    assert hostile in known(desk, customer=hostile)
    assert "<script>alert" not in desk.acting("/call", site=hostile, customer=hostile)


def test_whoever_may_only_read_takes_no_call(desk: Desk) -> None:
    headers = {"x-user": "bob", "x-supportops": "act", "sec-fetch-site": "same-origin"}
    body = {"call": FORM, "customer": "Acme", "what": "Help"}
    for name in ("call_look", "call_take"):
        assert desk.client.post(f"/act/{name}", json=body, headers=headers).status_code == 403
    assert stored(desk) == 0
