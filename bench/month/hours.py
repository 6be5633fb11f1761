"""Business time by walking over days: slow, and obvious."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/London")
OPENS, CLOSES = time(9), time(17)
WORKING_DAY = 8 * 3600
# England has no bank holiday from September to November.
_DAY = timedelta(days=1)

Span = tuple[datetime, datetime]


def is_working_day(day: date) -> bool:
    """Monday to Friday."""
    return day.weekday() < 5


def office(start: datetime) -> Iterator[Span]:
    """The spans in which the office is open, from the day of `start` on, in UTC, without end."""
    day = start.astimezone(ZONE).date()
    while True:
        if is_working_day(day):
            opens, closes = (datetime.combine(day, at, ZONE) for at in (OPENS, CLOSES))
            yield opens.astimezone(UTC), closes.astimezone(UTC)
        day += _DAY


def always(start: datetime) -> Iterator[Span]:
    """Day and night: one span."""
    yield start, datetime.max.replace(tzinfo=UTC)


def seconds_between(spans: Iterator[Span], start: datetime, end: datetime) -> float:
    """The open seconds from `start` to `end`."""
    total = 0.0
    for opens, closes in spans:
        if opens >= end:
            break
        total += max(0.0, (min(end, closes) - max(start, opens)).total_seconds())
    return total


def after(spans: Iterator[Span], start: datetime, seconds: float) -> datetime:
    """When so many open seconds have passed since `start`."""
    for opens, closes in spans:
        begins = max(start, opens)
        here = max(0.0, (closes - begins).total_seconds())
        if here >= seconds:
            return begins + timedelta(seconds=seconds)
        seconds -= here
    raise AssertionError("an office that never opens again")
