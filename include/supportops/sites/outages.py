"""The past of one site: its timeline and its outages, which every count of them is made from.

Which outages there were is what the incidents say, as they were judged at the time; how long the
site was down in each is what its timeline says. So the availability, the table of sites and the
list of incidents cannot disagree.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from supportops.sites.availability import NOTHING, Availability, states, weigh
from supportops.sites.history import LAST, SiteHistory, Span
from supportops.sites.incident import DEGRADED, Incident, IncidentKind
from supportops.sites.standing import SiteState
from supportops.sites.timeline import Flip


@dataclass(frozen=True, slots=True)
class SiteOutage:
    """One outage of one site: its own incident, or its server's.

    `span` ends at LAST while it lasts, and where the site was removed.
    """

    incident: Incident
    span: Span

    @property
    def ended_at(self) -> datetime | None:
        """None while it lasts."""
        return None if self.span.end == LAST else self.span.end


@dataclass(frozen=True, slots=True)
class CountedChecks:
    """How many checks a site had in `span` while it was the site of `customer`."""

    span: Span
    customer: str
    number: int

    def cut(self, at: Iterable[datetime]) -> list[CountedChecks]:
        """In parts, as if the checks had been made at equal intervals."""
        edges = [self.span.start, *(each for each in at if self.span.covers(each)), self.span.end]
        whole = self.span.end - self.span.start
        counts = [round(self.number * ((edge - self.span.start) / whole)) for edge in edges]
        return [
            CountedChecks(Span(start, end), self.customer, last - first)
            for (start, end), (first, last) in zip(pairwise(edges), pairwise(counts), strict=True)
            if last > first
        ]


@dataclass(frozen=True, slots=True)
class SitePast:
    """A site in and around a period: how it was configured, what its checks saw, its outages.

    `counted`: the checks that are not in `checks`, where summaries count them; in order of time.
    """

    name: str
    history: SiteHistory
    flips: Sequence[Flip]
    checks: Sequence[datetime]
    outages: Sequence[SiteOutage]
    counted: Sequence[CountedChecks] = ()

    def availability(
        self, start: datetime, end: datetime, history: SiteHistory | None = None
    ) -> Availability:
        """The parts of [start, end); of the terms in `history` alone, where it is given.

        Checks that were counted together lie in it as a whole or not at all, or ValueError is
        raised.
        """
        spans = [outage.span for outage in self.outages]
        parts = weigh(self.flips, self.checks, history or self.history, start, end, spans)
        whose = {term.site.customer for term in history.terms} if history else None
        inside = self._counted_in(start, end)
        more = sum(each.number for each in inside if whose is None or each.customer in whose)
        return replace(parts, checks=parts.checks + more)

    def _counted_in(self, start: datetime, end: datetime) -> Sequence[CountedChecks]:
        places = [bisect_left(self.counted, at, key=lambda c: c.span.start) for at in (start, end)]
        first, last = places
        for place, at in zip(places, (start, end), strict=True):
            if place and self.counted[place - 1].span.end > at:
                raise ValueError(f"{at} cuts checks of {self.name} that were counted together")
        return self.counted[first:last]

    def down_in(self, outage: SiteOutage, start: datetime, end: datetime) -> timedelta:
        """How long the site was down in an outage within [start, end).

        Maintenance and unknown time are left out, and so is the time that it was up while the
        incident was held open because the site flapped.
        """
        return down_time(self.flips, self.history, outage.span, start, end)


def down_since(incidents: Iterable[Incident], at: datetime) -> datetime | None:
    """When the outage began that covers an instant; None where none does."""
    begun = (
        each.started_at
        for each in incidents
        if each.kind in (IncidentKind.OUTAGE, IncidentKind.HOST_OUTAGE)
        and each.reason != DEGRADED
        and Span(each.started_at, each.ended_at or LAST).covers(at)
    )
    return min(begun, default=None)


def was_renamed(incident: Incident) -> bool:
    """Whether it goes on from an outage that the site had under another name."""
    follows = bool(incident.facts.get("follows"))
    confirmed_before = incident.started_at == incident.opened_at
    return incident.kind is IncidentKind.OUTAGE and follows and confirmed_before


def renamed_in(server: Incident) -> dict[str, str]:
    """The old and the new names of sites that were renamed during their server's outage."""
    found = server.facts.get("renamed")
    return dict(found) if isinstance(found, dict) else {}


def down_time(
    flips: Sequence[Flip], history: SiteHistory, span: Span, start: datetime, end: datetime
) -> timedelta:
    """The time down in the part of `span` that lies in [start, end)."""
    part = span.within(start, end)
    if part is None:
        return NOTHING
    pieces = states(flips, history, part.start, part.end)
    return sum((p.end - p.start for p, state in pieces if state is SiteState.DOWN), NOTHING)


def outages_of(
    incidents: Iterable[Incident],
    name: str,
    history: SiteHistory | None,
    flips: Sequence[Flip],
    as_of: datetime,
) -> list[SiteOutage]:
    """The outages of the site `name` as they were known at `as_of`, in the order they began.

    `incidents`: those that concern the site, its server's included. A server's outage is one of
    the site too, unless the site was down in it for no other time than that of its own outages.
    One that ended before the site had this name, as was confirmed under this name, is an outage of
    the old name alone.
    """
    known = [each for each in incidents if each.opened_at <= as_of]
    own = [
        SiteOutage(each, its)
        for each in known
        if each.kind is IncidentKind.OUTAGE and each.site == name
        if (its := _span(each, history, as_of)).end > its.start or not was_renamed(each)
    ]
    found = list(own)
    for server in known:
        if server.kind is IncidentKind.HOST_OUTAGE:
            span = _in_era(_span(server, history, as_of), history)
            if span is None:
                continue
            during = [o.span for o in own if o.span.start < span.end and o.span.end > span.start]
            found += [
                SiteOutage(server, part)
                for part in _without(span, during)
                if not during
                or (history and down_time(flips, history, part, part.start, min(part.end, as_of)))
            ]
    return sorted(found, key=lambda each: (each.span.start, each.incident.key))


def _span(incident: Incident, history: SiteHistory | None, as_of: datetime) -> Span:
    """From the first failed check to the first good one, or until the site was removed."""
    confirmed = incident.closed_at or incident.ended_at
    is_over = confirmed is not None and confirmed <= as_of
    end = incident.ended_at if is_over and incident.ended_at else LAST
    for era in history.eras() if history else ():
        if era.start <= incident.started_at < era.end:
            end = min(end, era.end)
    return Span(incident.started_at, max(end, incident.started_at))


def _in_era(span: Span, history: SiteHistory | None) -> Span | None:
    """The part of a server's outage since the site was configured; None where that was later."""
    eras = history.eras() if history else []
    if not eras or any(era.covers(span.start) for era in eras):
        return span
    later = next((era for era in eras if era.start > span.start), None)
    return span.within(later.start, later.end) if later else None


def _without(span: Span, others: Iterable[Span]) -> list[Span]:
    """What is left of `span` without `others`."""
    found, edge = [], span.start
    for other in sorted(others, key=lambda each: each.start):
        if other.start > edge:
            found.append(Span(edge, other.start))
        edge = max(edge, other.end)
    if edge < span.end:
        found.append(Span(edge, span.end))
    return found
