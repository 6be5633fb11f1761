"""The sweep: judges every clock that may have moved, and raises what has come due on them.

A sweep is given the instant that it judges by. The store remembers the newest; of any instant an
hour or more before it, and of one to come, a sweep only reports what it finds and writes nothing:
later sweeps have judged all of that. One that is late by less judges as of the newest. A sweep that
was killed and runs again leaves the same rows as one that was not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine, bindparam, update

from supportops.alerts.alert import Kind
from supportops.alerts.operations import operations_alert
from supportops.alerts.store import raise_alert, resolve_alert
from supportops.config.configuration import File
from supportops.config.of_tickets.service_levels import Tiers
from supportops.context import Context
from supportops.db.activity import Flow
from supportops.db.engine import reading, writing
from supportops.db.locks import Lock, advisory_lock
from supportops.db.schema import tickets
from supportops.flows.active_configuration import customers_now, load_or_last_good
from supportops.flows.alerts.watching.dispatch_watch import watch_dispatch
from supportops.flows.sla.sweeping.alerts import Changes, compare, stored_alerts, write
from supportops.flows.sla.sweeping.evaluation import Evaluation, evaluate, open_clocks
from supportops.flows.sla.sweeping.selection import (
    BEGUN,
    DONE,
    SOURCE,
    Row,
    Selection,
    begin,
    mark,
    marked,
    why_read_only,
)
from supportops.sla.events import NONE
from supportops.sla.policy import PolicyBook
from supportops.tickets.columns import EventColumns, instant
from supportops.tickets.log.event_reading import event_columns

NEEDS = (File.SERVICE_LEVELS,)
CHUNK = 50_000
MOST_NAMED = 20
OPEN_CLOCKS = "open_clocks"
"""Under which name a whole sweep notes its `Tally.open`; see `db.activity.worked`."""
UNJUDGEABLE = "tickets that cannot be judged"


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


def hourly(context: Context, at: datetime, now: datetime) -> dict[str, Any]:
    """The sweep over all open tickets, by the active configuration; returns what `run` does.

    Raises ConfigurationError where there is no usable service_levels.yaml.
    """
    began = monotonic()
    configuration, error = load_or_last_good(context.engine, context.config, now, NEEDS)
    faults = [str(fault) for fault in error.faults] if error else []
    levels = configuration.service_levels
    summary = run(context.engine, levels.promises, levels.tiers, at, now)
    took = timedelta(seconds=monotonic() - began)
    counts = {OPEN_CLOCKS: summary["open"]} if summary["written"] else None
    watch_dispatch(context.engine, Flow.SLA_SWEEP, now, took, counts)
    return summary | {"faults": faults}


def run(
    engine: Engine,
    book: PolicyBook | None,
    tiers: Tiers,
    at: datetime,
    now: datetime,
    *,
    size: int = CHUNK,
    every_open: bool = True,
) -> dict[str, Any]:
    """Sweeps the open tickets, those touched since the last sweep, and those whose time has come.

    `size`: how many tickets at once, in one transaction. Without `every_open`, of open tickets only
    those touched since, or whose next instant has come. The result counts
    tickets, clocks, alerts raised (and of these `untold`, too late to be sent), resolved and
    retracted, and those in force by kind; it names the tickets that cannot be judged, which stop
    no other; `written` and `note` say whether the store was written to, and why not.
    """
    tally, answer = Tally(), {"at": at.isoformat(), "written": False, "note": ""}
    if book is None:
        return answer | {"note": "no policy is written, nothing is promised"} | tally.to_json()
    with writing(engine) as connection:
        advisory_lock(connection, Lock.SWEEP_CLOCKS)
        note = why_read_only(connection, at, now)
        if not note:
            at = begin(connection, min(at, now))
        since = marked(connection, DONE)
    selection = Selection(since, at, every_open)
    if note:
        _report_only(engine, book, at, selection, size, tally)
        return answer | {"note": note} | tally.to_json()
    _write_chunks(engine, book, tiers, at, selection, size, tally)
    with writing(engine) as connection:
        advisory_lock(connection, Lock.SWEEP_CLOCKS)
        mark(connection, DONE, at)
        _alert_on_unjudgeable(connection, tally, at, whole=every_open)
    return answer | {"at": at.isoformat(), "written": True} | tally.to_json()


# --- judging -------------------------------------------------------------------------------------


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


def _report_only(
    engine: Engine, book: PolicyBook, at: datetime, selection: Selection, size: int, tally: Tally
) -> None:
    after = 0
    with reading(engine) as connection:
        while rows := selection.page(connection, after, size):
            after = rows[-1].id
            for some, found in _judged(_read(connection, rows), rows, book, at):
                _count(tally, some, found, None)


# --- writing -------------------------------------------------------------------------------------


def _write_chunks(
    engine: Engine,
    book: PolicyBook,
    tiers: Tiers,
    at: datetime,
    selection: Selection,
    size: int,
    tally: Tally,
) -> None:
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
            touched = {row.id for row in some if _touched(row)}
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


def _touched(row: Row) -> bool:
    """Whether something happened to the ticket since it was swept."""
    return row.swept_at is None or row.touched_at >= row.swept_at


def _count(
    tally: Tally, rows: Sequence[Row], found: Evaluation | Exception, changes: Changes | None
) -> None:
    if isinstance(found, Evaluation):
        tally.add(found, changes)
        return
    for row in rows:
        why = f"{type(found).__name__}: {found}"[:300]
        tally.unjudgeable.append({"ticket": row.prefix.removeprefix("sla:"), "error": why})


def _alert_on_unjudgeable(
    connection: Connection, tally: Tally, at: datetime, *, whole: bool
) -> None:
    """An alert while there are tickets that cannot be judged, until a whole sweep finds none."""
    if not tally.unjudgeable:
        if whole:
            resolve_alert(connection, Kind.TASK_FAILED, UNJUDGEABLE, at)
        return
    count, first = len(tally.unjudgeable), tally.unjudgeable[0]
    named = [f"{one['ticket']}: {one['error']}" for one in tally.unjudgeable[:MOST_NAMED]]
    facts: Mapping[str, Any] = {"errors": named, "dag_id": SOURCE}
    alert = operations_alert(
        Kind.TASK_FAILED,
        UNJUDGEABLE,
        f"{count} could not be judged, such as {first['ticket']}",
        at,
        facts=facts,
    )
    raise_alert(connection, alert, at)
