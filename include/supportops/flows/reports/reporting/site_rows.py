"""The availability of sites in a period, and their incidents, as rows of a report's facts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection

from supportops.config.snapshots import fleet_of
from supportops.customers import UNLISTED, Customers
from supportops.flows.sites.site_availability import SiteAvailability, of_past
from supportops.sites.domains.judging import NOT_KNOWN
from supportops.sites.history import SiteHistory, Span
from supportops.sites.incident import Incident, IncidentKind, ended_well
from supportops.sites.log.reading import by_site, pasts
from supportops.sites.outages import SiteOutage, SitePast, outages_of, renamed_in
from supportops.sites.site import Fleet
from supportops.sites.store import list_incidents

_FAULTS = frozenset(
    {
        IncidentKind.FAULT,
        IncidentKind.CERTIFICATE,
        IncidentKind.PUSH_MISSING,
        IncidentKind.PUSH_FAILED,
        IncidentKind.PUSH_LIMIT,
        IncidentKind.REGISTRATION,
        IncidentKind.DNS_CHANGE,
        IncidentKind.MAIL_RECORDS,
    }
)

Row = dict[str, Any]


def site_and_incident_rows(
    connection: Connection,
    fleet: Fleet,
    start: datetime,
    end: datetime,
    as_of: datetime,
    customers: Customers = UNLISTED,
) -> tuple[list[Row], list[Row]]:
    """A row a site, and a row an incident and site that touches [start, end), as in
    `reports.facts`; none where the period is empty.

    Of every site that was configured at any time in the period, `fleet` where nothing was ever
    checked. As was known at `as_of`: what ended later lasts, what was confirmed later is not there.
    A server's outage becomes one of each of its sites that has no outage of its own. Beside the
    columns an incident's row has `about`: the key by which it is noted.
    """
    if end <= start:
        return [], []
    names, found = pasts(connection, fleet_of, start, end, unchecked=fleet, as_of=as_of)
    sites: dict[str, list[Row]] = {}
    rows: list[Row] = []
    for past in found:
        sites[past.name] = [_site(each) for each in of_past(past, start, end, customers)]
        rows += _outages(past, start, end, as_of, customers)
    incidents = [i for i in list_incidents(connection, start, end) if i.opened_at <= as_of]
    rows += [_fault(each, as_of) for each in incidents if _is_listed(each)]
    for name, own in by_site(incidents).items():
        if name not in sites:  # an incident of a site that no configuration in force has named
            own = [each for each in own if name not in _both_names(each)]
            lost = outages_of(own, name, None, (), as_of)
            rows += [_outage(each, name, None, as_of) for each in lost]
    return [row for name in names for row in sites[name]], rows


def _is_listed(incident: Incident) -> bool:
    """Of a site's, without what nobody knows: of a server, or a domain of several customers, no
    site's line can tell."""
    about_a_site = incident.site is not None and incident.kind in _FAULTS
    return about_a_site and incident.reason != NOT_KNOWN


def _both_names(incident: Incident) -> set[str]:
    """Of sites that are in the table by the name that they had in the period."""
    return {name for pair in renamed_in(incident).items() for name in pair}


def _site(found: SiteAvailability) -> Row:
    parts = found.availability
    return found.to_json() | {
        "interval_seconds": found.interval.total_seconds(),
        "since_at": parts.since,
        "until_at": parts.until,
    }


def _outages(
    past: SitePast, start: datetime, end: datetime, as_of: datetime, customers: Customers
) -> Iterator[Row]:
    for outage in past.outages:
        for each in _by_owner(outage, past.history, customers):
            if each.span.start < end and each.span.end > start:
                first, last = each.span.start, each.span.end
                down = past.down_in(outage, max(first, start), min(last, end))
                whole = past.down_in(outage, first, min(last, as_of))
                yield _outage(each, past.name, past.history, as_of) | {
                    "down_seconds": down.total_seconds(),
                    "seconds": whole.total_seconds(),
                }


def _by_owner(
    outage: SiteOutage, history: SiteHistory, customers: Customers
) -> Iterator[SiteOutage]:
    """An outage in parts, where the site was given to another customer in it: to each of them it
    began and ended with what was theirs."""
    whole = outage.span
    owned = [(customers.key(t.site.customer), t.span) for t in history.terms]
    owned = [(key, part) for key, span in owned if (part := span.within(whole.start, whole.end))]
    edges = [after.start for (one, _), (other, after) in pairwise(owned) if one != other]
    for first, last in pairwise([whole.start, *edges, whole.end]):
        yield replace(outage, span=Span(first, last))


def _outage(outage: SiteOutage, name: str, history: SiteHistory | None, as_of: datetime) -> Row:
    """One site's row; a server's name and its other sites stay out of it."""
    incident = outage.incident
    is_server = incident.kind is IncidentKind.HOST_OUTAGE
    term = history.at(outage.span.start) if history else None
    return {
        "key": _key_of_server(incident) if is_server else incident.key,
        "about": incident.key,
        "kind": IncidentKind.OUTAGE.value,
        "site": name,
        "customer": term.site.customer if term else incident.customer,
        "reason": incident.reason if is_server else _reason(incident, as_of),
        "started_at": outage.span.start,
        "opened_at": max(incident.opened_at, outage.span.start),
        "ended_at": outage.ended_at,
        "down_seconds": 0.0,
        "seconds": 0.0,
    }


def _fault(incident: Incident, as_of: datetime) -> Row:
    """A fault or a certificate: the site is up in it, so it is as long as it lasted."""
    over_at = incident.closed_at or incident.ended_at
    ended_at = incident.ended_at if over_at is not None and over_at <= as_of else None
    return {
        "key": incident.key,
        "about": incident.key,
        "kind": incident.kind.value,
        "site": str(incident.site),
        "customer": incident.customer,
        "reason": _reason(incident, as_of),
        "started_at": incident.started_at,
        "opened_at": incident.opened_at,
        "ended_at": ended_at,
        "down_seconds": 0.0,
        "seconds": ((ended_at or as_of) - incident.started_at).total_seconds(),
    }


def _reason(incident: Incident, as_of: datetime) -> str:
    """What was wrong, and how it was closed by `as_of` where that is no recovery."""
    closed = incident.closed_at is not None and incident.closed_at <= as_of
    if not closed or ended_well(incident):
        return incident.reason
    return f"{incident.reason}; {incident.facts.get('over')}"


def _key_of_server(server: Incident) -> str:
    """One for all of its sites, so that it counts as one outage; it names nobody."""
    return f"{IncidentKind.OUTAGE}:{sha256(server.key.encode()).hexdigest()[:16]}"
