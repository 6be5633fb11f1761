"""Announced maintenance: windows in which a site may be down, and nobody is notified."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_DAY, _WEEK = timedelta(days=1), timedelta(days=7)
# Every zone can convert the instants between these.
_FIRST, _LAST = date(1, 1, 8), date(9999, 12, 20)


@dataclass(frozen=True, slots=True)
class OneOffMaintenance:
    """A single announced window, half-open, aware UTC."""

    start: datetime
    end: datetime
    note: str = ""

    def covers(self, instant: datetime) -> bool:
        """Whether the instant (aware) lies in the window."""
        return self.start <= instant < self.end

    def edges(self, _start: datetime, _end: datetime) -> list[datetime]:
        """The instants at which the window may open or close, among them all in [start, end)."""
        return [self.start, self.end]


@dataclass(frozen=True, slots=True)
class WeeklyMaintenance:
    """The same window every week, read on the wall clock of its zone.

    `weekday` counts from Monday = 0. A window whose `end` is not after its `start` runs past
    midnight into the next day.

    Where the clock is changed, a window is one interval of real time, and in doubt it is open. It
    opens when the clock first shows its start, or jumps over it, and closes when it last shows
    its end. A window whose start or end is skipped is as long as on any other day.
    """

    weekday: int
    start: time
    end: time
    zone: str
    note: str = ""

    def covers(self, instant: datetime) -> bool:
        """Whether the instant (aware) lies in the window."""
        if not _FIRST < instant.date() < _LAST:
            return False
        today = instant.astimezone(ZoneInfo(self.zone)).date()
        # It may run into the next day; a change of the clock may move it by a day.
        day = today + _DAY - (today.weekday() + 1 - self.weekday) % 7 * _DAY
        if today - day > 2 * _DAY:
            return False
        opens, closes = self.of_day(day)
        return opens <= instant < closes

    def edges(self, start: datetime, end: datetime) -> list[datetime]:
        """The instants at which the window opens or closes, among them all in [start, end)."""
        day = max(start.date() - 3 * _DAY, _FIRST) if start.date() > _FIRST else _FIRST
        day += (self.weekday - day.weekday()) % 7 * _DAY
        last = min(end.date(), _LAST - 3 * _DAY) + 3 * _DAY
        found: list[datetime] = []
        while day < last:
            found += self.of_day(day)
            day += _WEEK
        return found

    def of_day(self, day: date) -> tuple[datetime, datetime]:
        """When the window of `day` opens and closes, aware UTC."""
        return _window(self.start, self.end, self.zone, day)


@lru_cache(maxsize=4096)
def _window(start: time, end: time, zone: str, day: date) -> tuple[datetime, datetime]:
    there = ZoneInfo(zone)
    begin = datetime.combine(day, start)
    until = datetime.combine(day if end > start else day + _DAY, end)
    jump = _jump(begin, there)
    opens = jump or _instant(begin, there, fold=0)
    if jump is not None or _jump(until, there) is not None:
        return opens, opens + (until - begin)
    return opens, _instant(until, there, fold=1)


def _instant(local: datetime, zone: ZoneInfo, fold: int) -> datetime:
    """The instant at which the clock shows `local`: for the first time (0) or the last (1)."""
    return local.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def _jump(local: datetime, zone: ZoneInfo) -> datetime | None:
    """The instant at which the clock jumps over `local`; None where it shows it."""
    # Read by the offset after the jump it lies before it, and the other way round.
    left, right = _instant(local, zone, fold=1), _instant(local, zone, fold=0)
    if left >= right:
        return None
    before = left.astimezone(zone).utcoffset()
    while right - left > timedelta(microseconds=1):
        middle = left + (right - left) / 2
        if middle.astimezone(zone).utcoffset() == before:
            left = middle
        else:
            right = middle
    return right


Maintenance = OneOffMaintenance | WeeklyMaintenance
