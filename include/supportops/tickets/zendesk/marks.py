"""How far Zendesk was read: the marks in the store, and what earlier pages said of a ticket."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from supportops.db.schema import sync_marks, ticket_events
from supportops.db.schema import tickets as _tickets
from supportops.db.statements import insert_or_update
from supportops.tickets.ticket import EventKind
from supportops.tickets.zendesk.model import SOURCE, EventPage, TicketPage

# Both stores take many more parameters in a statement; this many are compiled fast.
_MOST_IDS = 500


@dataclass(frozen=True, slots=True)
class TicketMark:
    """Where the cursor export goes on: at `cursor`, or before there is one at `start`.

    `newest` is the largest `generated_timestamp` read so far, for the day a cursor is forgotten.
    """

    start: int
    cursor: str | None = None
    newest: int = 0

    @classmethod
    def read(cls, text: str | None, start: int) -> TicketMark:
        fields: dict[str, Any] = json.loads(text) if text else {}
        return cls(fields.get("start", start), fields.get("cursor"), fields.get("newest", start))

    def write(self) -> str:
        fields = {"start": self.start, "cursor": self.cursor, "newest": self.newest}
        return json.dumps(fields, sort_keys=True)

    def after(self, page: TicketPage) -> TicketMark:
        stamps = (row.get("generated_timestamp") for row in page.tickets if isinstance(row, dict))
        seconds = (one for one in stamps if type(one) is int and 0 < one < 2**33)
        newest = max(seconds, default=self.newest)
        return TicketMark(self.start, page.cursor or self.cursor, max(newest, self.newest))


@dataclass(frozen=True, slots=True)
class EventMark:
    """The second from which the time-based export goes on; that second is read again."""

    start: int

    @classmethod
    def read(cls, text: str | None, start: int) -> EventMark:
        return cls(json.loads(text)["start"] if text else start)

    def write(self) -> str:
        return json.dumps({"start": self.start})

    def after(self, page: EventPage, their_clock: datetime | None) -> EventMark:
        """As far as the page's own events reach: an `end` beyond them promises too much.

        One record from the future must not move the mark there either.
        """
        latest = their_clock.timestamp() if their_clock else math.inf
        stamps = [one.get("timestamp") for one in page.events if isinstance(one, dict)]
        seconds = [one for one in stamps if type(one) is int and one <= latest]
        if not seconds or page.end is None:
            return self
        return EventMark(max(self.start, min(page.end, max(seconds))))


def mark(connection: Connection, source: str, stream: str) -> str | None:
    """The mark of a stream, None before its first page."""
    query = select(sync_marks.c.mark).where(
        sync_marks.c.source == source, sync_marks.c.stream == stream
    )
    return connection.execute(query).scalar_one_or_none()


def move(connection: Connection, source: str, stream: str, text: str, now: datetime) -> None:
    """Moves a mark; in the transaction of what it covers, or it promises too much."""
    row = {"source": source, "stream": stream, "mark": text, "moved_at": now}
    insert_or_update(connection, sync_marks, [row])


def ended(connection: Connection, tickets: Iterable[str]) -> dict[str, datetime]:
    """When those of `tickets` that are deleted, and not restored since, were."""
    table = ticket_events
    last: dict[str, tuple[datetime, bool]] = {}
    for ids in _batches(tickets):
        query = (
            select(_tickets.c.ticket, table.c.happened_at, table.c.kind)
            .join(_tickets, _tickets.c.id == table.c.ticket)
            .where(_tickets.c.source == SOURCE, _tickets.c.ticket.in_(ids))
            .where(table.c.kind.in_([EventKind.DELETED.value, EventKind.RESTORED.value]))
            .order_by(table.c.happened_at, table.c.kind)
        )
        for ticket, at, kind in connection.execute(query):
            last[ticket] = (at, kind == EventKind.DELETED.value)
    return {ticket: at for ticket, (at, deleted) in last.items() if deleted}


def requesters(connection: Connection, tickets: Iterable[str]) -> dict[str, str]:
    """Who raised each of `tickets`, as Zendesk numbers people."""
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
