"""Mirrors outages into a ticket source: a ticket there for each, and a comment when it is over.

The store's own ticket of an outage is merged into the source's, where people work on it, so that
an outage is one ticket in every report. What was done is marked after the source accepted it; after
a crash in between, the source recognises the outage's ticket by its reference.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, select

from supportops.db.engine import reading, writing
from supportops.db.locks import Lock, advisory_lock
from supportops.db.schema import tickets
from supportops.tickets.log.store import append_events, events_of
from supportops.tickets.log.sync_marks import read_mark, set_mark
from supportops.tickets.source import OUTAGE, TicketSource
from supportops.tickets.ticket import Author, Event, EventKind

# An outage older than this is not mirrored: it began before the source was connected.
LATEST = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Twin:
    """An outage's ticket in the source, and whether the end of the outage is on it."""

    ticket: str
    ended: bool = False

    @classmethod
    def read(cls, mark: str | None) -> _Twin | None:
        fields = json.loads(mark) if mark else None
        return cls(fields["ticket"], fields["told_end"]) if fields else None

    def write(self) -> str:
        return json.dumps({"ticket": self.ticket, "told_end": self.ended}, sort_keys=True)


@dataclass(frozen=True, slots=True)
class _Outage:
    """A ticket of the store about an outage, its events, and its twin where there is one."""

    number: str
    events: Sequence[Event]
    twin: _Twin | None

    @property
    def reference(self) -> str:
        """How the source's ticket names the outage; its mark's stream has the same name."""
        return f"{OUTAGE}/{self.number}"

    def end(self) -> str | None:
        """What the recovery's comment says; None while the outage lasts."""
        if not any(event.kind is EventKind.STATUS for event in self.events):
            return None
        comments = [event for event in self.events if event.kind is EventKind.COMMENT]
        return str(comments[-1].facts.get("text", "")) if comments else "Over."


def mirror(engine: Engine, source: TicketSource, clock: Callable[[], datetime]) -> dict[str, int]:
    """Raises recent outages that the source has no ticket of, and comments on those that ended.

    Returns how many of each. Raises SourceError, in one line; what the source accepted until then
    is marked.
    """
    done = {"outages_raised": 0, "outages_ended": 0}
    for outage in _recent_outages(engine, source.name, clock()):
        twin = outage.twin
        if twin is None:
            twin = _raise(engine, source, outage, clock())
            done["outages_raised"] += 1
        end = outage.end()
        if end is not None and not twin.ended:
            source.comment(twin.ticket, end)
            _mark(engine, source, outage, _Twin(twin.ticket, ended=True), clock())
            done["outages_ended"] += 1
    return done


def _recent_outages(engine: Engine, source: str, now: datetime) -> list[_Outage]:
    """The outages of the last day, the oldest first."""
    c = tickets.c
    statement = (
        select(c.ticket)
        .where(c.source == OUTAGE, c.created_at > now - LATEST)
        .order_by(c.created_at, c.ticket)
    )
    with reading(engine) as connection:
        return [
            _Outage(
                number,
                events_of(connection, OUTAGE, number),
                _Twin.read(read_mark(connection, source, f"{OUTAGE}/{number}")),
            )
            for number in connection.execute(statement).scalars().all()
        ]


def _raise(engine: Engine, source: TicketSource, outage: _Outage, now: datetime) -> _Twin:
    created = next(event for event in outage.events if event.kind is EventKind.CREATED)
    subject, text = str(created.facts.get("subject", "")), str(created.facts.get("text", ""))
    twin = _Twin(source.raise_outage(outage.reference, subject, text))
    merged = Event(
        source=OUTAGE,
        source_event=f"{outage.number}/{source.name}",
        ticket=outage.number,
        kind=EventKind.MERGED,
        happened_at=max(now, created.happened_at),
        recorded_at=now,
        author=Author.AUTOMATIC,
        value=twin.ticket,
    )
    _mark(engine, source, outage, twin, now, merged)
    return twin


def _mark(
    engine: Engine,
    source: TicketSource,
    outage: _Outage,
    twin: _Twin,
    now: datetime,
    *events: Event,
) -> None:
    with writing(engine) as connection:
        advisory_lock(connection, Lock.APPEND_TICKET_EVENTS)
        append_events(connection, events, now)
        set_mark(connection, source.name, outage.reference, twin.write(), now)
