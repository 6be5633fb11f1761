"""Weeks in which something is odd: tiers and policies that change, Christmas, clocks that jump."""

from __future__ import annotations

import pandas as pd
import pytest

from reports.frames import LONDON, MONDAY, WEEK, asked, of_stories
from sla.policies import (
    book,
    bug_fix,
    days,
    london,
    mission_critical,
    user_support,
    version,
)
from supportops.reports.figures import By, Promises, Quantile, Times
from supportops.reports.measuring.response_times import breaches, counted, promises
from supportops.reports.period import risk_until, week
from supportops.sla.policy import Metric, Promise, Target

HOUR = 3600.0
UNTIL = risk_until(WEEK, MONDAY)


def over_all(
    frame: pd.DataFrame, label: str = "2026-W47", as_of: str = "2026-11-23 08:00"
) -> Promises:
    period, at = week(label, LONDON), london(as_of)
    return promises(frame, period, at, risk_until(period, at), By.ALL, {})[-1]


def test_a_ticket_that_changed_tier_counts_once_under_its_new_one() -> None:
    """As user support it was due on Thursday; made a bug fix on Tuesday at 12, it should have been
    answered by 9:30 of that day, and is broken from the change on.
    """
    changed = asked(1, "user_support", "2026-11-16 09:30", "2026-11-17 12:00 tier bug_fix")
    frame = of_stories(changed, MONDAY)
    first = frame[frame["metric"] == "first_reply_time"]
    lines = promises(first, WEEK, MONDAY, UNTIL, By.TIER, {})
    assert [
        (line.name, line.attainment.due, line.attainment.met)
        for line in lines
        if line.metric is None
    ] == [("bug_fix", 1, 0)]
    (broken,) = breaches(first, WEEK, MONDAY)
    assert broken.breached_at == london("2026-11-17 12:00")


def test_a_breach_of_what_was_promised_before_a_change_of_tier_stands() -> None:
    """Due on Tuesday at 9:30 as a bug fix; that it became user support a day later, with time until
    Thursday, and was answered by then, mends nothing.
    """
    changed = asked(
        1,
        "bug_fix",
        "2026-11-16 09:30",
        "2026-11-18 12:00 tier user_support",
        "2026-11-18 13:00 answers",
    )
    frame = of_stories(changed, MONDAY)
    broken = [(b.tier, b.metric, b.breached_at) for b in breaches(frame, WEEK, MONDAY)]
    assert ("user_support", "first_reply_time", london("2026-11-17 09:30")) in broken


def test_a_tier_without_a_deadline_is_timed_and_not_judged() -> None:
    silent = Promise("bug_fix", "bug_fix", "office", (Target(Metric.FIRST_REPLY),))
    policies = book(version([silent, user_support()]))
    waits = asked(1, "bug_fix", "2026-11-16 10:00", "2026-11-18 12:00 answers")
    frame = of_stories(waits, MONDAY, policies)
    first, line = promises(frame, WEEK, MONDAY, UNTIL, By.TIER, {"user_support": 0.9})
    assert (line.attainment.due, line.attainment.share, line.attainment.target, line.at_risk) == (
        0,
        None,
        None,
        0,
    )
    assert first.business == Times(1, 0, Quantile(18 * HOUR), Quantile(18 * HOUR))


def test_a_policy_that_changed_in_the_middle_of_the_week_holds_from_then_on() -> None:
    """Two working days are promised from Wednesday on: what was asked on Tuesday at 10 was due on
    Wednesday at 10, what is asked then on Friday at 10.
    """
    generous = Promise("bug_fix", "bug_fix", "office", (Target(Metric.FIRST_REPLY, days(2)),))
    others = [user_support(), mission_critical()]
    policies = book(
        version([bug_fix(), *others]),
        version([generous, *others], "2026", london("2026-11-18 00:00")),
    )
    history = asked(1, "bug_fix", "2026-11-17 10:00", "2026-11-18 12:00 answers")
    history |= asked(2, "bug_fix", "2026-11-18 10:00", "2026-11-19 12:00 answers")
    frame = of_stories(history, MONDAY, policies)
    first = frame[frame["metric"] == "first_reply_time"]
    found = counted(first, WEEK, MONDAY)
    assert list(zip(found["number"], found["due_at"], found["met"], strict=True)) == [
        ("1", london("2026-11-18 10:00"), False),
        ("2", london("2026-11-20 10:00"), True),
    ]
    assert [each.policy for each in breaches(first, WEEK, MONDAY)] == ["2000/bug_fix"]


def test_an_empty_week_at_christmas_has_nothing_due_and_says_what_is_at_risk() -> None:
    """Asked on Christmas Eve at 16: an hour of that day, none of Christmas Day and the weekend, and
    seven of Monday make it due on Monday at 16.
    """
    waits = asked(1, "bug_fix", "2026-12-24 16:00")
    before = over_all(of_stories(waits, "2026-12-28 08:00"), "2026-W52", "2026-12-28 08:00")
    assert (before.attainment.due, before.attainment.share, before.open, before.at_risk) == (
        0,
        None,
        1,
        1,
    )
    after = over_all(of_stories(waits, "2027-01-04 08:00"), "2026-W53", "2027-01-04 08:00")
    assert (after.attainment.due, after.attainment.met, after.overdue) == (
        2,
        0,
        2,
    )  # its solution too
    nothing = over_all(of_stories({}, "2026-12-28 08:00"), "2026-W52", "2026-12-28 08:00")
    assert (nothing.attainment.due, nothing.open) == (0, 0)


@pytest.mark.parametrize(
    ("label", "saturday", "sunday", "last", "monday", "hours"),
    [
        ("2026-W13", "2026-03-28", "2026-03-29", "2026-03-29 23:44", "2026-03-30 08:00", 23),
        ("2026-W43", "2026-10-24", "2026-10-25", "2026-10-25 23:44", "2026-10-26 08:00", 25),
    ],
)
def test_weeks_in_which_clocks_change_count_real_hours_and_end_at_midnight(
    label: str, saturday: str, sunday: str, last: str, monday: str, hours: int
) -> None:
    """Answered at noon the day after, and two asked late on Sunday: one due a minute before
    midnight, one at midnight, which is the next week's.
    """
    history = asked(1, "mission_critical", f"{saturday} 12:00", f"{sunday} 12:00 answers")
    history |= asked(2, "mission_critical", last)
    history |= asked(3, "mission_critical", f"{sunday} 23:45")
    frame = of_stories(history, monday)
    first = frame[frame["metric"] == "first_reply_time"]
    line = over_all(first, label, monday)
    assert (line.attainment.due, line.attainment.met, line.overdue) == (2, 0, 2)
    assert set(counted(first, week(label, LONDON), london(monday))["number"]) == {"1", "2"}
    (answered,) = (b for b in breaches(first, week(label, LONDON), london(monday)) if b.ended_at)
    assert answered.calendar_seconds == answered.open_seconds == hours * HOUR
