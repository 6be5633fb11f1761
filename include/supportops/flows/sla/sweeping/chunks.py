"""Judges some thousand tickets at a time, and writes what was found in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine, bindparam, update

from supportops.config.of_tickets.service_levels import Tiers
from supportops.db.engine import reading, writing
from supportops.db.locks import Lock, advisory_lock
from supportops.db.schema import tickets
from supportops.flows.active_configuration import customers_now
from supportops.flows.sla.sweeping.alerts import stored_alerts, write
from supportops.flows.sla.sweeping.comparing import Changes, compare
from supportops.flows.sla.sweeping.evaluation import Evaluation, evaluate, open_clocks
from supportops.flows.sla.sweeping.selection import (
    BEGUN,
    COMMITTED_WITHIN,
    Row,
    Selection,
    marked,
)
from supportops.sla.events import NONE
from supportops.sla.policy import PolicyBook
from supportops.tickets.columns import EventColumns, instant
from supportops.tickets.log.event_reading import event_columns


@dataclass(slots=True)
class Tally:
    """What a sweep did, all its chunks together. The names are the keys of `sla-sweep --json`.

    `open`: how many clocks with a promise run or are paused, by tier and metric.
    """

    tickets: int = 0
    clocks: int = 0
    raised: int = 0
    untold: int = 0
    resolved: int = 0
    retracted: int = 0
    unjudgeable: list[dict[str, str]] = field(default_factory=list)
    standing: dict[str, int] = field(default_factory=dict)
    open: dict[str, dict[str, int]] = field(default_factory=dict)

    def add(self, chunk: Evaluation, changes: Changes | None) -> None:
        """Counts a chunk of tickets; `changes` is None where nothing was written."""
        self.tickets += len(chunk.next_at)
        self.clocks += 0 if chunk.clocks is None else len(chunk.clocks)
        for tier, metric, count in open_clocks(chunk.clocks):
            of_tier = self.open.setdefault(tier, {})
            of_tier[metric] = of_tier.get(metric, 0) + count
        for alert in chunk.alerts.values():
            kind = alert.kind.value
            self.standing[kind] = self.standing.get(kind, 0) + 1
        for name, count in (changes.counts() if changes else {}).items():
            setattr(self, name, getattr(self, name) + count)

    def to_json(self) -> dict[str, Any]:
        """Every field by its name."""
        return {name: getattr(self, name) for name in self.__slots__}


def _judged(
    events: EventColumns, rows: Sequence[Row], book: PolicyBook, at: datetime
) -> Iterator[tuple[Sequence[Row], Evaluation | Exception]]:
    """All these tickets at once; where that fails, halves of them, down to the one that fails."""
    try:
        found = evaluate(events, {row.id: row.prefix for row in rows}, book, at)
    except Exception as error:
        if len(rows) == 1:
            yield rows, error
            return
        middle = len(rows) // 2
        for half in (rows[:middle], rows[middle:]):
            ids = np.array([row.id for row in half], dtype=np.int64)
            yield from _judged(events.take(np.isin(events.ticket, ids)), half, book, at)
        return
    without_events = [row.id for row in rows if row.id not in found.next_at]
    yield rows, found
    if without_events:
        bare = set(without_events)
        yield [row for row in rows if row.id in bare], Evaluation.empty(without_events)


def _read(connection: Connection, rows: Sequence[Row]) -> EventColumns:
    return event_columns(connection, tickets=[row.id for row in rows])


def report_only(
    engine: Engine, book: PolicyBook, at: datetime, selection: Selection, size: int, tally: Tally
) -> None:
    """Judges the selected tickets `size` at a time and counts them; nothing is written."""
    after = 0
    with reading(engine) as connection:
        while rows := selection.page(connection, after, size):
            after = rows[-1].id
            for some, found in _judged(_read(connection, rows), rows, book, at):
                _count(tally, some, found, None)


def write_chunks(
    engine: Engine,
    book: PolicyBook,
    tiers: Tiers,
    at: datetime,
    selection: Selection,
    size: int,
    tally: Tally,
) -> None:
    """Judges the selected tickets and writes what was found, `size` in one transaction."""
    after: int | None = 0
    while after is not None:
        with writing(engine) as connection:
            advisory_lock(connection, Lock.SWEEP_CLOCKS)
            rows = selection.page(connection, after, size)
            after = _write_chunk(connection, book, tiers, at, rows, tally)


def _write_chunk(
    connection: Connection,
    book: PolicyBook,
    tiers: Tiers,
    at: datetime,
    rows: Sequence[Row],
    tally: Tally,
) -> int | None:
    """Writes one transaction's tickets; returns the last one's id, None where there were none.

    Another sweep may have begun meanwhile: then these tickets are judged as of its instant.
    """
    if not rows:
        return None
    at = max(at, marked(connection, BEGUN) or at)
    stored = stored_alerts(connection, (row.prefix for row in rows))
    for some, found in _judged(_read(connection, rows), rows, book, at):
        changes = None
        if isinstance(found, Evaluation):
            own = (alert for row in some for alert in stored.get(row.prefix, ()))
            changes = compare(found, own)
            first = {row.id for row in some if row.swept_at is None}
            # What an import had stamped before the last sweep may have been committed since.
            touched = {row.id for row in some if _touched(row, COMMITTED_WITHIN)}
            customers = customers_now(connection)
            write(connection, found, changes, tiers, customers, first, touched, at)
        _write_next(connection, some, found, at)
        _count(tally, some, found, changes)
    return rows[-1].id


def _write_next(
    connection: Connection, rows: Sequence[Row], found: Evaluation | Exception, at: datetime
) -> None:
    """Writes when to judge each ticket again, where that changed or new events came in.

    One that cannot be judged is judged by every sweep until it can.
    """
    changed = []
    for row in rows:
        if isinstance(found, Evaluation) and row.id not in found.next_at:
            continue
        micros = found.next_at[row.id] if isinstance(found, Evaluation) else None
        next_at = at if micros is None else None if micros == NONE else instant(micros)
        if _touched(row) or next_at != row.next_at:
            swept_at = row.swept_at if isinstance(found, Exception) else at
            changed.append({"row": row.id, "next": next_at, "swept": swept_at})
    if changed:
        statement = update(tickets).where(tickets.c.id == bindparam("row"))
        statement = statement.values(next_at=bindparam("next"), swept_at=bindparam("swept"))
        connection.execute(statement, changed)


def _touched(row: Row, before: timedelta = timedelta(0)) -> bool:
    """Whether something happened to the ticket since it was swept, or so long `before`."""
    return row.swept_at is None or row.touched_at >= row.swept_at - before


def _count(
    tally: Tally, rows: Sequence[Row], found: Evaluation | Exception, changes: Changes | None
) -> None:
    if isinstance(found, Evaluation):
        tally.add(found, changes)
        return
    for row in rows:
        why = f"{type(found).__name__}: {found}"[:300]
        tally.unjudgeable.append({"ticket": row.prefix.removeprefix("sla:"), "error": why})
