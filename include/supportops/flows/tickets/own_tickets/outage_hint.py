"""What a caller may be calling about: an outage of their own sites that lasts, as a hint.

It changes neither the tier nor the customer of a call: a number can be forged or shared, and a
customer may call about something else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from supportops.alerts.acts.reference import reference_of
from supportops.alerts.alert import Alert
from supportops.alerts.store import find_all
from supportops.config.configuration import Configuration
from supportops.flows.tickets.own_tickets.outage_tickets import OUTAGES, lasted_at
from supportops.instants import aware_instant
from supportops.rendering.render import local, one_line
from supportops.sites.incident import Incident, IncidentKind, failed_since

KINDS = OUTAGES | {IncidentKind.FAULT}
MOST_NAMED = 3
_MOST_CUSTOMERS = 20


@dataclass(frozen=True, slots=True)
class _Part:
    """One site of a customer in an incident: from when, and until when if it is over for it."""

    site: str
    customer: str
    since: datetime
    until: datetime | None


def outage_hint(
    connection: Connection,
    configuration: Configuration,
    *,
    number: str | None,
    customer: str | None,
    at: datetime,
    now: datetime,
) -> str:
    """ "possibly about the outage of shop.example since 09:12 (alert #1a2b3c), which anna has
    taken": what was wrong at `at`, when the customer called; empty where nothing was.

    `number`: the caller's, whose customers customers.yaml knows; `customer`: whom the call is said
    to be from. Where these are several, each site is named with its customer.
    """
    customers = configuration.customers
    wanted = _callers(configuration, number, customer)
    if not wanted:
        return ""
    found = [
        (incident, part)
        for incident in lasted_at(connection, at, KINDS)
        for part in _parts(incident)
        if customers.key(part.customer) in wanted and (part.until is None or at < part.until)
    ]
    # A site that is down stands for its pages.
    found.sort(key=lambda f: (f[0].kind not in OUTAGES, f[1].since, f[0].key, f[1].site))
    alerts = find_all(connection, [incident.key for incident, _ in found])
    said: dict[str, str] = {}
    zone = configuration.displayed().alerts.timezone
    for incident, part in found:
        whose = customers.named(part.customer) if len(wanted) > 1 else ""
        said.setdefault(part.site, _words(incident, part, whose, alerts, zone, now))
    shown = list(said.values())[:MOST_NAMED]
    if more := len(said) - len(shown):
        shown.append(f"{more} more")
    return f"possibly about {', or '.join(shown)}" if shown else ""


def is_about(
    configuration: Configuration, incident: Incident, *, number: str | None, customer: str | None
) -> bool:
    """Whether a site of a caller's is in the incident; `number` and `customer` as there."""
    wanted = _callers(configuration, number, customer)
    return any(configuration.customers.key(each.customer) in wanted for each in _parts(incident))


def _callers(configuration: Configuration, number: str | None, customer: str | None) -> set[str]:
    """Who may be calling, as names are compared."""
    customers = configuration.customers
    named = [each.name for each in customers.by_phone(number)] if number else []
    return {customers.key(each) for each in (*named[:_MOST_CUSTOMERS], customer) if each}


def _parts(incident: Incident) -> Iterator[_Part]:
    over = incident.ended_at
    if incident.site is not None:
        if incident.customer:
            yield _Part(incident.site, incident.customer, failed_since(incident), over)
        return
    affected = incident.facts.get("affected")
    for each in affected if isinstance(affected, list | tuple) else ():
        if isinstance(each, Mapping) and each.get("site") and each.get("customer"):
            since = aware_instant(each.get("since")) or failed_since(incident)
            until = aware_instant(each.get("until")) or over
            yield _Part(str(each["site"]), str(each["customer"]), since, until)


def _words(
    incident: Incident,
    part: _Part,
    whose: str,
    alerts: Mapping[str, Alert],
    zone: str,
    now: datetime,
) -> str:
    what = "outage" if incident.kind in OUTAGES else "fault"
    site = one_line(part.site)
    about = f"{site} ({one_line(whose)})" if whose else site
    alert = alerts.get(incident.key)
    reference = f" (alert #{reference_of(incident.key)})" if alert is not None else ""
    if part.until is not None:
        span = f"from {_clock(part.since, zone, now)} to {_clock(part.until, zone, now)}"
        return f"the {what} of {about} {span}{reference}, which is over"
    taken = alert.at(now).acknowledged_by if alert is not None else None
    work = f", which {one_line(taken)} has taken" if taken else ""
    return f"the {what} of {about} since {_clock(part.since, zone, now)}{reference}{work}"


def _clock(at: datetime, zone: str, now: datetime) -> str:
    """ "09:12", with its day where that is not today."""
    there, today = at.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone))
    return f"{there:%H:%M}" if there.date() == today.date() else local(at, zone)
