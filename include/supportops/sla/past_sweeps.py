"""What every hourly sweep of a past period had to say, by what was known at each of them.

A sweep tells the milestones that have come since the sweep before. What it can see is a ticket's
events up to its instant, so each ticket is laid out as a few views: one for each hour in which
something became known of it. All views of all tickets are judged at once.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from supportops.sla import events as e
from supportops.sla.clock import Clocks, judge
from supportops.sla.events import MICRO, NONE, Bools, EventColumns, Ints
from supportops.sla.history import History, prepare
from supportops.sla.milestones import MILESTONES, Milestone, milestones
from supportops.sla.policy import PolicyBook
from supportops.sla.promised import to_datetime

HOUR = 3600 * MICRO
RETRACTED = "retracted"
TOLD = (*(milestone.value for milestone in MILESTONES), RETRACTED)  # their order is the code
_BREACH = MILESTONES.index(Milestone.BREACH)
_MOVES_CLOCKS = (
    *(e.CREATED, e.COMMENT, e.STATUS, e.TIER, e.CUSTOMER_OF, e.TAGS),
    *(e.MERGED, e.DELETED, e.RESTORED),
)


@dataclass(frozen=True, slots=True)
class Sweeps:
    """The sweeps on every full hour after `start` up to and with `end`, as hours since 1970."""

    first: int
    last: int

    @classmethod
    def between(cls, start: int, end: int) -> "Sweeps":
        """From microseconds. Two periods that meet have together the sweeps of the whole."""
        return cls(start // HOUR + 1, end // HOUR)


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Event columns of views, as `EventColumns` are of tickets."""

    ticket: Ints
    at: Ints
    order: Ints
    kind: NDArray[np.int8]
    author: NDArray[np.int8]
    value: NDArray[np.int32]
    values: tuple[str | None, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """Tickets as sweeps saw them. ticket: of each view; first, last: the sweeps that saw it so.

    The views of a ticket stand together, in order of time. `first` is the sweep before the period
    in a view of what was known then.
    """

    history: History
    ticket: Ints
    first: Ints
    last: Ints
    sweeps: Sweeps

    @classmethod
    def of(cls, events: EventColumns, known: Ints, sweeps: Sweeps) -> "Views":
        """`known`: of each event the microsecond from which sweeps could see it."""
        seen = np.maximum(-(-known // HOUR), sweeps.first - 1)
        rows = np.flatnonzero((seen <= sweeps.last) & np.isin(events.kind, _MOVES_CLOCKS))
        rows = rows[np.lexsort((seen[rows], events.ticket[rows]))]
        ticket, hour = events.ticket[rows], seen[rows]
        new_ticket = _differs(ticket)
        new_view = new_ticket | _differs(hour)
        view = np.cumsum(new_view) - 1
        own = np.flatnonzero(new_view)
        last_view = np.append(np.flatnonzero(new_ticket[own])[1:], len(own)) - 1
        until = last_view[np.cumsum(new_ticket) - 1] if len(rows) else view
        count = until - view + 1
        copied = np.repeat(rows, count)
        step = np.arange(len(copied)) - np.repeat(np.cumsum(count) - count, count)
        columns = Columns(
            np.repeat(view, count) + step,
            events.at[copied],
            events.order[copied],
            events.kind[copied],
            events.author[copied],
            events.value[copied],
            events.values,
        )
        first = hour[own]
        last = np.full(len(own), sweeps.last, dtype=np.int64)
        follows = ~new_ticket[own][1:]
        last[:-1][follows] = first[1:][follows] - 1
        return cls(prepare(columns), ticket[own], first, last, sweeps)


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """One row for each thing told. clock: place in `clocks`, whose tickets are views; ticket: the
    ticket's id; sweep: hours since 1970; what: index into TOLD; at: microseconds.
    """

    clocks: Clocks
    clock: Ints
    ticket: Ints
    sweep: Ints
    what: NDArray[np.int8]
    at: Ints

    def __len__(self) -> int:
        return len(self.clock)


def said(views: Views, book: PolicyBook) -> Said:
    """What the sweeps told under a policy book.

    A warning is told once for each deadline: of a deadline that moved it is told again. The breach
    of a clock and its follow-up are told once. A breach that what became known later shows not to
    have been one is told as retracted. Raises OutsideRange for instants beyond a calendar.
    """
    clocks = judge(views.history, book, to_datetime(views.sweeps.last * HOUR))
    return _compared(views, clocks)


def _compared(views: Views, clocks: Clocks) -> Said:
    found = milestones(clocks)
    view = clocks.ticket[found.clock]
    deadline = clocks.deadline[found.clock]
    breach = found.milestone >= _BREACH
    come = (found.at <= views.last[view] * HOUR) & (breach | (deadline != NONE))
    clock, what, at, view = found.clock[come], found.milestone[come], found.at[come], view[come]
    due = np.where(breach[come], 0, deadline[come])
    keys = np.stack((view, clocks.metric[clock], clocks.instance[clock], what, due), axis=1)
    before = keys.copy()
    before[:, 0] += 1
    follows = _follows(views)
    before = before[follows[before[:, 0]]]
    told_before = _among(keys, before)
    sweep = np.maximum(views.first[view], -(-at // HOUR))
    new = ~told_before & (sweep >= views.sweeps.first)
    gone = _retracted(views, keys, sweep, what)
    rows = np.concatenate((np.flatnonzero(new), gone))
    code = np.concatenate((what[new], np.full(len(gone), len(MILESTONES), dtype=np.int8)))
    when = np.concatenate((sweep[new], views.last[view[gone]] + 1))
    order = np.lexsort((code, clocks.instance[clock[rows]], clocks.metric[clock[rows]], when))
    rows = rows[order]
    return Said(clocks, clock[rows], views.ticket[view[rows]], when[order], code[order], at[rows])


def _follows(views: Views) -> Bools:
    """Whether a view is of the same ticket as the one before; one more for after the last."""
    same = np.zeros(len(views.ticket) + 1, dtype=np.bool_)
    same[1:-1] = views.ticket[1:] == views.ticket[:-1]
    return same


def _retracted(views: Views, keys: Ints, sweep: Ints, what: NDArray[np.int8]) -> Ints:
    """Rows with a breach that the next view of the ticket, at its first sweep, knows nothing of."""
    broken = np.flatnonzero(what == _BREACH)
    following = keys[broken]
    following[:, 0] += 1
    has_next = _follows(views)[following[:, 0]]
    broken, following = broken[has_next], following[has_next]
    view = keys[:, 0]
    still = keys[(what == _BREACH) & (sweep <= views.first[view])]
    gone: Ints = broken[~_among(following, still)]
    return gone


def _among(rows: Ints, others: Ints) -> Bools:
    """Which rows are also among the others."""
    if not len(rows) or not len(others):
        return np.zeros(len(rows), dtype=np.bool_)
    _, code = np.unique(np.concatenate((rows, others)), axis=0, return_inverse=True)
    code = code.reshape(-1)
    return np.isin(code[: len(rows)], code[len(rows) :])


def _differs(column: NDArray[Any]) -> Bools:
    """Whether each entry differs from the one before; the first does."""
    changed = np.ones(len(column), dtype=np.bool_)
    changed[1:] = column[1:] != column[:-1]
    return changed
