"""Makes a ticket of every outage, and links to it the tickets that customers raise about it.

An outage's ticket is created by this program, not by a customer, so no first-reply clock runs on
it. Its number begins with the reference shown in the alert's messages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from supportops.db.schema import tickets as tickets_table
from supportops.instants import aware_instant
from supportops.rendering.render import duration
from supportops.sites.incident import (
    Change,
    ChangeKind,
    Incident,
    IncidentKind,
    ended_well,
    failed_since,
)
from supportops.sites.site import FIVE_MINUTES
from supportops.sites.store import list_incidents
from supportops.tickets.log.store import append_events
from supportops.tickets.log.twins import twins_of
from supportops.tickets.source import OUTAGE
from supportops.tickets.ticket import Author, Event, EventKind, Status

RULE = "an outage that our checks found"
OUTAGES = frozenset({IncidentKind.OUTAGE, IncidentKind.HOST_OUTAGE})

# A customer may notice an outage before the first failed check: it began after the last good one,
# taken to be at most this long before.
MOST_UNNOTICED = 2 * FIVE_MINUTES
# A ticket that arrives this long after an outage is still linked to it.
LINKED_FOR = timedelta(days=7)
_LONGEST_SUBJECT = 300


def record(
    connection: Connection, changes: Sequence[Change], now: datetime, tier: str | None
) -> int:
    """Writes the tickets of outages that began or ended, and links others to all known outages.

    `tier` is the one that a new outage's ticket gets, None while it is not known; a ticket that
    exists keeps its own. Call this in the transaction of the incidents themselves, after they
    are stored. Repeating it adds nothing. Returns how many tickets were newly linked.
    """
    events = [event for change in changes for event in _events(change, now, tier)]
    if events:
        append_events(connection, events, now)
    return link_tickets(connection, now, tier)


def link_tickets(connection: Connection, now: datetime, tier: str | None) -> int:
    """Links tickets about a site to the outage in which they were raised; how many were new.

    An internal note on each names the other. Call it after storing tickets from any source, so
    that those which arrive during an outage, or up to a week after it, are linked. `tier` is for
    an outage that has no ticket yet.
    """
    known = [
        incident
        for incident in list_incidents(connection, now - LINKED_FOR, now + LINKED_FOR)
        if incident.kind in OUTAGES
    ]
    pairs = [
        (incident, ticket)
        for incident in known
        for ticket in _raised_within(connection, incident, now)
    ]
    if not pairs:
        return 0
    # An outage stored by a version that made no tickets has none yet.
    openings = [event for incident, _ in pairs for event in _opening(incident, now, tier)]
    append_events(connection, openings, now)
    links = [event for pair in pairs for event in _link(*pair, now)]
    return append_events(connection, links, now).new // 2


def ticket_number(incident_key: str) -> str:
    """The number of an outage's ticket, a function of the incident's key."""
    return hashlib.sha256(incident_key.encode("utf-8", "replace")).hexdigest()[:12]


def outages_of(connection: Connection, site: str, at: datetime) -> list[Incident]:
    """The outages of `site` that lasted at `at`, the oldest first."""
    return [each for each in lasted_at(connection, at, OUTAGES) if site in affected(each)]


def lasted_at(
    connection: Connection, at: datetime, kinds: frozenset[IncidentKind]
) -> list[Incident]:
    """The incidents of these kinds that lasted at `at`, the oldest first; each may have begun
    unnoticed, right after its last good check."""
    near = list_incidents(connection, at - LINKED_FOR, at + LINKED_FOR)
    return [
        incident
        for incident in near
        if incident.kind in kinds
        and began(incident) <= at
        and (incident.ended_at is None or at < incident.ended_at)
    ]


def affected(incident: Incident) -> tuple[str, ...]:
    """The sites that were down in an outage."""
    if incident.kind is IncidentKind.HOST_OUTAGE:
        sites = incident.facts.get("sites")
        return tuple(map(str, sites)) if isinstance(sites, list | tuple) else ()
    return (incident.site,) if incident.site is not None else ()


def _events(change: Change, now: datetime, tier: str | None) -> Iterator[Event]:
    if change.incident.kind not in OUTAGES:
        return
    yield from _opening(change.incident, now, tier)
    if change.kind is ChangeKind.CLOSED:
        yield from _recovery(change, now)


def _opening(incident: Incident, now: datetime, tier: str | None) -> Iterator[Event]:
    """The events of a new outage's ticket, none of them later than `now`, as in its alert."""
    at = min(incident.opened_at, now)
    began = failed_since(incident)
    text = f"{_headline(incident)}. The first failed check was at {_clock(began)}."
    if earlier := incident.facts.get("follows"):
        text += f" It goes on from the ticket {OUTAGE}/{ticket_number(str(earlier[-1]))}."
    facts = {
        "subject": _headline(incident),
        "text": text,
        "incident": incident.key,
        "sites": list(affected(incident)),
    }
    yield _event(incident, EventKind.CREATED, at, now, facts=facts)
    if tier is not None:
        yield _event(incident, EventKind.TIER, at, now, tier, {"rule": RULE})
    if incident.site is not None:
        yield _event(incident, EventKind.SITE, at, now, incident.site)
    if incident.customer is not None:
        yield _event(incident, EventKind.CUSTOMER, at, now, incident.customer)


def _recovery(change: Change, now: datetime) -> Iterator[Event]:
    incident = change.incident
    assert incident.ended_at is not None
    assert incident.closed_at is not None
    # `now` may have been behind the log when the incident opened: it must not end before that.
    at = max(min(incident.closed_at, now), min(incident.opened_at, now))
    ended = incident.ended_at
    if ended_well(incident):
        lasted = duration(ended - failed_since(incident))
        text = f"Over at {_clock(ended)}, after {lasted}: {change.why}."
    else:
        text = f"Closed at {_clock(ended)}, but not over: {change.why}."
    yield _event(incident, EventKind.COMMENT, at, now, facts={"text": text})
    yield _event(incident, EventKind.STATUS, at, now, Status.SOLVED.value)


def _event(
    incident: Incident,
    kind: EventKind,
    at: datetime,
    now: datetime,
    value: str | None = None,
    facts: dict[str, Any] | None = None,
) -> Event:
    number = ticket_number(incident.key)
    return Event(
        source=OUTAGE,
        source_event=f"{number}/{kind.value}",
        ticket=number,
        kind=kind,
        happened_at=at,
        recorded_at=now,
        author=Author.AUTOMATIC,
        value=value,
        facts=facts or {},
    )


def _headline(incident: Incident) -> str:
    words = incident.facts.get("words", incident.reason)
    count = len(affected(incident))
    if incident.kind is IncidentKind.HOST_OUTAGE:
        line = f"The server {incident.subject} is down: {count} sites fail together, {words}"
    else:
        line = f"{incident.subject} is down: {words}"
    return line[:_LONGEST_SUBJECT]


def _clock(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def began(incident: Incident) -> datetime:
    """When an outage may have begun: after the last good check, if that was recent."""
    earliest = incident.started_at - MOST_UNNOTICED
    last_good = aware_instant(incident.facts.get("last_good_at"))
    if last_good is None or last_good > incident.started_at:
        return earliest
    return max(earliest, last_good)


def _raised_within(connection: Connection, incident: Incident, now: datetime) -> list[Any]:
    """Rows of `tickets` about a site of the outage, created while it lasted, but for twins."""
    table, sites = tickets_table.c, affected(incident)
    statement = (
        select(table.source, table.ticket, table.subject, table.created_at)
        .where(table.site.in_(sites), table.source != OUTAGE, table.ended_at.is_(None))
        .where(table.created_at >= began(incident), table.created_at <= now)
        .order_by(table.created_at, table.id)
    )
    if incident.ended_at is not None:
        statement = statement.where(table.created_at < incident.ended_at)
    rows = connection.execute(statement).all()
    twins = {source: twins_of(connection, source) for source in {row.source for row in rows}}
    return [row for row in rows if row.ticket not in twins[row.source]]


def _link(incident: Incident, ticket: Any, now: datetime) -> Iterator[Event]:
    """A note on each of the two tickets that names the other."""
    number = ticket_number(incident.key)
    at = min(max(ticket.created_at, incident.opened_at), now)
    text = f"We know already: {_headline(incident)} (ticket {OUTAGE}/{number})."
    yield Event(
        source=ticket.source,
        source_event=f"{OUTAGE}/{number}/{ticket.ticket}",
        ticket=ticket.ticket,
        kind=EventKind.NOTE,
        happened_at=at,
        recorded_at=now,
        facts={"text": text, "outage": number},
    )
    named = f"{ticket.source}/{ticket.ticket}"
    yield Event(
        source=OUTAGE,
        source_event=f"{number}/link/{hashlib.sha256(named.encode()).hexdigest()[:32]}",
        ticket=number,
        kind=EventKind.NOTE,
        happened_at=at,
        recorded_at=now,
        facts={"text": f"Raised within this outage: {named}, {ticket.subject}", "linked": named},
    )
