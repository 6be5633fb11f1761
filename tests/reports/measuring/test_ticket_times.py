"""How long the tickets of a period took as a whole, beside the clocks of its promises."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.frames import MONDAY, WEEK, ticket, tickets
from reports.slow_measuring import rows_of, slow_quantile
from supportops.reports.figures import By, Quantile, TicketTimes, Times
from supportops.reports.measuring.ticket_times import ticket_times

HOUR = 3600.0


def took(hours: float, wait: float | None = None, **fields: Any) -> dict[str, Any]:
    """A ticket that was solved after so many hours; half as many of them in business time."""
    waited = float("nan") if wait is None else wait * HOUR
    return ticket(
        **{"open": False, "status": "solved"}
        | {
            "full_resolution_calendar_seconds": hours * HOUR,
            "full_resolution_business_seconds": hours * HOUR / 2,
            "requester_wait_calendar_seconds": waited,
            "requester_wait_business_seconds": waited / 2,
        }
        | fields
    )


def lines(*rows: dict[str, Any], as_of: datetime = MONDAY) -> tuple[TicketTimes, ...]:
    return ticket_times(tickets(*rows), WEEK, as_of)


def test_no_tickets_have_no_line() -> None:
    assert lines() == ()


def test_the_median_counts_an_open_ticket_as_longer_than_so_far() -> None:
    (line,) = lines(took(1, 1), took(3, 2), took(2, 2, open=True, status="open"))
    assert line.full_resolution_calendar == Times(3, 1, Quantile(3 * HOUR), Quantile(3 * HOUR))
    assert line.full_resolution_business.median == Quantile(1.5 * HOUR)
    assert line.requester_wait_calendar.median == Quantile(2 * HOUR)


def test_what_is_not_reached_is_over_the_longest_wait() -> None:
    (line,) = lines(took(1), took(9, open=True), took(5, open=True))
    assert line.full_resolution_calendar.median == Quantile(None, over=9 * HOUR)


def test_only_tickets_that_were_created_in_the_period_count() -> None:
    tick = timedelta(microseconds=1)
    created = [WEEK.start - tick, WEEK.start, WEEK.end - tick, WEEK.end, None]
    (line,) = lines(*(took(1, created=each) for each in created))
    assert line.full_resolution_calendar.n == 2


@pytest.mark.parametrize("how", ["merged", "deleted"])
def test_tickets_that_are_gone_count_nowhere(how: str) -> None:
    assert lines(took(1, left_out=how)) == ()


def test_a_ticket_without_a_requester_has_a_solution_and_no_wait() -> None:
    (line,) = lines(took(1), took(2, 1))
    assert (line.full_resolution_calendar.n, line.requester_wait_calendar.n) == (2, 1)


def test_several_tiers_have_a_line_together() -> None:
    found = lines(took(1, tier="bug_fix"), took(2, tier="user_support"))
    assert [(line.by, line.name) for line in found] == [
        (By.TIER, "bug_fix"),
        (By.TIER, "user_support"),
        (By.ALL, None),
    ]


rows = st.builds(
    took,
    st.integers(0, 90),
    st.none() | st.integers(0, 90),
    created=st.sampled_from([WEEK.start - timedelta(1), WEEK.start, WEEK.end - timedelta(1)]),
    tier=st.sampled_from(["bug_fix", "user_support"]),
    open=st.booleans(),
    left_out=st.sampled_from([None, None, None, "merged"]),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(rows, max_size=12))
def test_they_equal_a_loop_over_tickets(given: list[dict[str, Any]]) -> None:
    found = {(line.by, line.name): line for line in lines(*given)}
    own = [row for row in rows_of(tickets(*given)) if row["left_out"] is None]
    own = [row for row in own if WEEK.start <= row["created_at"] < WEEK.end]
    tiers = {row["tier"] for row in own}
    keys = {(By.TIER, tier) for tier in tiers} | ({(By.ALL, None)} if len(tiers) > 1 else set())
    assert set(found) == keys
    for (_, name), line in found.items():
        for column in ("full_resolution_calendar", "requester_wait_business"):
            times = getattr(line, column)
            waits = [
                (row[f"{column}_seconds"], not row["open"])
                for row in own
                if name in (None, row["tier"]) and not pd.isna(row[f"{column}_seconds"])
            ]
            assert times.n == len(waits)
            assert times.unfinished == len([done for _, done in waits if not done])
            assert times.median == slow_quantile(waits, Fraction(1, 2))
            assert times.p90 == slow_quantile(waits, Fraction(9, 10))
