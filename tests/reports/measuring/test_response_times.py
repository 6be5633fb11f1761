"""Which promise counts in which period, what lines add up to, and which clocks are listed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from reports.frames import MONDAY, WEEK, clock, clocks
from sla.policies import london
from supportops.reports.figures import Attainment, By, Promises, Quantile, Times
from supportops.reports.measuring.response_times import (
    COUNTED_COLUMNS,
    METRICS,
    at_risk,
    breaches,
    counted,
    open_breaches,
    promises,
)
from supportops.reports.period import risk_until

UNTIL = risk_until(WEEK, MONDAY)
TICK = timedelta(microseconds=1)


def lines(frame: pd.DataFrame, by: By = By.ALL, **targets: float) -> tuple[Promises, ...]:
    return promises(frame, WEEK, MONDAY, UNTIL, by, targets)


def whole(*rows: dict[str, Any], **more: Any) -> Promises:
    """The line over everything."""
    return lines(clocks(*rows), **more)[-1]


def is_due(**changes: Any) -> tuple[int, int]:
    """Due and met of one clock."""
    attainment = whole(clock(**changes)).attainment
    return attainment.due, attainment.met


def test_a_promise_that_was_broken_in_the_week_is_due_and_not_met() -> None:
    assert is_due(due="2026-11-18 12:00", broken="2026-11-18 12:00") == (1, 0)


def test_one_kept_long_before_its_deadline_counts_at_the_deadline() -> None:
    early = {"started": "2026-11-12 09:00", "done": "2026-11-12 10:00"}
    assert is_due(due="2026-11-18 12:00", **early) == (1, 1)
    assert is_due(due="2026-11-13 12:00", **early) == (0, 0)


def test_one_whose_deadline_moved_later_counts_when_it_was_broken() -> None:
    assert is_due(due="2026-11-27 12:00", broken="2026-11-18 12:00") == (1, 0)
    assert is_due(due="2026-11-18 12:00", broken="2026-11-12 12:00") == (0, 0)


def test_the_week_holds_its_first_instant_and_not_its_end() -> None:
    assert is_due(due=WEEK.start, started=WEEK.start - TICK, done=WEEK.start) == (1, 1)
    assert is_due(due=WEEK.start - TICK, started=WEEK.start - 9 * TICK, done=WEEK.start) == (0, 0)
    assert is_due(due=WEEK.end - TICK, broken=WEEK.end - TICK) == (1, 0)
    assert is_due(due=WEEK.end, broken=WEEK.end) == (0, 0)


def test_nothing_later_than_the_snapshot_counts() -> None:
    noon = london("2026-11-18 12:00")
    frame = clocks(clock(due=noon, done="2026-11-16 10:00"))
    for as_of, due in ((noon, 1), (noon - TICK, 0)):
        assert promises(frame, WEEK, as_of, UNTIL, By.ALL, {})[-1].attainment.due == due
        assert len(counted(frame, WEEK, as_of)) == due


@pytest.mark.parametrize("state", ["merged", "deleted"])
def test_merged_and_deleted_tickets_count_nowhere(state: str) -> None:
    gone = clock(due="2026-11-18 12:00", done="2026-11-17 12:00", fulfilled_at=None, state=state)
    broken = gone | {"breached_at": london("2026-11-17 09:30")}
    frame = clocks(gone, broken | {"number": "2"})
    assert [line.attainment.due for line in lines(frame)] == [0]
    assert lines(frame, By.TIER) == ()
    assert len(counted(frame, WEEK, MONDAY)) == 0
    assert breaches(frame, WEEK, MONDAY) == open_breaches(frame) == at_risk(frame, UNTIL) == ()


def test_no_tickets_is_one_line_of_nothing() -> None:
    assert lines(clocks()) == (
        Promises(By.ALL, None, None, Attainment(0, 0), None, None, 0, 0, 0, None, promised=False),
    )
    for by in (By.TIER, By.CUSTOMER, By.SITE, By.ASSIGNEE):
        assert lines(clocks(), by, bug_fix=0.95) == ()
    assert list(counted(clocks(), WEEK, MONDAY).columns) == list(COUNTED_COLUMNS)
    assert breaches(clocks(), WEEK, MONDAY) == open_breaches(clocks()) == ()
    assert at_risk(clocks(), UNTIL) == ()


def test_one_ticket_has_a_line_of_its_metric_and_one_over_all() -> None:
    one = clock(due="2026-11-17 09:00", done="2026-11-16 11:00")
    first, over_all = lines(clocks(one), By.TIER, bug_fix=0.95)
    two_hours = Times(1, 0, Quantile(7200), Quantile(7200))
    assert (first.name, first.metric) == ("bug_fix", "first_reply_time")
    assert (first.attainment.due, first.attainment.met, first.attainment.target) == (1, 1, 0.95)
    assert first.business == first.calendar == two_hours
    assert (first.open, first.at_risk, first.overdue, first.oldest) == (0, 0, 0, None)
    assert over_all == replace(first, metric=None, business=None, calendar=None)


def test_where_all_wait_the_times_are_not_reached_and_the_late_ones_are_broken() -> None:
    frame = clocks(
        clock(number="1", due="2026-11-17 09:00", broken="2026-11-17 09:00"),
        clock(number="2", started="2026-11-20 09:00", due="2026-11-25 09:00"),
    )
    first, over_all = lines(frame)
    waited = (MONDAY - london("2026-11-16 09:00")).total_seconds()
    unknown = Quantile(None, over=waited)
    assert first.calendar == Times(2, 2, unknown, unknown)
    assert (over_all.attainment.due, over_all.attainment.met) == (1, 0)
    assert (over_all.open, over_all.at_risk, over_all.overdue) == (2, 1, 1)
    assert over_all.oldest == waited


def test_a_clock_without_target_is_measured_and_never_due() -> None:
    frame = clocks(clock(metric="resolution_time"), clock(number="2", done="2026-11-16 12:00"))
    first, resolution, over_all = lines(frame, By.TIER, bug_fix=0.95)
    assert [line.attainment for line in (first, resolution, over_all)] == [
        Attainment(0, 0, target=0.95)
    ] * 3
    assert resolution.business is not None
    assert (resolution.business.n, resolution.business.unfinished) == (1, 1)
    assert (resolution.open, resolution.promised) == (1, False)
    assert (over_all.open, over_all.at_risk, over_all.overdue) == (0, 0, 0)


def test_times_are_of_clocks_that_began_in_the_week() -> None:
    began = [WEEK.start - TICK, WEEK.start, WEEK.end - TICK, WEEK.end]
    frame = clocks(*(clock(number=str(n), started=each) for n, each in enumerate(began)))
    (line, _) = lines(frame)
    assert line.calendar is not None
    assert (line.calendar.n, line.open) == (2, 4)


def test_business_and_calendar_time_are_shown_apart() -> None:
    weekend = clock(started="2026-11-20 16:00", done="2026-11-22 16:00", open_seconds=3600.0)
    (line, _) = lines(clocks(weekend))
    assert line.business == Times(1, 0, Quantile(3600), Quantile(3600))
    assert line.calendar == Times(1, 0, Quantile(48 * 3600), Quantile(48 * 3600))


def test_at_risk_runs_and_is_due_before_the_limit() -> None:
    frame = clocks(
        clock(number="soon", due=UNTIL - TICK),
        clock(number="late", due=UNTIL),
        clock(number="paused", due="2026-11-24 09:00", state="paused"),
        clock(number="done", due="2026-11-24 09:00", done="2026-11-17 09:00"),
        clock(number="broken", due="2026-11-24 09:00", broken="2026-11-18 09:00"),
        clock(number="untargeted"),
    )
    assert [each.number for each in at_risk(frame, UNTIL)] == ["soon"]
    assert lines(frame)[-1].at_risk == 1


def test_a_paused_clock_is_open_and_may_be_overdue() -> None:
    late = clock(due="2026-11-17 09:00", broken="2026-11-17 09:00", state="paused")
    assert (whole(late).open, whole(late).overdue) == (1, 1)
    assert [each.state for each in open_breaches(clocks(late))] == ["paused"]


def test_metrics_come_in_the_order_of_a_tickets_life_and_strange_ones_after_them() -> None:
    names = ["zeal_time", *reversed(METRICS), "ardour_time"]
    frame = clocks(*(clock(metric=each) for each in names))
    assert [line.metric for line in lines(frame)] == [*METRICS, "ardour_time", "zeal_time", None]


def test_names_are_sorted_and_nobody_comes_last() -> None:
    owners = ["cy", None, "Bo", "<b>"]
    frame = clocks(*(clock(number=str(n), assignee=each) for n, each in enumerate(owners)))
    found = lines(frame, By.ASSIGNEE, cy=0.9)
    assert [line.name for line in found if line.metric is None] == ["<b>", "Bo", "cy", None]
    assert {line.attainment.target for line in found} == {None}


def test_a_group_in_which_nothing_counts_has_no_line() -> None:
    old = clock(started="2026-11-02 09:00", done="2026-11-02 10:00", customer="Old")
    assert [line.name for line in lines(clocks(old, clock()), By.CUSTOMER)] == ["Acme", "Acme"]


def test_a_tier_without_a_target_has_no_share_to_reach() -> None:
    frame = clocks(clock(tier="user_support"), clock(number="2"))
    listed = {line.name: line.attainment.target for line in lines(frame, By.TIER, bug_fix=0.95)}
    assert listed == {"bug_fix": 0.95, "user_support": None}


def test_a_clock_that_ran_backwards_is_refused() -> None:
    with pytest.raises(ValueError, match="a wait is a number of seconds from 0, not -1"):
        lines(clocks(clock(done="2026-11-17 09:00", open_seconds=-1.0)))


def test_what_was_counted_is_a_row_a_promise() -> None:
    frame = clocks(
        clock(number="9", due="2026-11-18 12:00", broken="2026-11-18 12:00", customer=None),
        clock(number="8", due="2026-11-17 12:00", done="2026-11-16 12:00", instance=2),
        clock(number="7"),
    )
    found = counted(frame, WEEK, MONDAY)
    assert found.to_dict("list") | {"due_at": None, "customer": None} == {
        "source": ["test", "test"],
        "number": ["8", "9"],
        "metric": ["first_reply_time"] * 2,
        "instance": [2, 1],
        "tier": ["bug_fix"] * 2,
        "customer": None,
        "due_at": None,
        "met": [True, False],
    }
    assert found["due_at"].tolist() == [london("2026-11-17 12:00"), london("2026-11-18 12:00")]
    assert found["customer"].isna().tolist() == [False, True]
    assert found["met"].dtype == np.bool_
    assert list(found.index) == [0, 1]


def test_breaches_come_by_when_open_ones_by_how_late_and_risks_by_how_soon() -> None:
    frame = clocks(
        clock(number="c", due="2026-11-18 12:00", broken="2026-11-18 12:00"),
        clock(number="b", due="2026-11-17 12:00", broken="2026-11-17 12:00"),
        clock(number="a", due="2026-11-19 12:00", broken="2026-11-19 12:00"),
        clock(
            number="old",
            started="2026-11-02 12:00",
            due="2026-11-03 12:00",
            broken="2026-11-03 12:00",
        ),
        clock(
            number="answered",
            due="2026-11-18 12:00",
            broken="2026-11-18 12:00",
            done="2026-11-18 13:00",
        ),
        clock(number="z", due="2026-11-24 12:00"),
        clock(number="y", due="2026-11-25 12:00"),
        clock(number="x", due="2026-11-24 12:00"),
    )
    assert [each.number for each in breaches(frame, WEEK, MONDAY)] == ["b", "answered", "c", "a"]
    assert [each.number for each in open_breaches(frame)] == ["old", "b", "c", "a"]
    assert [each.number for each in at_risk(frame, UNTIL)] == ["x", "z", "y"]


def test_how_late_a_breach_is_goes_by_open_time_and_not_by_its_date() -> None:
    """A weekend makes nothing later."""
    frame = clocks(
        clock(number="thursday", broken="2026-11-19 16:00", left_seconds=-9 * 3600.0),
        clock(number="critical", broken="2026-11-21 16:00", left_seconds=-40 * 3600.0),
    )
    late = [(each.number, each.overdue_by) for each in open_breaches(frame)]
    assert late == [("critical", 40 * 3600.0), ("thursday", 9 * 3600.0)]


def test_a_ticket_that_was_done_without_an_answer_broke_its_promise_and_waits_no_more() -> None:
    done = clock(due="2026-11-17 09:00", broken="2026-11-17 09:00", state="unanswered")
    times, over_all = lines(clocks(done))
    assert (over_all.attainment.due, over_all.attainment.met) == (1, 0)
    assert (over_all.open, over_all.overdue, over_all.oldest) == (0, 0, None)
    assert times.calendar is not None
    assert (times.calendar.n, times.calendar.unfinished) == (1, 1)
    assert open_breaches(clocks(done)) == ()
    assert len(breaches(clocks(done), WEEK, MONDAY)) == 1


def test_promises_of_one_ticket_at_one_instant_come_in_the_order_of_its_life() -> None:
    noon = {"due": "2026-11-18 12:00", "broken": "2026-11-18 12:00"}
    frame = clocks(
        clock(metric="resolution_time", **noon),
        clock(metric="update_time", instance=10, **noon),
        clock(metric="update_time", instance=9, **noon),
        clock(**noon),
    )
    listed = [(each.metric, each.instance) for each in breaches(frame, WEEK, MONDAY)]
    assert listed == [
        ("first_reply_time", 1),
        ("update_time", 9),
        ("update_time", 10),
        ("resolution_time", 1),
    ]


def test_a_listed_clock_has_plain_values() -> None:
    late = clock(
        number="=1+1",
        subject="<script>" * 1000,
        customer=None,
        site=None,
        assignee=None,
        policy=None,
        due="2026-11-18 09:00",
        broken="2026-11-18 09:00",
    )
    (found,) = open_breaches(clocks(late))
    assert (found.number, found.subject) == ("=1+1", "<script>" * 1000)
    assert (found.customer, found.site, found.assignee, found.policy) == (None,) * 4
    assert found.deadline == found.breached_at == london("2026-11-18 09:00")
    assert (type(found.started_at).__name__, found.ended_at) == ("datetime", None)
    assert found.target_seconds == 48 * 3600
    assert found.overdue_by == (MONDAY - london("2026-11-18 09:00")).total_seconds()
    assert type(found.instance) is int
