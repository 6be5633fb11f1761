"""The board: is something wrong, where, and since when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from supportops.alerts.description import incident_path
from supportops.sites import store
from supportops.sites.availability import Span
from supportops.sites.incident import Incident, IncidentKind
from supportops.sites.site import Site
from supportops.web import queries
from supportops.web.lights import Cut, Light, Tile, count, grouped, reason_words, tile
from supportops.web.parts import Choice, Desk, LastCheck, last_check, link
from supportops.web.strip import DAY, Piece, Troubles, strip, troubles

MOST_CALM = 240
MOST_ATTENTION = 500
MOST_INCIDENTS = 30

KINDS: dict[str, str] = {
    IncidentKind.OUTAGE: "Site down",
    IncidentKind.HOST_OUTAGE: "Server down",
    IncidentKind.FAULT: "Fault",
    IncidentKind.CERTIFICATE: "Certificate",
    IncidentKind.BLIND: "Our own connection",
}
_GRAVE = {IncidentKind.OUTAGE, IncidentKind.HOST_OUTAGE, IncidentKind.BLIND}


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """A card of the board."""

    title: str
    subject: str
    words: str
    since: datetime
    href: str
    grave: bool
    note: str


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters and the page number of an address."""

    customer: str = ""
    state: str = ""
    page: int = 1

    def href(self, **changes: str | int) -> str:
        asked = {"customer": self.customer, "state": self.state, "page": None} | changes
        return link("./", **asked)


def board(desk: Desk, asked: Asked) -> dict[str, Any]:
    """What the board's template shows."""
    checked = last_check(desk.connection, desk.now)
    fleet = desk.configuration.fleet
    period = Span(desk.now - DAY, desk.now)
    incidents = store.list_incidents(desk.connection, period.start, period.end)
    tiles = _tiles(desk)
    mine = [t for t in tiles if asked.customer in ("", t.customer)]
    shown = [t for t in mine if asked.state in ("", t.light.value)]
    cut = grouped(shown, asked.page, MOST_CALM, MOST_ATTENTION)
    still_open = _open_incidents(incidents, asked.customer)
    return {
        "check": checked,
        "verdict": verdict(count(mine), still_open, checked),
        "states": _states(mine, asked),
        "customers": _customers(tiles, asked),
        "incidents": [_card(incident) for incident in still_open[:MOST_INCIDENTS]],
        "more_incidents": max(0, len(still_open) - MOST_INCIDENTS),
        "cut": cut,
        "strips": _strips(desk, cut, fleet.by_name(), incidents, period),
        "asked": asked,
        "pages": _pages(asked, cut),
        "link": link,
        "now": desk.now,
        "zone": desk.zone,
    }


def _tiles(desk: Desk) -> list[Tile]:
    fronts = queries.front_pages(desk.connection)
    faults = queries.faulty_pages(desk.connection)
    return [
        tile(site, fronts.get(site.name), faults.get(site.name, ()), desk.now)
        for site in desk.configuration.fleet.sites
    ]


def _open_incidents(incidents: Sequence[Incident], customer: str) -> list[Incident]:
    """Those still open, the grave ones first, then the newest."""
    found = [
        incident
        for incident in incidents
        if incident.closed_at is None and customer in ("", incident.customer or customer)
    ]
    found.sort(key=lambda incident: incident.started_at, reverse=True)
    return sorted(found, key=lambda incident: incident.kind not in _GRAVE)


def verdict(
    counts: Mapping[Light, int], still_open: Sequence[Incident], checked: LastCheck
) -> tuple[Light, str]:
    """The one sentence that an operator reads first, and its light."""
    total = sum(counts.values())
    if checked.at is None:
        return Light.UNKNOWN, "No check has run yet"
    if any(incident.kind is IncidentKind.BLIND for incident in still_open):
        return Light.DOWN, "Our own connection is down; nobody can say how the sites are"
    servers = [i.subject for i in still_open if i.kind is IncidentKind.HOST_OUTAGE]
    if down := counts[Light.DOWN]:
        named = f"Server {servers[0]} is down: " if len(servers) == 1 else ""
        several = f"{len(servers)} servers are down: " if len(servers) > 1 else ""
        return Light.DOWN, f"{named or several}{_of(down, total)} down"
    if fault := counts[Light.FAULT]:
        verb = "has" if fault == 1 else "have"
        return Light.FAULT, f"No site is down; {fault} of {total} {verb} a fault"
    if unknown := counts[Light.UNKNOWN]:
        return Light.UNKNOWN, f"{_of(unknown, total)} unknown"
    quiet = counts[Light.MAINTENANCE]
    if quiet:
        return Light.UP, f"All is well; {quiet} of {total} in maintenance"
    return Light.UP, "The site is up" if total == 1 else f"All {total} sites are up"


def _of(number: int, total: int) -> str:
    if total == 1:
        return "The site is"
    return f"{number} of {total} sites {'is' if number == 1 else 'are'}"


def _states(tiles: Sequence[Tile], asked: Asked) -> list[Choice]:
    counts = count(tiles)
    every = Choice("All", asked.href(state=""), len(tiles), not asked.state)
    return [every] + [
        Choice(
            light.value.capitalize(),
            asked.href(state=light.value),
            counts[light],
            asked.state == light.value,
            light,
        )
        for light in Light
    ]


def _customers(tiles: Sequence[Tile], asked: Asked) -> list[Choice]:
    """Every customer by name, with the number of their sites that are not up."""
    troubled: dict[str, int] = {}
    for each in tiles:
        troubled[each.customer] = troubled.get(each.customer, 0) + (each.light is not Light.UP)
    names = sorted(troubled, key=str.casefold)
    return [
        Choice(name, asked.href(customer=name), troubled[name], name == asked.customer)
        for name in names
    ]


def _card(incident: Incident) -> OpenIncident:
    sites = incident.facts.get("sites")
    several = f"{len(sites)} sites" if isinstance(sites, list) else ""
    notes = [several, "flapping" if incident.flapping else "", incident.customer or ""]
    return OpenIncident(
        title=KINDS.get(incident.kind, incident.kind.value),
        subject=incident.subject,
        words=str(incident.facts.get("words") or reason_words(incident.reason)),
        since=incident.started_at,
        href=incident_path(incident.key),
        grave=incident.kind in _GRAVE,
        note=", ".join(note for note in notes if note),
    )


def _strips(
    desk: Desk, cut: Cut, sites: Mapping[str, Site], incidents: Sequence[Incident], period: Span
) -> dict[str, list[Piece]]:
    """The last 24 hours of every site on this page, by name."""
    names = [t.name for group in cut.groups for t in (*group.attention, *group.calm)]
    slots = queries.run_slots(desk.connection, period.start)
    since = queries.known_from(desk.connection, names, period.start)
    found: Troubles = troubles(incidents, slots, period)
    return {name: strip(sites[name], since.get(name), found, period) for name in names}


def _pages(asked: Asked, cut: Cut) -> list[Choice]:
    if cut.pages == 1:
        return []
    numbers = range(1, cut.pages + 1)
    return [Choice(str(n), asked.href(page=n), 0, n == asked.page) for n in numbers]
