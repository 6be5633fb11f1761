"""What silence may be due to: our own stops, the outage of a site, its maintenance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from sqlalchemy import Connection

from supportops.flows.sites.pushing import endpoint
from supportops.sites.history import LAST, Span
from supportops.sites.incident import Incident, IncidentKind
from supportops.sites.push.monitor import Monitor, about
from supportops.sites.push.standing import Surroundings
from supportops.sites.site import Fleet
from supportops.sites.store import list_incidents


@dataclass(frozen=True, slots=True)
class Around:
    """What happened since an instant, for every monitor."""

    fleet: Fleet
    unseen: Sequence[Span]
    outages: Sequence[Incident]
    now: datetime

    @classmethod
    def load(cls, connection: Connection, fleet: Fleet, since: datetime, now: datetime) -> Around:
        incidents = list_incidents(connection, since, LAST)
        blind = [_span(each) for each in incidents if each.kind is IncidentKind.BLIND]
        kinds = (IncidentKind.OUTAGE, IncidentKind.HOST_OUTAGE)
        outages = [each for each in incidents if each.kind in kinds]
        return cls(fleet, [*endpoint.unseen(connection, since, now), *blind], outages, now)

    def also_unseen(self, unseen: Sequence[Span]) -> Around:
        """With more time in which no push could reach the log."""
        return replace(self, unseen=[*self.unseen, *unseen])

    def of(self, monitor: Monitor) -> Surroundings:
        """For one monitor. Of a server: it is down as a whole, or each of its sites is."""
        return Surroundings(
            self.now, self.unseen, self._down(monitor), _maintenance(monitor, self.fleet)
        )

    def covered_by(self, monitor: Monitor) -> Incident | None:
        """The open outage that the monitor is part of."""
        names = {site.name for site in about(monitor, self.fleet)}
        for each in self.outages:
            if each.ended_at is None and self._hurts(each, monitor, names):
                return each
        return None

    def _down(self, monitor: Monitor) -> list[Span]:
        names = {site.name for site in about(monitor, self.fleet)}
        spans = [_span(each) for each in self.outages if self._hurts(each, monitor, names)]
        if monitor.server is not None and len(names) > 1:
            alone = [each for each in self.outages if each.site in names]
            spans += _together(alone, names)
        return spans

    def _hurts(self, incident: Incident, monitor: Monitor, names: set[str]) -> bool:
        if incident.kind is IncidentKind.HOST_OUTAGE:
            listed = incident.facts.get("sites") or ()
            return incident.host == monitor.server or not names.isdisjoint(
                listed if monitor.site is not None else ()
            )
        whole = {incident.site} == names
        return incident.site == monitor.site if monitor.site is not None else whole


def _span(incident: Incident) -> Span:
    return Span(incident.started_at, incident.ended_at or LAST)


def _together(outages: Sequence[Incident], names: set[str]) -> list[Span]:
    """When every one of the sites was down."""
    edges = sorted({edge for each in outages for edge in (_span(each).start, _span(each).end)})
    found = []
    for start, end in pairwise(edges):
        if {each.site for each in outages if _span(each).covers(start)} == names:
            found.append(Span(start, end))
    return found


def _maintenance(monitor: Monitor, fleet: Fleet) -> Callable[[datetime], bool]:
    """Of its site; of a server: each of its sites is in maintenance."""
    sites = about(monitor, fleet)
    return lambda at: bool(sites) and all(site.in_maintenance(at) for site in sites)


def by_kind(incidents: Sequence[Incident]) -> Mapping[str, dict[IncidentKind, Incident]]:
    """Open incidents of monitors, by the token of the monitor."""
    found: dict[str, dict[IncidentKind, Incident]] = {}
    for each in incidents:
        found.setdefault(str(each.facts.get("token")), {})[each.kind] = each
    return found
