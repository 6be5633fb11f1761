"""Whatever happened to a ticket, the parts of its explanation add up to what the clocks say."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings

from sla.policies import columns
from sla.test_judging_properties import INSTANTS, books, stories
from supportops.sla.explain import ClockExplanation, explain
from supportops.sla.policy import Amount, Calendar, DayReading, Metric, PolicyBook, Promise
from supportops.tickets.ticket import Event


def promise_of(clock: ClockExplanation, book: PolicyBook) -> Promise:
    version, _, name = str(clock.policy).partition("/")
    promises = next(each.promises for each in book.versions if each.name == version)
    return next(each for each in promises if each.name == name)


def length(amount: Amount, calendar: Calendar) -> int:
    return amount.seconds + amount.working_days * calendar.working_day


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(stories(1), books(), INSTANTS)
def test_segments_add_up_to_the_time_taken_and_days_to_the_promise(
    events: list[Event], book: PolicyBook, at: datetime
) -> None:
    known = [event for event in events if event.happened_at <= at]
    if not known:
        return
    for clock in explain(columns(known), book, at).clocks:
        if clock.policy is None:
            continue
        promise = promise_of(clock, book)
        ran = sum(part.open_seconds for part in clock.segments if part.ran)
        stood = sum(part.open_seconds for part in clock.segments if not part.ran)
        assert ran == pytest.approx(clock.open_seconds, abs=1e-3)
        assert stood == pytest.approx(clock.paused_seconds, abs=1e-3)
        target = promise.target(Metric(clock.metric))
        amount = target.deadline if target else None
        dated = promise.reading is not DayReading.BUSINESS_HOURS and amount and amount.working_days
        if clock.deadline and amount and not dated:
            promised = length(amount, book.calendars[promise.calendar])
            assert sum(day.open_seconds for day in clock.days) == pytest.approx(promised, abs=1e-3)
        if clock.state == "fulfilled":
            assert clock.promises[-1].promise == promise.name
