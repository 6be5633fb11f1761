"""Folds the log of checks into summaries of days, in batches that may be interrupted at any time.

An hour is folded when every run that began in it and shortly after it is judged, and as far as no
later run can change what it says. A site that is in question (an outage or a recovery that is not
confirmed yet) waits, without those beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, func, select

from supportops.db.engine import reading, writing
from supportops.db.locks import Lock, advisory_lock
from supportops.db.schema import check_runs
from supportops.sites.history import LONGEST_LEAD, Span
from supportops.sites.incident import DEGRADED, Incident
from supportops.sites.log.checks import (
    CheckLog,
    FleetOf,
    Wanted,
    earlier,
    few_of,
    fleet_history,
    later,
)
from supportops.sites.log.reading import by_site
from supportops.sites.outages import down_since, was_renamed
from supportops.sites.renaming import standing_when_renamed
from supportops.sites.store import list_incidents
from supportops.sites.summaries import store
from supportops.sites.summaries.day import DAY, HOUR, DaySummary, day_of, hour_of, merged, summaries

# Sites that are folded in one transaction.
AT_ONCE = 200
# A run begins at most ten minutes after its slot; so much later, nothing is added to an hour.
SETTLES = timedelta(minutes=30)
_MOMENT = timedelta(microseconds=1)
_c = check_runs.c


@dataclass(frozen=True, slots=True)
class Batch:
    """Some sites whose log was folded: how many, how many of them are further on now, and up to
    which instant they were to be folded."""

    until: datetime
    sites: int
    moved: int
    days: int


def limit(connection: Connection) -> datetime | None:
    """Up to which hour the log can be folded; None where there is no judged run."""
    newest = connection.execute(select(func.max(_c.slot)).where(_c.judged_at.is_not(None))).scalar()
    if newest is None:
        return None
    waiting = connection.execute(select(func.min(_c.slot)).where(_c.judged_at.is_(None))).scalar()
    at: datetime = min(newest - SETTLES, waiting or newest)
    return hour_of(at)


def fold(engine: Engine, fleet_of: FleetOf) -> Iterator[Batch]:
    """Folds what can be folded, a batch of sites and a day at a time, the oldest first.

    Each batch is one transaction. Whoever stops iterating has what was folded so far.
    """
    with writing(engine) as connection:
        until = limit(connection)
        if until is None:
            return
        _find_sites(connection, fleet_of, until)
    tried: dict[str, datetime] = {}
    while True:
        with reading(engine) as connection:
            waiting = {
                name: at
                for name, at in store.folded_until(connection).items()
                if at < until and tried.get(name) != at
            }
        if not waiting:
            return
        start = min(waiting.values())
        names = sorted(name for name, at in waiting.items() if at == start)
        end = min(until, day_of(start) + DAY)
        for at in range(0, len(names), AT_ONCE):
            yield _fold_batch(engine, fleet_of, names[at : at + AT_ONCE], start, end, until)
        tried |= dict.fromkeys(names, start)


def _find_sites(connection: Connection, fleet_of: FleetOf, until: datetime) -> None:
    """Adds the sites that were configured since all known ones were."""
    since = store.furthest(connection)
    first = connection.execute(select(func.min(_c.slot))).scalar()
    assert first is not None
    start = since or hour_of(first)
    if start >= until:
        return
    fleets = fleet_history(connection, fleet_of, start, until)
    found = fleets.sites(start, until)
    begun = {name: max(start, hour_of(found[name].eras()[0].start)) for name in found}
    store.add_sites(connection, sorted(begun.items()))


def _fold_batch(
    engine: Engine,
    fleet_of: FleetOf,
    names: Sequence[str],
    start: datetime,
    end: datetime,
    until: datetime,
) -> Batch:
    with reading(engine) as connection:
        reader = _Reader(connection, fleet_of, names, start, until)
        reader.read(Span(start, end), end)
        if len(reader.moved) < len(names) and end < until:
            # Where a day decides nothing about a site, all that is known of it may.
            reader.read(Span(start, until), end)
    try:
        with writing(engine) as connection:
            # While this is held no run is judged; it takes a few hundredths of a second.
            advisory_lock(connection, Lock.JUDGE_SITES)
            reader.check(connection)
            day = day_of(start)
            kept = store.days(connection, day, day + DAY, names)
            store.keep(connection, merged(kept, reader.days, start))
            store.move(connection, reader.moved)
    except _Overtaken:
        return Batch(end, len(names), 0, 0)
    return Batch(end, len(names), len(reader.moved), len(reader.days))


class _Overtaken(Exception):
    """What a batch was read from has changed since."""


class _Reader:
    """Reads a batch: the summaries of some sites from `start` on, of each as far as it is
    settled."""

    def __init__(
        self,
        connection: Connection,
        fleet_of: FleetOf,
        names: Sequence[str],
        start: datetime,
        until: datetime,
    ) -> None:
        self.connection, self.names, self.start = connection, names, start
        touching = by_site(list_incidents(connection, start, later(start, _MOMENT)))
        down = [down_since(touching.get(name, ()), start) or start for name in names]
        self.first, self.until = earlier(min(down), LONGEST_LEAD), until
        last = later(until, LONGEST_LEAD)
        fleets = fleet_history(connection, fleet_of, self.first, last)
        self.histories = fleets.sites(start, until, set(names))
        self.runs = self._runs(connection)
        self.log = CheckLog(connection)
        self.days: list[DaySummary] = []
        self.moved = {name: until for name in names if name not in self.histories}

    def read(self, span: Span, end: datetime) -> None:
        """Folds until `end` what the checks of `span` settle."""
        left = [name for name in self.histories if name not in self.moved]
        wide = later(span.end, max((few_of(self.histories[name]) for name in left), default=HOUR))
        incidents = by_site(list_incidents(self.connection, self.start, wide))
        known_at = self._known_at(wide)
        wanted = [self._wanted(name, incidents.get(name, []), span) for name in left]
        for each, seen in self.log.seen(wanted):
            at = min(end, hour_of(max(seen.timeline.settled, self.start)))
            if at > self.start:
                self.moved[each.name] = at
                flips, part = seen.timeline.flips, Span(self.start, at)
                self.days += summaries(each.name, each.history, flips, seen.checks, part, known_at)

    def _wanted(self, name: str, incidents: Sequence[Incident], span: Span) -> Wanted:
        begun = [i.started_at for i in incidents if i.reason == DEGRADED]
        renamed = [standing_when_renamed(each) for each in incidents if was_renamed(each)]
        since = min([span.start, *begun])
        history, down = self.histories[name], down_since(incidents, span.start)
        return Wanted(name, history, span.start, span.end, since, renamed, down)

    def check(self, connection: Connection) -> None:
        """Raises _Overtaken where the batch was folded, or one of its runs judged, meanwhile."""
        folded = store.folded_until(connection)
        if self._runs(connection) != self.runs or any(
            folded.get(name) != self.start for name in self.names
        ):
            raise _Overtaken

    def _runs(self, connection: Connection) -> tuple[int, int, int]:
        """What tells whether one more run was begun or judged."""
        slots = (_c.slot >= self.first, _c.slot < self.until + SETTLES)
        judged = _c.judged_order
        statement = select(func.count(), func.count(judged), func.max(judged)).where(*slots)
        begun, done, newest = connection.execute(statement).one()
        return begun, done, newest or 0

    def _known_at(self, last: datetime) -> datetime:
        statement = select(func.max(_c.judged_at), func.max(_c.started_at)).where(
            _c.slot >= self.first, _c.slot < last
        )
        found: list[datetime] = [at for at in self.connection.execute(statement).one() if at]
        return max(found)
