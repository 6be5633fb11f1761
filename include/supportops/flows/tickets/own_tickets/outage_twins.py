"""Recognises the tickets that this program raised in a source when they come back from there.

An outage's twin is the outage's ticket: it has its tier, its site and its customer, no customer
waits on it, and what this program wrote on it is nobody's reply. What people do on it counts as on
any other ticket.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, select, update

from supportops.db.schema import ticket_events
from supportops.db.schema import tickets as tickets_table
from supportops.tickets.log.store import append_events, events_of
from supportops.tickets.log.twins import reference, twins_of
from supportops.tickets.source import OUTAGE
from supportops.tickets.ticket import Author, Event, EventKind

_OF_THE_OUTAGE = (EventKind.TIER, EventKind.SITE, EventKind.CUSTOMER)


def recognised(connection: Connection, source: str, events: Sequence[Event]) -> list[Event]:
    """Events as a source gives them, those of twins as this program's own."""
    twins = twins_of(connection, source) if events else {}
    found: list[Event] = []
    outages: dict[str, Sequence[Event]] = {}
    for event in events:
        number = twins.get(event.ticket)
        if number is None:
            found.append(event)
            continue
        if number not in outages:
            outages[number] = events_of(connection, OUTAGE, number)
        found += _as_twin(event, outages[number])
    return found


def adopt(
    connection: Connection, source: str, twin: str, outage: Sequence[Event], now: datetime
) -> bool:
    """Gives a twin whose creation is stored already what it has from its outage.

    Returns whether the creation is stored. Versions that recognised no twins stored it as a
    customer's: that reading is corrected.
    """
    c, t = ticket_events.c, tickets_table.c
    ids = select(t.id).where(t.source == source, t.ticket == twin).scalar_subquery()
    created = c.kind == EventKind.CREATED.value
    at = connection.execute(
        select(c.happened_at).where(c.ticket == ids, created).order_by(c.happened_at).limit(1)
    ).scalar_one_or_none()
    if at is None:
        return False
    connection.execute(
        update(ticket_events)
        .where(c.ticket == ids, created, c.author != Author.AUTOMATIC.value)
        .values(author=Author.AUTOMATIC.value)
    )
    append_events(connection, _belongings(source, twin, at, now, outage), now)
    return True


def _as_twin(event: Event, outage: Sequence[Event]) -> Iterable[Event]:
    written = [words for each in outage if (words := _words(each))]
    if event.kind is EventKind.CREATED:
        yield replace(event, author=Author.AUTOMATIC)
        yield from _belongings(
            event.source, event.ticket, event.happened_at, event.recorded_at, outage
        )
    elif event.kind is EventKind.COMMENT and _words(event) in written:
        yield replace(event, author=Author.AUTOMATIC)
    else:
        yield event


def _belongings(
    source: str, twin: str, at: datetime, now: datetime, outage: Sequence[Event]
) -> list[Event]:
    """The outage's tier, site and customer, as of the twin's creation."""
    return [
        replace(
            event,
            source=source,
            source_event=f"{reference(event.ticket)}/{event.kind.value}",
            ticket=twin,
            happened_at=at,
            recorded_at=now,
        )
        for event in outage
        if event.kind in _OF_THE_OUTAGE
    ]


def _words(event: Event) -> list[str]:
    """The text of a creation or a comment; sources trim and wrap what they store."""
    return str(event.facts.get("text", "")).split()
