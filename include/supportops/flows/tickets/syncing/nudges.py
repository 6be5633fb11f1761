"""Nudges: a ticket source says that something happened, so that the next sync is to come now.

A nudge says nothing else, and nothing depends on it: a lost one costs the wait for the schedule.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from supportops.context import Context
from supportops.db.engine import reading, writing
from supportops.db.schema import sync_nudges
from supportops.db.statements import insert_new

# Zendesk's export leaves out what changed in the minute before the request, so a sync that comes at
# once would miss what it was called for.
SETTLED = timedelta(seconds=65)
# A signature is refused by its own timestamp long before it is forgotten.
REMEMBERED = timedelta(hours=1)
# Of one source in a minute; more would start no sync sooner.
MOST_A_MINUTE = 120
_c = sync_nudges.c


def record_nudge(context: Context, source: str, signature: str, now: datetime) -> bool:
    """Records a nudge; False for one whose signature came before."""
    with writing(context.engine) as connection:
        connection.execute(delete(sync_nudges).where(_c.received_at < now - REMEMBERED))
        recent = _c.received_at > now - timedelta(minutes=1)
        count = select(func.count()).where(_c.source == source, recent)
        if connection.execute(count).scalar_one() >= MOST_A_MINUTE:
            return True
        row = {"signature": signature, "source": source, "received_at": now}
        return bool(insert_new(connection, sync_nudges, [row]))


def is_nudged(context: Context, now: datetime) -> bool:
    """Whether a nudge waits for a sync that nobody has asked for yet, and that would find it."""
    with reading(context.engine) as connection:
        waiting = select(_c.signature).where(*_waiting(now)).limit(1)
        return connection.execute(waiting).first() is not None


def note_asked(context: Context, now: datetime) -> None:
    """A sync was asked for at `now`: what was said before is known."""
    with writing(context.engine) as connection:
        take_nudges(connection, now)


def take_nudges(connection: Connection, now: datetime) -> None:
    """A sync begins at `now`, which reads what the nudges were about that came long enough ago."""
    connection.execute(update(sync_nudges).where(*_waiting(now)).values(asked_at=now))


def _waiting(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (_c.asked_at.is_(None), _c.received_at <= now - SETTLED)
