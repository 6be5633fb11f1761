"""How fresh the ticket store is: when its sources were last read to their ends."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select

from supportops.db.schema import sync_marks, tickets
from supportops.tickets.log.sync_marks import set_mark
from supportops.tickets.source import OWN_SOURCES

# The mark's name and value are those that stores have had from the first version on.
STREAM = "heard"
_COMPLETE = "all it had"


def mark_synced(connection: Connection, source: str, at: datetime) -> None:
    """Marks that the store has everything that `source` had at `at`."""
    set_mark(connection, source, STREAM, _COMPLETE, at)


def last_synced(connection: Connection, as_of: datetime) -> datetime | None:
    """Until when the store knows what happened, at most `as_of`; None while it knows nothing.

    A sync that found nothing new counts. A mailbox to which customers write counts where there is
    no other source, so that it hides no sync that stands still. In a store that never had a
    complete sync it is when the newest ticket was touched, apart from those that this program makes
    itself.
    """
    c, t = sync_marks.c, tickets.c
    marks = select(func.max(c.moved_at)).where(c.stream == STREAM)
    others = marks.where(c.source.not_in(OWN_SOURCES))
    newest = connection.execute(others).scalar() or connection.execute(marks).scalar()
    if newest is None:
        of_sources = t.source.not_in(OWN_SOURCES)
        touched = select(t.touched_at).where(of_sources).order_by(t.touched_at.desc())
        newest = connection.execute(touched.limit(1)).scalar()
    return None if newest is None else min(newest, as_of)


def synced_until(connection: Connection, source: str) -> datetime | None:
    """Until when the store has everything of `source`; None for one that was never synced."""
    c = sync_marks.c
    mine = select(c.moved_at).where(c.stream == STREAM, c.source == source)
    return connection.execute(mine).scalar_one_or_none()


def last_syncs(connection: Connection) -> dict[str, datetime]:
    """Until when the store has everything of each source, by its name, of those ever synced."""
    c = sync_marks.c
    rows = select(c.source, c.moved_at).where(c.stream == STREAM).order_by(c.source)
    return dict(connection.execute(rows).all())
