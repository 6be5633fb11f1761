"""What the store has of the tickets that a file is about."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, select

from supportops.db.schema import tickets as tickets_table
from supportops.tickets.log.store import events_of_kinds
from supportops.tickets.ticket import Event, EventKind

_AT_ONCE = 2_000


def known_events(
    connection: Connection, source: str, numbers: Collection[str]
) -> dict[str, list[Event]]:
    """The stored events of these tickets of a source, by ticket number; none for unknown ones."""
    found: dict[str, list[Event]] = {}
    ordered = sorted(set(numbers))
    table = tickets_table.c
    for place in range(0, len(ordered), _AT_ONCE):
        some = ordered[place : place + _AT_ONCE]
        ids = select(table.id).where(table.source == source, table.ticket.in_(some))
        for event in events_of_kinds(
            connection, connection.execute(ids).scalars().all(), EventKind
        ):
            found.setdefault(event.ticket, []).append(event)
    return found
