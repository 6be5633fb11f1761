"""When the ticket store last heard from its sources: a sync that found nothing new has heard."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select

from supportops.db.schema import sync_marks, tickets
from supportops.db.statements import insert_or_update
from supportops.flows import log_call
from supportops.flows.ticketing import outage_tickets

STREAM = "heard"
# What we write ourselves says nothing of the sources.
_OURS = (log_call.SOURCE, outage_tickets.SOURCE)


def mark_synced(connection: Connection, source: str, now: datetime) -> None:
    """A source told all that it had by `now`."""
    row = {"source": source, "stream": STREAM, "mark": "all it had", "moved_at": now}
    insert_or_update(connection, sync_marks, [row])


def last_synced(connection: Connection, as_of: datetime) -> datetime | None:
    """Until when the store knows what happened, at most `as_of`; None where it never heard.

    A store that no source ever finished telling counts from the last ticket it was told of.
    """
    c, t = sync_marks.c, tickets.c
    newest = connection.execute(select(func.max(c.moved_at)).where(c.stream == STREAM)).scalar()
    if newest is None:
        touched = select(t.touched_at).where(t.source.not_in(_OURS)).order_by(t.touched_at.desc())
        newest = connection.execute(touched.limit(1)).scalar()
    return None if newest is None else min(newest, as_of)
