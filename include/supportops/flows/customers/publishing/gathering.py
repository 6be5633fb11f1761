"""What status pages are made from: sites, incidents, windows, days and notices of all customers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from supportops.config.configuration import Configuration
from supportops.db.schema import site_status
from supportops.flows.customers.publishing.days import days_of
from supportops.flows.customers.publishing.known_incidents import known_incidents, without_covered
from supportops.flows.customers.publishing.open_tickets import tickets_of
from supportops.notices import store as notice_store
from supportops.notices.published import published
from supportops.sites.history import SiteHistory, Span
from supportops.sites.incident import IncidentKind
from supportops.sites.log.checks import FleetOf
from supportops.sites.site import CheckPolicy, Site
from supportops.sites.standing import SiteState, Track
from supportops.sites.store import list_incidents
from supportops.status_pages.page import Notice, State, worst
from supportops.status_pages.selecting import PAST, Known, KnownIncident, KnownSite

PLANNED = timedelta(days=30)
"""How far ahead maintenance is shown."""
# A window that is open began at most so long ago, or is shown from then on.
_BEGAN = timedelta(days=31)
_DAY = timedelta(days=1)


def gather(
    connection: Connection, configuration: Configuration, fleet_of: FleetOf, now: datetime
) -> Known:
    """All of it at `now`, out of one snapshot of the store."""
    customers, fleet = configuration.customers, configuration.fleet
    by_name = fleet.by_name()
    stored = list_incidents(connection, now - PAST, now + _DAY)
    blind = any(i.kind is IncidentKind.BLIND and i.closed_at is None for i in stored)
    every = without_covered(known_incidents(stored, customers, by_name))
    found = [each for each in every if _is_recent(each, now)]
    checked, states = _checked(connection)
    wrong = _wrong(found)
    sites = [
        KnownSite(
            site.name,
            customers.key(site.customer),
            _state(site, states.get(site.name), wrong.get(site.name, set()), blind, now),
            windows(site, fleet.policy, now),
        )
        for site in fleet.sites
    ]
    days = days_of(connection, fleet_of, customers, list(by_name), now)
    notices = _notices(connection, configuration, now)
    tickets = tickets_of(connection, configuration, now)
    return Known(now, checked, blind, sites, found, days, notices, tickets)


def _is_recent(incident: KnownIncident, now: datetime) -> bool:
    return any(hurt.until is None or hurt.until > now - PAST for hurt in incident.hurts)


def _wrong(incidents: Iterable[KnownIncident]) -> dict[str, set[State]]:
    """What is wrong with each site now."""
    found: defaultdict[str, set[State]] = defaultdict(set)
    for each in incidents:
        for hurt in each.hurts:
            if hurt.until is None:
                found[hurt.site].add(each.state)
    return found


def _checked(connection: Connection) -> tuple[datetime | None, dict[str, tuple[str, datetime]]]:
    """When a site was last checked, and the stored state of each front page with its instant."""
    c = site_status.c
    rows = connection.execute(
        select(c.site, c.state, c.checked_at).where(c.page == "", c.track == Track.OUTAGE.value)
    ).all()
    found = {row.site: (row.state, row.checked_at) for row in rows}
    return max((at for _, at in found.values()), default=None), found


def _state(
    site: Site, stored: tuple[str, datetime] | None, wrong: set[State], blind: bool, now: datetime
) -> State:
    """The state of a site at `now`, as its tile on the board has it."""
    if site.maintenance and site.in_maintenance(now):
        return State.MAINTENANCE
    if stored is None or blind or now - stored[1] > 2 * site.interval:
        return State.UNKNOWN
    own = {
        SiteState.DOWN.value: State.DOWN,
        SiteState.DEGRADED.value: State.DEGRADED,
        SiteState.UP.value: State.UP,
    }.get(stored[0], State.UNKNOWN)
    return worst({own, *wrong})


def windows(
    site: Site, policy: CheckPolicy, now: datetime
) -> tuple[tuple[datetime, datetime], ...]:
    """When the site is in announced maintenance, from now on."""
    if not site.maintenance:
        return ()
    spans: list[Span] = []
    for each in SiteHistory.always(site, policy).quiet(now - _BEGAN, now + PLANNED):
        if spans and spans[-1].end == each.start:
            spans[-1] = Span(spans[-1].start, each.end)
        else:
            spans.append(each)
    return tuple((span.start, span.end) for span in spans if span.end > now)


def _notices(
    connection: Connection, configuration: Configuration, now: datetime
) -> Callable[[str, str], tuple[Notice, ...]]:
    """What each customer was sent about an incident."""
    customers = configuration.customers
    threads = notice_store.threads(connection, closed_since=now - PAST - _DAY)
    zone = configuration.zone
    found: defaultdict[tuple[str, str], list[Notice]] = defaultdict(list)
    for thread in threads:
        for incident in thread.incidents:
            for each in published([thread], [thread.customer], zone, incident):
                notice = Notice(each.at, each.subject, each.text)
                found[customers.key(thread.customer), incident].append(notice)
    return lambda customer, incident: tuple(found.get((customer, incident), ()))
