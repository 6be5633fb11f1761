"""What a page and its feed say of ends: only what works again is over."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from flows.customers.publishing.agency import SITES, Agency
from supportops.sites.check import Reason
from web.boards import visible

# What is shown does not depend on the database.
pytestmark = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)

SHOP, BLOG, KESTREL = "bluebird-shop.example", "bluebird-blog.example", "kestrel.example"
UNIQUE = [{**each, "url": f"https://{each['name']}/"} for each in SITES]


@pytest.fixture
def agency(store: Engine, tmp_path: Path) -> Agency:
    found = Agency(store, tmp_path, UNIQUE)
    found.activate()
    found.check(3)
    return found


def down(agency: Agency, *names: str) -> None:
    agency.down = dict.fromkeys(names, Reason.TIMEOUT)
    agency.later(3)
    agency.write()


def titles(agency: Agency, customer: str) -> list[str]:
    return re.findall("<item><title>(.*?)</title>", agency.page(customer, "feed.xml"))


def named(incidents: list[dict[str, Any]]) -> list[tuple[list[str], str | None]]:
    return [(each["sites"], each["until"]) for each in incidents]


def test_a_site_that_outlives_its_servers_outage_is_not_over(agency: Agency) -> None:
    down(agency, SHOP, BLOG, KESTREL)
    since = agency.json("Bluebird Books")["incidents"][0]["since"]
    down(agency, BLOG)
    found = agency.json("Bluebird Books")
    assert named(found["incidents"]) == [([BLOG], None)]
    assert found["incidents"][0]["since"] == since
    assert [each["sites"] for each in found["past_incidents"]] == [[SHOP]]
    over = [each for each in titles(agency, "Bluebird Books") if each.startswith("Over: ")]
    assert over == [f"Over: {SHOP}: Not working"]
    down(agency)
    assert f"Over: {BLOG}: Not working" in titles(agency, "Bluebird Books")


def test_a_site_that_is_renamed_while_it_is_down_is_not_over(agency: Agency) -> None:
    down(agency, KESTREL)
    since = agency.json("Kestrel Cycles")["incidents"][0]["since"]
    new = "kestrel-cycles.example"
    renamed = [each | {"name": new} if each["name"] == KESTREL else each for each in UNIQUE]
    agency.configure(renamed)
    agency.activate()
    down(agency, new)
    found = agency.json("Kestrel Cycles")
    assert named(found["incidents"]) == [([new], None)]
    assert found["incidents"][0]["since"] == since
    assert found["past_incidents"] == []
    assert not any(KESTREL in each for each in titles(agency, "Kestrel Cycles"))


def test_a_site_that_is_not_checked_any_more_is_not_said_to_be_over(agency: Agency) -> None:
    down(agency, SHOP)
    agency.configure([each for each in UNIQUE if each["name"] != SHOP])
    agency.activate()
    down(agency)
    (past,) = agency.json("Bluebird Books")["past_incidents"]
    assert (past["sites"], past["recovered"]) == ([SHOP], False)
    assert titles(agency, "Bluebird Books") == [f"{SHOP}: Not working"]
    assert "then no longer checked" in visible(agency.page("Bluebird Books"))
