"""The sweep: judges every clock that may have moved, and raises what has come due on them.

A sweep is told the instant it stands for. The store remembers the newest; of any instant an hour
or more before it, and of one to come, a sweep only says what it finds and writes nothing: later
sweeps have judged all of that. One that is late by less judges as of the newest. A sweep that was
killed and runs again leaves what a sweep that was not killed leaves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine, bindparam, or_, select, update

from supportops.alerts.alert import Kind
from supportops.alerts.operations import operations_alert
from supportops.alerts.store import raise_alert, resolve_alert
from supportops.context import Context
from supportops.db.engine import reading, writing
from supportops.db.locks import Lock, advisory_lock
from supportops.db.schema import sync_marks, tickets
from supportops.db.statements import insert_or_update
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.sweeping.alerts import Changes, compare, told, write
from supportops.flows.sweeping.standing import Standing, name_of, nothing, standing
from supportops.sla.events import NONE
from supportops.sla.policy import PolicyBook
from supportops.tickets.columns import EventColumns, instant
from supportops.tickets.log.event_reading import event_columns

CHUNK = 50_000
# A sweep so far behind the newest one is a rerun or a backfill of the past.
PAST = timedelta(hours=1)
# Two machines' clocks may differ by so much before an instant counts as one to come.
AHEAD = timedelta(minutes=5)
# An import stamps its events when it begins and may commit them this much later.
COMMITTED_WITHIN = timedelta(hours=1)
MOST_NAMED = 20
UNJUDGED = "tickets that cannot be judged"

_SOURCE, _BEGUN, _DONE = "sla_sweep", "begun", "done"


@dataclass(slots=True)
class Tally:
    """What a sweep did, all its chunks together."""

    tickets: int = 0
    clocks: int = 0
    raised: int = 0
    untold: int = 0
    resolved: int = 0
    retracted: int = 0
    poisoned: list[dict[str, str]] = field(default_factory=list)
    standing: dict[str, int] = field(default_factory=dict)

    def add(self, chunk: Standing, changes: Changes | None) -> None:
        self.tickets += len(chunk.next_at)
        self.clocks += 0 if chunk.clocks is None else len(chunk.clocks)
        for claim in chunk.claims.values():
            kind = claim.kind.value
            self.standing[kind] = self.standing.get(kind, 0) + 1
        for name, count in (changes.counts() if changes else {}).items():
            setattr(self, name, getattr(self, name) + count)

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class _Row:
    """A ticket to be swept, and what the last sweep of it left."""

    id: int
    name: str
    touched_at: datetime
    swept_at: datetime | None
    next_at: datetime | None


def hourly(context: Context, at: datetime, now: datetime) -> dict[str, Any]:
    """The sweep over all open tickets, by the configuration in force; `run` says what it answers.

    Raises ConfigurationError where there never was a good configuration.
    """
    configuration, error = load_or_last_good(context.engine, context.config, now)
    faults = [str(fault) for fault in error.faults] if error else []
    return run(context.engine, configuration.promises, at, now) | {"faults": faults}


def run(
    engine: Engine,
    book: PolicyBook | None,
    at: datetime,
    now: datetime,
    *,
    tickets: Sequence[int] | None = None,
    size: int = CHUNK,
) -> dict[str, Any]:
    """Sweeps the open tickets, those touched since the last sweep, and those whose time has come.

    `tickets`: these ids instead. `size`: how many at once, in one transaction. The answer counts
    tickets, clocks, alerts raised (and of them untold), resolved and retracted, what stands by
    kind, and names tickets that cannot be judged, which stop nobody; `written` and `note` say
    whether the store was written to, and why not.
    """
    return _sweep(engine, book, at, now, size, tickets, every_open=True)


def sweep_due(
    engine: Engine, book: PolicyBook | None, at: datetime, now: datetime, *, size: int = CHUNK
) -> dict[str, Any]:
    """As `run`, but of open tickets only those touched since, or whose next instant has come."""
    return _sweep(engine, book, at, now, size, None, every_open=False)


def _sweep(
    engine: Engine,
    book: PolicyBook | None,
    at: datetime,
    now: datetime,
    size: int,
    only: Sequence[int] | None,
    *,
    every_open: bool,
) -> dict[str, Any]:
    tally, answer = Tally(), {"at": at.isoformat(), "written": False, "note": ""}
    if book is None:
        return answer | {"note": "no policy is written, nothing is promised"} | tally.to_json()
    with writing(engine) as connection:
        advisory_lock(connection, Lock.SWEEP_CLOCKS)
        note = _unfit(connection, at, now)
        if not note:
            at = _begin(connection, min(at, now))
        since = _marked(connection, _DONE)
    asked = _Asked(since, at, every_open, only)
    if note:
        _only_say(engine, book, at, asked, size, tally)
        return answer | {"note": note} | tally.to_json()
    _write_chunks(engine, book, at, asked, size, tally)
    with writing(engine) as connection:
        advisory_lock(connection, Lock.SWEEP_CLOCKS)
        if only is None:
            _mark(connection, _DONE, at)
            _report(connection, tally, at, whole=every_open)
    return answer | {"at": at.isoformat(), "written": True} | tally.to_json()


# --- which instant, and which tickets --------------------------------------------------------


def _unfit(connection: Connection, at: datetime, now: datetime) -> str:
    """Why a sweep as of `at` may only say what it finds; empty if it may write."""
    newest = _marked(connection, _BEGUN)
    if at > now + AHEAD:
        return "this instant has not come: nothing was written"
    if newest is not None and newest - at >= PAST:
        return f"there was a sweep as of {newest.isoformat()}: nothing was written"
    return ""


def _begin(connection: Connection, at: datetime) -> datetime:
    """Marks that a sweep as of `at` begins; answers the instant to judge by: the newest yet."""
    newest = _marked(connection, _BEGUN)
    if newest is not None and newest >= at:
        return newest
    _mark(connection, _BEGUN, at)
    return at


def _marked(connection: Connection, stream: str) -> datetime | None:
    c = sync_marks.c
    found = connection.execute(
        select(c.mark).where(c.source == _SOURCE, c.stream == stream)
    ).scalar()
    return None if found is None else datetime.fromisoformat(found)


def _mark(connection: Connection, stream: str, at: datetime) -> None:
    earlier = _marked(connection, stream)
    if earlier is None or earlier < at:
        row = {"source": _SOURCE, "stream": stream, "mark": at.isoformat(), "moved_at": at}
        insert_or_update(connection, sync_marks, [row])


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which tickets: `only` these, or those that a sweep looks at. `since`: the last whole one."""

    since: datetime | None
    at: datetime
    every_open: bool
    only: Sequence[int] | None

    def page(self, connection: Connection, after: int, size: int) -> list[_Row]:
        """The next tickets by id."""
        c = tickets.c
        columns = (c.id, c.source, c.ticket, c.touched_at, c.swept_at, c.next_at)
        asked = select(*columns).where(c.id > after).order_by(c.id).limit(size)
        if self.only is not None:
            chosen = sorted(each for each in set(self.only) if each > after)[:size]
            asked = asked.where(c.id.in_(chosen))
        elif self.since is not None:
            moved = [c.touched_at > self.since - COMMITTED_WITHIN, c.next_at <= self.at]
            asked = asked.where(or_(*moved, c.open) if self.every_open else or_(*moved))
        found = connection.execute(asked).all()
        return [_Row(row[0], name_of(row[1], row[2]), *row[3:]) for row in found]


# --- judging -------------------------------------------------------------------------------------


def _judged(
    events: EventColumns, rows: Sequence[_Row], book: PolicyBook, at: datetime
) -> Iterator[tuple[Sequence[_Row], Standing | Exception]]:
    """All these tickets at once; where that fails, halves of them, down to the one that fails."""
    try:
        found = standing(events, {row.id: row.name for row in rows}, book, at)
    except Exception as error:
        if len(rows) == 1:
            yield rows, error
            return
        middle = len(rows) // 2
        for half in (rows[:middle], rows[middle:]):
            ids = np.array([row.id for row in half], dtype=np.int64)
            yield from _judged(events.take(np.isin(events.ticket, ids)), half, book, at)
        return
    bare = [row.id for row in rows if row.id not in found.next_at]
    yield rows, found
    if bare:
        yield [row for row in rows if row.id in set(bare)], nothing(bare)


def _read(connection: Connection, rows: Sequence[_Row]) -> EventColumns:
    return event_columns(connection, tickets=[row.id for row in rows])


def _only_say(
    engine: Engine, book: PolicyBook, at: datetime, asked: _Asked, size: int, tally: Tally
) -> None:
    after = 0
    with reading(engine) as connection:
        while rows := asked.page(connection, after, size):
            after = rows[-1].id
            for some, found in _judged(_read(connection, rows), rows, book, at):
                _count(tally, some, found, None)


# --- writing -------------------------------------------------------------------------------------


def _write_chunks(
    engine: Engine, book: PolicyBook, at: datetime, asked: _Asked, size: int, tally: Tally
) -> None:
    after: int | None = 0
    while after is not None:
        with writing(engine) as connection:
            advisory_lock(connection, Lock.SWEEP_CLOCKS)
            after = _write_chunk(connection, book, at, asked.page(connection, after, size), tally)


def _write_chunk(
    connection: Connection, book: PolicyBook, at: datetime, rows: Sequence[_Row], tally: Tally
) -> int | None:
    """One transaction's tickets; answers the last one's id, None where there were none.

    Another sweep may have begun meanwhile: then these tickets are judged as of its instant.
    """
    if not rows:
        return None
    at = max(at, _marked(connection, _BEGUN) or at)
    before = told(connection, (row.name for row in rows))
    for some, found in _judged(_read(connection, rows), rows, book, at):
        changes = None
        if isinstance(found, Standing):
            own = (one for row in some for one in before.get(row.name, ()))
            changes = compare(found, own)
            first = {row.id for row in some if row.swept_at is None}
            write(connection, found, changes, first, at)
        _leave(connection, some, found, at)
        _count(tally, some, found, changes)
    return rows[-1].id


def _leave(
    connection: Connection, rows: Sequence[_Row], found: Standing | Exception, at: datetime
) -> None:
    """Writes when to look again at each ticket, where that changed or something was heard.

    One that cannot be judged is looked at by every sweep until it can.
    """
    changed = []
    for row in rows:
        if isinstance(found, Standing) and row.id not in found.next_at:
            continue
        micros = found.next_at[row.id] if isinstance(found, Standing) else None
        next_at = at if micros is None else None if micros == NONE else instant(micros)
        heard = row.swept_at is None or row.touched_at >= row.swept_at
        if heard or next_at != row.next_at:
            swept_at = row.swept_at if isinstance(found, Exception) else at
            changed.append({"one": row.id, "next": next_at, "swept": swept_at})
    if changed:
        statement = update(tickets).where(tickets.c.id == bindparam("one"))
        statement = statement.values(next_at=bindparam("next"), swept_at=bindparam("swept"))
        connection.execute(statement, changed)


def _count(
    tally: Tally, rows: Sequence[_Row], found: Standing | Exception, changes: Changes | None
) -> None:
    if isinstance(found, Standing):
        tally.add(found, changes)
        return
    for row in rows:
        why = f"{type(found).__name__}: {found}"[:300]
        tally.poisoned.append({"ticket": row.name.removeprefix("sla:"), "error": why})


def _report(connection: Connection, tally: Tally, at: datetime, *, whole: bool) -> None:
    """An alert while there are tickets that cannot be judged, until a whole sweep finds none."""
    if not tally.poisoned:
        if whole:
            resolve_alert(connection, Kind.TASK_FAILED, UNJUDGED, at)
        return
    count, first = len(tally.poisoned), tally.poisoned[0]
    named = [f"{one['ticket']}: {one['error']}" for one in tally.poisoned[:MOST_NAMED]]
    facts: Mapping[str, Any] = {"errors": named, "dag_id": _SOURCE}
    alert = operations_alert(
        Kind.TASK_FAILED,
        UNJUDGED,
        f"{count} could not be judged, such as {first['ticket']}",
        at,
        facts=facts,
    )
    raise_alert(connection, alert, at)
