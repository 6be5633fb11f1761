"""A week small enough to work out by hand, from what happened to tickets to what a report says.

The week is that of Monday 16 to Sunday 22 November 2026; its report is made on Monday at 8:00. The
office is open from 9 to 17, so a working day is 8 hours.

1. Acme, bug fix. Asked on Monday at 10, answered at 12, solved at 16. The first reply took 2 hours
   and was due on Tuesday at 10; the update, due on Tuesday at 12, was the solution; that took 4
   hours from the first reply and was due on Wednesday at 12.
2. Acme, bug fix. Asked on Tuesday at 15, answered on Thursday at 11, solved on Friday at 10. The
   first reply was due on Wednesday at 15 and came after 2 + 8 + 2 = 12 hours (44 on the calendar).
   The update, due on Friday at 11, came after 6 + 1 = 7 hours (23). The solution counts from when
   the reply was due, so it was due on Friday at 15, and took 2 + 8 + 1 = 11 hours (43).
3. Bolt, bug fix. Asked on Friday at 14: the first reply is due on Monday at 14, not in this week.
   3 hours have passed, 66 on the calendar.
4. Bolt, user support. Asked on Thursday of the week before at 11 and never answered: broken three
   working days later, on Tuesday at 11, and open for 261 hours on the calendar. The solution has
   no target and counts from then: 6 + 3 x 8 = 30 hours (141).
5. Bolt, mission critical. Asked on Saturday at 3:00, answered at 3:10, solved at 3:50. The first
   reply was due at 3:15, the update at 4:10; the solution, 40 minutes later, has no target.
6. Acme, bug fix. Asked on Wednesday at 9, merged at 11: left out.
7. Acme, user support. Asked on Wednesday at 10, answered at 10:20. The customer wrote again at 14
   and waits: the next reply is due on Monday at 14, after 3 + 8 + 8 = 19 hours (114) so far. The
   solution has run for 6:40 + 16 = 22:40 hours (117:40).
"""

from __future__ import annotations

import pandas as pd
import pytest

from reports.frames import MONDAY, WEEK, asked, of_stories
from sla.policies import (
    london,
)
from supportops.reports.figures import By, Promises, Quantile, Times
from supportops.reports.measuring.response_times import (
    at_risk,
    breaches,
    counted,
    open_breaches,
    promises,
)
from supportops.reports.period import risk_until

MINUTE, HOUR = 60.0, 3600.0
UNTIL = risk_until(WEEK, MONDAY)


HISTORY = (
    asked(
        1,
        "bug_fix",
        "2026-11-16 10:00",
        "2026-11-16 12:00 answers",
        "2026-11-16 16:00 status solved",
    )
    | asked(
        2,
        "bug_fix",
        "2026-11-17 15:00",
        "2026-11-19 11:00 answers",
        "2026-11-20 10:00 status solved",
    )
    | asked(3, "bug_fix", "2026-11-20 14:00")
    | asked(4, "user_support", "2026-11-12 11:00")
    | asked(
        5,
        "mission_critical",
        "2026-11-21 03:00",
        "2026-11-21 03:10 answers",
        "2026-11-21 03:50 status solved",
    )
    | asked(6, "bug_fix", "2026-11-18 09:00", "2026-11-18 11:00 merged")
    | asked(
        7, "user_support", "2026-11-18 10:00", "2026-11-18 10:20 answers", "2026-11-18 14:00 writes"
    )
)
BOLT = {"customer": "Bolt"}
NAMES = {"3": BOLT, "4": BOLT, "5": BOLT}


def the_week() -> pd.DataFrame:
    return of_stories(HISTORY, MONDAY, names=NAMES)


def by_name(by: By) -> dict[tuple[str | None, str | None], Promises]:
    lines = promises(the_week(), WEEK, MONDAY, UNTIL, by, {"bug_fix": 0.95})
    return {(line.name, line.metric): line for line in lines}


def short(line: Promises) -> tuple[int, int, int, int, int, float | None]:
    oldest = None if line.oldest is None else line.oldest / HOUR
    return (line.attainment.due, line.attainment.met, line.open, line.at_risk, line.overdue, oldest)


COUNTS = {
    # name, metric: due, met, open, at risk, overdue, hours of the oldest
    ("bug_fix", "first_reply_time"): (2, 1, 1, 1, 0, 66),
    ("bug_fix", "update_time"): (2, 2, 0, 0, 0, None),
    ("bug_fix", "resolution_time"): (2, 2, 0, 0, 0, None),
    ("bug_fix", None): (6, 5, 1, 1, 0, 66),
    ("mission_critical", "first_reply_time"): (1, 1, 0, 0, 0, None),
    ("mission_critical", "update_time"): (1, 1, 0, 0, 0, None),
    ("mission_critical", "resolution_time"): (0, 0, 0, 0, 0, None),
    ("mission_critical", None): (2, 2, 0, 0, 0, None),
    ("user_support", "first_reply_time"): (1, 0, 1, 0, 1, 261),
    ("user_support", "next_reply_time"): (0, 0, 1, 1, 0, 114),
    ("user_support", "resolution_time"): (0, 0, 2, 0, 0, 141),
    ("user_support", None): (1, 0, 2, 1, 1, 261),
}


def test_every_tiers_promises_are_counted() -> None:
    assert {key: short(line) for key, line in by_name(By.TIER).items()} == COUNTS


def test_the_targets_and_intervals_stand_beside_the_tiers_counts() -> None:
    line = by_name(By.TIER)["bug_fix", None].attainment
    assert (line.due, line.met, line.breached, line.target) == (6, 5, 1, 0.95)
    assert (line.low, line.high) == pytest.approx((0.4365, 0.9699), abs=1e-4)
    assert line.few


def test_customers_and_everything_are_counted_over_their_tiers() -> None:
    lines = by_name(By.CUSTOMER)
    assert short(lines["Acme", None]) == (6, 5, 1, 1, 0, 114)
    assert short(lines["Bolt", None]) == (3, 2, 2, 1, 1, 261)
    assert short(by_name(By.ALL)[None, None]) == (9, 7, 3, 2, 1, 261)


def test_times_know_of_those_who_still_wait() -> None:
    """Bug fixes' first replies took 2 and 12 hours, and one has waited for 3: when the second came
    after 12 nobody else was known to wait so long. On the calendar it is 2, 44, and 66 so far: a
    third still waits, so of the p90 nothing is known but that it is longer.
    """
    first = by_name(By.TIER)["bug_fix", "first_reply_time"]
    assert first.business == Times(3, 1, Quantile(12 * HOUR), Quantile(12 * HOUR))
    assert first.calendar == Times(3, 1, Quantile(44 * HOUR), Quantile(None, over=66 * HOUR))


def test_other_times_are_those_of_the_clocks_that_began_in_the_week() -> None:
    lines = by_name(By.TIER)
    expected = {
        ("bug_fix", "update_time"): (4, 7, 4, 23),
        ("bug_fix", "resolution_time"): (4, 11, 4, 43),
    }
    for key, (quick, slow, felt_quick, felt_slow) in expected.items():
        line = lines[key]
        assert line.business == Times(2, 0, Quantile(quick * HOUR), Quantile(slow * HOUR))
        assert line.calendar == Times(2, 0, Quantile(felt_quick * HOUR), Quantile(felt_slow * HOUR))
    critical = {
        m: lines["mission_critical", m].business for m in ("first_reply_time", "update_time")
    }
    ten, forty = Quantile(10 * MINUTE), Quantile(40 * MINUTE)
    assert critical == {
        "first_reply_time": Times(1, 0, ten, ten),
        "update_time": Times(1, 0, forty, forty),
    }


def test_user_supports_first_reply_of_the_week_before_takes_no_part_in_its_times() -> None:
    lines, twenty = by_name(By.TIER), Quantile(20 * MINUTE)
    assert lines["user_support", "first_reply_time"].business == Times(1, 0, twenty, twenty)
    unknown = Quantile(None, over=19 * HOUR)
    assert lines["user_support", "next_reply_time"].business == Times(1, 1, unknown, unknown)
    unknown = Quantile(None, over=30 * HOUR)
    assert lines["user_support", "resolution_time"].business == Times(2, 2, unknown, unknown)


def test_the_lists_name_tickets_with_what_they_are_late_by() -> None:
    frame = the_week()
    broken = [(b.number, b.metric, b.customer) for b in breaches(frame, WEEK, MONDAY)]
    assert broken == [
        ("4", "first_reply_time", "Bolt"),
        ("2", "first_reply_time", "Acme"),
    ]
    (late,) = open_breaches(frame)
    assert (late.number, late.policy, late.overdue_by) == ("4", "2000/user_support", 30 * HOUR)
    risks = [(r.number, r.metric, r.overdue_by) for r in at_risk(frame, UNTIL)]
    assert risks == [
        ("3", "first_reply_time", -5 * HOUR),
        ("7", "next_reply_time", -5 * HOUR),
    ]


def test_what_was_counted_names_each_promise_and_when_it_fell_due() -> None:
    found = counted(the_week(), WEEK, MONDAY)
    expected = zip(found["number"], found["metric"], found["due_at"], found["met"], strict=True)
    assert [(n, m.removesuffix("_time"), at, met) for n, m, at, met in expected] == [
        ("1", "first_reply", london("2026-11-17 10:00"), True),
        ("4", "first_reply", london("2026-11-17 11:00"), False),
        ("1", "update", london("2026-11-17 12:00"), True),
        ("1", "resolution", london("2026-11-18 12:00"), True),
        ("2", "first_reply", london("2026-11-18 15:00"), False),
        ("2", "update", london("2026-11-20 11:00"), True),
        ("2", "resolution", london("2026-11-20 15:00"), True),
        ("5", "first_reply", london("2026-11-21 03:15"), True),
        ("5", "update", london("2026-11-21 04:10"), True),
    ]
