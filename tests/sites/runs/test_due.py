"""Which sites a run checks: those whose interval has passed since one last checked them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import NOON, fleet, site
from supportops.sites.runs.due import from_text, to_text

MINUTE = timedelta(minutes=1)


def checked(interval: int, minutes: Sequence[float]) -> list[float]:
    """The minutes past noon, of those at which a run begins, at which the site is checked."""
    shop = site(interval=interval * MINUTE)
    asked: datetime | None = None
    found = []
    for minute in minutes:
        slot = NOON + minute * MINUTE
        if shop.due(slot, asked):
            asked = slot
            found.append(minute)
    return found


@pytest.mark.parametrize("phase", range(10))
def test_a_ten_minute_site_is_checked_by_every_ten_minute_run(phase: int) -> None:
    runs = [phase + 10 * number for number in range(6)]
    assert checked(10, runs) == runs


def test_of_five_minute_runs_it_is_checked_by_every_second() -> None:
    assert checked(10, range(0, 60, 5)) == [0, 10, 20, 30, 40, 50]


def test_a_missed_run_is_made_good_by_the_next() -> None:
    assert checked(15, [0, 5, 10, 20, 25, 30, 35, 40]) == [0, 20, 35]


def test_seconds_of_jitter_skip_nothing_and_double_nothing() -> None:
    runs = [0, 4.9, 9.8, 14.95, 19.9, 25.05, 29.7]
    assert checked(10, runs) == [0, 9.8, 19.9, 29.7]


def test_a_drift_of_seconds_an_hour_checks_nothing_twice() -> None:
    runs = [number * (5 + 1 / 60) for number in range(200)]
    found = checked(10, runs)
    assert found == runs[::2]


def test_a_run_by_hand_in_between_checks_only_what_is_due() -> None:
    assert checked(60, [0, 7, 31, 59.5]) == [0, 59.5]


def test_a_site_that_is_checked_in_every_run_is_checked_by_hand_too() -> None:
    assert checked(5, [0, 1, 5]) == [0, 1, 5]


@given(st.lists(st.booleans(), max_size=40))
def test_what_is_recorded_of_a_run_is_read_back(chosen: list[bool]) -> None:
    sites = fleet(*(f"s{number}" for number in range(len(chosen))))
    due = [site for site, wanted in zip(sites.sites, chosen, strict=True) if wanted]
    assert from_text(sites, to_text(sites, due)) == tuple(due)


def test_what_is_recorded_is_short() -> None:
    sites = fleet(*"abcdefgh")
    by_name = sites.by_name()
    assert to_text(sites, sites.sites) is None
    assert to_text(sites, [by_name[name] for name in "abceh"]) == "0-2,4,7"
    assert to_text(sites, []) == ""
