"""The past of sites out of the store: their checks, each judged by the configuration of its run.

Results are read in batches of sites, so that memory does not grow with the number of sites, and
with no more of each than decides up or down.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import Connection, select

from supportops.db.schema import EPOCH, check_results, check_runs
from supportops.sites.availability import CheckedRun, is_decided, timeline
from supportops.sites.check import ProbeResult, Reason, State
from supportops.sites.history import LAST, FleetHistory, SiteHistory
from supportops.sites.incident import Incident
from supportops.sites.outages import SitePast, outages_of, renamed_in, was_renamed
from supportops.sites.renaming import standing_when_renamed
from supportops.sites.site import Fleet
from supportops.sites.standing import Attempt
from supportops.sites.store import list_incidents

FleetOf = Callable[[Connection, str], Fleet]
"""The fleet of a stored configuration, by its digest."""

# A site that was neither confirmed up nor down for so long counts as new.
LONGEST_LEAD = timedelta(days=7)
# Results read at a time.
_AT_ONCE = 50_000


@dataclass(frozen=True, slots=True)
class LoggedRun:
    """One run of the log: the digest of its configuration, and what its judgement was.

    `order` counts the judgements; None while the run waits for its own.
    """

    slot: datetime
    configuration: str
    blind: bool
    order: int | None


def fleet_history(
    connection: Connection,
    fleet_of: FleetOf,
    start: datetime,
    end: datetime,
    unchecked: Fleet | None = None,
) -> FleetHistory:
    """The fleets that were in force in [start, end). `unchecked`: the one to go by in a store
    that has no run at all."""
    return _history(connection, fleet_of, _runs_in(connection, start, end, None), unchecked)


def pasts(
    connection: Connection,
    fleet_of: FleetOf,
    start: datetime,
    end: datetime,
    *,
    only: Sequence[str] | None = None,
    unchecked: Fleet | None = None,
    as_of: datetime | None = None,
) -> tuple[list[str], Iterator[SitePast]]:
    """The names of the sites that were configured at any time in [start, end), or of those of
    them that are in `only`, and the past of each, in another order.

    As the store knew it at `as_of`, by the runs that were judged by then. `unchecked`: the fleet
    to go by in a store that has no run at all.
    """
    log = _Log(connection, fleet_of, start, end, unchecked, as_of, only)
    histories = log.fleets.sites(start, end, only)
    return list(histories), log.pasts(histories)


class _Log:
    """The log of checks in and around a period."""

    def __init__(
        self,
        connection: Connection,
        fleet_of: FleetOf,
        start: datetime,
        end: datetime,
        unchecked: Fleet | None,
        as_of: datetime | None,
        only: Sequence[str] | None,
    ) -> None:
        self.connection, self.start, self.end, self.as_of = connection, start, end, as_of
        site = only[0] if only is not None and len(only) == 1 else None
        self.incidents = by_site(list_incidents(connection, start, end, site))
        touching = [each for found in self.incidents.values() for each in found]
        begun = min((each.started_at for each in touching), default=start)
        first = earlier(min(begun, start), LONGEST_LEAD)
        until = later(max(end, as_of or end), LONGEST_LEAD)
        runs = _runs_in(connection, first, until, as_of)
        self.fleets = _history(connection, fleet_of, runs, unchecked)
        self.judged = {run.slot: run for run in runs if run.order is not None}

    def pasts(self, histories: Mapping[str, SiteHistory]) -> Iterator[SitePast]:
        """The past of each site; those that are checked equally often are read together."""
        by_lead: defaultdict[timedelta, list[str]] = defaultdict(list)
        for name, history in histories.items():
            by_lead[_few(history)].append(name)
        for few, names in by_lead.items():
            first, last = earlier(self.start, few), later(self.end, few)
            slots = sum(first <= slot < last for slot in self.judged)
            size = max(1, _AT_ONCE // max(1, slots))
            for at in range(0, len(names), size):
                batch = names[at : at + size]
                runs = self._runs(batch, first, last)
                for name in batch:
                    yield self._past(name, histories[name], runs.get(name, []), few)

    def _past(
        self, name: str, history: SiteHistory, runs: list[CheckedRun], few: timedelta
    ) -> SitePast:
        """`runs` reach from `few` before the period to as long after it, so that what began at
        its end is confirmed. More are read where they do not decide how it begins, and where an
        outage reaches beyond them."""
        incidents = self.incidents.get(name, [])
        first = earlier(self.start, few)
        begun = min((each.started_at for each in incidents), default=self.start)
        wanted = min(first, earlier(begun, few))
        if wanted < first:
            runs = self._runs([name], wanted, first).get(name, []) + runs
        last = later(self.end, few)
        lasted = [each.ended_at or self.as_of for each in incidents]
        until = max((later(at, few) for at in lasted if at is not None), default=last)
        if self.as_of is not None and until > last:
            runs = runs + self._runs([name], last, until).get(name, [])
        lead = self.start - wanted
        before = [run for run in runs if run.planned_at < self.start]
        added = next((e.start for e in history.eras() if e.covers(self.start)), self.start)
        while lead < LONGEST_LEAD and wanted > added and not is_decided(before, history):
            lead *= 4
            longer = earlier(self.start, lead)
            more = self._runs([name], longer, wanted).get(name, [])
            before, runs, wanted = more + before, more + runs, longer
        renamed = [standing_when_renamed(each) for each in incidents if was_renamed(each)]
        flips = timeline(self._in_order_of_judgement(runs), history, renamed)
        as_of = LAST if self.as_of is None else self.as_of
        outages = outages_of(incidents, name, history, flips, as_of)
        return SitePast(name, history, flips, sorted(run.at for run in runs), outages)

    def _runs(
        self, names: Sequence[str], start: datetime, end: datetime
    ) -> dict[str, list[CheckedRun]]:
        """The judged runs in slots of [start, end) by site, in order of their slots."""
        c = check_results.c
        statement = (
            select(c.site, c.slot, c.attempt, c.state, c.reason, c.checked_at)
            .where(c.site.in_(names), c.page == "", c.slot >= start, c.slot < end)
            .order_by(c.site, c.slot, c.attempt)
        )
        found: dict[str, list[CheckedRun]] = {}
        rows = self.connection.execute(statement).all()
        for (name, slot), tries in groupby(rows, key=lambda row: (row[0], row[1])):
            run = self.judged.get(slot)
            if run is not None:
                found.setdefault(name, []).append(
                    CheckedRun([_attempt(name, *row[2:]) for row in tries], run.blind, slot)
                )
        return found

    def _in_order_of_judgement(self, runs: list[CheckedRun]) -> list[CheckedRun]:
        """In this order the incidents were folded."""
        return sorted(runs, key=lambda run: self.judged[run.planned_at].order or 0)


def _few(history: SiteHistory) -> timedelta:
    """As long as it takes at most to confirm what began."""
    return max(
        (len(term.policy.confirm_after) + term.policy.recovery_checks + 2) * term.site.interval
        for term in history.terms
    )


def _attempt(name: str, number: int, state: str, reason: str, checked_at: datetime) -> Attempt:
    return Attempt(name, "", number, ProbeResult("", State(state), Reason(reason), checked_at))


def _runs_in(
    connection: Connection, start: datetime, end: datetime, as_of: datetime | None
) -> list[LoggedRun]:
    """The runs in slots of [start, end) and the last one before, as the store knew them at
    `as_of`; in order of their slots."""
    c = check_runs.c
    blind = c.summary["blind"].as_boolean()
    columns = select(c.slot, c.configuration, c.judged_at, c.judged_order, blind)
    if as_of is not None:
        columns = columns.where(c.started_at <= as_of)
    before = columns.where(c.slot < start).order_by(c.slot.desc()).limit(1)
    inside = columns.where(c.slot >= start, c.slot < end).order_by(c.slot)
    return [
        LoggedRun(
            slot,
            configuration,
            bool(blind),
            order if as_of is None or (judged_at is not None and judged_at <= as_of) else None,
        )
        for statement in (before, inside)
        for slot, configuration, judged_at, order, blind in connection.execute(statement).all()
    ]


def _history(
    connection: Connection,
    fleet_of: FleetOf,
    runs: Iterable[LoggedRun],
    unchecked: Fleet | None,
) -> FleetHistory:
    changes = [
        (next(each).slot, fleet_of(connection, digest))
        for digest, each in groupby(runs, key=lambda run: run.configuration)
    ]
    if not changes and unchecked is not None:
        some = connection.execute(select(check_runs.c.slot).limit(1)).first()
        return FleetHistory([]) if some else FleetHistory.always(unchecked)
    return FleetHistory(changes)


def by_site(incidents: Iterable[Incident]) -> dict[str, list[Incident]]:
    """The incidents that concern each site, its server's included; of one that was renamed in its
    server's outage under both names."""
    found: dict[str, list[Incident]] = {}
    for each in incidents:
        if each.site is not None:
            found.setdefault(each.site, []).append(each)
        named = each.facts.get("sites")
        names = [str(name) for name in named] if isinstance(named, list) else []
        for name in dict.fromkeys([*names, *renamed_in(each)]):
            found.setdefault(name, []).append(each)
    return found


def earlier(instant: datetime, by: timedelta) -> datetime:
    """`by` before the instant; nothing was recorded before the epoch."""
    return instant - by if instant > EPOCH + by else min(instant, EPOCH)


def later(instant: datetime, by: timedelta) -> datetime:
    """`by` after the instant, or the end of the calendar."""
    return instant + by if instant < LAST - by else LAST
