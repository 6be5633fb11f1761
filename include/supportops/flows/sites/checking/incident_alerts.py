"""The alert of each incident: raised with it, resolved with it, in one transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from supportops.alerts.acts.log import acknowledge, carry_over
from supportops.alerts.alert import Alert, Kind, Severity
from supportops.alerts.routing.succession import predecessors, taking_over
from supportops.alerts.store import find_all, find_open, raise_alert, resolve_alert
from supportops.sites.incident import Change, ChangeKind, Incident, IncidentKind

SEVERITY = {
    IncidentKind.OUTAGE: Severity.CRITICAL,
    IncidentKind.HOST_OUTAGE: Severity.CRITICAL,
    IncidentKind.BLIND: Severity.CRITICAL,
    IncidentKind.FAULT: Severity.WARNING,
    IncidentKind.CERTIFICATE: Severity.WARNING,
    IncidentKind.PUSH_MISSING: Severity.WARNING,
    IncidentKind.PUSH_FAILED: Severity.WARNING,
    IncidentKind.PUSH_LIMIT: Severity.WARNING,
    IncidentKind.REGISTRATION: Severity.WARNING,
    IncidentKind.DNS_CHANGE: Severity.WARNING,
    IncidentKind.MAIL_RECORDS: Severity.WARNING,
}
# Of a registration whose registry does not say when it ends.
NOT_KNOWN = "not_known"
# Of those that can be as urgent as an outage, where sites.yaml says so.
_MAY_BE_URGENT = (IncidentKind.PUSH_MISSING, IncidentKind.PUSH_FAILED)

_CARRIED_OVER = "carried over from the alert that this one goes on from"


def raise_or_resolve(connection: Connection, change: Change, now: datetime) -> None:
    """The alert of a change. Its instants are at most `now`: with those of a log that runs ahead
    it would not be sent before they come."""
    incident = change.incident
    if change.kind is ChangeKind.CLOSED:
        assert incident.ended_at is not None
        kind, ended_at = Kind(incident.kind.value), min(incident.ended_at, now)
        resolve_alert(connection, kind, incident.subject, ended_at, incident.facts)
        return
    alert = alert_of(incident)
    alert = replace(alert, opened_at=min(alert.opened_at, now))
    if keys := predecessors(alert):
        alert = taking_over(alert, find_all(connection, keys).values())
    if raise_alert(connection, alert, now):
        carry_over(connection, alert.key, _CARRIED_OVER)
    if change.kind is ChangeKind.UPDATED and alert.acknowledged_at is not None:
        # Somebody took the outage of its server, which this one goes on from.
        found = find_open(connection, alert.kind, alert.subject)
        if found is not None:
            by = alert.acknowledged_by or "somebody"
            at, until = alert.acknowledged_at, alert.acknowledged_until
            acknowledge(connection, found.key, by, at, _CARRIED_OVER, until)


def alert_of(incident: Incident) -> Alert:
    """The alert of an open incident; the two share their key."""
    words = incident.facts.get("words", incident.reason)
    return Alert(
        key=incident.key,
        kind=Kind(incident.kind.value),
        severity=_severity(incident),
        subject=incident.subject,
        headline=str(words),
        opened_at=incident.opened_at,
        site=incident.site,
        customer=incident.customer,
        host=incident.host,
        facts=incident.facts,
    )


def _severity(incident: Incident) -> Severity:
    if incident.kind in _MAY_BE_URGENT and incident.facts.get("urgent"):
        return Severity.CRITICAL
    if incident.reason == NOT_KNOWN:
        return Severity.INFO
    return SEVERITY[incident.kind]
