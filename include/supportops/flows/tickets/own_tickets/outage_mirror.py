"""Mirrors outages into a ticket source: a ticket there for each, and its end when it is over.

The store's own ticket of an outage is merged into the source's, its twin, so that an outage is one
ticket in every report. What was done is marked after the source accepted it; after a crash in
between, the source recognises the outage's ticket by its reference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Engine, select

from supportops.db.engine import reading, writing
from supportops.db.locks import Lock, advisory_lock
from supportops.db.schema import tickets
from supportops.flows.tickets.own_tickets.outage_twins import adopt
from supportops.tickets.log.store import append_events, events_of
from supportops.tickets.log.sync_marks import set_mark
from supportops.tickets.log.twins import Twin, reference, twins_by_outage
from supportops.tickets.source import OUTAGE, TicketSource
from supportops.tickets.ticket import Author, Event, EventKind, Status

# An outage older than this is not mirrored: it began before the source was connected.
LATEST = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Outage:
    """A ticket of the store about an outage, its events, and its twin where there is one."""

    number: str
    events: Sequence[Event]
    twin: Twin | None

    @property
    def reference(self) -> str:
        """How the source's ticket names the outage; its mark's stream has the same name."""
        return reference(self.number)

    @property
    def _ours(self) -> list[Event]:
        return [event for event in self.events if event.author is Author.AUTOMATIC]

    @property
    def ended_at(self) -> datetime | None:
        """When the outage ended, None while it lasts. A status that a person sets is no end."""
        ends = [e.happened_at for e in self._ours if e.kind is EventKind.STATUS]
        return ends[-1] if ends else None

    @property
    def end(self) -> str:
        """What the recovery's comment says."""
        comments = [event for event in self._ours if event.kind is EventKind.COMMENT]
        return str(comments[-1].facts.get("text", "")) if comments else "Over."


def mirror(engine: Engine, source: TicketSource, clock: Callable[[], datetime]) -> dict[str, int]:
    """Raises recent outages that the source has no ticket of, and ends those that are over.

    At the end of an outage its twin gets a comment, and is solved unless people work on it. Returns
    how many were raised and ended. Raises SourceError, in one line; what the source accepted until
    then is marked.
    """
    done = {"outages_raised": 0, "outages_ended": 0}
    for outage in _outages_to_do(engine, source.name, clock()):
        twin = outage.twin
        if twin is None:
            twin = _raise(engine, source, outage, clock())
            done["outages_raised"] += 1
        if not twin.adopted:
            twin = _adopt(engine, source, outage, twin, clock())
        if outage.ended_at is None or twin.finished:
            continue
        if not twin.ended:
            source.comment(twin.ticket, outage.end)
            done["outages_ended"] += 1
        solved = source.solve(twin.ticket)
        twin = replace(twin, ended=True, finished=True)
        _mark(
            engine, source, outage, twin, clock(), *_solution(source, outage, twin, solved, clock())
        )
    return done


def _outages_to_do(engine: Engine, source: str, now: datetime) -> list[_Outage]:
    """The outages of the last day, and earlier ones whose twin is not done with; the oldest first.

    A twin is done with once the store knows it as the outage's and the outage's end is on it.
    """
    c = tickets.c
    statement = select(c.ticket, c.created_at).where(c.source == OUTAGE)
    with reading(engine) as connection:
        twins = twins_by_outage(connection, source)
        rows = connection.execute(statement.order_by(c.created_at, c.ticket)).all()
        chosen = []
        for row in rows:
            twin = twins.get(row.ticket)
            recent = row.created_at is not None and row.created_at > now - LATEST
            if recent if twin is None else not (twin.adopted and twin.finished):
                chosen.append(_Outage(row.ticket, events_of(connection, OUTAGE, row.ticket), twin))
        return chosen


def _raise(engine: Engine, source: TicketSource, outage: _Outage, now: datetime) -> Twin:
    created = next(event for event in outage.events if event.kind is EventKind.CREATED)
    subject, text = str(created.facts.get("subject", "")), str(created.facts.get("text", ""))
    twin = Twin(source.raise_outage(outage.reference, subject, text))
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


def _adopt(
    engine: Engine, source: TicketSource, outage: _Outage, twin: Twin, now: datetime
) -> Twin:
    """The twin, adopted if its creation has been read from the source by now."""
    with writing(engine) as connection:
        advisory_lock(connection, Lock.APPEND_TICKET_EVENTS)
        if not adopt(connection, source.name, twin.ticket, outage.events, now):
            return twin
        adopted = replace(twin, adopted=True)
        set_mark(connection, source.name, outage.reference, adopted.write(), now)
    return adopted


def _solution(
    source: TicketSource, outage: _Outage, twin: Twin, solved: bool, now: datetime
) -> list[Event]:
    """That the twin is solved, at the outage's end; what the source says of it may come later."""
    if not solved or outage.ended_at is None:
        return []
    name = f"{outage.reference}/solved"
    at, status = outage.ended_at, Status.SOLVED.value
    kind, author = EventKind.STATUS, Author.AUTOMATIC
    return [Event(source.name, name, twin.ticket, kind, at, now, author, status)]


def _mark(
    engine: Engine,
    source: TicketSource,
    outage: _Outage,
    twin: Twin,
    now: datetime,
    *events: Event,
) -> None:
    with writing(engine) as connection:
        advisory_lock(connection, Lock.APPEND_TICKET_EVENTS)
        append_events(connection, events, now)
        set_mark(connection, source.name, outage.reference, twin.write(), now)
