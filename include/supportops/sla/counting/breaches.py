"""Clocks as they count: a broken promise under the tier that made it, whatever came later.

A ticket that changes its tier gets another promise for what comes next. It does not hand its broken
one over: reports, alerts and the attainment of a replay all count by `as_counted`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from supportops.sla.clock import Clocks
from supportops.sla.due import ClockTime
from supportops.sla.events import MICRO, NONE, Bools, Ints
from supportops.sla.policy import METRICS, Promise, Target
from supportops.sla.runs import RUNNING, Runs

if TYPE_CHECKING:
    import pandas as pd


def as_counted(clocks: Clocks) -> Clocks:
    """The same clocks; each broken one as it stands under the promise that was broken first.

    Its tier, promise, target, deadline and aim are that promise's, and `spent` and `paused` are on
    its calendar. What it waited on the calendar and how it ended stay as they are.
    """
    broken = clocks.breached_at != NONE
    counted = replace(
        clocks,
        tier=np.where(broken, clocks.breached_tier, clocks.tier),
        promise=np.where(broken, clocks.breached_promise, clocks.promise),
        deadline=np.where(broken, clocks.breached_deadline, clocks.deadline),
    )
    changed = np.flatnonzero(counted.promise != clocks.promise)
    if not len(changed):
        return counted
    columns = {name: getattr(clocks, name).copy() for name in ("target", "aim", "spent", "paused")}
    for rows, promise, target in _by_target(counted, changed):
        time = _time(counted, rows, promise, target)
        columns["spent"][rows], columns["paused"][rows] = time.spent, time.paused
        for name, amount in (("target", target.deadline), ("aim", target.aim)):
            columns[name][rows] = NONE
            if amount is not None:
                goal, dated = time.target(amount, promise.reading)
                columns[name][rows] = goal if name == "target" else time.deadline(goal, dated)
    return replace(counted, **columns)


def overdue(clocks: Clocks) -> Ints:
    """Open time since each clock was broken, until its end or `as_of`; NONE where it is intact.

    int64 microseconds on the broken promise's calendar, without its pauses. A deadline that was in
    the past when its promise was made is broken from then on: the time before does not count.
    """
    counted = as_counted(clocks)
    late = np.where(clocks.breached_at == NONE, NONE, counted.spent - counted.target)
    moved = np.flatnonzero((clocks.breached_at != NONE) & (clocks.breached_at != counted.deadline))
    for rows, promise, target in _by_target(counted, moved):
        until = replace(counted, until=np.where(late == NONE, counted.until, counted.breached_at))
        late[rows] = counted.spent[rows] - _time(until, rows, promise, target).spent
    return late


def owed(clocks: Clocks) -> Bools:
    """Whether each clock is broken or its promise still names what it waits for: bool.

    A ticket that moved to a tier without that promise owes it no more.
    """
    covered = clocks.assignment.covers[clocks.promise, clocks.metric]
    found: Bools = covered | (clocks.breached_at != NONE)
    return found


def counted_frame(clocks: Clocks) -> pd.DataFrame:
    """`Clocks.frame` of the clocks as they count.

    `left_seconds` of a broken clock is the time since it was broken, negative.
    """
    late = overdue(clocks)[clocks.in_order()]
    frame = as_counted(clocks).frame()
    frame["left_seconds"] = np.where(late == NONE, frame["left_seconds"], -late / MICRO)
    return frame


def _by_target(clocks: Clocks, rows: NDArray[np.intp]) -> list[tuple[Any, Promise, Target]]:
    """The chosen rows by the promise that each has, and what it says of their metric."""
    key = clocks.promise[rows].astype(np.int64) * len(METRICS) + clocks.metric[rows]
    found = []
    for each in np.unique(key):
        code, metric = divmod(int(each), len(METRICS))
        _, promise = clocks.assignment.promises[code]
        target = promise.target(METRICS[metric])
        assert target is not None, "a promise that was broken has a target"
        found.append((rows[key == each], promise, target))
    return found


def _time(clocks: Clocks, rows: NDArray[np.intp], promise: Promise, target: Target) -> ClockTime:
    runs, calendar = runs_of(clocks.take(rows)), clocks.book.calendars[promise.calendar]
    return ClockTime.of(clocks.history, calendar, target.stops, runs)


def runs_of(own: Clocks) -> Runs:
    """Clocks as runs again, their intervals of statuses looked up by instant."""
    history = own.history
    none = np.full(len(own), -1, dtype=np.int64)
    return Runs(
        own.row,
        own.instance,
        own.started_at,
        none,
        history.statuses.at_instant(own.row, own.started_at),
        none,
        own.until,
        none,
        history.statuses.at_instant(own.row, own.until),
        none,
        np.where(own.open, RUNNING, own.state).astype(np.int8),
    )
