"""Availability from the log, on both databases: the same fold as the incidents."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from builders import NOON
from flows.sites.availability.logs import MINUTE, SEEN, Log
from supportops.flows.sites import site_check
from supportops.flows.sites.site_availability import SiteAvailability, of_period
from supportops.sites.history import FIRST, LAST


@pytest.fixture
def log(store: Engine, tmp_path: Path) -> Log:
    return Log(store, tmp_path / "config")


def test_an_outage_in_the_period(log: Log) -> None:
    log.runs(".", "xxx", "x", "..", ".", ".")
    found = log.of(0, 30)
    assert (found.up, found.down, found.outages, found.checks) == (20 * MINUTE, 10 * MINUTE, 1, 6)


def test_the_state_at_the_start_comes_from_before_it(log: Log) -> None:
    log.runs("xxx", "x", "x", "x", "..")
    assert log.of(15, 20).down == 5 * MINUTE


def test_the_state_at_the_start_is_known_however_long_ago_it_was_confirmed(log: Log) -> None:
    """After the outage no two checks agree for hours: the site never came back for good."""
    log.runs("xxx", *[".x", "x"] * 30, ".")
    assert log.of(290, 300).down == 10 * MINUTE


def test_an_outage_that_the_end_of_the_period_cuts_off_is_confirmed_after_it(log: Log) -> None:
    log.runs(".", "x", "x", "x", ".")
    assert log.of(0, 6).down == 1 * MINUTE
    assert log.of(0, 20).down == log.of(0, 6).down + log.of(6, 20).down == 15 * MINUTE


def test_a_run_that_is_late_holds_the_state_beyond_the_end_of_a_period(log: Log) -> None:
    log.runs(".", "", ".")
    assert log.of(0, 7).up + log.of(7, 10).up == 10 * MINUTE


def test_blind_runs_are_unknown_and_not_down(log: Log) -> None:
    log.runs(".", ".")
    for minute in (10, 15):
        log.run(minute, {"shop": "xxx", SEEN: "xxx"})
    log.runs(".", ".", start=20)
    found = log.of(0, 30)
    assert (found.up, found.unknown, found.down) == (20 * MINUTE, 10 * MINUTE, timedelta(0))
    assert log.of(20, 30).up == 10 * MINUTE, "also where the blindness ended with the period before"


def test_a_site_that_fails_in_the_run_that_sees_again_is_down(
    store: Engine, tmp_path: Path
) -> None:
    log = Log(store, tmp_path / "config", ("shop", "blog", "wiki"))
    log.run(0, {"shop": ".", "blog": ".", "wiki": ".", SEEN: "."})
    log.run(5, {"shop": "xxx", "blog": "xxx", "wiki": "xxx", SEEN: "xxx"})
    log.run(10, {"shop": "xxx", "blog": ".", "wiki": ".", SEEN: "."})
    log.run(15, {"shop": "x", "blog": ".", "wiki": ".", SEEN: "."})
    found = log.of(0, 20)
    assert (found.up, found.unknown, found.down) == (5 * MINUTE, 5 * MINUTE, 10 * MINUTE)


def test_a_period_without_checks_is_unknown(log: Log) -> None:
    log.runs(".")
    assert log.of(30, 60).unknown == 30 * MINUTE
    assert log.rows(-60, -30) == [], "no site was configured before the first run"


def test_where_nothing_was_ever_checked_the_active_configuration_is_shown(log: Log) -> None:
    assert log.of(-60, -30).unknown == 30 * MINUTE


def test_every_site_has_its_row_in_the_order_of_the_file(store: Engine, tmp_path: Path) -> None:
    log = Log(store, tmp_path / "config", ("zoo", "shop"))
    log.run(0, {"zoo": ".", "shop": "."})
    rows = of_period(store, NOON, NOON + 5 * MINUTE)
    assert [row.site.name for row in rows] == ["zoo", "shop"]
    shown = rows[0].to_json()
    assert isinstance(rows[0], SiteAvailability)
    assert (shown["site"], shown["up_share"], shown["up_seconds"]) == ("zoo", 1.0, 300.0)


def test_a_run_that_is_judged_after_a_later_one_changes_nothing(log: Log) -> None:
    """It changes no incident either: the site has answered since."""
    log.run(0, {"shop": ".", SEEN: "."})
    log.record(5, {"shop": "xxx", SEEN: "."})
    log.record(10, {"shop": ".", SEEN: "."})
    site_check.judge(log.engine, NOON + 10 * MINUTE, NOON + 9 * MINUTE)
    site_check.judge(log.engine, NOON + 5 * MINUTE, NOON + 11 * MINUTE)
    found = log.of(0, 15)
    assert (found.up, found.down, found.outages, found.checks) == (15 * MINUTE, 0 * MINUTE, 0, 3)
    assert log.report(0, 15, 30)[1] == []


def test_a_run_that_was_not_judged_yet_does_not_count(log: Log) -> None:
    log.run(0, {"shop": ".", SEEN: "."})
    log.record(5, {"shop": "xxx", SEEN: "."})
    assert (log.of(0, 10).checks, log.of(0, 10).down) == (1, 0 * MINUTE)


def test_a_longer_interval_from_now_on_leaves_no_gap(log: Log) -> None:
    log.runs(".", ".")
    log.configured({"name": "shop", "interval": "1h"}, "blog")
    log.run(10, {"blog": ".", SEEN: "."})
    log.run(65, {"shop": ".", "blog": ".", SEEN: "."})
    assert log.rows(0, 70, "shop")[0].availability.up == 70 * MINUTE


def test_the_ends_of_the_calendar_are_no_trouble(log: Log) -> None:
    log.runs(".")
    (row,) = of_period(log.engine, FIRST, LAST)
    assert (row.availability.checks, row.availability.up_share) == (1, None)


def test_what_is_left_of_a_running_period_does_not_count_against_its_share(log: Log) -> None:
    log.runs(*["."] * 6)
    (row,) = of_period(log.engine, NOON, NOON + 300 * MINUTE, now=NOON + 28 * MINUTE)
    assert (row.availability.up_share, row.availability.unknown) == (1, 270 * MINUTE)
    (row,) = of_period(log.engine, NOON, NOON + 300 * MINUTE, now=NOON + 90 * MINUTE)
    assert row.availability.up_share is None
