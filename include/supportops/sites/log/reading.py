"""The past of sites out of the store: what summaries of it there are, and their checks after that.

Each check is judged by the configuration of its run. An answer from summaries and one from checks
are the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from supportops.sites.availability import pieces
from supportops.sites.history import FIRST, LAST, LONGEST_LEAD, Span
from supportops.sites.incident import DEGRADED, Incident
from supportops.sites.log.checks import (
    CheckLog,
    FleetOf,
    Seen,
    Wanted,
    earlier,
    fleet_history,
    later,
)
from supportops.sites.outages import (
    CountedChecks,
    SitePast,
    down_since,
    outages_of,
    renamed_in,
    was_renamed,
)
from supportops.sites.renaming import standing_when_renamed
from supportops.sites.site import Fleet
from supportops.sites.standing import SiteState
from supportops.sites.store import list_incidents
from supportops.sites.summaries import store as summaries
from supportops.sites.summaries.day import DAY, HOUR, day_of, decoded, hour_of, next_day
from supportops.sites.timeline import Flip


def pasts(
    connection: Connection,
    fleet_of: FleetOf,
    start: datetime,
    end: datetime,
    *,
    only: Sequence[str] | None = None,
    unchecked: Fleet | None = None,
    as_of: datetime | None = None,
    cuts: Sequence[datetime] | None = None,
) -> tuple[list[str], Iterator[SitePast]]:
    """The names of the sites that were configured at any time in [start, end), or of those of
    them that are in `only`, and the past of each, in another order.

    As the store knew it at `as_of`, by the runs that were judged by then. `unchecked`: the fleet
    to go by in a store that has no run at all. The pasts can be asked about the period; where
    `cuts` are given, about what lies between any two of them or of the hours of the period.
    """
    past = _Past(connection, fleet_of, start, end, only, unchecked, as_of)
    return list(past.histories), past.read(cuts)


@dataclass(slots=True)
class _Part:
    """What of one site's past is read from where: summaries of [first, cut), checks of
    [cut, last)."""

    wanted: Wanted
    incidents: Sequence[Incident]
    first: datetime
    cut: datetime
    flips: list[Flip] = field(default_factory=list)
    counted: list[CountedChecks] = field(default_factory=list)
    checks: list[datetime] = field(default_factory=list)


class _Past:
    """The past of the sites of a period."""

    def __init__(
        self,
        connection: Connection,
        fleet_of: FleetOf,
        start: datetime,
        end: datetime,
        only: Sequence[str] | None,
        unchecked: Fleet | None,
        as_of: datetime | None,
    ) -> None:
        self.connection, self.start, self.end, self.as_of = connection, start, end, as_of
        self.log = CheckLog(connection, as_of)
        site = only[0] if only is not None and len(only) == 1 else None
        self.incidents = by_site(list_incidents(connection, start, end, site))
        touching = [each for found in self.incidents.values() for each in found]
        begun = min((each.started_at for each in touching), default=start)
        first = earlier(min(begun, start), LONGEST_LEAD)
        until = later(max(end, as_of or end), LONGEST_LEAD)
        fleets = fleet_history(connection, fleet_of, first, until, unchecked, as_of)
        self.histories = fleets.sites(start, end, only)

    def read(self, cuts: Sequence[datetime] | None) -> Iterator[SitePast]:
        parts = self._parts(self._folded_until())
        self._add_flips(parts)
        self._add_counts(parts, cuts)
        asked = {id(each.wanted): each for each in parts}
        for each in parts:
            if each.cut >= each.wanted.end:
                yield self._past(each, None)
        for wanted, seen in self.log.seen(p.wanted for p in parts if p.cut < p.wanted.end):
            yield self._past(asked[id(wanted)], seen)

    def _folded_until(self) -> Mapping[str, datetime]:
        found = summaries.folded_until(self.connection, self.histories)
        if self.as_of is None or not found:
            return found
        begun = [i.started_at for each in self.incidents.values() for i in each]
        first = min([self.start, *begun])
        known = summaries.known_until(self.connection, self.as_of, first)
        return {name: min(until, known) for name, until in found.items()}

    def _parts(self, folded_until: Mapping[str, datetime]) -> list[_Part]:
        parts = []
        for name, history in self.histories.items():
            incidents = self.incidents.get(name, [])
            first = min([self.start, *(each.started_at for each in incidents)])
            lasted = [each.ended_at or self.as_of for each in incidents]
            last = max([self.end, *(at for at in lasted if at is not None)])
            cut = min(max(folded_until.get(name, first), first), last)
            # How an outage stands where the summaries end is seen by the checks right before that;
            # whether a site is degraded by all since it began.
            decides = [each for each in incidents if cut == first or each.reason == DEGRADED]
            begun = min((each.started_at for each in decides), default=cut)
            renamed = [standing_when_renamed(each) for each in incidents if was_renamed(each)]
            down = down_since(incidents, cut)
            wanted = Wanted(name, history, cut, last, begun, renamed, down)
            parts.append(_Part(wanted, incidents, first, cut))
        return parts

    def _add_flips(self, parts: Iterable[_Part]) -> None:
        """The timelines of what is folded: up, but for the days that say otherwise."""
        from_summaries = [part for part in parts if part.first < part.cut]
        groups: defaultdict[datetime, list[_Part]] = defaultdict(list)
        for part in from_summaries:
            groups[min(self.start, part.first)].append(part)
        for first, found in sorted(groups.items(), key=lambda group: group[0]):
            names = {part.wanted.name for part in found}
            last = max(part.cut for part in found)
            other = summaries.timelines(self.connection, first, last, names)
            for part in found:
                part.flips = _flips(other.get(part.wanted.name, ()), part.first, part.cut)

    def _add_counts(self, parts: Iterable[_Part], cuts: Sequence[datetime] | None) -> None:
        """The checks in the folded part of the period: of whole days together, else by the hour;
        those of an hour that is cut one by one."""
        groups: defaultdict[datetime, dict[str, _Part]] = defaultdict(dict)
        for part in parts:
            if self.start < part.cut:
                groups[min(part.cut, self.end)][part.wanted.name] = part
        instants = {self.start, self.end, *(cuts or ())}
        cut = {hour_of(at) for at in instants if hour_of(at) != at}
        removed = (summaries.pruned_until(self.connection) if cut else None) or FIRST
        for end, found in sorted(groups.items(), key=lambda group: group[0]):
            if cuts is None:
                whole = summaries.checks(self.connection, self.start, end, found)
                for name in whole.keys() & found.keys():
                    found[name].counted += whole[name]
            for span in _by_the_hour(self.start, end, cuts is not None):
                rows = summaries.days(self.connection, day_of(span.start), span.end, found)
                hours = ((row, hour) for row in rows if row.site in found for hour in row.counted())
                for row, each in hours:
                    if each.span.start not in cut:
                        pieces = [each]
                    elif each.span.start < removed:
                        quarters = row.in_quarters(each)
                        pieces = [p for part in quarters for p in part.cut(sorted(instants))]
                    else:
                        continue
                    found[row.site].counted += [
                        piece
                        for piece in pieces
                        if piece.span.within(self.start, end) == piece.span
                    ]
            for hour in sorted(cut):
                first, last = max(hour, self.start), min(hour + HOUR, end)
                if first < last and hour >= removed:
                    for name, checks in self.log.checks(list(found), first, last).items():
                        found[name].checks += checks

    def _past(self, part: _Part, seen: Seen | None) -> SitePast:
        name, history = part.wanted.name, part.wanted.history
        flips, checks = list(part.flips), list(part.checks)
        if seen is not None:
            flips += _as_flips(seen.timeline.flips, part.cut, part.wanted.end)
            checks += [at for at in seen.checks if at >= part.cut]
        flips.append(Flip(part.wanted.end, SiteState.UNKNOWN))  # Nothing later was asked for.
        as_of = LAST if self.as_of is None else self.as_of
        outages = outages_of(part.incidents, name, history, flips, as_of)
        counted = sorted(part.counted, key=lambda each: (each.span.start, each.customer))
        return SitePast(name, history, flips, sorted(checks), outages, counted)


def _flips(days: Iterable[tuple[datetime, str]], start: datetime, end: datetime) -> list[Flip]:
    flips = [Flip(start, SiteState.UP)]
    for day, timeline in days:
        flips += [*decoded(timeline, day), Flip(day + DAY, SiteState.UP)]
    return _as_flips(flips, start, end)


def _as_flips(flips: Sequence[Flip], start: datetime, end: datetime) -> list[Flip]:
    """The timeline in [start, end), with its state at the start."""
    return [Flip(piece.start, state) for piece, state in pieces(flips, start, end)]


def _by_the_hour(start: datetime, end: datetime, everything: bool) -> list[Span]:
    """The parts of [start, end) whose checks are counted by the hour: all of it, or what is left
    at its ends by whole days."""
    first, last = next_day(start), day_of(end)
    if everything or first >= last:
        return [Span(start, end)]
    return [Span(*pair) for pair in ((start, first), (last, end)) if pair[0] < pair[1]]


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
