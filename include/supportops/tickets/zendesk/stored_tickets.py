"""What the store knows from earlier pages about the tickets of a page."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from supportops.db.schema import ticket_events
from supportops.db.schema import tickets as tickets_table
from supportops.tickets.log.sync_marks import read_mark, set_mark
from supportops.tickets.ticket import EventKind
from supportops.tickets.zendesk.model import SOURCE

# Both databases take many more parameters in a statement; this many are compiled fast.
_MOST_IDS = 500
_AGENTS = "agents"


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
            .order_by(table.c.happened_at, table.c.sequence, table.c.id)
        )
        for ticket, at, kind in connection.execute(query):
            last[ticket] = (at, kind == EventKind.DELETED.value)
    return {ticket: at for ticket, (at, deleted) in last.items() if deleted}


def requesters(connection: Connection, tickets: Iterable[str]) -> dict[str, str]:
    """The id, in Zendesk, of the requester that each of `tickets` had last."""
    table, found = ticket_events.c, dict[str, str]()
    for ids in _batches(tickets):
        query = (
            select(tickets_table.c.ticket, table.facts)
            .join(tickets_table, tickets_table.c.id == table.ticket)
            .where(tickets_table.c.source == SOURCE, tickets_table.c.ticket.in_(ids))
            .where(table.kind.in_([EventKind.CREATED.value, EventKind.NOTE.value]))
            .order_by(table.happened_at, table.sequence, table.id)
        )
        for ticket, facts in connection.execute(query):
            if "requester_id" in (facts or {}):
                found[ticket] = facts["requester_id"]
    return {ticket: who for ticket, who in found.items() if who}


def agents(connection: Connection) -> dict[str, int]:
    """Since which epoch second each person is known to be an agent, by their ids."""
    found: dict[str, int] = json.loads(read_mark(connection, SOURCE, _AGENTS) or "{}")
    return found


def set_agents(connection: Connection, agents: Mapping[str, int], now: datetime) -> None:
    """Stores what `agents` gives."""
    set_mark(connection, SOURCE, _AGENTS, json.dumps(agents, sort_keys=True), now)


def _batches(ids: Iterable[str]) -> Iterable[Sequence[str]]:
    ordered = sorted(ids)
    return [ordered[place : place + _MOST_IDS] for place in range(0, len(ordered), _MOST_IDS)]
