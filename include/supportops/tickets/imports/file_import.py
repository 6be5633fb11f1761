"""Imports a file of tickets: valid rows into the store, bad ones to quarantine with the reason."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

from sqlalchemy import Connection, Engine

from supportops.db.engine import writing
from supportops.files import create_file, kind_of
from supportops.tickets.imports.mapping import ImportMapping, RecordError
from supportops.tickets.imports.record_file import (
    LONGEST_CONTENT,
    BadRow,
    GoodRow,
    ImportFault,
    open_records,
)
from supportops.tickets.imports.row_events import RowReader, TicketStates
from supportops.tickets.log.quarantine import Rejected, set_aside
from supportops.tickets.log.store import BATCH, Appended, append_events, created_tickets
from supportops.tickets.ticket import Event, EventKind
from supportops.tickets.validation import storable

WEEK = timedelta(weeks=1)
REJECTS_SUFFIX = ".quarantine.jsonl"
_ROWS_PER_PROGRESS = 500
_MOST_CHARACTERS = 8_000_000

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What an import did: rows read, loaded and set aside; events that were new or known.

    `later` counts events left for a later import because they had not happened yet. `early` is how
    many events of the source are stamped before their ticket's creation, at which they count.
    """

    file: str
    mapping: str
    rows: int
    loaded: int
    bad: int
    later: int
    new_events: int
    known_events: int
    new_tickets: int
    rejects: str | None
    early: int = 0

    def to_json(self) -> dict[str, Any]:
        """The summary as plain JSON values."""
        return {name: getattr(self, name) for name in ImportSummary.__slots__}


@dataclass(slots=True)
class _Pending:
    """What has been read and not yet stored, and the counts so far."""

    events: list[Event] = field(default_factory=list)
    bad_rows: list[BadRow] = field(default_factory=list)
    rows: int = 0
    bad: int = 0
    later: int = 0
    characters: int = 0
    appended: Appended = field(default_factory=Appended)

    @property
    def full(self) -> bool:
        waiting = max(len(self.events), len(self.bad_rows))
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
) -> ImportSummary:
    """Imports `path` in transactions of some thousand events; a repetition changes nothing.

    Bad rows go to the table `quarantine` and, with line and reason, to the file `rejects` (JSON
    lines; beside `path` by default; there is none without bad rows). `progress` is called with the
    bytes read and the size in bytes. `shift` moves every instant by whole weeks, `until` leaves
    later events out: both are for demos. Raises
    ImportFault where nothing of the file can be read, ValueError for a `shift` of part of a week.
    """
    if shift is not None and shift % WEEK:
        raise ValueError(f"a log is moved by whole weeks, not by {shift}")
    aside = rejects or path.parent / (path.name + REJECTS_SUFFIX)
    if _same(aside, path):
        raise ImportFault("the bad rows would be written over the file itself")
    pending = _Pending()
    with ExitStack() as stack:
        file = stack.enter_context(open_records(path, mapping))
        states = stack.enter_context(closing(TicketStates()))
        rejected = stack.enter_context(closing(_RejectsFile(aside)))
        reader = RowReader(mapping, states, now, shift or timedelta(0))
        for row in file.rows():
            _take(pending, row, reader, until)
            if pending.full:
                _write(engine, pending, path, mapping, now, rejected)
            if progress is not None and pending.rows % _ROWS_PER_PROGRESS == 0:
                progress(file.done, file.size)
        _write(engine, pending, path, mapping, now, rejected)
        if progress is not None:
            progress(file.size, file.size)
    return _summary(pending, path, mapping, aside)


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
    with open_records(path, mapping) as file, closing(TicketStates()) as states:
        reader = RowReader(mapping, states, now)
        for row in file.rows():
            if isinstance(row, GoodRow):
                try:
                    yield from reader.events(row.record, row.line)
                except RecordError:
                    continue


def _take(
    pending: _Pending,
    row: GoodRow | BadRow,
    reader: RowReader,
    until: datetime | None,
) -> None:
    pending.rows += 1
    pending.characters += len(row.content)
    if isinstance(row, GoodRow):
        try:
            events = reader.events(row.record, row.line)
        except RecordError as error:
            row = BadRow(row.line, str(error), row.content[:LONGEST_CONTENT])
        else:
            due = [each for each in events if until is None or each.happened_at <= until]
            pending.later += len(events) - len(due)
            pending.events += due
            return
    pending.bad += 1
    pending.bad_rows.append(row)


def _write(
    engine: Engine,
    pending: _Pending,
    path: Path,
    mapping: ImportMapping,
    now: datetime,
    rejects: _RejectsFile,
) -> None:
    """Stores what has been read in one transaction, and empties `pending`."""
    with writing(engine) as connection:
        known = _known_whole(connection, mapping.source, pending.events)
        new = [each for each in pending.events if not _is_doubt(each, known)]
        pending.appended += append_events(connection, new, now)
        bad_rows = [_rejected(bad, path) for bad in pending.bad_rows]
        set_aside(connection, mapping.source, bad_rows, now)
    rejects.write(pending.bad_rows)
    pending.events, pending.bad_rows, pending.characters = [], [], 0


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

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None
        if (kind := kind_of(path)) is not None:
            raise ImportFault(f"the bad rows cannot be written to {path}: it is {kind}, no file")
        path.unlink(missing_ok=True)

    def write(self, rows: Sequence[BadRow]) -> None:
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
    )
