"""Runs and checks out of the log: which configurations were in force, and the timelines of sites.

Results are read in batches of sites, so that memory does not grow with the number of sites, and
with no more of each than decides up or down.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, literal, select

from supportops.db.schema import EPOCH, Instant, check_results, check_runs
from supportops.sites.check import ProbeResult, Reason, State
from supportops.sites.history import LAST, LONGEST_LEAD, FleetHistory, SiteHistory
from supportops.sites.site import Fleet
from supportops.sites.standing import Attempt, Standing
from supportops.sites.timeline import CheckedRun, Timeline, is_decided, longest_window, timeline

FleetOf = Callable[[Connection, str], Fleet]
"""The fleet of a stored configuration, by its digest."""

# Results read at a time.
_AT_ONCE = 50_000
_MOMENT = timedelta(microseconds=1)
# A look into a mapping costs a tenth of a call of the enumeration.
_STATES = {state.value: state for state in State}
_REASONS = {reason.value: reason for reason in Reason}


@dataclass(frozen=True, slots=True)
class JudgedRun:
    """A judged run: whether it was blind, and its number in the order of judgement."""

    blind: bool
    order: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of one site's log: its timeline in [start, end).

    `begun`: when the first began of the incidents that decide how it starts. `down_since`: when the
    outage began in which it starts, which decides where no check of a week does. `renamed`: as for
    `timeline`.
    """

    name: str
    history: SiteHistory
    start: datetime
    end: datetime
    begun: datetime
    renamed: Sequence[Standing] = ()
    down_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a site's checks say: its timeline, and the instants of its runs, in order. The runs
    begin before the time that was asked for and end after it."""

    timeline: Timeline
    checks: Sequence[datetime]


class CheckLog:
    """The log of checks, as the store knew it at `as_of`, by the runs that were judged by then."""

    def __init__(self, connection: Connection, as_of: datetime | None = None) -> None:
        self.connection, self.as_of = connection, as_of
        self._judged: dict[datetime, JudgedRun] = {}
        self._first, self._last = LAST, LAST

    def seen(self, wanted: Iterable[Wanted]) -> Iterator[tuple[Wanted, Seen]]:
        """What each asks for, in another order. Those about the same time of sites that are
        checked equally often are read together."""
        groups: defaultdict[tuple[datetime, datetime, timedelta], list[Wanted]] = defaultdict(list)
        for each in wanted:
            groups[each.start, each.end, few_of(each.history)].append(each)
        for (start, end, few), found in sorted(groups.items(), key=lambda group: group[0]):
            first, last = earlier(start, few), later(end, few)
            slots = sum(first <= slot < last for slot in self._runs(first, last))
            size = max(1, _AT_ONCE // max(1, slots))
            for at in range(0, len(found), size):
                batch = found[at : at + size]
                runs = self.runs([each.name for each in batch], first, last)
                for each in batch:
                    yield each, self._seen(each, runs.get(each.name, []), few)

    def _seen(self, wanted: Wanted, runs: list[CheckedRun], few: timedelta) -> Seen:
        """`runs` reach from `few` before the time to as long after it, so that what began at its
        end is confirmed. More are read where an incident began before them, and where they do not
        decide whether the site was up when the rate of failures at that time began to count."""
        name, history, start = wanted.name, wanted.history, wanted.start
        first = earlier(start, few)
        reached = min(first, earlier(wanted.begun, few))
        if reached < first:
            runs = self.runs([name], reached, first).get(name, []) + runs
        lead = start - reached
        rated = earlier(min(start, wanted.begun), window_of(history))
        before = [run for run in runs if run.planned_at < rated]
        added = next((e.start for e in history.eras() if e.covers(start)), start)
        while lead < LONGEST_LEAD and reached > added and not is_decided(before, history):
            lead *= 4
            longer = earlier(start, lead)
            more = self.runs([name], longer, reached).get(name, [])
            before, runs, reached = more + before, more + runs, longer
        begun = wanted.down_since
        if begun is not None and begun < reached and not is_decided(before, history):
            runs = self.runs([name], earlier(begun, few), reached).get(name, []) + runs
        in_order = sorted(runs, key=lambda run: self._judged[run.planned_at].order)
        return Seen(timeline(in_order, history, wanted.renamed), sorted(run.at for run in runs))

    def runs(
        self, names: Sequence[str], start: datetime, end: datetime
    ) -> dict[str, list[CheckedRun]]:
        """The judged runs in slots of [start, end) by site, in order of their slots."""
        judged = self._runs(start, end)
        c = check_results.c
        statement = (
            select(c.site, c.slot, c.attempt, c.state, c.reason, c.checked_at)
            .where(c.site.in_(names), c.page == "", c.slot >= start, c.slot < end)
            .order_by(c.site, c.slot, c.attempt)
        )
        found: dict[str, list[CheckedRun]] = {}
        last: tuple[str, datetime] | None = None
        tries: list[Attempt] = []
        for name, slot, number, state, reason, at in self.connection.execute(statement).all():
            run = judged.get(slot)
            if run is None:
                continue
            if last != (name, slot):
                last, tries = (name, slot), []
                found.setdefault(name, []).append(CheckedRun(tries, run.blind, slot))
            result = ProbeResult("", _STATES[state], _REASONS[reason], at)
            tries.append(Attempt(name, "", number, result))
        return found

    def checks(
        self, names: Sequence[str], start: datetime, end: datetime
    ) -> dict[str, list[datetime]]:
        """When each site was checked in [start, end), in order: the last try of each judged run."""
        judged = self._runs(earlier(start, LATEST_TRY), end)
        c = check_results.c
        at = func.max(c.checked_at)
        statement = (
            select(c.site, c.slot, at)
            .where(c.site.in_(names), c.page == "", c.slot >= earlier(start, LATEST_TRY))
            .where(c.slot < end)
            .group_by(c.site, c.slot)
            .having(at >= start, at < end)
        )
        found: dict[str, list[datetime]] = {}
        for name, slot, instant in self.connection.execute(statement):
            if slot in judged:
                found.setdefault(name, []).append(instant)
        return {name: sorted(instants) for name, instants in found.items()}

    def _runs(self, start: datetime, end: datetime) -> Mapping[datetime, JudgedRun]:
        """The judged runs by slot, those in [start, end) among them."""
        if self._first == LAST:
            self._first = self._last = start
        for first, last in ((start, self._first), (self._last, end)):
            if first < last:
                self._judged |= self._read_runs(first, last)
        self._first, self._last = min(start, self._first), max(end, self._last)
        return self._judged

    def _read_runs(self, start: datetime, end: datetime) -> dict[datetime, JudgedRun]:
        c = check_runs.c
        blind = c.summary["blind"].as_boolean()
        statement = select(c.slot, c.judged_order, blind).where(c.slot >= start, c.slot < end)
        statement = statement.where(c.judged_order.is_not(None))
        if self.as_of is not None:
            statement = statement.where(c.started_at <= self.as_of, c.judged_at <= self.as_of)
        rows = self.connection.execute(statement)
        return {slot: JudgedRun(bool(is_blind), order) for slot, order, is_blind in rows}


# A run that was killed is judged by the next one, with the tries that it has.
LATEST_TRY = timedelta(hours=1)


def fleet_history(
    connection: Connection,
    fleet_of: FleetOf,
    start: datetime,
    end: datetime,
    unchecked: Fleet | None = None,
    as_of: datetime | None = None,
) -> FleetHistory:
    """The fleets that were in force in [start, end), as the store knew them at `as_of`.

    `unchecked`: the one to go by in a store that has no run at all.
    """
    c = check_runs.c
    known = [] if as_of is None else [c.started_at <= as_of]
    before = select(func.max(c.slot)).where(c.slot < start, *known).scalar_subquery()
    previous = func.lag(c.configuration).over(order_by=c.slot).label("previous")
    runs = (
        select(c.slot, c.configuration, previous)
        .where(c.slot >= func.coalesce(before, literal(start, Instant)), c.slot < end, *known)
        .subquery()
    )
    changed = runs.c.previous.is_(None) | (runs.c.previous != runs.c.configuration)
    statement = select(runs.c.slot, runs.c.configuration).where(changed).order_by(runs.c.slot)
    rows = connection.execute(statement).all()
    changes = [(slot, fleet_of(connection, digest)) for slot, digest in rows]
    if not changes and unchecked is not None:
        some = connection.execute(select(c.slot).limit(1)).first()
        return FleetHistory([]) if some else FleetHistory.always(unchecked)
    return FleetHistory(changes)


def fleet_at(connection: Connection, fleet_of: FleetOf, as_of: datetime, unchecked: Fleet) -> Fleet:
    """The fleet that was in force at `as_of`, an empty one before the first run of checks;
    `unchecked` in a store that has no run at all."""
    known = fleet_history(connection, fleet_of, as_of, later(as_of, _MOMENT), unchecked, as_of)
    return known.changes[-1][1] if known.changes else Fleet((), unchecked.policy)


def few_of(history: SiteHistory) -> timedelta:
    """How long before and after a time checks decide about it: as long as it takes at most to
    confirm what began, before those that count for the rate of failures."""
    return window_of(history) + max(
        (len(term.policy.confirm_after) + term.policy.recovery_checks + 2) * term.site.interval
        for term in history.terms
    )


def window_of(history: SiteHistory) -> timedelta:
    """How long a failed request counts for the rate of failures."""
    return max(longest_window(term.policy, term.site.interval) for term in history.terms)


def earlier(instant: datetime, by: timedelta) -> datetime:
    """`by` before the instant; nothing was recorded before the epoch."""
    return instant - by if instant > EPOCH + by else min(instant, EPOCH)


def later(instant: datetime, by: timedelta) -> datetime:
    """`by` after the instant, or the end of the calendar."""
    return instant + by if instant < LAST - by else LAST
