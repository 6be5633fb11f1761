"""Imports a file of tickets: valid rows into the store, bad ones to quarantine with the reason."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from sqlalchemy import Connection, Engine, func, select

from supportops.db.engine import reading, writing
from supportops.db.locks import Lock, advisory_lock
from supportops.db.schema import ticket_events
from supportops.files import create_file, kind_of
from supportops.tickets.imports.file_form import ImportFault
from supportops.tickets.imports.guessing import settle
from supportops.tickets.imports.known_tickets import known_events
from supportops.tickets.imports.mapping import ImportMapping, RecordError, Rows
from supportops.tickets.imports.record_file import (
    LONGEST_CONTENT,
    BadRow,
    GoodRow,
    open_records,
)
from supportops.tickets.imports.row_events import RowReader, TicketStates
from supportops.tickets.imports.seen_rows import SeenRows
from supportops.tickets.imports.summary import ImportSummary, Reasons
from supportops.tickets.imports.ticket_rows import TicketRow, TicketRowReader
from supportops.tickets.log.quarantine import Rejected, set_aside
from supportops.tickets.log.store import BATCH, Appended, append_events, created_tickets
from supportops.tickets.ticket import Event, EventKind
from supportops.tickets.validation import storable

WEEK = timedelta(weeks=1)
REJECTS_SUFFIX = ".quarantine.jsonl"
_ROWS_PER_PROGRESS = 500
_MOST_CHARACTERS = 8_000_000

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class _Pending:
    """What has been read and not yet stored, and the counts so far."""

    events: list[Event] = field(default_factory=list)
    ticket_rows: list[TicketRow] = field(default_factory=list)
    bad_rows: list[BadRow] = field(default_factory=list)
    reasons: Reasons = field(default_factory=Reasons)
    rows: int = 0
    bad: int = 0
    later: int = 0
    characters: int = 0
    appended: Appended = field(default_factory=Appended)
    kinds: Counter[str] = field(default_factory=Counter)

    def add(self, events: Sequence[Event], until: datetime | None) -> None:
        """Takes the events that have happened until then."""
        due = [each for each in events if until is None or each.happened_at <= until]
        self.later += len(events) - len(due)
        self.events += due

    @property
    def full(self) -> bool:
        waiting = max(len(self.events), len(self.bad_rows), len(self.ticket_rows) * 3)
        return waiting >= BATCH or self.characters >= _MOST_CHARACTERS


def import_file(
    engine: Engine,
    path: Path,
    mapping: ImportMapping,
    now: datetime,
    *,
    progress: Progress | None = None,
    shift: timedelta | None = None,
    until: datetime | None = None,
    rejects: Path | None = None,
    known_to: Engine | None = None,
) -> ImportSummary:
    """Imports `path` in transactions of some thousand events; a repetition changes nothing.

    What `mapping` leaves open is guessed from the file, and said. Bad rows go to the table
    `quarantine` and, with line and reason, to the file `rejects` (JSON lines; beside `path` by
    default; there is none without bad rows). `progress` is called with the bytes read and the size
    in bytes. `shift` moves every instant by whole weeks, `until` leaves later events out: both are
    for demos. With `known_to`, another store, `engine` is one for a trial: the file's tickets are
    copied from there first, and no file of bad rows is written. Raises ImportFault where nothing of
    the file can be read, ValueError for a `shift` of part of a week.
    """
    if shift is not None and shift % WEEK:
        raise ValueError(f"a log is moved by whole weeks, not by {shift}")
    aside = rejects or path.parent / (path.name + REJECTS_SUFFIX)
    if _same(aside, path):
        raise ImportFault("the bad rows would be written over the file itself")
    pending = _Pending()
    settled = settle(path, mapping)
    mapping = settled.mapping
    with ExitStack() as stack:
        file = stack.enter_context(open_records(path, mapping))
        rows = file.rows()
        states = stack.enter_context(closing(TicketStates()))
        seen = stack.enter_context(closing(SeenRows(mapping)))
        rejected = stack.enter_context(closing(_RejectsFile(None if known_to else aside)))
        reader = RowReader(mapping, states, now, shift or timedelta(0))
        tickets = TicketRowReader(mapping, now, shift or timedelta(0), frozenset(file.lacking))
        into = _Destination(engine, path, mapping, now, rejected, tickets, until, known_to)
        for row in rows:
            _take(pending, row, tickets if mapping.rows is Rows.TICKETS else reader, seen, until)
            if pending.full:
                _write(into, pending)
            if progress is not None and pending.rows % _ROWS_PER_PROGRESS == 0:
                progress(file.done, file.size)
        _write(into, pending)
        if progress is not None:
            progress(file.size, file.size)
    unknown = tickets.unknown + reader.unknown
    notes = tuple(_notes(file.lacking, tickets))
    summary = _summary(pending, path, mapping, aside)
    return replace(
        summary,
        guessed=settled.guessed,
        notes=notes,
        unknown=dict(unknown.most_common()),
        dry_run=known_to is not None,
        rejects=None if known_to is not None else summary.rejects,
    )


def _notes(lacking: Collection[str], tickets: TicketRowReader) -> Iterator[str]:
    if lacking:
        yield f"the file has no column {', '.join(sorted(lacking))}"
    if tickets.mapping.rows is Rows.TICKETS and not tickets.knows_responses:
        yield (
            "no column says when tickets were first answered: one counts as answered when an agent "
            "is first seen to act, at the latest when it was solved"
        )


def weeks_until(
    path: Path, mapping: ImportMapping, now: datetime, *, created: bool = False
) -> timedelta:
    """The whole weeks by which to shift the file so that its last event is just before `now`.

    With `created` it is the last creation that counts: later events of the log then lie in the
    future, and `until` lets each come in when it happens.
    """
    instants = (
        event.happened_at
        for event in _all_events(path, mapping, now)
        if event.kind is EventKind.CREATED or not created
    )
    last = max(instants, default=now)
    return (now - last) // WEEK * WEEK


def _all_events(path: Path, mapping: ImportMapping, now: datetime) -> Iterator[Event]:
    mapping = settle(path, mapping).mapping
    with open_records(path, mapping) as file, closing(TicketStates()) as states:
        reader = RowReader(mapping, states, now)
        tickets = TicketRowReader(mapping, now)
        for row in file.rows():
            if isinstance(row, GoodRow):
                try:
                    if mapping.rows is Rows.TICKETS:
                        yield from tickets.events(tickets.row(row.record), ())
                    else:
                        yield from reader.events(row.record, row.line)
                except RecordError:
                    continue


def _take(
    pending: _Pending,
    row: GoodRow | BadRow,
    reader: RowReader | TicketRowReader,
    seen: SeenRows,
    until: datetime | None,
) -> None:
    pending.rows += 1
    pending.characters += len(row.content)
    if isinstance(row, GoodRow):
        try:
            if isinstance(reader, TicketRowReader):
                found = reader.row(row.record)
                seen.add(row.record, row.line)
                pending.ticket_rows.append(found)
            else:
                events = reader.events(row.record, row.line)
                seen.add(row.record, row.line)
                pending.add(events, until)
            return
        except RecordError as error:
            row = BadRow(row.line, str(error), row.content[:LONGEST_CONTENT])
    pending.bad += 1
    pending.bad_rows.append(row)
    pending.reasons.add(row)


@dataclass(frozen=True, slots=True)
class _Destination:
    """Where events and bad rows go, and what they are made with."""

    engine: Engine
    path: Path
    mapping: ImportMapping
    now: datetime
    rejects: _RejectsFile
    tickets: TicketRowReader
    until: datetime | None
    known_to: Engine | None


def _write(into: _Destination, pending: _Pending) -> None:
    """Stores what has been read in one transaction, and empties `pending`."""
    source = into.mapping.source
    if into.known_to is not None:
        numbers = {event.ticket for event in pending.events}
        numbers |= {row.ticket for row in pending.ticket_rows}
        with reading(into.known_to) as connection:
            copies = [e for own in known_events(connection, source, numbers).values() for e in own]
        with writing(into.engine) as connection:
            append_events(connection, copies, into.now)
    with writing(into.engine) as connection:
        advisory_lock(connection, Lock.APPEND_TICKET_EVENTS)
        known = known_events(connection, source, [row.ticket for row in pending.ticket_rows])
        for row in pending.ticket_rows:
            pending.add(into.tickets.events(row, known.get(row.ticket, ())), into.until)
        whole = _known_whole(connection, source, pending.events)
        pending.events = [each for each in pending.events if not _is_doubt(each, whole)]
        appended = append_events(connection, pending.events, into.now)
        pending.appended += appended
        pending.kinds.update(_new_kinds(connection, source, pending.events, appended, into.now))
        bad_rows = [_rejected(bad, into.path) for bad in pending.bad_rows]
        set_aside(connection, source, bad_rows, into.now)
    into.rejects.write(pending.bad_rows)
    pending.events, pending.bad_rows, pending.ticket_rows = [], [], []
    pending.characters = 0


def _new_kinds(
    connection: Connection,
    source: str,
    events: Sequence[Event],
    appended: Appended,
    now: datetime,
) -> Counter[str]:
    """How many of the events that were just appended were new, by kind."""
    if not appended.new:
        return Counter()
    if not appended.known:
        return Counter(event.kind.value for event in events)
    table = ticket_events.c
    found: Counter[str] = Counter()
    for place in range(0, len(events), BATCH):
        names = [event.source_event for event in events[place : place + BATCH]]
        chosen = (table.source == source, table.source_event.in_(names), table.recorded_at == now)
        counted = select(table.kind, func.count()).where(*chosen).group_by(table.kind)
        for kind, rows in connection.execute(counted):
            found[kind] += rows
    return found


def _known_whole(connection: Connection, source: str, events: Sequence[Event]) -> frozenset[str]:
    """The tickets in `events` whose history an earlier file began, where this one doubts it."""
    doubted = {each.ticket for each in events if each.kind is EventKind.KNOWN_SINCE}
    return created_tickets(connection, source, doubted)


def _is_doubt(event: Event, known: frozenset[str]) -> bool:
    return event.kind is EventKind.KNOWN_SINCE and event.ticket in known


def _rejected(bad: BadRow, path: Path) -> Rejected:
    content, place = storable(bad.content), storable(f"{path.name}:{bad.line}")
    record = hashlib.sha256((content or place).encode()).hexdigest()[:16]
    return Rejected(record, place, storable(bad.reason), content)


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return one.absolute() == other.absolute()


class _RejectsFile:
    """The file of bad rows, created with the first one; that of an earlier run is removed."""

    def __init__(self, path: Path | None) -> None:
        """`path`: None for no file at all."""
        self._path = path
        self._file: TextIO | None = None
        if path is None:
            return
        if (kind := kind_of(path)) is not None:
            raise ImportFault(f"the bad rows cannot be written to {path}: it is {kind}, no file")
        path.unlink(missing_ok=True)

    def write(self, rows: Sequence[BadRow]) -> None:
        if self._path is None:
            return
        if rows and self._file is None:
            self._file = TextIOWrapper(create_file(self._path), encoding="utf-8")
        for row in rows:
            assert self._file is not None
            line = {"line": row.line, "reason": row.reason, "content": row.content}
            self._file.write(json.dumps(line) + "\n")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def _summary(pending: _Pending, path: Path, mapping: ImportMapping, aside: Path) -> ImportSummary:
    return ImportSummary(
        file=str(path),
        mapping=mapping.name,
        rows=pending.rows,
        loaded=pending.rows - pending.bad,
        bad=pending.bad,
        later=pending.later,
        new_events=pending.appended.new,
        known_events=pending.appended.known,
        new_tickets=pending.appended.tickets,
        rejects=str(aside) if pending.bad else None,
        events={kind.value: n for kind in EventKind if (n := pending.kinds[kind.value])},
        reasons=pending.reasons.all(),
    )
