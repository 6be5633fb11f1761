"""Outages as Zendesk tickets: raised there once, and told there when they are over.

The store's own ticket of an outage is merged into Zendesk's, where people work on it, so that
one outage is one ticket in every report. What was done is marked after Zendesk took it; a crash
in between is mended by Zendesk's `external_id`, which is looked up before anything is raised.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, select

from supportops.db.engine import reading, writing
from supportops.db.locks import Lock, advisory_lock
from supportops.db.schema import tickets
from supportops.flows.ticketing.outage_tickets import SOURCE as OUTAGE
from supportops.tickets.log.store import append_events, events_of
from supportops.tickets.ticket import Author, Event, EventKind
from supportops.tickets.zendesk.client import Client
from supportops.tickets.zendesk.marks import mark, move
from supportops.tickets.zendesk.model import SOURCE

# An outage that began before Zendesk was connected, or while it was away for days, stays ours.
LATEST = timedelta(days=1)
TAGS = ("outage", "supportops")


@dataclass(frozen=True, slots=True)
class _Raised:
    """What Zendesk knows of an outage: the ticket there, and whether it heard of the end."""

    ticket: str
    told_end: bool = False

    @classmethod
    def read(cls, text: str | None) -> _Raised | None:
        return cls(**json.loads(text)) if text else None

    def write(self) -> str:
        return json.dumps({"ticket": self.ticket, "told_end": self.told_end}, sort_keys=True)


def mirror(engine: Engine, client: Client, clock: Callable[[], datetime]) -> dict[str, int]:
    """Raises in Zendesk what it does not know of, and comments on what is over; how many of each.

    Raises ZendeskError, in one line; what Zendesk took until then is marked.
    """
    done = {"outages_raised": 0, "outages_ended": 0}
    for number, events, known in _outages(engine, clock()):
        if known is None:
            known = _raise(engine, client, number, events, clock())
            done["outages_raised"] += 1
        end = _end_of(events)
        if end is not None and not known.told_end:
            client.comment(known.ticket, end)
            _mark(engine, number, _Raised(known.ticket, told_end=True), clock())
            done["outages_ended"] += 1
    return done


def _outages(engine: Engine, now: datetime) -> Iterator[tuple[str, list[Event], _Raised | None]]:
    """The store's outage tickets of the last day, with their events, the oldest first."""
    c = tickets.c
    statement = (
        select(c.ticket)
        .where(c.source == OUTAGE, c.created_at > now - LATEST)
        .order_by(c.created_at, c.ticket)
    )
    with reading(engine) as connection:
        numbers = connection.execute(statement).scalars().all()
        found = [
            (
                number,
                list(events_of(connection, OUTAGE, number)),
                _Raised.read(mark(connection, SOURCE, _stream(number))),
            )
            for number in numbers
        ]
    yield from found


def _raise(
    engine: Engine, client: Client, number: str, events: list[Event], now: datetime
) -> _Raised:
    created = next(event for event in events if event.kind is EventKind.CREATED)
    subject, text = str(created.facts.get("subject", "")), str(created.facts.get("text", ""))
    external = f"{OUTAGE}/{number}"
    raised = _Raised(client.create_ticket(external, subject, text, "urgent", TAGS, external))
    merged = Event(
        source=OUTAGE,
        source_event=f"{number}/zendesk",
        ticket=number,
        kind=EventKind.MERGED,
        happened_at=max(now, created.happened_at),
        recorded_at=now,
        author=Author.AUTOMATIC,
        value=raised.ticket,
    )
    _mark(engine, number, raised, now, merged)
    return raised


def _mark(engine: Engine, number: str, raised: _Raised, now: datetime, *events: Event) -> None:
    with writing(engine) as connection:
        advisory_lock(connection, Lock.APPEND_TICKET_EVENTS)
        append_events(connection, events, now)
        move(connection, SOURCE, _stream(number), raised.write(), now)


def _end_of(events: list[Event]) -> str | None:
    """What the recovery's comment says; None while the outage lasts."""
    if not any(event.kind is EventKind.STATUS for event in events):
        return None
    comments = [event for event in events if event.kind is EventKind.COMMENT]
    return str(comments[-1].facts.get("text", "")) if comments else "Over."


def _stream(number: str) -> str:
    return f"{OUTAGE}/{number}"
