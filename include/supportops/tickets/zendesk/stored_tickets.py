"""What the store knows from earlier pages about the tickets of a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from supportops.db.schema import ticket_events
from supportops.db.schema import tickets as tickets_table
from supportops.tickets.ticket import EventKind
from supportops.tickets.zendesk.model import SOURCE

# Both databases take many more parameters in a statement; this many are compiled fast.
_MOST_IDS = 500


def deletions(connection: Connection, tickets: Iterable[str]) -> dict[str, datetime]:
    """When each of `tickets` that is deleted was; those restored since are left out."""
    table = ticket_events
    last: dict[str, tuple[datetime, bool]] = {}
    for ids in _batches(tickets):
        query = (
            select(tickets_table.c.ticket, table.c.happened_at, table.c.kind)
            .join(tickets_table, tickets_table.c.id == table.c.ticket)
            .where(tickets_table.c.source == SOURCE, tickets_table.c.ticket.in_(ids))
            .where(table.c.kind.in_([EventKind.DELETED.value, EventKind.RESTORED.value]))
            .order_by(table.c.happened_at, table.c.kind)
        )
        for ticket, at, kind in connection.execute(query):
            last[ticket] = (at, kind == EventKind.DELETED.value)
    return {ticket: at for ticket, (at, deleted) in last.items() if deleted}


def requesters(connection: Connection, tickets: Iterable[str]) -> dict[str, str]:
    """The id, in Zendesk, of whoever raised each of `tickets`."""
    found: dict[str, str] = {}
    for ids in _batches(tickets):
        names = [f"ticket/{ticket}/created" for ticket in ids]
        query = select(ticket_events.c.source_event, ticket_events.c.facts).where(
            ticket_events.c.source == SOURCE, ticket_events.c.source_event.in_(names)
        )
        for name, facts in connection.execute(query):
            who = (facts or {}).get("requester_id")
            if who:
                found[name.split("/")[1]] = who
    return found


def _batches(ids: Iterable[str]) -> Iterable[Sequence[str]]:
    ordered = sorted(ids)
    return [ordered[place : place + _MOST_IDS] for place in range(0, len(ordered), _MOST_IDS)]
