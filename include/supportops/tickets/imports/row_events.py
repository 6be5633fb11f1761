"""Turns a file's rows into events, by a mapping."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from supportops.tickets.imports.mapping import ImportMapping, Record, RecordError, Rows
from supportops.tickets.ticket import Author, Event, EventKind, Status
from supportops.tickets.validation import unfit


@dataclass(frozen=True, slots=True)
class Standing:
    """What the rows so far said of a ticket: its state, and whether an agent has replied."""

    state: Mapping[EventKind, str | None]
    replied: bool = False


class Standings:
    """The standing of every ticket of a file, kept on disk but for the one read last.

    Rows of a ticket mostly stand together; where they do not, memory still does not grow.
    """

    def __init__(self) -> None:
        # An empty name is SQLite's word for a database of its own that spills to disk.
        self._kept = sqlite3.connect("")
        self._kept.execute("CREATE TABLE kept (ticket TEXT PRIMARY KEY, standing TEXT NOT NULL)")
        self._ticket: str | None = None
        self._standing: Standing | None = None

    def get(self, ticket: str) -> Standing | None:
        if ticket != self._ticket:
            self._put_away()
            found = self._kept.execute("SELECT standing FROM kept WHERE ticket = ?", (ticket,))
            row = found.fetchone()
            self._ticket, self._standing = ticket, None if row is None else _standing(row[0])
        return self._standing

    def put(self, ticket: str, standing: Standing) -> None:
        self.get(ticket)
        self._standing = standing

    def close(self) -> None:
        self._kept.close()

    def _put_away(self) -> None:
        if self._ticket is not None and self._standing is not None:
            written = json.dumps([dict(self._standing.state), self._standing.replied])
            self._kept.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", (self._ticket, written))


@dataclass(frozen=True, slots=True)
class RowReader:
    """Reads rows in the file's order. `shift` moves every instant, `now` is when we heard."""

    mapping: ImportMapping
    standings: Standings
    now: datetime
    shift: timedelta = timedelta(0)

    def events(self, record: Record) -> list[Event]:
        """What the row says happened. Raises RecordError; the row then counts for nothing."""
        ticket = record.get(self.mapping.ticket, "")
        if not ticket:
            raise RecordError(f"{self.mapping.ticket}: no ticket number")
        at = self.mapping.times.read(record, self.mapping.at) + self.shift
        base = self._event(ticket, at, "/".join((ticket, *self._row_id(record))))
        if self.mapping.rows is Rows.EVENTS:
            return _fit(self._happened(record, base))
        before = self.standings.get(ticket)
        events, after = self._changed(record, base, before)
        fit = _fit(events)
        self.standings.put(ticket, after)
        return fit

    def _event(self, ticket: str, at: datetime, name: str) -> Event:
        return Event(
            self.mapping.source, name, ticket, EventKind.NOTE, at, self.now, self.mapping.author
        )

    def _row_id(self, record: Record) -> list[str]:
        parts = [record.get(column, "") for column in self.mapping.row_id]
        if not any(parts):
            raise RecordError(f"{', '.join(self.mapping.row_id)}: no word that names the row")
        return parts

    def _changed(
        self, record: Record, base: Event, before: Standing | None
    ) -> tuple[list[Event], Standing]:
        """The difference between this row and the ticket's last one, as events."""
        events = []
        if before is None:
            events = self._created(record, base)
            before = Standing(
                {EventKind.STATUS: Status.NEW.value}
                | {event.kind: event.value for event in events[1:]}
            )
        state = self._state(record, before.state)
        changes = [
            self._said(base, kind, value, record)
            for kind, value in state.items()
            if value != before.state.get(kind)
        ]
        replies = not before.replied and self._is_reply(record)
        if replies:
            reply = f"{base.source_event}/comment"
            changes.append(
                replace(base, source_event=reply, kind=EventKind.COMMENT, author=Author.AGENT)
            )
        if not changes:
            changes.append(replace(base, source_event=f"{base.source_event}/note"))
        return events + changes, Standing(state, before.replied or replies)

    def _created(self, record: Record, base: Event) -> list[Event]:
        """The creation, and what the ticket's first row says that was true from then on."""
        told = self.mapping.created
        at = self.mapping.times.read(record, told.at) + self.shift
        first = replace(
            base,
            source_event=f"{base.ticket}/created",
            kind=EventKind.CREATED,
            happened_at=at,
            author=told.author,
            facts=self._words(record),
        )
        begun = replace(base, source_event=first.source_event, happened_at=at)
        read = {k: self.mapping.state[k].read(record) for k in self.mapping.from_creation}
        ordered = (kind for kind in EventKind if read.get(kind) is not None)
        return [first] + [self._said(begun, kind, read[kind], record) for kind in ordered]

    def _state(
        self, record: Record, before: Mapping[EventKind, str | None]
    ) -> dict[EventKind, str | None]:
        state = dict(before)
        for kind, cell in self.mapping.state.items():
            value = cell.read(record)
            if value is not None or kind is not EventKind.STATUS:
                state[kind] = value
        return state

    def _said(self, base: Event, kind: EventKind, value: str | None, record: Record) -> Event:
        facts: dict[str, Any] = {}
        if kind is EventKind.TIER and value is not None:
            column = self.mapping.state[kind].column
            facts = {"rule": f"{column} {record.get(column, '')} in the source"}
        name = f"{base.source_event}/{kind.value}"
        at, heard = base.happened_at, base.recorded_at
        return Event(base.source, name, base.ticket, kind, at, heard, base.author, value, facts)

    def _is_reply(self, record: Record) -> bool:
        asked = self.mapping.first_reply
        word = record.get(asked.column, "") if asked is not None else ""
        return asked is not None and bool(word) and word not in asked.unless

    def _happened(self, record: Record, base: Event) -> list[Event]:
        """One thing that happened; a creation may bring the ticket's first state with it."""
        told = self.mapping.happening
        assert told is not None
        kind = EventKind(_needed(told.kind.read(record), told.kind.column))
        author = Author(_needed(told.author.read(record), told.author.column))
        base = replace(base, author=author)
        if kind is EventKind.CREATED:
            first = replace(base, kind=kind, facts=self._words(record))
            read = {k: cell.read(record) for k, cell in self.mapping.state.items()}
            given = [k for k in EventKind if read.get(k) is not None]
            return [first] + [self._said(base, k, read[k], record) for k in given]
        word = record.get(told.value, "") or None
        known = told.values.get(kind)
        if known is not None and word is not None:
            if word not in known:
                raise RecordError(f"{told.value}: no {kind.value} is written {word[:60]!r}")
            word = known[word]
        text = record.get(told.text, "")
        return [replace(base, kind=kind, value=word, facts={"text": text} if text else {})]

    def _words(self, record: Record) -> dict[str, str]:
        told = self.mapping.created
        requester = record.get(told.requester, "") if told.requester else ""
        words = {"subject": told.subject.fill(record), "requester": requester}
        text = told.text.fill(record)
        return words | {"text": text} if text else words


def _fit(events: list[Event]) -> list[Event]:
    for event in events:
        if (reason := unfit(event)) is not None:
            raise RecordError(reason)
    return events


def _needed(word: str | None, column: str) -> str:
    if word is None:
        raise RecordError(f"{column}: nothing")
    return word


def _standing(written: str) -> Standing:
    state, replied = json.loads(written)
    return Standing({EventKind(kind): value for kind, value in state.items()}, replied)
