"""A calendar's open time for columns of microseconds, and the working days that it counts.

Let F(t) be the open time up to t. `passed` is F and `reached` its inverse, the earliest instant
with that much open time, so that deadlines land left (see `business_hours`).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np

from supportops.sla.calendar.business_hours import BusinessHours
from supportops.sla.calendar.open_segments import utc_offsets
from supportops.sla.events import MICRO, Ints

_DAY = 86_400


@dataclass(frozen=True, slots=True, eq=False)
class OpenTime:
    """F of a calendar. Instants and amounts are int64 microseconds."""

    hours: BusinessHours
    origin: Ints  # one UTC epoch second, from which open time is counted

    @classmethod
    def of(cls, hours: BusinessHours) -> Self:
        """Of a calendar, counted from its beginning."""
        return cls(hours, np.array([int(hours.first.timestamp())], dtype=np.int64))

    def passed(self, at: Ints) -> Ints:
        """Open time up to each instant. Raises OutsideRange."""
        second = at // MICRO
        amount = self.hours.elapsed(self.origin, second) * MICRO
        part = at - second * MICRO
        if part.any():  # openings and closings are whole seconds
            amount += np.where(self.hours.is_open(second), part, 0)
        return amount

    def reached(self, amount: Ints) -> Ints:
        """The earliest instant by which that much open time has passed. Raises OutsideRange."""
        second = -(-amount // MICRO)
        return self.hours.deadline(self.origin, second) * MICRO - (second * MICRO - amount)


@dataclass(frozen=True, slots=True, eq=False)
class WorkingDays:
    """The working days of a calendar, as int64 columns over its D local dates.

    since, offsets: from which UTC epoch second on the zone has which UTC offset in seconds.
    midnights: [D + 1], UTC epoch seconds at which each date begins, and the last one ends.
    count: [D + 1], how many working days there are up to and including the date.
    working: the numbers (0 to D - 1) of the dates that are working days, ascending.
    """

    hours: BusinessHours
    since: Ints
    offsets: Ints
    midnights: Ints
    count: Ints
    working: Ints

    @classmethod
    @lru_cache(maxsize=64)
    def of(cls, hours: BusinessHours) -> Self:
        """Of a calendar; cached, since it takes a pass over all of its dates."""
        first, until = int(hours.first.timestamp()), int(hours.until.timestamp())
        since, offsets = utc_offsets(hours.zone, first, until)
        local = np.arange(first // _DAY, until // _DAY, dtype=np.int64) * _DAY
        midnights = np.clip(_as_utc(local, since, offsets), first, until - 1)
        amount = hours.elapsed(midnights[:1], midnights)
        opens = np.append(np.diff(amount) > 0, False)
        return cls(hours, since, offsets, midnights, np.cumsum(opens), np.flatnonzero(opens))

    def after(self, at: Ints, days: int, *, same_time: bool) -> Ints:
        """The `days`-th working day after each instant's date (both in microseconds).

        At its closing; with `same_time` at the instant's time of day, if the office is open then.
        """
        second = at // MICRO
        local = second + self.offsets[np.searchsorted(self.since, second, side="right") - 1]
        today = local // _DAY - self.midnights_first
        due = self.working[self.count[today] + days - 1]
        closing = self._closing(due)
        if not same_time:
            return closing * MICRO
        clock = _as_utc(
            (due + self.midnights_first) * _DAY + local % _DAY, self.since, self.offsets
        )
        instant = clock * MICRO + at % MICRO
        return np.where(self.hours.is_open(clock), instant, closing * MICRO)

    @property
    def midnights_first(self) -> int:
        """The epoch day of the first date."""
        return int(self.hours.first.timestamp()) // _DAY

    def _closing(self, dates: Ints) -> Ints:
        opened = self.hours.elapsed(self.midnights[dates], self.midnights[dates + 1])
        return self.hours.deadline(self.midnights[dates], opened)


def _as_utc(local: Ints, since: Ints, offsets: Ints) -> Ints:
    """UTC seconds of local ones; the earlier where a local time comes twice, and where the clock
    skips it, that time moved by the jump."""
    guess = local - offsets[np.searchsorted(since, local, side="right") - 1]
    before = np.maximum(np.searchsorted(since, guess, side="right") - 1, 0)
    return local - offsets[before]
