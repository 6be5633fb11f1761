"""Loads a file of tickets: the good rows into the store, the bad ones aside with their reason."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

from sqlalchemy import Engine

from supportops.db.engine import writing
from supportops.db.schema import quarantine
from supportops.db.statements import insert_new
from supportops.tickets.imports.mapping import ImportMapping, RecordError
from supportops.tickets.imports.record_file import (
    KEPT_CONTENT,
    BadRow,
    GoodRow,
    ImportFault,
    open_records,
)
from supportops.tickets.imports.row_events import RowReader, Standings
from supportops.tickets.log.store import BATCH, Appended, append_events
from supportops.tickets.ticket import Event, EventKind
from supportops.tickets.validation import storable

WEEK = timedelta(weeks=1)
REJECTS_SUFFIX = ".quarantine.jsonl"
_ROWS_A_TELLING = 500
_CHARACTERS_WAITING = 8_000_000

Progress = Callable[[int, int], None]
Completion = Callable[[Sequence[Event]], Sequence[Event]]


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What an import did: rows read, loaded and set aside; events that were new or known.

    `later` counts events left for a later import because they had not happened yet.
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

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ImportSummary.__slots__}


@dataclass(slots=True)
class _Work:
    """What has been read and not yet written, and the counts so far."""

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
        return waiting >= BATCH or self.characters >= _CHARACTERS_WAITING


def import_file(
    engine: Engine,
    path: Path,
    mapping: ImportMapping,
    now: datetime,
    *,
    progress: Progress | None = None,
    shift: timedelta | None = None,
    until: datetime | None = None,
    complete: Completion | None = None,
    rejects: Path | None = None,
) -> ImportSummary:
    """Loads `path` in transactions of some thousand events; loading it again changes nothing.

    Bad rows go to the table `quarantine` and, with line and reason, to `rejects` (beside the
    file unless given; JSON lines; only there while there are any). `progress` is told bytes read
    and bytes in all. `shift` moves every instant by whole weeks, `until` leaves out what has not
    happened by then: both are for demos. `complete` may add events to those of each row. Raises
    ImportFault where nothing of the file can be read.
    """
    if shift is not None and shift % WEEK:
        raise ValueError(f"a log is moved by whole weeks, not by {shift}")
    aside = rejects or path.parent / (path.name + REJECTS_SUFFIX)
    if aside.resolve() == path.resolve():
        raise ImportFault("the bad rows would be written over the file itself")
    work = _Work()
    with ExitStack() as stack:
        file = stack.enter_context(open_records(path, mapping))
        standings = stack.enter_context(closing(Standings()))
        told = stack.enter_context(closing(_Rejects(aside)))
        reader = RowReader(mapping, standings, now, shift or timedelta(0))
        for row in file.rows():
            _take(work, row, reader, complete, until)
            if work.full:
                _write(engine, work, path, mapping, now, told)
            if progress is not None and work.rows % _ROWS_A_TELLING == 0:
                progress(file.done, file.size)
        _write(engine, work, path, mapping, now, told)
        if progress is not None:
            progress(file.size, file.size)
    return _summary(work, path, mapping, aside)


def weeks_until(
    path: Path, mapping: ImportMapping, now: datetime, *, created: bool = False
) -> timedelta:
    """The whole weeks by which the file's last instant comes closest before `now`.

    With `created` it is the last creation that counts: what the log tells of the time after
    then lies ahead, and `until` lets it come as it happens.
    """
    instants = (
        event.happened_at
        for event in _all_events(path, mapping, now)
        if event.kind is EventKind.CREATED or not created
    )
    last = max(instants, default=now)
    return (now - last) // WEEK * WEEK


def _all_events(path: Path, mapping: ImportMapping, now: datetime) -> Iterator[Event]:
    with open_records(path, mapping) as file, closing(Standings()) as standings:
        reader = RowReader(mapping, standings, now)
        for row in file.rows():
            if isinstance(row, GoodRow):
                try:
                    yield from reader.events(row.record)
                except RecordError:
                    continue


def _take(
    work: _Work,
    row: GoodRow | BadRow,
    reader: RowReader,
    complete: Completion | None,
    until: datetime | None,
) -> None:
    work.rows += 1
    work.characters += len(row.content)
    if isinstance(row, GoodRow):
        try:
            events: Sequence[Event] = reader.events(row.record)
        except RecordError as error:
            row = BadRow(row.line, str(error), row.content[:KEPT_CONTENT])
        else:
            events = complete(events) if complete is not None else events
            due = [each for each in events if until is None or each.happened_at <= until]
            work.later += len(events) - len(due)
            work.events += due
            return
    work.bad += 1
    work.bad_rows.append(row)


def _write(
    engine: Engine,
    work: _Work,
    path: Path,
    mapping: ImportMapping,
    now: datetime,
    told: _Rejects,
) -> None:
    """One transaction for what has been read; afterwards it is forgotten."""
    with writing(engine) as connection:
        work.appended += append_events(connection, work.events, now)
        rows = [_quarantined(bad, path, mapping, now) for bad in work.bad_rows]
        insert_new(connection, quarantine, rows)
    told.write(work.bad_rows)
    work.events, work.bad_rows, work.characters = [], [], 0


def _quarantined(bad: BadRow, path: Path, mapping: ImportMapping, now: datetime) -> dict[str, Any]:
    content = storable(bad.content)
    named = content or f"{path.name}:{bad.line}"
    return {
        "source": mapping.source,
        "record": hashlib.sha256(named.encode()).hexdigest()[:16],
        "place": storable(f"{path.name}:{bad.line}"),
        "reason": storable(bad.reason),
        "content": content,
        "recorded_at": now,
    }


class _Rejects:
    """The file of bad rows, made when there is a first one; one of an earlier run is removed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None
        path.unlink(missing_ok=True)

    def write(self, rows: Sequence[BadRow]) -> None:
        if rows and self._file is None:
            self._file = self._path.open("w", encoding="utf-8")
        for row in rows:
            assert self._file is not None
            told = {"line": row.line, "reason": row.reason, "content": row.content}
            self._file.write(json.dumps(told) + "\n")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def _summary(work: _Work, path: Path, mapping: ImportMapping, aside: Path) -> ImportSummary:
    return ImportSummary(
        file=str(path),
        mapping=mapping.name,
        rows=work.rows,
        loaded=work.rows - work.bad,
        bad=work.bad,
        later=work.later,
        new_events=work.appended.new,
        known_events=work.appended.known,
        new_tickets=work.appended.tickets,
        rejects=str(aside) if work.bad else None,
    )
