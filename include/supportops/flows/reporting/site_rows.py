"""The availability of sites in a period, and their incidents, as rows of a report's facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from supportops.flows.site_availability import SiteAvailability, of_fleet
from supportops.sites.incident import Incident, IncidentKind
from supportops.sites.site import Fleet, Site
from supportops.sites.store import list_incidents

_OWN = frozenset({IncidentKind.OUTAGE, IncidentKind.FAULT, IncidentKind.CERTIFICATE})

Row = dict[str, Any]


def site_rows(connection: Connection, fleet: Fleet, start: datetime, end: datetime) -> list[Row]:
    """A row a site, as in `reports.facts`, for [start, end); none where the period is empty."""
    if end <= start:
        return []
    return [_site(each) for each in of_fleet(connection, fleet, start, end)]


def incident_rows(
    connection: Connection, fleet: Fleet, start: datetime, end: datetime, as_of: datetime
) -> list[Row]:
    """A row an incident and site, as in `reports.facts`, of what touches [start, end).

    As was known at `as_of`: what ended later lasts, what was confirmed later is not there. A
    server's outage becomes an outage of each of its sites that has no outage of its own.
    """
    found = list_incidents(connection, start, end)
    known = [each for each in found if each.opened_at <= as_of]
    sites = fleet.by_name()
    own = [each for each in known if each.kind in _OWN and each.site is not None]
    rows = [_incident(each, str(each.site), sites, as_of) for each in own]
    outages = [each for each in own if each.kind is IncidentKind.OUTAGE]
    for server in known:
        if server.kind is IncidentKind.HOST_OUTAGE:
            rows += _of_server(server, outages, sites, as_of)
    return rows


def _of_server(
    server: Incident, outages: Sequence[Incident], sites: Mapping[str, Site], as_of: datetime
) -> Iterator[Row]:
    """The sites that went down with their server. One that was down before it, or is still down
    after it, has an outage of its own which covers the server's.
    """
    for name in server.facts.get("sites", ()):
        covered = any(
            each.site == name
            and each.started_at <= server.opened_at
            and (each.ended_at is None or each.ended_at > server.started_at)
            for each in outages
        )
        if not covered:
            yield _incident(server, str(name), sites, as_of)


def _site(found: SiteAvailability) -> Row:
    return found.to_json() | {"interval_seconds": found.site.interval.total_seconds()}


def _incident(incident: Incident, name: str, sites: Mapping[str, Site], as_of: datetime) -> Row:
    """One site's row; a server's name and its other sites stay out of it."""
    is_server = incident.kind is IncidentKind.HOST_OUTAGE
    kind = IncidentKind.OUTAGE if is_server else incident.kind
    site, ended_at = sites.get(name), incident.ended_at
    customer = site.customer if site else None if is_server else incident.customer
    return {
        "key": _key_of_server(incident) if is_server else incident.key,
        "kind": kind.value,
        "site": name,
        "customer": customer,
        "reason": incident.reason,
        "started_at": incident.started_at,
        "opened_at": incident.opened_at,
        "ended_at": ended_at if ended_at is not None and ended_at <= as_of else None,
    }


def _key_of_server(server: Incident) -> str:
    """One for all of its sites, so that it counts as one outage; it names nobody."""
    return f"{IncidentKind.OUTAGE}:{sha256(server.key.encode()).hexdigest()[:16]}"
