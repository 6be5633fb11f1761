"""What holds of any clocks: parts add up, order is nothing, and a loop finds the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.frames import LONDON, MONDAY, WEEK, clocks
from reports.slow_measuring import clock_frames, counts, falls_due, rows_of, slow_promises
from sla.policies import london
from supportops.reports.figures import By, Promises, Quantile, Times
from supportops.reports.measuring.response_times import (
    at_risk,
    breaches,
    counted,
    open_breaches,
    promises,
)
from supportops.reports.period import Cadence, Period, day, risk_until, week

UNTIL = risk_until(WEEK, MONDAY)
NOBODY = Times(0, 0, Quantile(None), Quantile(None))
# Each example makes frames many times over.
FEW = settings(max_examples=12)


def lines(frame: pd.DataFrame, by: By = By.ALL) -> tuple[Promises, ...]:
    return promises(frame, WEEK, MONDAY, UNTIL, by, {})


@pytest.mark.parametrize("by", By)
@FEW
@given(clock_frames())
def test_lines_are_those_that_are_counted_by_hand(by: By, frame: pd.DataFrame) -> None:
    targets = {"bug_fix": 0.95}
    fast = promises(frame, WEEK, MONDAY, UNTIL, by, targets)
    slow = slow_promises(frame, WEEK, MONDAY, UNTIL, by, targets)
    if by is By.ALL and not slow:
        slow = list(lines(clocks()))
    assert [rounded(line) for line in fast] == [rounded(line) for line in slow]


def rounded(line: Promises) -> Promises:
    """Without the last digits of the interval."""
    low, high = line.attainment.low, line.attainment.high
    if low is None or high is None:
        return line
    return replace(
        line, attainment=replace(line.attainment, low=round(low, 9), high=round(high, 9))
    )


@FEW
@given(clock_frames())
def test_what_is_counted_and_listed_is_what_a_loop_finds(frame: pd.DataFrame) -> None:
    due = [row for row in rows_of(frame) if counts(row, falls_due(row), WEEK, MONDAY)]
    found = counted(frame, WEEK, MONDAY)
    assert sorted(found["number"]) == sorted(row["number"] for row in due)
    assert found["due_at"].is_monotonic_increasing
    broken = {row["number"] for row in due if row["breached_at"]}
    assert {each.number for each in breaches(frame, WEEK, MONDAY)} == broken
    assert set(found["number"][~found["met"]]) == broken
    over_all = lines(frame)[-1]
    assert len(open_breaches(frame)) == over_all.overdue
    assert len(at_risk(frame, UNTIL)) == over_all.at_risk


def sums(frame: pd.DataFrame, period: Period, by: By = By.ALL) -> dict[Any, tuple[int, int]]:
    """Due and met by tier and metric, or by what else is asked for."""
    found = promises(frame, period, MONDAY, UNTIL, by, {})
    return {
        (p.name, p.metric): (p.attainment.due, p.attainment.met) for p in found if p.attainment.due
    }


def added(parts: Sequence[dict[Any, tuple[int, int]]]) -> dict[Any, tuple[int, int]]:
    return {
        key: (sum(p.get(key, (0, 0))[0] for p in parts), sum(p.get(key, (0, 0))[1] for p in parts))
        for key in {key for part in parts for key in part}
    }


@FEW
@given(clock_frames())
def test_the_weeks_of_november_add_up_to_it(frame: pd.DataFrame) -> None:
    month = replace(WEEK, start=london("2026-11-02 00:00"), end=london("2026-11-30 00:00"))
    weeks = [week(f"2026-W{number}", LONDON) for number in range(45, 49)]
    for by in (By.TIER, By.CUSTOMER):
        assert added([sums(frame, each, by) for each in weeks]) == sums(frame, month, by)
    days = [day(f"2026-11-{number}", LONDON) for number in range(16, 23)]
    assert added([sums(frame, each) for each in days]) == sums(frame, WEEK)


@FEW
@given(clock_frames(), st.lists(st.integers(1, 27 * 24 - 1), max_size=5, unique=True))
def test_any_cut_of_a_period_adds_up_to_it(frame: pd.DataFrame, cuts: list[int]) -> None:
    start = london("2026-11-02 00:00")
    edges = [start + timedelta(hours=hours) for hours in [0, *sorted(cuts), 27 * 24]]
    parts = [Period(Cadence.WEEKLY, "part", one, two, LONDON) for one, two in pairwise(edges)]
    together = Period(Cadence.WEEKLY, "all", edges[0], edges[-1], LONDON)
    assert added([sums(frame, part, By.TIER) for part in parts]) == sums(frame, together, By.TIER)


@FEW
@given(clock_frames())
def test_customers_add_up_to_everything(frame: pd.DataFrame) -> None:
    total = {p.metric: p for p in lines(frame)}
    for by in (By.TIER, By.CUSTOMER, By.SITE, By.ASSIGNEE):
        for metric, one in total.items():
            own = [p for p in lines(frame, by) if p.metric == metric]
            assert sum(p.attainment.due for p in own) == one.attainment.due
            assert sum(p.attainment.met for p in own) == one.attainment.met
            assert sum(p.open for p in own) == one.open
            assert sum(p.at_risk for p in own) == one.at_risk
            assert sum(p.overdue for p in own) == one.overdue
            assert sum(p.calendar.n for p in own if p.calendar) == (one.calendar or NOBODY).n


@FEW
@given(clock_frames(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(frame: pd.DataFrame, chance: Any) -> None:
    order = list(range(len(frame)))
    chance.shuffle(order)
    mixed = frame.iloc[order]
    for by in By:
        assert lines(mixed, by) == lines(frame, by)
    pd.testing.assert_frame_equal(counted(mixed, WEEK, MONDAY), counted(frame, WEEK, MONDAY))
    assert breaches(mixed, WEEK, MONDAY) == breaches(frame, WEEK, MONDAY)
    assert open_breaches(mixed) == open_breaches(frame)
    assert at_risk(mixed, UNTIL) == at_risk(frame, UNTIL)
