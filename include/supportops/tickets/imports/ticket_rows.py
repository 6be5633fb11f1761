"""Rows that each stand for a whole ticket: what happened to it, as far as a row can tell.

A row has the ticket's state now and a few instants. A later export of the same ticket adds what is
new in it, and the same row again adds nothing:

- the creation and the first response are facts of the past: those that the store has stand;
- another solution or closing is added; where the ticket was done before, it was reopened in
  between, which no export dates, so it counts as reopened at the instant of the new one;
- a state that changed counts from the row's `updated`, or from the import where there is none;
- an empty cell changes nothing, and a row older than the store (by `updated`) changes no state.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from supportops.tickets.imports.mapping import (
    ImportMapping,
    Record,
    RecordError,
    UnknownWordError,
    shown,
)
from supportops.tickets.ticket import DONE, Author, Event, EventKind, Status, Ticket, fold
from supportops.tickets.validation import rejection_reason

FIRST_RESPONSE, SOLVED, CLOSED, DUE, UPDATED = (
    "first_response",
    "solved",
    "closed",
    "due",
    "updated",
)
_UNKNOWN_WORDS = 50


@dataclass(frozen=True, slots=True)
class TicketRow:
    """One row: the ticket's number, its state, and its instants by name, those that it has.

    `unanswered`: the row says that nobody has answered so far.
    """

    ticket: str
    created: datetime
    instants: Mapping[str, datetime]
    status: Status | None
    fields: Mapping[EventKind, str]
    tier_rule: str
    facts: Mapping[str, Any]
    unanswered: bool = False


@dataclass(slots=True)
class TicketRowReader:
    """Reads rows of tickets. `unknown` counts the words that the mapping does not translate.

    `lacking` are columns that the file does not have, `shift` moves every instant.
    """

    mapping: ImportMapping
    now: datetime
    shift: timedelta = timedelta(0)
    lacking: frozenset[str] = frozenset()
    unknown: Counter[str] = field(default_factory=Counter)

    def row(self, record: Record) -> TicketRow:
        """The row of a record. Raises RecordError."""
        mapping = self.mapping
        ticket = record.get(mapping.ticket, "").strip()
        if not ticket:
            raise RecordError(f"{mapping.ticket}: no ticket number")
        created = mapping.times.read(record, mapping.created.at)
        found = {name: mapping.moment(record, name, created) for name in mapping.instants.given}
        instants = {name: at + self.shift for name, at in found.items() if at is not None}
        words = {kind: self._word(record, kind) for kind in mapping.state}
        status = words.pop(EventKind.STATUS, None)
        tier = mapping.state.get(EventKind.TIER)
        row = TicketRow(
            ticket,
            created + self.shift,
            instants,
            None if status is None else Status(status),
            {kind: word for kind, word in words.items() if word is not None},
            f"{tier.column} {record.get(tier.column, '')} in the source" if tier else "",
            self._facts(record, instants),
            mapping.says_unanswered(record),
        )
        for event in self.events(row, ()):
            if (reason := rejection_reason(event)) is not None:
                raise RecordError(reason)
        return row

    def events(self, row: TicketRow, known: Sequence[Event]) -> list[Event]:
        """What `row` adds to the events of its ticket that are `known`, in order."""
        return list(_Additions(self, row, known).events())

    @property
    def knows_responses(self) -> bool:
        """Whether the file has a column for the first response."""
        moment = self.mapping.instants.first_response
        return moment is not None and moment.column not in self.lacking

    def _word(self, record: Record, kind: EventKind) -> str | None:
        cell = self.mapping.state[kind]
        try:
            word = cell.read(record)
        except UnknownWordError:
            self._note_unknown(cell.column, record)
            return None
        if kind is EventKind.STATUS and word is not None and word not in set(Status):
            lowered = word.strip().casefold()
            if lowered not in set(Status):
                self._note_unknown(cell.column, record)
                return None
            return lowered
        return word

    def _note_unknown(self, column: str, record: Record) -> None:
        name = f"{column} {shown(record.get(column, ''))}"
        if name in self.unknown or len(self.unknown) < _UNKNOWN_WORDS:
            self.unknown[name] += 1

    def _facts(self, record: Record, instants: Mapping[str, datetime]) -> dict[str, Any]:
        creation = self.mapping.created
        requester = record.get(creation.requester, "") if creation.requester else ""
        facts = {"subject": creation.subject.fill(record), "requester": requester}
        if text := creation.text.fill(record):
            facts["text"] = text
        if DUE in instants:
            facts["due"] = instants[DUE].isoformat()
        return facts


class _Additions:
    """What one row adds to what is known of its ticket."""

    def __init__(self, reader: TicketRowReader, row: TicketRow, known: Sequence[Event]) -> None:
        self._reader, self._row = reader, row
        self._names = {event.source_event for event in known}
        self._before: Ticket | None = fold(known) if known else None
        self._new = all(event.kind is not EventKind.CREATED for event in known)
        self._status = Status.NEW if self._before is None else self._before.status
        self._sequence = max((event.sequence for event in known), default=0)
        self._updated = row.instants.get(UPDATED)
        last = max((event.happened_at for event in known), default=None)
        self._older = last is not None and self._updated is not None and self._updated < last

    def events(self) -> Iterator[Event]:
        if self._new:
            yield from self._creation()
        elif not self._older:
            yield from self._changes()
        yield from self._response()
        yield from self._ends()
        if not self._older:
            yield from self._last_status()

    def _creation(self) -> Iterator[Event]:
        row, creation = self._row, self._reader.mapping.created
        made = self._event("created", EventKind.CREATED, row.created)
        yield replace(made, author=creation.author, facts=row.facts)
        for kind in EventKind:
            if kind in row.fields:
                yield self._field(kind, f"created/{kind.value}", row.created)

    def _changes(self) -> Iterator[Event]:
        at = self._updated or self._reader.now
        assert self._before is not None
        for kind in EventKind:
            value = self._row.fields.get(kind)
            if value is not None and value != _held(self._before, kind):
                yield self._field(kind, f"{kind.value}/{_stamp(at)}", at)

    def _response(self) -> Iterator[Event]:
        row = self._row
        at = row.instants.get(FIRST_RESPONSE)
        name = FIRST_RESPONSE
        if at is None and not self._reader.knows_responses:
            # Nothing says when somebody answered: at the latest when an agent is first seen.
            busy = self._updated if self._touched() else None
            seen = [row.instants.get(SOLVED), row.instants.get(CLOSED), busy]
            at = min((each for each in seen if each is not None), default=None)
            name = "first_sign"
        if at is None or self._named(name) in self._names:
            return
        yield replace(self._event(name, EventKind.COMMENT, at), author=Author.AGENT)

    def _touched(self) -> bool:
        """Whether somebody seems to have acted: after the creation, and beyond the first status."""
        row, updated = self._row, self._updated
        if row.unanswered or updated is None or updated <= row.created:
            return False
        return row.status not in (None, Status.NEW)

    def _ends(self) -> Iterator[Event]:
        given = [(self._row.instants.get(name), name) for name in (SOLVED, CLOSED)]
        ordered = sorted((at, name == CLOSED, name) for at, name in given if at is not None)
        for at, _, name in ordered:
            yield from self._end(at, name)

    def _end(self, at: datetime, name: str) -> Iterator[Event]:
        status = Status(name)
        key = f"{name}/{_stamp(at)}"
        if self._named(key) in self._names:
            return
        before = self._before
        if before is not None and before.solved_at is not None and at < before.solved_at:
            return
        if self._status in DONE and (status is Status.SOLVED or self._status is Status.CLOSED):
            yield self._to(Status.OPEN, f"reopened/{_stamp(at)}", at)
        yield self._to(status, key, at)

    def _last_status(self) -> Iterator[Event]:
        status, row = self._row.status, self._row
        if status is None:
            if self._status is Status.NEW and FIRST_RESPONSE in row.instants and self._new:
                yield self._to(Status.OPEN, "status/open", row.instants[FIRST_RESPONSE])
            return
        if status is self._status or (status is Status.SOLVED and self._status is Status.CLOSED):
            return
        ends = [row.instants[name] for name in (SOLVED, CLOSED) if name in row.instants]
        at = self._updated or self._reader.now
        if status is Status.CLOSED and self._status is Status.SOLVED and ends:
            at = self._updated or max(ends)
        elif self._new and status is Status.OPEN and not ends:
            at = row.instants.get(FIRST_RESPONSE, row.created)
        if ends:
            at = max(at, *ends)
        yield self._to(status, f"status/{status.value}/{_stamp(at)}", at)

    def _to(self, status: Status, name: str, at: datetime) -> Event:
        self._status = status
        return replace(self._event(name, EventKind.STATUS, at), value=status.value)

    def _field(self, kind: EventKind, name: str, at: datetime) -> Event:
        facts = {"rule": self._row.tier_rule} if kind is EventKind.TIER else {}
        event = self._event(name, kind, at)
        return replace(event, value=self._row.fields[kind], facts=facts)

    def _event(self, name: str, kind: EventKind, at: datetime) -> Event:
        self._sequence += 1
        mapping, now = self._reader.mapping, self._reader.now
        return Event(
            mapping.source,
            self._named(name),
            self._row.ticket,
            kind,
            at,
            now,
            mapping.author,
            sequence=self._sequence,
        )

    def _named(self, name: str) -> str:
        return f"{self._row.ticket}/{name}"


def _held(ticket: Ticket, kind: EventKind) -> str | None:
    if kind is EventKind.TAGS:
        return ",".join(ticket.tags)
    held: str | None = getattr(ticket, kind.value)
    return held


def _stamp(at: datetime) -> str:
    return f"{at:%Y%m%dT%H%M%S}"
