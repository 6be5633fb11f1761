"""The last hours of a site as a narrow strip, coloured by its status at each time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from supportops.sites.history import SiteHistory, Span
from supportops.sites.incident import DEGRADED, Incident, IncidentKind
from supportops.sites.site import FIVE_MINUTES
from supportops.web.tiles import Status

DAY = timedelta(hours=24)
WIDTH = 288.0
"""Units of a strip's drawing: one for each five minutes of a day."""

_NARROWEST = 1.5
_STATUSES = {IncidentKind.OUTAGE: Status.DOWN, IncidentKind.FAULT: Status.FAULT}


@dataclass(frozen=True, slots=True)
class Piece:
    """A rectangle of a strip, in units of its drawing."""

    x: float
    width: float
    status: Status


@dataclass(frozen=True, slots=True)
class Strip:
    """What is drawn of one site, in this order. `unseen`: whether what no site was seen in is
    drawn, which is the same in all strips of a page: `Disruptions.unseen`."""

    under: Sequence[Piece]
    unseen: bool = False
    over: Sequence[Piece] = ()


@dataclass(frozen=True, slots=True)
class Disruptions:
    """Outages and faults in a period by site; `unseen` concerns every site.

    `unseen`: our own connection was down, or no run was judged. There may be hundreds in a day,
    so they are worked out and drawn once and not for each site.
    """

    by_site: Mapping[str, Sequence[tuple[Span, Status]]]
    unseen: Sequence[Piece]

    @property
    def path(self) -> str:
        """`unseen` as one path of SVG."""
        return "".join(f"M{p.x:g} 0h{p.width:g}v10h-{p.width:g}z" for p in self.unseen)


def disruptions(
    incidents: Iterable[Incident], slots: Sequence[datetime], period: Span
) -> Disruptions:
    """`incidents` by the sites that they concern; a server's outage concerns all its sites.

    `slots` are the slots of the runs in `period`, in order: more than two intervals between
    two of them is a gap, of which nothing is known.
    """
    by_site: dict[str, list[tuple[Span, Status]]] = {}
    blind: list[Span] = []
    for incident in incidents:
        span = Span(incident.started_at, incident.ended_at or period.end)
        if incident.kind is IncidentKind.BLIND:
            blind.append(span)
        for name in _sites_of(incident):
            status = _STATUSES.get(incident.kind, Status.DOWN)
            if incident.reason == DEGRADED:
                status = Status.DEGRADED
            by_site.setdefault(name, []).append((span, status))
    spans = (*blind, *_gaps(slots, period))
    return Disruptions(by_site, _pieces(((span, Status.UNKNOWN) for span in spans), period))


def _sites_of(incident: Incident) -> Sequence[str]:
    if incident.kind is IncidentKind.HOST_OUTAGE:
        named = incident.facts.get("sites", ())
        return [str(name) for name in named] if isinstance(named, list) else []
    return [incident.site] if incident.site and incident.kind in _STATUSES else []


def _gaps(slots: Sequence[datetime], period: Span) -> list[Span]:
    edges = [period.start, *slots]
    found = [
        Span(left if left == period.start else left + FIVE_MINUTES, right)
        for left, right in pairwise(edges)
        if right - left > 2 * FIVE_MINUTES
    ]
    last = edges[-1]
    if period.end - last > 2 * FIVE_MINUTES:
        found.append(Span(last if last == period.start else last + FIVE_MINUTES, period.end))
    return found


def strip(
    name: str,
    history: SiteHistory | None,
    first_checked: datetime | None,
    found: Disruptions,
    period: Span,
) -> Strip:
    """The strip of the site `name` over `period`.

    `history`: how it was configured then, None where no configuration in force had it.
    """
    if first_checked is None or history is None:
        return Strip([Piece(0.0, WIDTH, Status.UNKNOWN)])
    under = [(period, Status.UP)]
    mine = found.by_site.get(name, ())
    for shown in (Status.FAULT, Status.DEGRADED, Status.DOWN):
        under += [(span, status) for span, status in mine if status is shown]
    over = []
    if first_checked - period.start > 2 * history.latest.interval:
        over.append((Span(period.start, first_checked), Status.UNKNOWN))
    over += [(span, Status.MAINTENANCE) for span in history.quiet(period.start, period.end)]
    over += [(span, Status.UNKNOWN) for span in _removed(history, period)]
    return Strip(_pieces(under, period), bool(found.unseen), _pieces(over, period))


def _pieces(layers: Iterable[tuple[Span, Status]], period: Span) -> list[Piece]:
    return [piece for span, status in layers if (piece := _piece(span, status, period))]


def _removed(history: SiteHistory, period: Span) -> list[Span]:
    """When the site was not configured any more, within `period`."""
    edges = [era.end for era in history.eras()]
    until = [*(era.start for era in history.eras()[1:]), period.end]
    return [Span(left, right) for left, right in zip(edges, until, strict=True) if left < right]


def _piece(span: Span, status: Status, period: Span) -> Piece | None:
    start, end = max(span.start, period.start), min(span.end, period.end)
    if end <= start:
        return None
    unit = (period.end - period.start) / WIDTH
    width = max((end - start) / unit, _NARROWEST)
    x = min((start - period.start) / unit, WIDTH - width)
    return Piece(round(x, 1), round(width, 1), status)
