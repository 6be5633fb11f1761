"""How long whole tickets took: from creation to solution, and how long their requester waited."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sla.policies import book, columns, london, story
from sla.test_judging_properties import stories
from supportops.sla.counting.ticket_times import ticket_times
from supportops.sla.history import prepare
from supportops.sla.judging import judge
from supportops.sla.policy import PolicyBook
from supportops.tickets.ticket import Author, Event, EventKind, from_creation

HOUR = 3600.0
NAMES = ("full_calendar", "full_business", "wait_calendar", "wait_business")
Times = tuple[bool, float | None, float | None, float | None, float | None]


def times(events: Sequence[Event], as_of: datetime, policies: PolicyBook | None = None) -> Times:
    """Solved, and the four times of one ticket in seconds."""
    found = ticket_times(judge(prepare(columns(events)), policies or book(), as_of))
    seconds = [float(found.seconds(name)[0]) for name in NAMES]
    return bool(found.solved[0]), *(None if np.isnan(each) else each for each in seconds)  # type: ignore[return-value]


def test_a_ticket_solved_without_a_reply_took_the_time_from_its_creation() -> None:
    events = story("2026-06-01 16:00 asks", "2026-06-02 10:00 status solved")
    assert times(events, london("2026-06-05 09:00")) == (
        True,
        18 * HOUR,
        2 * HOUR,
        18 * HOUR,
        2 * HOUR,
    )


def test_time_with_the_requester_is_resolution_time_and_no_wait() -> None:
    events = story(
        "2026-06-01 09:00 asks",
        "2026-06-01 10:00 answers",
        "2026-06-01 10:00 status pending",
        "2026-06-02 10:00 status open",
        "2026-06-02 11:00 status hold",
        "2026-06-02 12:00 status solved",
    )
    assert times(events, london("2026-06-05 09:00")) == (
        True,
        27 * HOUR,
        11 * HOUR,
        3 * HOUR,
        3 * HOUR,
    )


def test_a_reopened_ticket_is_not_solved_and_then_takes_until_its_last_solution() -> None:
    lines = [
        "2026-06-01 09:00 asks",
        "2026-06-01 11:00 status solved",
        "2026-06-01 14:00 status open",
    ]
    now = london("2026-06-01 16:00")
    assert times(story(*lines), now) == (False, 7 * HOUR, 7 * HOUR, 4 * HOUR, 4 * HOUR)
    lines += ["2026-06-01 15:00 status solved", "2026-06-02 15:00 status closed"]
    now = london("2026-06-03 16:00")
    assert times(story(*lines), now) == (True, 6 * HOUR, 6 * HOUR, 3 * HOUR, 3 * HOUR)


@pytest.mark.parametrize("how", ["merged", "deleted"])
def test_a_ticket_that_is_gone_has_no_times_and_a_restored_one_has(how: str) -> None:
    lines = ["2026-06-01 09:00 asks", f"2026-06-01 10:00 {how}"]
    now = london("2026-06-01 12:00")
    assert times(story(*lines), now) == (False, None, None, None, None)
    lines += ["2026-06-01 11:00 restored"]
    assert times(story(*lines), now)[1] == 3 * HOUR


def test_nobody_waits_for_a_ticket_of_our_own() -> None:
    events = story("2026-06-01 09:00 opened by itself", "2026-06-01 10:00 status solved")
    assert times(events, london("2026-06-02 09:00")) == (True, HOUR, HOUR, None, None)


def test_business_time_is_that_of_the_promise_to_the_ticket() -> None:
    lines = ["2026-06-05 16:00 asks", "2026-06-08 10:00 status solved"]  # Friday to Monday
    now = london("2026-06-09 09:00")
    assert times(story(*lines), now)[2] == 2 * HOUR
    critical = [lines[0], "2026-06-05 16:00 tier mission_critical", lines[1]]
    assert times(story(*critical), now)[2] == 66 * HOUR


def test_what_nothing_is_promised_to_is_measured_by_the_first_calendar() -> None:
    lines = ["2026-06-05 16:00 asks", "2026-06-05 16:00 tier odd", "2026-06-08 10:00 status solved"]
    assert times(story(*lines), london("2026-06-09 09:00"))[1:3] == (66 * HOUR, 2 * HOUR)


def _partial(*then: str) -> list[Event]:
    asked, *rest = story("2026-06-01 09:00 asks", *then)
    says = (asked.happened_at, "2026-06-03T08:00:00+00:00"), (london("2026-06-03 09:00"), None)
    marks = [
        Event("test", f"1-known{n}", "1", EventKind.KNOWN_SINCE, at, at, Author.AUTOMATIC, value)
        for n, (at, value) in enumerate(says)
    ]
    return [asked, *marks, *rest]


def test_a_log_that_begins_later_knows_the_resolution_and_not_the_wait() -> None:
    later = _partial("2026-06-03 10:00 status open", "2026-06-04 09:00 status solved")
    assert times(later, london("2026-06-05 09:00")) == (True, 72 * HOUR, 24 * HOUR, None, None)
    at_once = _partial("2026-06-03 09:00 status solved")
    assert times(at_once, london("2026-06-05 09:00")) == (True, None, None, None, None)


def slow(events: Sequence[Event], policies: PolicyBook, as_of: datetime) -> Times:
    """Event by event, by the calendars' answers for two instants."""
    events = from_creation(e for e in events if e.happened_at <= as_of)
    created = next((e for e in events if e.kind is EventKind.CREATED), None)
    gone, tier, customer, tags = False, None, None, None
    statuses: dict[datetime, str] = {events[0].happened_at: "new"} if events else {}
    for event in events:
        if event.kind in (EventKind.MERGED, EventKind.DELETED):
            gone = True
        elif event.kind is EventKind.RESTORED:
            gone = False
        elif event.kind is EventKind.STATUS and event.value is not None:
            statuses[event.happened_at] = event.value
        elif not gone and event.kind is EventKind.TIER:
            tier = event.value
        elif not gone and event.kind is EventKind.CUSTOMER:
            customer = event.value
        elif not gone and event.kind is EventKind.TAGS:
            tags = event.value
    solved_at = None
    for at, status in statuses.items():
        if status not in ("solved", "closed"):
            solved_at = None
        elif solved_at is None:
            solved_at = at
    if created is None or gone:
        return solved_at is not None, None, None, None, None
    promise = policies.match(created.happened_at, tier, customer, tags).promise
    names = [promise.calendar] if promise else list(policies.calendars)
    hours = policies.calendars[names[0]].hours
    until = max(solved_at, created.happened_at) if solved_at else as_of
    calendar = business = 0.0
    for (since, status), (before, _) in pairwise([*statuses.items(), (as_of, "")]):
        since = max(since, created.happened_at)
        if status not in ("pending", "solved", "closed") and before > since:
            calendar += (before - since).total_seconds()
            business += hours.elapsed(since, before)
    full = (until - created.happened_at).total_seconds()
    is_asked = created.author is Author.CUSTOMER
    return (
        solved_at is not None,
        full,
        hours.elapsed(created.happened_at, until),
        calendar if is_asked else None,
        business if is_asked else None,
    )


def _is_simple(events: Sequence[Event]) -> bool:
    """Marks of a log's beginning, and profiles of a removed ticket, have tests of their own."""
    return not any(e.kind is EventKind.KNOWN_SINCE for e in events)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(events=stories(1).filter(_is_simple), hours=st.integers(0, 400))
def test_they_equal_the_slow_reckoning(events: list[Event], hours: int) -> None:
    as_of = min(e.happened_at for e in events) + timedelta(hours=hours)
    found = times([e for e in events if e.happened_at <= as_of], as_of)
    expected = slow(events, book(), as_of)
    assert found[1:] == pytest.approx(expected[1:], abs=1e-6)
    if expected[1] is not None:  # of a ticket that is gone nothing is measured
        assert found[0] == expected[0]
