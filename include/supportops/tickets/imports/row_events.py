"""Turns a file's rows into events, by a mapping."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from supportops.tickets.imports.mapping import (
    ImportMapping,
    Record,
    RecordError,
    Rows,
    UnknownWordError,
    shown,
)
from supportops.tickets.ticket import Author, Event, EventKind, Status, known_since
from supportops.tickets.validation import rejection_reason

# Logs write the first state of a ticket within hours. A file whose first row of a ticket is later
# than this begins in the middle of the ticket's history.
LATEST_FIRST_ROW = timedelta(days=1)
_UNKNOWN_WORDS = 50


@dataclass(frozen=True, slots=True)
class TicketState:
    """A ticket after the rows read so far: its fields, and whether an agent has replied."""

    fields: Mapping[EventKind, str | None]
    replied: bool = False


class TicketStates:
    """The state of every ticket of a file, on disk except for the one read last.

    The rows of a ticket are mostly adjacent; where they are not, memory does not grow either.
    """

    def __init__(self) -> None:
        # SQLite takes an empty name for a temporary database that spills to disk.
        self._database = sqlite3.connect("")
        self._database.execute("CREATE TABLE states (ticket TEXT PRIMARY KEY, state TEXT NOT NULL)")
        self._ticket: str | None = None
        self._state: TicketState | None = None

    def get(self, ticket: str) -> TicketState | None:
        """The state of a ticket, None before its first row."""
        if ticket != self._ticket:
            self._flush()
            found = self._database.execute("SELECT state FROM states WHERE ticket = ?", (ticket,))
            row = found.fetchone()
            self._ticket, self._state = ticket, None if row is None else _read_state(row[0])
        return self._state

    def put(self, ticket: str, state: TicketState) -> None:
        """Sets the state of a ticket."""
        self.get(ticket)
        self._state = state

    def close(self) -> None:
        """Deletes the temporary database."""
        self._database.close()

    def _flush(self) -> None:
        if self._ticket is not None and self._state is not None:
            written = json.dumps([dict(self._state.fields), self._state.replied])
            insert = "INSERT OR REPLACE INTO states VALUES (?, ?)"
            self._database.execute(insert, (self._ticket, written))


@dataclass(frozen=True, slots=True)
class RowReader:
    """Reads rows in the file's order. `shift` moves every instant; `now` is when it is imported.

    `unknown` counts the words for a status that the mapping does not translate: such a row changes
    no status.
    """

    mapping: ImportMapping
    states: TicketStates
    now: datetime
    shift: timedelta = timedelta(0)
    unknown: Counter[str] = field(default_factory=Counter)

    def events(self, record: Record, line: int) -> list[Event]:
        """What happened by the row at `line` of the file, which gives the order within an instant
        unless a column does. Raises RecordError; the row then has no effect at all."""
        ticket = record.get(self.mapping.ticket, "")
        if not ticket:
            raise RecordError(f"{self.mapping.ticket}: no ticket number")
        at = self.mapping.times.read(record, self.mapping.at) + self.shift
        base = self._event(ticket, at, "/".join((ticket, *self._row_id(record))))
        base = replace(base, sequence=self.mapping.place(record, line))
        if self.mapping.rows is Rows.EVENTS:
            return _checked(self._happened(record, base))
        before = self.states.get(ticket)
        events, after = self._differences(record, base, before)
        valid = _checked(events)
        self.states.put(ticket, after)
        return valid

    def _event(self, ticket: str, at: datetime, name: str) -> Event:
        return Event(
            self.mapping.source, name, ticket, EventKind.NOTE, at, self.now, self.mapping.author
        )

    def _row_id(self, record: Record) -> list[str]:
        parts = [record.get(column, "") for column in self.mapping.row_id]
        if not any(parts):
            raise RecordError(f"{', '.join(self.mapping.row_id)}: no word that names the row")
        return parts

    def _differences(
        self, record: Record, base: Event, before: TicketState | None
    ) -> tuple[list[Event], TicketState]:
        """The difference between this row and the ticket's last one, as events."""
        events = []
        if before is None:
            events = self._created(record, base)
            before = TicketState(
                {EventKind.STATUS: Status.NEW.value}
                | {event.kind: event.value for event in events[1:]}
            )
            if base.happened_at - events[0].happened_at > LATEST_FIRST_ROW:
                events += known_since(events[0], base.happened_at)
        state = self._state(record, before.fields)
        changes = [
            self._change(base, kind, value, record)
            for kind, value in state.items()
            if value != before.fields.get(kind)
        ]
        replies = not before.replied and self._is_reply(record)
        if replies:
            reply = f"{base.source_event}/comment"
            changes.append(
                replace(base, source_event=reply, kind=EventKind.COMMENT, author=Author.AGENT)
            )
        if not changes:
            changes.append(replace(base, source_event=f"{base.source_event}/note"))
        return events + changes, TicketState(state, before.replied or replies)

    def _created(self, record: Record, base: Event) -> list[Event]:
        """The creation, and the fields of the first row that have been true since."""
        creation = self.mapping.created
        at = self.mapping.times.read(record, creation.at) + self.shift
        first = replace(
            base,
            source_event=f"{base.ticket}/created",
            kind=EventKind.CREATED,
            happened_at=at,
            author=creation.author,
            facts=self._words(record),
        )
        begun = replace(base, source_event=first.source_event, happened_at=at)
        read = {k: self.mapping.state[k].read(record) for k in self.mapping.from_creation}
        ordered = (kind for kind in EventKind if read.get(kind) is not None)
        return [first] + [self._change(begun, kind, read[kind], record) for kind in ordered]

    def _state(
        self, record: Record, before: Mapping[EventKind, str | None]
    ) -> dict[EventKind, str | None]:
        state = dict(before)
        for kind, cell in self.mapping.state.items():
            try:
                value = cell.read(record)
            except UnknownWordError:
                if kind is not EventKind.STATUS:
                    raise
                # The ticket is worth more than one word of it.
                name = f"{cell.column} {shown(record.get(cell.column, ''))}"
                if name in self.unknown or len(self.unknown) < _UNKNOWN_WORDS:
                    self.unknown[name] += 1
                continue
            if value is not None or kind is not EventKind.STATUS:
                state[kind] = value
        return state

    def _change(self, base: Event, kind: EventKind, value: str | None, record: Record) -> Event:
        facts: dict[str, Any] = {}
        if kind is EventKind.TIER and value is not None:
            column = self.mapping.state[kind].column
            facts = {"rule": f"{column} {record.get(column, '')} in the source"}
        name = f"{base.source_event}/{kind.value}"
        return replace(base, source_event=name, kind=kind, value=value, facts=facts)

    def _is_reply(self, record: Record) -> bool:
        reply = self.mapping.first_reply
        word = record.get(reply.column, "") if reply is not None else ""
        return reply is not None and bool(word) and word not in reply.unless

    def _happened(self, record: Record, base: Event) -> list[Event]:
        """The event of a row; a creation may come with the ticket's first state."""
        columns = self.mapping.happening
        assert columns is not None
        kind = EventKind(_needed(columns.kind.read(record), columns.kind.column))
        author = Author(_needed(columns.author.read(record), columns.author.column))
        base = replace(base, author=author)
        if kind is EventKind.CREATED:
            first = replace(base, kind=kind, facts=self._words(record))
            read = {k: cell.read(record) for k, cell in self.mapping.state.items()}
            given = [k for k in EventKind if read.get(k) is not None]
            return [first] + [self._change(base, k, read[k], record) for k in given]
        word = record.get(columns.value, "") or None
        known = columns.values.get(kind)
        if known is not None and word is not None:
            if word not in known:
                raise RecordError(f"{columns.value}: no {kind.value} is written {word[:60]!r}")
            word = known[word]
        text = record.get(columns.text, "")
        return [replace(base, kind=kind, value=word, facts={"text": text} if text else {})]

    def _words(self, record: Record) -> dict[str, str]:
        creation = self.mapping.created
        requester = record.get(creation.requester, "") if creation.requester else ""
        words = {"subject": creation.subject.fill(record), "requester": requester}
        text = creation.text.fill(record)
        return words | {"text": text} if text else words


def _checked(events: list[Event]) -> list[Event]:
    for event in events:
        if (reason := rejection_reason(event)) is not None:
            raise RecordError(reason)
    return events


def _needed(word: str | None, column: str) -> str:
    if word is None:
        raise RecordError(f"{column}: nothing")
    return word


def _read_state(written: str) -> TicketState:
    state, replied = json.loads(written)
    return TicketState({EventKind(kind): value for kind, value in state.items()}, replied)
