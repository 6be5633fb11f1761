"""Gives tickets their tiers, once everything that is known of their creation is in the log."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, func, select

from supportops.db.engine import writing
from supportops.db.locks import Lock, advisory_lock
from supportops.db.schema import ticket_events
from supportops.tickets.log.store import append_events, events_of_kinds
from supportops.tickets.log.sync_marks import read_mark, set_mark
from supportops.tickets.ticket import EventKind
from supportops.tickets.triage import Outage, TriageRules, with_tiers

STREAM = "triage"
TICKETS_AT_ONCE = 2_000
_CAUSES = (EventKind.CREATED, EventKind.PRIORITY)
_FACTS = (*_CAUSES, EventKind.TIER, EventKind.SITE, EventKind.TAGS)


def triage_new(
    engine: Engine, source: str, rules: TriageRules, outage: Outage, now: datetime
) -> int:
    """Triages the tickets of `source` that were created or given a priority since the last time.

    A ticket is judged by all of its events and not by those that arrived together, so it does not
    matter in how many parts they were read. Each batch is one transaction with its mark; a
    repetition adds nothing. Returns how many events were added.
    """
    added = 0
    while True:
        with writing(engine) as connection:
            advisory_lock(connection, Lock.APPEND_TICKET_EVENTS)
            mark = int(read_mark(connection, source, STREAM) or 0)
            tickets, last = _next_batch(connection, source, mark)
            if last == mark:
                return added
            known = events_of_kinds(connection, tickets, _FACTS)
            stored = {event.source_event for event in known}
            derived = with_tiers(known, rules, outage)
            new = [each for each in derived if each.source_event not in stored]
            added += append_events(connection, new, now).new
            set_mark(connection, source, STREAM, str(last), now)


def _next_batch(connection: Connection, source: str, mark: int) -> tuple[list[int], int]:
    """The tickets to examine next, and the event up to which they are then examined."""
    c = ticket_events.c
    rows = (
        select(c.id, c.ticket)
        .where(c.id > mark, c.source == source, c.kind.in_([kind.value for kind in _CAUSES]))
        .order_by(c.id)
        .limit(TICKETS_AT_ONCE)
    )
    found = connection.execute(rows).all()
    if len(found) == TICKETS_AT_ONCE:
        return sorted({row.ticket for row in found}), found[-1].id
    newest = select(func.max(c.id)).where(c.id > mark, c.source == source)
    last = connection.execute(newest).scalar_one_or_none()
    return sorted({row.ticket for row in found}), mark if last is None else last
