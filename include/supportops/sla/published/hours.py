"""When a calendar is open, asked of the calendar that the clocks go by, day by day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from supportops.sla.calendar.business_hours import BusinessHours, OutsideRange

Span = tuple[time, time]
Spans = tuple[Span, ...]
"""From and to on the calendar's wall clock; midnight as an end is the day's."""

WHOLE_DAY: Spans = ((time(), time()),)
# Enough weeks that no weekday is a holiday in most of them.
_WEEKS = 26
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A date on which the hours are not those of its weekday. `why`: a holiday's name, or ""."""

    day: date
    spans: Spans
    why: str


def open_on(hours: BusinessHours, day: date) -> Spans:
    """The open hours of a local date."""
    begin, end = _midnight(hours, day), _midnight(hours, day + _DAY)
    found = []
    at = begin
    while at < end:
        try:
            opens = at if hours.is_open(at) else hours.next_open(at)
        except OutsideRange:  # it never opens again
            break
        if opens >= end:
            break
        closes = min(hours.next_close(opens), end)
        found.append((_clock(hours, opens), _clock(hours, closes)))
        at = closes
    return tuple(found)


def usual_week(hours: BusinessHours, today: date) -> tuple[Spans, ...]:
    """The hours of each weekday, Monday first: those that most of the next half year's have."""
    monday = today - timedelta(days=today.weekday())
    found = []
    for weekday in range(7):
        days = [monday + timedelta(days=weekday + 7 * week) for week in range(_WEEKS)]
        counted = Counter(open_on(hours, day) for day in days)
        # Of equals the one with more hours, then the earlier one.
        found.append(max(counted, key=lambda spans: (counted[spans], len(spans), spans)))
    return tuple(found)


def special_days(
    hours: BusinessHours, closed: Mapping[date, str], today: date, days: int
) -> Iterator[SpecialDay]:
    """The next `days` dates whose hours are not their weekday's."""
    week = usual_week(hours, today)
    for number in range(days):
        day = today + timedelta(days=number)
        spans = open_on(hours, day)
        if spans != week[day.weekday()]:
            yield SpecialDay(day, spans, closed.get(day, ""))


def always_open(hours: BusinessHours, today: date) -> bool:
    """Whether it is open day and night."""
    return all(spans == WHOLE_DAY for spans in usual_week(hours, today))


def _midnight(hours: BusinessHours, day: date) -> datetime:
    return datetime.combine(day, time(), hours.zone).astimezone(UTC)


def _clock(hours: BusinessHours, at: datetime) -> time:
    return at.astimezone(hours.zone).time()
