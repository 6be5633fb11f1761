"""Which instant a sweep judges by, whether it may write, and which tickets it looks at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, or_, select

from supportops.db.schema import sync_marks, tickets
from supportops.db.statements import insert_or_update
from supportops.flows.sla.sweeping.evaluation import key_prefix

# A sweep so far behind the newest one is a rerun or a backfill of the past.
PAST = timedelta(hours=1)
# Two machines' clocks may differ by so much before an instant counts as one to come.
AHEAD = timedelta(minutes=5)
# An import stamps its events when it begins and may commit them this much later.
COMMITTED_WITHIN = timedelta(hours=1)

SOURCE, BEGUN, DONE = "sla_sweep", "begun", "done"


@dataclass(frozen=True, slots=True)
class Row:
    """A ticket to be swept, and what its last sweep wrote. `prefix`: of its alerts' keys."""

    id: int
    prefix: str
    touched_at: datetime
    swept_at: datetime | None
    next_at: datetime | None


def why_read_only(connection: Connection, at: datetime, now: datetime) -> str:
    """Why a sweep as of `at` may only report what it finds; empty if it may write."""
    newest = marked(connection, BEGUN)
    if at > now + AHEAD:
        return "this instant has not come: nothing was written"
    if newest is not None and newest - at >= PAST:
        return f"there was a sweep as of {newest.isoformat()}: nothing was written"
    return ""


def begin(connection: Connection, at: datetime) -> datetime:
    """Marks that a sweep as of `at` begins; returns the instant to judge by: the newest yet."""
    newest = marked(connection, BEGUN)
    if newest is not None and newest >= at:
        return newest
    mark(connection, BEGUN, at)
    return at


def marked(connection: Connection, stream: str) -> datetime | None:
    """The newest instant that was marked BEGUN or DONE, None before the first sweep."""
    c = sync_marks.c
    found = connection.execute(
        select(c.mark).where(c.source == SOURCE, c.stream == stream)
    ).scalar()
    return None if found is None else datetime.fromisoformat(found)


def mark(connection: Connection, stream: str, at: datetime) -> None:
    """Marks an instant BEGUN or DONE; a mark never moves back."""
    earlier = marked(connection, stream)
    if earlier is None or earlier < at:
        row = {"source": SOURCE, "stream": stream, "mark": at.isoformat(), "moved_at": at}
        insert_or_update(connection, sync_marks, [row])


@dataclass(frozen=True, slots=True)
class Selection:
    """The tickets of a sweep: those touched since the last one, and those that are due.

    `since`: the instant of the last finished sweep, None: all tickets. `every_open`: all open
    tickets too.
    """

    since: datetime | None
    at: datetime
    every_open: bool

    def page(self, connection: Connection, after: int, size: int) -> list[Row]:
        """The next `size` tickets with ids above `after`, by id."""
        c = tickets.c
        columns = (c.id, c.source, c.ticket, c.touched_at, c.swept_at, c.next_at)
        statement = select(*columns).where(c.id > after).order_by(c.id).limit(size)
        if self.since is not None:
            moved = [c.touched_at > self.since - COMMITTED_WITHIN, c.next_at <= self.at]
            statement = statement.where(or_(*moved, c.open) if self.every_open else or_(*moved))
        found = connection.execute(statement).all()
        return [Row(row[0], key_prefix(row[1], row[2]), *row[3:]) for row in found]
