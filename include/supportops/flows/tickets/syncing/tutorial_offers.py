"""Offers tutorials to agents by an internal note in the help desk, once on each new ticket.

The note is stored before it is sent, and marked after the source has accepted it. A kill in between
repeats the same text, which a source adds only once. It is internal, so it stops no clock.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, delete, select

from supportops.config.configuration import Configuration
from supportops.db.engine import reading, writing
from supportops.db.locks import Lock, advisory_lock
from supportops.db.schema import sync_marks, tickets
from supportops.flows.tickets.tutorials import for_ticket, note_for
from supportops.tickets.log.store import events_of
from supportops.tickets.log.sync_marks import read_mark, set_mark
from supportops.tickets.source import TicketSource
from supportops.tickets.ticket import Author, Event, EventKind

# An older ticket was raised before tutorials were offered, or has waited long for a person.
LATEST = timedelta(days=1)
MOST_AT_ONCE = 50
_STREAM = "tutorials/"
_DONE = ""  # the mark of a ticket that has its note, or gets none


def offer(
    engine: Engine,
    configuration: Configuration,
    source: TicketSource,
    clock: Callable[[], datetime],
) -> int:
    """Puts a note on each new ticket of `source` that tutorials answer; returns how many.

    Where tutorials.yaml asks for none, nothing is done. Raises SourceError; what the source
    accepted until then is marked.
    """
    if not (configuration.tutorials.offer.note and configuration.tutorials.tutorials):
        return 0
    sent = 0
    _forget(engine, source.name, clock())
    for ticket in _waiting(engine, source.name, clock()):
        text = _text(engine, configuration, source.name, ticket, clock())
        if text:
            source.comment(ticket, text)
            sent += 1
            with writing(engine) as connection:
                set_mark(connection, source.name, _STREAM + ticket, _DONE, clock())
    return sent


def _waiting(engine: Engine, source: str, now: datetime) -> list[str]:
    """The open tickets of the last day that have no note yet, and those whose note is stored and
    may not have been sent; the oldest first."""
    c, m = tickets.c, sync_marks.c
    marks = select(m.stream).where(m.source == source, m.stream.startswith(_STREAM))
    recent = (
        select(c.ticket)
        .where(c.source == source, c.open, c.created_at > now - LATEST)
        .order_by(c.created_at, c.id)
    )
    with reading(engine) as connection:
        finished = _named(connection.execute(marks.where(m.mark == _DONE)).scalars())
        begun = _named(connection.execute(marks.where(m.mark != _DONE)).scalars())
        found = [each for each in connection.execute(recent).scalars() if each not in finished]
    return list(dict.fromkeys([*sorted(begun), *found]))[:MOST_AT_ONCE]


def _forget(engine: Engine, source: str, now: datetime) -> None:
    """Removes the marks of tickets that are too old to get a note, so that there are always few."""
    m = sync_marks.c
    old = (m.source == source, m.stream.startswith(_STREAM), m.mark == _DONE)
    with writing(engine) as connection:
        connection.execute(delete(sync_marks).where(*old, m.moved_at < now - 2 * LATEST))


def _named(streams: Iterable[str]) -> set[str]:
    return {each.removeprefix(_STREAM) for each in streams}


def _text(
    engine: Engine, configuration: Configuration, source: str, ticket: str, now: datetime
) -> str:
    """The note as it was stored first; "" where the ticket gets none."""
    with writing(engine) as connection:
        advisory_lock(connection, Lock.APPEND_TICKET_EVENTS)
        stored = read_mark(connection, source, _STREAM + ticket)
        if stored is not None:
            return "" if stored == _DONE else str(json.loads(stored)["text"])
        events = events_of(connection, source, ticket)
        text = ""
        if not _is_answered(events):
            row = _row(connection, source, ticket)
            tier = row[0] or _default_tier(configuration)
            matches = for_ticket(configuration, events, tier)
            text, _ = note_for(configuration, matches, row[1])
        mark = json.dumps({"text": text}) if text else _DONE
        set_mark(connection, source, _STREAM + ticket, mark, now)
        return text


def _row(connection: Connection, source: str, ticket: str) -> tuple[str | None, str | None]:
    c = tickets.c
    found = select(c.tier, c.customer).where(c.source == source, c.ticket == ticket)
    row = connection.execute(found).one()
    return row.tier, row.customer


def _default_tier(configuration: Configuration) -> str | None:
    book = configuration.displayed().promises
    return book.default_tier if book else None


def _is_answered(events: Sequence[Event]) -> bool:
    return any(each.kind is EventKind.COMMENT and each.author is Author.AGENT for each in events)
