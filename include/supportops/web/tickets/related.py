"""What belongs to a ticket: its alerts, its site's incidents; and the names that lists offer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, or_, select

from supportops.alerts import store as alert_store
from supportops.alerts.alert import SERVICE_LEVEL_KINDS, Alert, Kind
from supportops.alerts.description import incident_path
from supportops.db.schema import alerts, incidents, tickets
from supportops.flows.tickets.show_ticket import outage_tickets
from supportops.names import folded
from supportops.sites.site import Fleet
from supportops.tickets.source import OUTAGE
from supportops.tickets.ticket import Event, EventKind
from supportops.web.page import PageContext, link

_OUTAGES = (Kind.OUTAGE, Kind.HOST_OUTAGE)
MOST_ALERTS = 30
MOST_NAMES = 2_000
# The names of people are those of the tickets that changed last.
_RECENT = 2_000


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """An incident that a site has now, and who has it."""

    kind: str
    subject: str
    since: datetime
    href: str
    taken_by: str | None


def alerts_of(page: PageContext, events: Sequence[Event], source: str, number: str) -> list[Alert]:
    """The alerts about a ticket, the newest first, at most MOST_ALERTS."""
    c, keys = alerts.c, list[str]()
    own = [Kind.CALL.value, *sorted(kind.value for kind in SERVICE_LEVEL_KINDS)]
    names = [c.key.startswith(f"sla:{source}:{number}:", autoescape=True)]
    called = f"{Kind.CALL}:{source}:{number}"
    names += [c.key == called, c.key.startswith(f"{called}:", autoescape=True)]
    # No alert is older than its ticket: so the index of kinds and instants bounds the search.
    first = min(event.happened_at for event in events)
    mine = select(c.key).where(c.kind.in_(own), c.opened_at >= first, or_(*names))
    newest = mine.order_by(c.opened_at.desc(), c.key).limit(MOST_ALERTS)
    keys += page.connection.execute(newest).scalars()
    if source == OUTAGE:
        created = (event for event in events if event.kind is EventKind.CREATED)
        keys += [str(event.facts["incident"]) for event in created if "incident" in event.facts]
    found = alert_store.find_all(page.connection, keys)
    return sorted(found.values(), key=lambda alert: (alert.opened_at, alert.key), reverse=True)


def outage_links(connection: Connection, alerts: Iterable[Alert]) -> dict[str, str]:
    """The page of the ticket that was made of each outage, by its alert's key."""
    keys = [alert.key for alert in alerts if alert.kind in _OUTAGES]
    found = outage_tickets(connection, keys) if keys else {}
    return {key: link("ticket", source=OUTAGE, id=number) for key, number in found.items()}


def open_incidents(
    connection: Connection, fleet: Fleet, site: str | None, now: datetime
) -> list[OpenIncident]:
    """The open incidents of a site and of its server."""
    if not site:
        return []
    c, known = incidents.c, fleet.by_name().get(site)
    about = [c.site == site]
    if known is not None and known.host:
        about.append(c.host == known.host)
    rows = connection.execute(
        select(c.key, c.kind, c.subject, c.started_at)
        .where(c.closed_at.is_(None), or_(*about))
        .order_by(c.started_at, c.key)
        .limit(20)
    ).all()
    taken = alert_store.find_all(connection, [row.key for row in rows])
    return [
        OpenIncident(
            row.kind.replace("_", " "),
            row.subject,
            row.started_at,
            incident_path(row.key),
            taken[row.key].at(now).acknowledged_by if row.key in taken else None,
        )
        for row in rows
    ]


def assignees(connection: Connection) -> list[str]:
    """Who works on the tickets that changed last."""
    c = tickets.c
    recent = (
        select(c.assignee)
        .where(c.updated_at.is_not(None))
        .order_by(c.updated_at.desc())
        .limit(_RECENT)
        .subquery()
    )
    names = select(recent.c.assignee).where(recent.c.assignee.is_not(None)).distinct()
    return sorted(connection.execute(names).scalars(), key=folded)


def customers(page: PageContext) -> list[str]:
    """The customers that the configuration names, and those of the tickets that changed last."""
    c = tickets.c
    listed = page.configuration.customers
    named = [each.name for each in listed.listed]
    named += [site.customer for site in page.configuration.fleet.sites]
    named += [each.customer for each in page.configuration.reports.audiences if each.customer]
    recent = (
        select(c.customer)
        .where(c.updated_at.is_not(None))
        .order_by(c.updated_at.desc())
        .limit(_RECENT)
        .subquery()
    )
    stored = select(recent.c.customer).where(recent.c.customer.is_not(None)).distinct()
    named += sorted(page.connection.execute(stored).scalars())
    found = {listed.key(name): listed.named(name) for name in reversed(named)}
    return sorted(found.values(), key=folded)[:MOST_NAMES]
