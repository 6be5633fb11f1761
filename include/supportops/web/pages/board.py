"""The board: is something wrong, where, and since when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from supportops.alerts.description import incident_path
from supportops.sites import store
from supportops.sites.history import Span
from supportops.sites.incident import Incident, IncidentKind
from supportops.sites.log.reading import fleet_history
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
from supportops.web.strip import DAY, Disruptions, Piece, disruptions, strip
from supportops.web.tiles import Status, Tile, TilePage, count, grouped, reason_words, tile

MOST_UP = 240
MOST_ATTENTION = 500
MOST_INCIDENTS = 30

KIND_TITLES: dict[str, str] = {
    IncidentKind.OUTAGE: "Site down",
    IncidentKind.HOST_OUTAGE: "Server down",
    IncidentKind.FAULT: "Fault",
    IncidentKind.CERTIFICATE: "Certificate",
    IncidentKind.BLIND: "Our own connection",
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


class Filters(Query):
    """The filters and the page number of an address."""

    customer: Text = ""
    state: Status | None = None
    page: PageNumber = 1

    def href(self, **changes: str | int) -> str:
        filters = {"customer": self.customer, "state": self.state or "", "page": None} | changes
        return link("./", **filters)


def board(page: PageContext, filters: Filters) -> dict[str, Any]:
    """What the board's template shows."""
    checked = last_check(page.connection, page.now)
    period = Span(page.now - DAY, page.now)
    incidents = store.list_incidents(page.connection, period.start, period.end)
    tiles = _tiles(page)
    mine = [t for t in tiles if filters.customer in ("", t.customer)]
    shown = [t for t in mine if filters.state in (None, t.status)]
    tile_page = grouped(shown, filters.page, MOST_UP, MOST_ATTENTION)
    still_open = _open_incidents(incidents, filters.customer)
    return {
        "check": checked,
        "verdict": verdict(count(mine), still_open, checked),
        "states": _states(mine, filters),
        "customers": _customers(tiles, filters),
        "incidents": [_card(incident) for incident in still_open[:MOST_INCIDENTS]],
        "more_incidents": max(0, len(still_open) - MOST_INCIDENTS),
        "tile_page": tile_page,
        "strips": _strips(page, tile_page, incidents, period),
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


def _open_incidents(incidents: Sequence[Incident], customer: str) -> list[Incident]:
    """The open incidents, the severe ones first, then the newest."""
    found = [
        incident
        for incident in incidents
        if incident.closed_at is None and customer in ("", incident.customer or customer)
    ]
    found.sort(key=lambda incident: incident.started_at, reverse=True)
    return sorted(found, key=lambda incident: incident.kind not in _SEVERE)


def verdict(
    counts: Mapping[Status, int], still_open: Sequence[Incident], checked: LastCheck
) -> tuple[Status, str]:
    """The state of all sites in one sentence, and the status that colours it."""
    total = sum(counts.values())
    if checked.at is None:
        return Status.UNKNOWN, "No check has run yet"
    if any(incident.kind is IncidentKind.BLIND for incident in still_open):
        return Status.DOWN, "Our own connection is down; the state of the sites is unknown"
    servers = [i.subject for i in still_open if i.kind is IncidentKind.HOST_OUTAGE]
    if down := counts[Status.DOWN]:
        named = f"Server {servers[0]} is down: " if len(servers) == 1 else ""
        several = f"{len(servers)} servers are down: " if len(servers) > 1 else ""
        return Status.DOWN, f"{named or several}{_of(down, total)} down"
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


def _card(incident: Incident) -> OpenIncident:
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
    )


def _strips(
    page: PageContext,
    tile_page: TilePage,
    incidents: Sequence[Incident],
    period: Span,
) -> dict[str, list[Piece]]:
    """The last 24 hours of every site on this page, by name."""
    names = [t.name for group in tile_page.groups for t in (*group.attention, *group.up)]
    history = fleet_history(page.connection, page.fleet_of, period.start, period.end)
    sites = history.sites(period.start, period.end, set(names))
    slots = queries.run_slots(page.connection, period.start)
    since = queries.first_checked(page.connection, names, period.start)
    found: Disruptions = disruptions(incidents, slots, period)
    return {name: strip(name, sites.get(name), since.get(name), found, period) for name in names}


def _pages(filters: Filters, tile_page: TilePage) -> list[Choice]:
    if tile_page.pages == 1:
        return []
    numbers = range(1, tile_page.pages + 1)
    return [Choice(str(n), filters.href(page=n), 0, n == filters.page) for n in numbers]


BOARD = Page("board", Filters, board, address="./")
