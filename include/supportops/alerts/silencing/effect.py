"""When an alert is silenced, and how that moves its steps.

An alert about several sites is silenced where all of them are: as long as one is not, everybody
who may read of that one is notified.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from supportops.alerts.alert import Affected, Alert
from supportops.alerts.silencing.silence import Silence, covers, sites_of

Interval = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Quiet:
    """The times during which an alert is silenced, as far as it is about some sites: half-open,
    in order, apart from each other."""

    intervals: tuple[Interval, ...] = ()

    def at(self, instant: datetime) -> bool:
        """Whether it is silenced then."""
        return any(start <= instant < end for start, end in self.intervals)

    def free_from(self, instant: datetime) -> datetime:
        """The first instant from `instant` on at which it is not."""
        return next((end for start, end in self.intervals if start <= instant < end), instant)

    def after(self, start: datetime, length: timedelta) -> datetime:
        """When so much time outside silences has passed since `start`: steps do not count it."""
        at, left = self.free_from(start), length
        for begins, ends in self.intervals:
            if begins < at:
                continue
            if left < begins - at:
                break
            at, left = ends, left - (begins - at)
        return at + left

    def covers_all(self, start: datetime, end: datetime) -> bool:
        """Whether it is silenced from `start` to `end`."""
        return start < end and self.free_from(start) >= end


NEVER = Quiet()


def quiet(
    alert: Alert, silences: Sequence[Silence], affected: Sequence[Affected] | None = None
) -> Quiet:
    """When `alert` is silenced as far as it is about `affected`; None or nothing means all."""
    if not silences:
        return NEVER
    sites = tuple(affected or ()) or sites_of(alert)
    about = {one: [s for s in silences if covers(s.matchers, alert, one)] for one in sites}
    if not all(about.values()):
        return NEVER
    common: list[Interval] | None = None
    for found in about.values():
        mine = _joined([(s.starts_at, s.until) for s in found if s.starts_at < s.until])
        common = mine if common is None else _both(common, mine)
    return Quiet(tuple(common or ()))


def in_force(
    alert: Alert,
    silences: Sequence[Silence],
    now: datetime,
    affected: Sequence[Affected] | None = None,
) -> Silence | None:
    """The silence that keeps `alert` quiet at `now`, of several the one that ends last."""
    if not quiet(alert, silences, affected).at(now):
        return None
    sites = tuple(affected or ()) or sites_of(alert)
    found = [
        s
        for s in silences
        if s.starts_at <= now < s.until and any(covers(s.matchers, alert, one) for one in sites)
    ]
    return max(found, key=lambda each: (each.until, each.id))


def _joined(intervals: list[Interval]) -> list[Interval]:
    found: list[Interval] = []
    for start, end in sorted(intervals):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found


def _both(some: list[Interval], others: list[Interval]) -> list[Interval]:
    pairs = ((max(a, c), min(b, d)) for a, b in some for c, d in others)
    return sorted((start, end) for start, end in pairs if start < end)
