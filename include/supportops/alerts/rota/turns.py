"""A turn: people who follow one another, day by day or week by week, on the clock of a zone.

A turn is on duty in windows: on some dates, from one time of day to another. Who is on duty in
them changes at the hand-overs. A time that the clock skips counts as the hour after it; of one that
it shows twice, the first counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

HOLIDAY = 7
EVERY_DAY = frozenset(range(7))
MIDNIGHT = time()
_DAY = timedelta(days=1)


class Every(StrEnum):
    """How often a turn hands over."""

    DAY = "day"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class Window:
    """A time of duty, half-open, in UTC."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Turn:
    """`people` follow one another: the first from `start` at the time `hand_over` on.

    The next hand-overs are a day or a week later at the same time of day. `days`: on which dates
    the turn has duty, as weekdays from 0 (Monday) and HOLIDAY; `opens` and `closes`: in which hours
    of them. A `closes` that is not after `opens` is on the next date.
    """

    people: tuple[str, ...]
    start: date
    every: Every = Every.WEEK
    hand_over: time = MIDNIGHT
    days: frozenset[int] = EVERY_DAY
    opens: time = MIDNIGHT
    closes: time = MIDNIGHT
    name: str = ""

    def hand_over_at(self, number: int, zone: ZoneInfo) -> datetime:
        """The instant of a hand-over, in UTC; number 0 is the beginning."""
        return instant(self.start + self.period * number, self.hand_over, zone)

    def number_at(self, at: datetime, zone: ZoneInfo) -> int:
        """The number of the last hand-over by `at`; negative before the first."""
        number = (at.astimezone(zone).date() - self.start) // self.period + 1
        while self.hand_over_at(number, zone) > at:
            number -= 1
        return number

    def person_at(self, at: datetime, zone: ZoneInfo) -> str | None:
        """Whose turn it is, whether or not there is duty; None before the beginning."""
        number = self.number_at(at, zone)
        return self.people[number % len(self.people)] if number >= 0 else None

    def window_of(self, day: date, zone: ZoneInfo) -> Window:
        """The duty that begins on `day`, if the turn has any on it."""
        end = day if self.closes > self.opens else day + _DAY
        return Window(instant(day, self.opens, zone), instant(end, self.closes, zone))

    def edges(self, since: datetime, until: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """Every instant from `since` to `until` at which a window or somebody's turn may change."""
        first = since.astimezone(zone).date() - _DAY
        for n in range((until.astimezone(zone).date() - first).days + 2):
            window = self.window_of(first + _DAY * n, zone)
            yield from (window.since, window.until)
        yield from (self.hand_over_at(n, zone) for n in self.numbers(since, until, zone))

    def numbers(self, since: datetime, until: datetime, zone: ZoneInfo) -> range:
        """The numbers of the hand-overs after `since`, up to and at `until`."""
        return range(max(self.number_at(since, zone) + 1, 0), self.number_at(until, zone) + 1)

    @property
    def period(self) -> timedelta:
        """From one hand-over to the next, on the calendar."""
        return _DAY if self.every is Every.DAY else 7 * _DAY


def instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """A reading of a zone's clock as an instant in UTC: the first of two, the next if skipped."""
    return datetime.combine(day, clock, zone).astimezone(UTC)


def is_skipped(day: date, clock: time, zone: ZoneInfo) -> bool:
    """Whether the clock of a zone never shows this."""
    there = instant(day, clock, zone).astimezone(zone)
    return (there.date(), there.time()) != (day, clock)


def is_repeated(day: date, clock: time, zone: ZoneInfo) -> bool:
    """Whether the clock of a zone shows this twice."""
    first = datetime.combine(day, clock, zone)
    return (
        not is_skipped(day, clock, zone) and first.utcoffset() != first.replace(fold=1).utcoffset()
    )
