"""The front page: what is wrong now, who has it, and which ticket is due next."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from supportops.alerts import store as alert_store
from supportops.alerts.alert import Alert
from supportops.alerts.description import incident_path
from supportops.names import recognised
from supportops.rendering.render import one_line
from supportops.sites import store
from supportops.sites.history import Span
from supportops.sites.incident import Incident, IncidentKind
from supportops.sites.log.checks import fleet_history
from supportops.web import queries
from supportops.web.page import (
    Choice,
    LastCheck,
    Page,
    PageContext,
    PageNumber,
    Query,
    Text,
    last_check,
    link,
)
from supportops.web.strip import DAY, Disruptions, Strip, disruptions, strip
from supportops.web.tickets.due_now import due_now
from supportops.web.tiles import Status, Tile, TilePage, count, grouped, reason_words, tile
from supportops.web.troubles import troubles

MOST_UP = 240
MOST_ATTENTION = 500
MOST_INCIDENTS = 30

KIND_TITLES: dict[str, str] = {
    IncidentKind.OUTAGE: "Site down",
    IncidentKind.HOST_OUTAGE: "Server down",
    IncidentKind.FAULT: "Fault",
    IncidentKind.CERTIFICATE: "Certificate",
    IncidentKind.BLIND: "Our own connection",
    IncidentKind.PUSH_MISSING: "No push",
    IncidentKind.PUSH_FAILED: "Job failed",
    IncidentKind.PUSH_LIMIT: "Limit passed",
    IncidentKind.REGISTRATION: "Registration",
    IncidentKind.DNS_CHANGE: "DNS changed",
    IncidentKind.MAIL_RECORDS: "Mail records",
}
_SEVERE = {IncidentKind.OUTAGE, IncidentKind.HOST_OUTAGE, IncidentKind.BLIND}


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """A card of the board."""

    title: str
    subject: str
    words: str
    since: datetime
    href: str
    severe: bool
    note: str
    taken_by: str | None = None


class Filters(Query):
    """The filters and the page number of an address."""

    customer: Text = ""
    state: Status | None = None
    page: PageNumber = 1
    wall: bool = False
    flags: ClassVar[frozenset[str]] = frozenset({"wall"})

    def href(self, **changes: str | int) -> str:
        filters = {"customer": self.customer, "state": self.state or "", "page": None} | changes
        return link("./", **filters, wall=1 if self.wall else None)


def board(page: PageContext, filters: Filters) -> dict[str, Any]:
    """What the board's template shows."""
    checked = last_check(page.connection, page.now)
    period = Span(page.now - DAY, page.now)
    incidents = store.list_incidents(page.connection, period.start, period.end)
    tiles = _tiles(page)
    meant = page.configuration.customers.named(filters.customer)
    customer = recognised(meant, {t.customer for t in tiles}) or meant
    filters = filters.model_copy(update={"customer": customer})
    mine = [t for t in tiles if customer in ("", t.customer)]
    shown = [t for t in mine if filters.state in (None, t.status)]
    tile_page = grouped(shown, filters.page, MOST_UP, MOST_ATTENTION)
    still_open = _open_incidents(incidents, {t.name for t in mine} if customer else None)
    shown_incidents = still_open[:MOST_INCIDENTS]
    known = alert_store.find_all(page.connection, [each.key for each in shown_incidents])
    taken_by = {key: _taken_by(alert.at(page.now)) for key, alert in known.items()}
    strips, found = _strips(page, tile_page, incidents, period)
    return {
        "check": checked,
        "verdict": verdict(mine, still_open, checked, customer),
        "troubles": troubles(page),
        "due": due_now(page, customer),
        "states": _states(mine, filters),
        "customers": _customers(tiles, filters),
        "incidents": [_card(each, taken_by.get(each.key)) for each in shown_incidents],
        "more_incidents": max(0, len(still_open) - MOST_INCIDENTS),
        "tile_page": tile_page,
        "strips": strips,
        "unseen": found.path,
        "filters": filters,
        "pages": _pages(filters, tile_page),
        "link": link,
        "now": page.now,
        "zone": page.zone,
    }


def _tiles(page: PageContext) -> list[Tile]:
    fronts = queries.front_pages(page.connection)
    faults = queries.faulty_pages(page.connection)
    return [
        tile(site, fronts.get(site.name), faults.get(site.name, ()), page.now)
        for site in page.configuration.fleet.sites
    ]


def _taken_by(alert: Alert) -> str | None:
    return alert.acknowledged_by if alert.acknowledged_at else None


def _open_incidents(incidents: Sequence[Incident], sites: Set[str] | None) -> list[Incident]:
    """The open incidents that hurt one of `sites` (None: any), severe ones first, then the newest.

    Our own connection hurts all of them.
    """
    found = [
        incident
        for incident in incidents
        if incident.closed_at is None and (sites is None or _hurts(incident, sites))
    ]
    found.sort(key=lambda incident: incident.started_at, reverse=True)
    return sorted(found, key=lambda incident: incident.kind not in _SEVERE)


def _hurts(incident: Incident, sites: Set[str]) -> bool:
    if incident.kind is IncidentKind.BLIND:
        return True
    return not sites.isdisjoint([incident.site, *_sites_of(incident)])


def _sites_of(incident: Incident) -> Sequence[str]:
    listed = incident.facts.get("sites")
    return listed if isinstance(listed, list) else ()


def verdict(
    tiles: Sequence[Tile], still_open: Sequence[Incident], checked: LastCheck, customer: str = ""
) -> tuple[Status, str]:
    """The state of the sites in one sentence, and the status that colours it.

    A server is named as the cause of what is down on it, not of what is down elsewhere.
    """
    counts, total = count(tiles), len(tiles)
    if customer and not total:
        return Status.UNKNOWN, f"No site belongs to a customer called {one_line(customer)}"
    if checked.at is None:
        return Status.UNKNOWN, "No check has run yet"
    if any(incident.kind is IncidentKind.BLIND for incident in still_open):
        return Status.DOWN, "Our own connection is down; the state of the sites is unknown"
    if counts[Status.DOWN]:
        return Status.DOWN, _down(tiles, still_open)
    if degraded := counts[Status.DEGRADED]:
        verb = "is" if degraded == 1 else "are"
        return Status.DEGRADED, f"No site is down; {degraded} of {total} {verb} degraded"
    if fault := counts[Status.FAULT]:
        verb = "has" if fault == 1 else "have"
        return Status.FAULT, f"No site is down; {fault} of {total} {verb} a fault"
    if unknown := counts[Status.UNKNOWN]:
        return Status.UNKNOWN, f"{_of(unknown, total)} unknown"
    quiet = counts[Status.MAINTENANCE]
    if quiet:
        return Status.UP, f"All is well; {quiet} of {total} in maintenance"
    return Status.UP, "The site is up" if total == 1 else f"All {total} sites are up"


def _down(tiles: Sequence[Tile], still_open: Sequence[Incident]) -> str:
    """Which servers are down, and how many sites are, with and without them."""
    down = [t for t in tiles if t.status is Status.DOWN]
    servers = [i.subject for i in still_open if i.kind is IncidentKind.HOST_OUTAGE]
    elsewhere = sum(t.host not in servers for t in down)
    whole = f"{_of(len(down), len(tiles))} down"
    if not servers:
        return whole
    several = len(servers) > 1
    named = f"{len(servers)} servers are" if several else f"Server {one_line(servers[0])} is"
    other = f", {elsewhere} of them elsewhere" if elsewhere else ""
    return f"{named} down: {whole}{other}"


def _of(number: int, total: int) -> str:
    if total == 1:
        return "The site is"
    return f"{number} of {total} sites {'is' if number == 1 else 'are'}"


def _states(tiles: Sequence[Tile], filters: Filters) -> list[Choice]:
    counts = count(tiles)
    every = Choice("All", filters.href(state=""), len(tiles), not filters.state)
    return [every] + [
        Choice(
            status.value.capitalize(),
            filters.href(state=status.value),
            counts[status],
            filters.state == status.value,
            status,
        )
        for status in Status
    ]


def _customers(tiles: Sequence[Tile], filters: Filters) -> list[Choice]:
    """Every customer by name, with the number of their sites that are not up."""
    not_up: dict[str, int] = {}
    for each in tiles:
        not_up[each.customer] = not_up.get(each.customer, 0) + (each.status is not Status.UP)
    names = sorted(not_up, key=str.casefold)
    return [
        Choice(name, filters.href(customer=name), not_up[name], name == filters.customer)
        for name in names
    ]


def _card(incident: Incident, taken_by: str | None) -> OpenIncident:
    sites = incident.facts.get("sites")
    several = f"{len(sites)} sites" if isinstance(sites, list) else ""
    notes = [several, "flapping" if incident.flapping else "", incident.customer or ""]
    return OpenIncident(
        title=KIND_TITLES.get(incident.kind, incident.kind.value),
        subject=incident.subject,
        words=str(incident.facts.get("words") or reason_words(incident.reason)),
        since=incident.started_at,
        href=incident_path(incident.key),
        severe=incident.kind in _SEVERE,
        note=", ".join(note for note in notes if note),
        taken_by=taken_by,
    )


def _strips(
    page: PageContext,
    tile_page: TilePage,
    incidents: Sequence[Incident],
    period: Span,
) -> tuple[dict[str, Strip], Disruptions]:
    """The last 24 hours of every site on this page, by name, and what is common to all."""
    names = [t.name for group in tile_page.groups for t in (*group.attention, *group.up)]
    history = fleet_history(page.connection, page.fleet_of, period.start, period.end)
    sites = history.sites(period.start, period.end, set(names))
    slots = queries.run_slots(page.connection, period.start)
    since = queries.first_checked(page.connection, names, period.start)
    found = disruptions(incidents, slots, period)
    strips = {name: strip(name, sites.get(name), since.get(name), found, period) for name in names}
    return strips, found


def _pages(filters: Filters, tile_page: TilePage) -> list[Choice]:
    if tile_page.pages == 1:
        return []
    numbers = range(1, tile_page.pages + 1)
    return [Choice(str(n), filters.href(page=n), 0, n == filters.page) for n in numbers]


BOARD = Page("board", Filters, board, address="./")
