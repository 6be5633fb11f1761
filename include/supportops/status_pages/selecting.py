"""Who sees what: the sites, incidents and windows of one page, out of those of all customers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from supportops.status_pages.page import (
    DAYS,
    Day,
    Incident,
    Maintenance,
    Notice,
    SiteStatus,
    State,
    Tickets,
)

PAST = timedelta(days=14)
"""For how long an incident that is over stays on the page."""
MOST_PAST = 20
MOST_WINDOWS = 20


@dataclass(frozen=True, slots=True)
class KnownSite:
    """A site as it is configured now. `customer`: as names are compared."""

    name: str
    customer: str
    state: State
    windows: tuple[tuple[datetime, datetime], ...] = ()


@dataclass(frozen=True, slots=True)
class Hurt:
    """A site in an incident, and whose it was then; `until`: None while it fails. `good`: whether
    it works again after that; else it was not checked any more."""

    site: str
    customer: str
    since: datetime
    until: datetime | None
    good: bool = True


@dataclass(frozen=True, slots=True)
class KnownIncident:
    """An incident with every site that it hurts, of whichever customer."""

    key: str
    state: State
    hurts: tuple[Hurt, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """All that the pages of one instant are made from.

    `days`: of each site and customer, by the date. `notices`: what a customer (as names are
    compared) was sent about an incident's key. `tickets`: those of one customer, None where they
    are not shown.
    """

    now: datetime
    checked_at: datetime | None
    blind: bool
    sites: Sequence[KnownSite]
    incidents: Sequence[KnownIncident]
    days: Mapping[tuple[str, str], Mapping[date, Day]] = field(default_factory=dict)
    notices: Callable[[str, str], tuple[Notice, ...]] = lambda _customer, _incident: ()
    tickets: Callable[[str], Tickets | None] = lambda _customer: None


def sites_of(known: Known, customers: frozenset[str]) -> tuple[SiteStatus, ...]:
    """The sites that are these customers' now, by name, with the days in which they were."""
    today = known.now.date()
    dates = [today - timedelta(days=DAYS - 1 - number) for number in range(DAYS)]
    found = []
    for site in known.sites:
        if site.customer in customers:
            days = known.days.get((site.name, site.customer), {})
            seen = tuple(days.get(each) or Day(each) for each in dates)
            found.append(SiteStatus(site.name, site.state, seen))
    return tuple(sorted(found, key=lambda site: (site.name.casefold(), site.name)))


def incidents_of(
    known: Known, customers: frozenset[str]
) -> tuple[tuple[Incident, ...], tuple[Incident, ...]]:
    """The incidents that hurt these customers' sites: those that last, and those that are over; the
    newest first."""
    mine = {site.name for site in known.sites if site.customer in customers}
    open_, past = [], []
    for each in known.incidents:
        hurts = [hurt for hurt in each.hurts if hurt.customer in customers]
        lasting = [hurt for hurt in hurts if hurt.until is None and hurt.site in mine]
        if lasting:
            open_.append(_incident(known, each, lasting, None))
            continue
        ended = [hurt.until for hurt in hurts if hurt.until is not None]
        if ended and max(ended) > known.now - PAST:
            past.append(_incident(known, each, hurts, max(ended)))
    newest = lambda incident: (incident.since, incident.key)  # noqa: E731
    open_.sort(key=newest, reverse=True)
    past.sort(key=newest, reverse=True)
    return tuple(open_), tuple(past[:MOST_PAST])


def _incident(
    known: Known, incident: KnownIncident, hurts: Sequence[Hurt], until: datetime | None
) -> Incident:
    owners = sorted({hurt.customer for hurt in hurts})
    notices = {each for owner in owners for each in known.notices(owner, incident.key)}
    return Incident(
        # The key itself names a server.
        key=hashlib.sha256(f"{incident.key}\0{owners}".encode()).hexdigest()[:32],
        state=incident.state,
        sites=tuple(
            sorted({hurt.site for hurt in hurts}, key=lambda name: (name.casefold(), name))
        ),
        since=min(hurt.since for hurt in hurts),
        until=until,
        good=all(hurt.good for hurt in hurts),
        notices=tuple(sorted(notices, key=lambda notice: (notice.at, notice.subject))),
    )


def maintenance_of(known: Known, customers: frozenset[str]) -> tuple[Maintenance, ...]:
    """The windows of these customers' sites that are open or to come, the first to start first."""
    by_span: dict[tuple[datetime, datetime], list[str]] = {}
    for site in known.sites:
        if site.customer in customers:
            for span in site.windows:
                by_span.setdefault(span, []).append(site.name)
    found = [Maintenance(_names(names), *span) for span, names in sorted(by_span.items())]
    return tuple(found[:MOST_WINDOWS])


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=lambda name: (name.casefold(), name)))
