"""Lists every clock of every ticket as of an instant, some thousand tickets at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from supportops.context import Context
from supportops.db.engine import reading
from supportops.flows.sla.judging.judged_tickets import (
    Unjudgeable,
    Unjudged,
    each_judged,
    names,
    policy_book,
)
from supportops.sla.clock import Clocks
from supportops.sla.counting.breaches import overdue
from supportops.sla.events import MICRO, NONE
from supportops.sla.history import prepare
from supportops.sla.judging import judge
from supportops.sla.policy import PolicyBook
from supportops.tickets.columns import EventColumns
from supportops.tickets.log.event_reading import event_chunks

# The order of a file's columns. `ticket` is the number that its source and its people know it by,
# `source_id` the source; together they name a ticket. Instants are ISO texts in UTC, durations
# seconds: `open_seconds` on the promise's calendar, `calendar_seconds` as the customer waited.
COLUMNS = (
    "ticket",
    "source_id",
    "tier",
    "metric",
    "instance",
    "policy",
    "started_at",
    "deadline",
    "fulfilled_at",
    "breached_at",
    "open_seconds",
    "calendar_seconds",
    "state",
    "aim",
    "ended_at",
    "target_seconds",
    "paused_seconds",
    "left_seconds",
    # Of the promise that was broken first, by which every report and alert counts the clock.
    "breached_tier",
    "breached_policy",
    "breached_deadline",
    "overdue_seconds",
)
_WORDS = ("tier", "metric", "instance", "policy", "state", "breached_tier", "breached_policy")
_INSTANTS = (
    *("started_at", "deadline", "fulfilled_at", "breached_at", "aim", "ended_at"),
    "breached_deadline",
)
_SECONDS = (
    *("open_seconds", "calendar_seconds", "target_seconds", "paused_seconds", "left_seconds"),
    "overdue_seconds",
)
_TICKETS_AT_ONCE = 5_000

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ClockList:
    """The clocks as they are read: `rows` can be read once, and then `unjudged`."""

    rows: Iterator[Row]
    _unjudgeable: Unjudgeable
    _connection: Connection

    def unjudged(self) -> tuple[Unjudged, ...]:
        """The tickets among the rows read so far that could not be judged."""
        return self._unjudgeable.named(self._connection)


@contextmanager
def listing(
    context: Context, at: datetime, *, open_only: bool = False, tiers: Collection[str] = ()
) -> Iterator[ClockList]:
    """The clocks as of `at` by the configured policies, while the context is open; see `rows`.

    Raises LookupError for a tier that no policy names, and what `policy_book` raises.
    """
    book = policy_book(context.config)
    known = {promise.tier for version in book.versions for promise in version.promises}
    for tier in tiers:
        if tier not in known:
            raise LookupError(f"no tier {tier!r}; the promises know {', '.join(sorted(known))}")
    unjudgeable = Unjudgeable()
    with reading(context.engine) as connection:
        found = rows(connection, book, at, unjudgeable, open_only=open_only, tiers=tiers)
        yield ClockList(found, unjudgeable, connection)


def rows(
    connection: Connection,
    book: PolicyBook,
    at: datetime,
    unjudgeable: Unjudgeable,
    *,
    open_only: bool = False,
    tiers: Collection[str] = (),
) -> Iterator[Row]:
    """The clocks, each with COLUMNS, by ticket as it came into the store, metric and instance.

    None where there is nothing. `open_only` leaves out clocks that have ended, `tiers` others
    than these. Memory does not grow with the store. Tickets that cannot be judged are collected
    in `unjudgeable` while the rows are read.
    """
    for chunk in event_chunks(connection, until=at, size=_TICKETS_AT_ONCE):

        def judged(chosen: NDArray[np.intp], chunk: EventColumns = chunk) -> Clocks:
            return judge(prepare(chunk.take(chosen)), book, at)

        for found in each_judged(chunk, judged, unjudgeable):
            clocks = found.take(found.open) if open_only else found
            yield from _rows(connection, clocks, tiers)


def _rows(connection: Connection, clocks: Clocks, tiers: Collection[str]) -> Iterator[Row]:
    frame, late = clocks.frame(), overdue(clocks)[clocks.in_order()]
    frame["overdue_seconds"] = np.where(late == NONE, np.nan, late / MICRO)
    if tiers:
        frame = frame[frame["tier"].isin(list(tiers))]
    named = names(connection, frame["ticket"].to_numpy(dtype=np.int64))
    columns: dict[str, list[Any]] = {name: frame[name].tolist() for name in _WORDS}
    columns["source_id"], columns["ticket"] = (
        [named[each][part] for each in frame["ticket"].tolist()] for part in (0, 1)
    )
    for name in _INSTANTS:
        columns[name] = _iso(frame[name])
    for name in _SECONDS:
        columns[name] = [_number(each) for each in frame[name].tolist()]
    for row in zip(*(columns[name] for name in COLUMNS), strict=True):
        yield dict(zip(COLUMNS, row, strict=True))


def _iso(instants: Any) -> list[str | None]:
    values = instants.array.astype(object)
    return [None if at is None or at != at else at.isoformat() for at in values]


def _number(seconds: float) -> float | int | None:
    """Whole seconds as whole numbers."""
    if seconds != seconds:
        return None
    return int(seconds) if seconds.is_integer() else seconds
