"""The day, week or month that a report is about, in the report's zone: half-open, aware UTC.

A day begins at its zone's midnight, or at the first instant after it where clocks jump over
midnight; so the weeks in which clocks change have 167 and 169 hours, and nothing falls between two
days.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

IsWorkingDay = Callable[[date], bool]
"""Whether a date is a working day."""

DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)
EXAMPLES = {"day": "2026-11-20", "week": "2026-W47", "month": "2026-11"}
FORMS = {
    "day": r"([0-9]{4})-([0-9]{2})-([0-9]{2})",
    "week": r"([0-9]{4})-W([0-9]{2})",
    "month": r"([0-9]{4})-([0-9]{2})",
}
# The ticket log takes tickets of these years alone.
YEARS = (1970, 2200)
# Days. No desk closes for longer; without a limit a calendar that never opens would be searched
# without end.
LONGEST_CLOSURE = 400


class Cadence(StrEnum):
    """How often a report comes."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


# When the report about a period is made, on the clocks of its zone. The schedule itself follows the
# office's zone for everybody.
MADE_AT = {Cadence.DAILY: time(7, 30), Cadence.WEEKLY: time(8), Cadence.MONTHLY: time(9)}


@dataclass(frozen=True, slots=True)
class Period:
    """`start` until `end` (exclusive), aware UTC, midnights of `zone`.

    `label`: "2026-11-20" for a day, "2026-W47" for an ISO week, "2026-11" for a month; those of one
    cadence sort by time.
    """

    cadence: Cadence
    label: str
    start: datetime
    end: datetime
    zone: str

    @property
    def first_day(self) -> date:
        """The date on which it begins, in its zone."""
        return self.start.astimezone(ZoneInfo(self.zone)).date()

    @property
    def last_day(self) -> date:
        """The last date in it, in its zone."""
        return self.end.astimezone(ZoneInfo(self.zone)).date() - DAY


def parse(cadence: Cadence, label: str, zone: str) -> Period:
    """The period of a label. Raises ValueError where it names none, or where there is no zone."""
    return {Cadence.DAILY: day, Cadence.WEEKLY: week, Cadence.MONTHLY: month}[cadence](label, zone)


def day(label: str, zone: str) -> Period:
    """A day such as "2026-11-20". Raises ValueError."""
    return _of_day(_date("day", label, date), label, zone)


def week(label: str, zone: str) -> Period:
    """An ISO week such as "2026-W47", Monday to Sunday. Raises ValueError."""
    monday = _date("week", label, lambda year, number: date.fromisocalendar(year, number, 1))
    return _between(Cadence.WEEKLY, label, monday, WEEK, zone)


def month(label: str, zone: str) -> Period:
    """A calendar month such as "2026-11". Raises ValueError."""
    return _of_month(_date("month", label, lambda year, number: date(year, number, 1)), label, zone)


def month_before(at: datetime, zone: str) -> Period:
    """The last calendar month that was over at an aware instant."""
    today = at.astimezone(_zone(zone)).date()
    return _of_month(_month_begin(today.replace(day=1) - DAY), None, zone)


def months_before(period: Period) -> tuple[Period, ...]:
    """The months of a month's own year that come before it, January first."""
    first = period.first_day
    return tuple(
        _of_month(first.replace(month=n), None, period.zone) for n in range(1, first.month)
    )


def week_before(at: datetime, zone: str) -> Period:
    """The last ISO week that was over at an aware instant."""
    today = at.astimezone(_zone(zone)).date()
    return _of_week(today - timedelta(days=today.weekday()) - WEEK, zone)


def working_day_before(at: datetime, zone: str, is_working_day: IsWorkingDay) -> Period:
    """The last working day that, with the days off after it, was over at an aware instant.

    Raises ValueError where none is near.
    """
    today = at.astimezone(_zone(zone)).date()
    last = today if is_working_day(today) else _nearest_working_day(today, -DAY, is_working_day)
    return with_days_off(
        _of_day(_nearest_working_day(last, -DAY, is_working_day), None, zone), is_working_day
    )


def with_days_off(period: Period, is_working_day: IsWorkingDay) -> Period:
    """A working day with the days off after it, so that none is left out; others as they are.

    Friday's lasts until Monday begins: a promise may fall due on a Sunday, and a site go down.
    """
    if period.cadence is not Cadence.DAILY or not is_working_day(period.first_day):
        return period
    return replace(
        period,
        end=_instant(
            _nearest_working_day(period.first_day, DAY, is_working_day), time(), period.zone
        ),
    )


def earlier(period: Period, count: int, is_working_day: IsWorkingDay) -> tuple[Period, ...]:
    """The `count` periods before this one, oldest first: months, weeks, or working days."""
    found, first = [], period.first_day
    for _ in range(count):
        if period.cadence is Cadence.WEEKLY:
            first -= WEEK
            found.append(_of_week(first, period.zone))
        elif period.cadence is Cadence.MONTHLY:
            first = _month_begin(first - DAY)
            found.append(_of_month(first, None, period.zone))
        else:
            first = _nearest_working_day(first, -DAY, is_working_day)
            found.append(_of_day(first, None, period.zone))
    return tuple(reversed(found))


def report_instant(period: Period, is_working_day: IsWorkingDay) -> datetime:
    """When its report is made, aware UTC: Monday 08:00 after a week, 07:30 on the working day
    after a day, 09:00 on the first working day after a month.
    """
    made_at = MADE_AT[period.cadence]
    if period.cadence is Cadence.WEEKLY:
        return _instant(period.last_day + DAY, made_at, period.zone)
    return _instant(
        _nearest_working_day(period.last_day, DAY, is_working_day), made_at, period.zone
    )


def risk_until(period: Period, as_of: datetime) -> datetime:
    """Before when a promise must fall due to count as at risk, aware UTC.

    Daily: the midnight that ends the day of `as_of`. Weekly and monthly: the end of the week or the
    month after the period.
    """
    if period.cadence is Cadence.WEEKLY:
        return _instant(period.last_day + DAY + WEEK, time(), period.zone)
    if period.cadence is Cadence.MONTHLY:
        return _instant(_next_month(period.last_day + DAY), time(), period.zone)
    today = as_of.astimezone(_zone(period.zone)).date()
    return _instant(today + DAY, time(), period.zone)


def _date(what: str, label: str, make: Callable[..., date]) -> date:
    """The date that a label's numbers stand for."""
    found = re.fullmatch(FORMS[what], label)
    with suppress(ValueError):
        if found:
            return make(*map(int, found.groups()))
    shown = repr(label if len(label) <= 20 else label[:20] + "…")
    raise ValueError(f"{shown} is no {what}: expected one such as {EXAMPLES[what]}")


def _of_day(first: date, label: str | None, zone: str) -> Period:
    return _between(Cadence.DAILY, label or first.isoformat(), first, DAY, zone)


def _of_week(monday: date, zone: str) -> Period:
    year, number, _ = monday.isocalendar()
    return _between(Cadence.WEEKLY, f"{year:04}-W{number:02}", monday, WEEK, zone)


def _of_month(first: date, label: str | None, zone: str) -> Period:
    label = label or f"{first.year:04}-{first.month:02}"
    if not YEARS[0] <= first.year <= YEARS[1]:
        raise _out_of_reach(label)
    return _between(Cadence.MONTHLY, label, first, _next_month(first) - first, zone)


def _month_begin(day: date) -> date:
    return day.replace(day=1)


def _next_month(first: date) -> date:
    """The first day of the month after that of a first day."""
    return _month_begin(first + 31 * DAY)


def _between(cadence: Cadence, label: str, first: date, lasts: timedelta, zone: str) -> Period:
    if first.year > YEARS[1] or (first + lasts).year < YEARS[0]:
        raise _out_of_reach(label)
    start, end = (_instant(each, time(), zone) for each in (first, first + lasts))
    if start == end:  # Samoa went without its 30 December 2011
        raise ValueError(f"{label} was left out of the calendar in {zone}")
    return Period(cadence, label, start, end, zone)


def _out_of_reach(label: str) -> ValueError:
    return ValueError(f"{label} is out of reach: expected a year from {YEARS[0]} to {YEARS[1]}")


def _instant(on: date, at: time, zone: str) -> datetime:
    """A reading of the zone's clocks. One that clocks jump over is the instant of the jump; of two
    the first one counts.
    """
    return datetime.combine(on, at, _zone(zone)).astimezone(UTC)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        shown = repr(name if len(name) <= 40 else name[:40] + "…")
        raise ValueError(f"no time zone {shown}: expected one such as Europe/London") from None


def _nearest_working_day(after: date, step: timedelta, is_working_day: IsWorkingDay) -> date:
    """The nearest working day in one direction, `after` itself left out."""
    for number in range(1, LONGEST_CLOSURE + 1):
        if is_working_day(after + number * step):
            return after + number * step
    raise ValueError(f"no working day within {LONGEST_CLOSURE} days of {after}")
