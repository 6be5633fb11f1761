"""What is said about a finished period stays the same, byte for byte, whatever is edited later."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from builders import NOON
from flows.sites.availability.logs import MINUTE, SEEN, Log, page_of
from supportops.sites.site import FIVE_MINUTES
from web.boards import READER, make_board

QUIET = {
    "once": [
        {
            "from": (NOON + 30 * MINUTE).isoformat(),
            "to": (NOON + 45 * MINUTE).isoformat(),
        }
    ]
}
SHOP: Mapping[str, Any] = {"name": "shop", "host": "web-1", "maintenance": QUIET}
BLOG: Mapping[str, Any] = {"name": "blog", "host": "web-1", "customer": "Bolt"}


@pytest.fixture
def log(store: Engine, tmp_path: Path) -> Log:
    """An hour and a half: down from 10 to 20, down from 25 to 55 with maintenance in between."""
    log = Log(store, tmp_path / "config")
    log.configured(SHOP, BLOG)
    shop = [".", ".", "xxx", "x", "..", "xxx", *["x"] * 5, "..", *["."] * 6]
    for number, marks in enumerate(shop):
        log.run(5 * number, {"shop": marks, "blog": ".", SEEN: "."})
    return log


def said(log: Log) -> str:
    rows = [row.to_json() for row in log.rows(0, 60)]
    return json.dumps([rows, *log.report(0, 60, 75)], default=str)


def later(log: Log) -> None:
    """Time goes on under what is configured now."""
    names = [site.name for site in log.configuration.fleet.sites]
    for minute in (90, 95, 100):
        log.run(minute, dict.fromkeys(names, ".") | {SEEN: "."})


EDITS: dict[str, Callable[[Log], None]] = {
    "the maintenance is deleted": lambda log: log.configured(
        {"name": "shop", "host": "web-1"}, BLOG
    ),
    "a maintenance is announced afterwards": lambda log: log.configured(
        {
            **SHOP,
            "maintenance": {
                "once": [
                    *QUIET["once"],
                    {"from": NOON.isoformat(), "to": (NOON + 60 * MINUTE).isoformat()},
                ]
            },
        },
        BLOG,
    ),
    "the interval is longer": lambda log: log.configured({**SHOP, "interval": "1h"}, BLOG),
    "more failures confirm": lambda log: log.configured(
        SHOP, BLOG, confirm_after=["1s", "2s", "3s", "4s", "5s", "6s", "7s"]
    ),
    "one good check ends it": lambda log: log.configured(SHOP, BLOG, recovery_checks=5),
    "the site is removed": lambda log: log.configured(BLOG),
    "the site is renamed": lambda log: log.configured({**SHOP, "name": "store"}, BLOG),
    "the server is another": lambda log: log.configured({**SHOP, "host": "web-9"}, BLOG),
    "the customer is another": lambda log: log.configured({**SHOP, "customer": "Zen"}, BLOG),
    "the address is another": lambda log: log.configured({**SHOP, "url": "https://b.test/"}, BLOG),
    "the order is another": lambda log: log.configured(BLOG, SHOP),
    "a site is added": lambda log: log.configured("wiki", SHOP, BLOG),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_finished_period_reads_the_same_after(log: Log, edit: str) -> None:
    before = said(log)
    EDITS[edit](log)
    assert said(log) == before, "before the next run"
    later(log)
    assert said(log) == before, "and after it"


def test_each_run_is_folded_by_its_own_configuration(store: Engine, tmp_path: Path) -> None:
    """Three failures confirm at first; then one is enough, and afterwards five are needed."""
    log = Log(store, tmp_path / "config")
    log.runs(".", "x.", ".")
    log.configured("shop", confirm_after=[], recovery_checks=1)
    log.runs("x", ".", ".", start=15)
    log.configured("shop", confirm_after=["1s"] * 4)
    log.runs("xxx", ".", ".", start=30)
    assert (log.of(0, 45).down, log.of(0, 45).outages) == (5 * MINUTE, 1)


def test_a_window_counts_while_a_configuration_that_names_it_is_in_force(
    store: Engine, tmp_path: Path
) -> None:
    log = Log(store, tmp_path / "config")
    log.runs(*["."] * 4)
    window = {"from": NOON.isoformat(), "to": (NOON + 60 * MINUTE).isoformat()}
    log.configured({"name": "shop", "maintenance": {"once": [window]}})
    log.runs(*["."] * 4, start=20)
    log.configured("shop")
    log.runs(*["."] * 4, start=40)
    found = log.of(0, 60)
    assert (found.up, found.maintenance) == (40 * MINUTE, 20 * MINUTE)


def test_a_removed_site_keeps_its_past(log: Log) -> None:
    log.configured(BLOG)
    later(log)
    parts = {row.site.name: row.availability for row in log.rows(0, 120)}
    assert list(parts) == ["blog", "shop"]
    assert parts["shop"].until == NOON + 90 * MINUTE
    assert (parts["shop"].down, parts["shop"].outages) == (25 * MINUTE, 2)
    assert parts["shop"].unknown == 30 * MINUTE
    assert [row.site.name for row in log.rows(0, 120, "shop")] == ["shop"]
    assert [row.site.name for row in log.rows(90, 120)] == ["blog"]
    with pytest.raises(LookupError, match="no site 'nobody' was configured in this period"):
        log.rows(0, 120, "nobody")


def test_a_site_that_was_removed_while_it_was_down_is_down_until_then(
    store: Engine, tmp_path: Path
) -> None:
    log = Log(store, tmp_path / "config", ("shop", "blog"))
    log.run(0, {"shop": "xxx", "blog": ".", SEEN: "."})
    log.configured("blog")
    log.run(5, {"blog": ".", SEEN: "."})
    sites, incidents = log.report(0, 10, 20)
    shop = next(row for row in sites if row["site"] == "shop")
    (outage,) = incidents
    assert (shop["down_seconds"], shop["unknown_seconds"], shop["outages"]) == (300, 300, 1)
    assert (outage["ended_at"], outage["seconds"]) == (NOON + FIVE_MINUTES, 300)
    assert log.report(5, 10, 20)[1] == []


def test_a_site_that_comes_back_under_its_name_begins_anew(store: Engine, tmp_path: Path) -> None:
    log = Log(store, tmp_path / "config", ("shop", "blog"))
    log.run(0, {"shop": "xxx", "blog": ".", SEEN: "."})
    log.configured("blog")
    log.run(5, {"blog": ".", SEEN: "."})
    log.configured("shop", "blog")
    log.run(10, {"shop": ".", "blog": ".", SEEN: "."})
    found = log.of(0, 15)
    assert (found.up, found.down, found.unknown) == (5 * MINUTE, 5 * MINUTE, 5 * MINUTE)


def test_a_site_that_changed_hands_has_a_row_for_each_customer(
    store: Engine, tmp_path: Path
) -> None:
    log = Log(store, tmp_path / "config")
    log.runs("xxx", "..", ".", ".")
    log.configured({"name": "shop", "customer": "Zen"})
    log.runs(".", ".", start=20)
    rows = {row.site.customer: row.availability for row in log.rows(0, 30)}
    assert list(rows) == ["Zen", "Acme"]
    assert (rows["Acme"].down, rows["Acme"].outages, rows["Acme"].checks) == (5 * MINUTE, 1, 4)
    assert (rows["Zen"].down, rows["Zen"].outages, rows["Zen"].checks) == (0 * MINUTE, 0, 2)
    assert rows["Acme"].until == rows["Zen"].since == NOON + 20 * MINUTE


def test_a_report_that_is_made_again_says_what_was_known_then(log: Log) -> None:
    """At 25:30 the third outage has begun, and nothing has confirmed it."""
    first = log.report(0, 25, 25.5)
    assert log.report(0, 25, 25.5) == first
    assert [row["down_seconds"] for row in first[0]] == [600.0, 0.0]


@pytest.mark.parametrize("at", [105, 100 * 24 * 60])
def test_the_board_has_a_page_for_a_removed_site(log: Log, at: float) -> None:
    log.configured(BLOG)
    later(log)
    text = page_of(log, "shop", at)
    assert "no longer configured" in text
    assert ("25 min 2 15 min" in text) == (at == 105)


def test_the_strip_of_the_board_keeps_a_maintenance_that_was_deleted(log: Log) -> None:
    later_on = {"name": "shop", "host": "web-1"}
    strips = []
    for sites in ((SHOP, BLOG), (later_on, BLOG)):
        log.configured(*sites)
        board = TestClient(make_board(log.engine, lambda: NOON + 90 * MINUTE))
        strips.append(board.get("/", headers=dict(READER)).text)
    assert strips[0] == strips[1]
