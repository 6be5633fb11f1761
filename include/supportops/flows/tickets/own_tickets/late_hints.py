"""Calls that came before the outage was known that they may be about: they get the hint then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from supportops.alerts.alert import Kind
from supportops.alerts.store import find_open, raise_alert
from supportops.config.configuration import Configuration
from supportops.db.locks import Lock, advisory_lock
from supportops.db.schema import tickets as tickets_table
from supportops.flows.tickets.own_tickets.call_alert import (
    Caller,
    call_alert,
    hint_note,
    hint_of,
    is_hint,
    outage_at,
    site_named,
    subject_of,
)
from supportops.flows.tickets.own_tickets.outage_hint import KINDS, is_about
from supportops.flows.tickets.own_tickets.outage_tickets import began, ticket_number
from supportops.sites.incident import Change, ChangeKind, Incident
from supportops.tickets.log.store import append_events, events_of
from supportops.tickets.source import CALL_SOURCES, MAILBOX
from supportops.tickets.ticket import Event, Ticket, fold

_VOICE = "voice"


def hint_calls(
    connection: Connection, configuration: Configuration, changes: Sequence[Change], now: datetime
) -> int:
    """Adds to the open calls of each outage's customers, and to their alerts, what they may be
    about; how many. Call it in the transaction of the incidents themselves, after they are stored.

    A call that was hinted at an outage already gets no second hint for what that one becomes.
    """
    found = [each for each in changes if each.incident.kind in KINDS]
    news = [each for each in found if each.kind in (ChangeKind.OPENED, ChangeKind.UPDATED)]
    if not news:
        return 0
    # Whoever stores a call at this moment knows the outage, or is seen here.
    advisory_lock(connection, Lock.APPEND_TICKET_EVENTS)
    return sum(
        _hint(connection, configuration, events, change, now)
        for change in news
        for events in _calls(connection, change.incident, now)
    )


def _calls(
    connection: Connection, incident: Incident, now: datetime
) -> Iterator[tuple[Event, ...]]:
    """The events of the open calls that came since the outage may have begun."""
    t = tickets_table.c
    rows = (
        select(t.source, t.ticket)
        .where(t.source.in_(CALL_SOURCES), t.open, t.ended_at.is_(None))
        .where(t.created_at >= began(incident), t.created_at <= now)
    )
    for row in connection.execute(rows.order_by(t.id)).all():
        events = events_of(connection, row.source, row.ticket)
        created = events[0]
        if row.source != MAILBOX or created.facts.get("channel") == _VOICE:
            yield events


def _hint(
    connection: Connection,
    configuration: Configuration,
    events: Sequence[Event],
    change: Change,
    now: datetime,
) -> bool:
    incident, ticket, caller = change.incident, fold(events), Caller.of(events)
    number, customer = caller.number, ticket.customer
    if not is_about(configuration, incident, number=number, customer=customer):
        return False
    goes_on = change.kind is ChangeKind.UPDATED or bool(incident.facts.get("follows"))
    if goes_on and any(map(is_hint, events)):
        return False
    site = site_named(configuration, ticket.site)
    outage = outage_at(connection, site, caller.created_at)
    hint = hint_of(connection, configuration, ticket, caller, outage, now)
    if not hint and outage is None:
        return False
    if hint:
        note = hint_note(events[0], hint, about=ticket_number(incident.key), at=now)
        if not append_events(connection, [note], now).new:
            return False
    _show(connection, configuration, ticket, caller, outage, hint, now)
    return True


def _show(
    connection: Connection,
    configuration: Configuration,
    ticket: Ticket,
    caller: Caller,
    outage: str | None,
    hint: str,
    now: datetime,
) -> None:
    """Says so in the call's alert, if that is open; who was paged is not paged again."""
    before = find_open(connection, Kind.CALL, subject_of(ticket.source, ticket.ticket))
    if before is not None:
        site = site_named(configuration, ticket.site)
        alert = call_alert(before.key, ticket, caller, site, outage, before.opened_at, hint=hint)
        raise_alert(connection, alert, now)
