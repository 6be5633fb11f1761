"""How far back a clock that falls due in a period may have started."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import numpy as np

from supportops.sla.business_hours import BusinessHours, OutsideRange
from supportops.sla.open_time import WorkingDays
from supportops.sla.policy import Amount, Calendar, DayReading, Metric, PolicyBook

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

Length = tuple[Calendar, int]


def look_back_start(book: PolicyBook, start: datetime) -> datetime:
    """An instant at or after which every ticket with a clock due from `start` has an event.

    A clock that falls due at D last began to run, at its start or at the end of a pause, no
    earlier than its whole target's open time before D. Either is an event of its ticket, except
    for the resolution of an unanswered ticket, which starts when the first reply was due. So
    whatever falls due at `start` or later belongs to a ticket with an event at this instant or
    later, and older tickets need not be read. `BEGINNING` where a calendar begins too late to say.
    """
    begun = _before(start, _lengths(book))
    resolving = _before(start, _lengths(book, Metric.RESOLUTION))
    return min(begun, _before(resolving, _lengths(book, Metric.FIRST_REPLY)))


def _lengths(book: PolicyBook, metric: Metric | None = None) -> set[Length]:
    """The most open seconds that each target takes, on its calendar."""
    return {
        (calendar, _most(target.deadline, promise.reading, calendar))
        for version in book.versions
        for promise in version.promises
        for calendar in [book.calendars[promise.calendar]]
        for target in promise.targets
        if target.deadline is not None and metric in (None, target.metric)
    }


def _most(amount: Amount, reading: DayReading, calendar: Calendar) -> int:
    if amount.seconds:
        return amount.seconds
    if reading is DayReading.BUSINESS_HOURS:
        return amount.working_days * calendar.working_day
    # From any time on one date to any time on the last of so many working days after it.
    return (amount.working_days + 1) * _longest_day(calendar.hours)


def _longest_day(hours: BusinessHours) -> int:
    midnights = WorkingDays.of(hours).midnights
    return int(np.diff(hours.elapsed(midnights[:1], midnights)).max())


def _before(at: datetime, lengths: Iterable[Length]) -> datetime:
    """The earliest instant from which `at` is no further than one of the lengths away."""
    return min((_back(calendar.hours, at, seconds) for calendar, seconds in lengths), default=at)


def _back(hours: BusinessHours, at: datetime, seconds: int) -> datetime:
    try:
        return min(at, hours.deadline(at, -seconds))
    except OutsideRange:
        return BEGINNING
