"""What every hourly sweep of a past period had to say, by what was known at each of them.

A sweep sees a ticket's events up to its instant, so each ticket is laid out as a few views: one for
each hour in which something became known of it. All views of all tickets are judged at once.
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
from supportops.sla.policy_assignment import to_datetime

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

    The views of a ticket stand together, in order of time. Tickets that nothing became known of
    in the period have one; of the others there are those from before it too, since what was told
    then is not told again.
    """

    history: History
    ticket: Ints
    first: Ints
    last: Ints
    sweeps: Sweeps

    @classmethod
    def of(cls, events: EventColumns, known: Ints, sweeps: Sweeps) -> "Views":
        """`known`: of each event the microsecond from which sweeps could see it."""
        hour = -(-known // HOUR)
        counts = (hour <= sweeps.last) & np.isin(events.kind, _MOVES_CLOCKS)
        touched = np.unique(events.ticket[counts & (hour >= sweeps.first)])
        hour = np.where(np.isin(events.ticket, touched), hour, sweeps.first - 1)
        rows = np.flatnonzero(counts)
        rows = rows[np.lexsort((hour[rows], events.ticket[rows]))]
        ticket, hour = events.ticket[rows], hour[rows]
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

    Of the warnings that have come to a clock a sweep tells the latest, once for each deadline, and
    none once it is breached. A breach and its follow-up are told once. A breach that, by what
    became known later, never was is retracted, and told if it comes back. Raises OutsideRange for
    instants beyond a calendar.
    """
    clocks = judge(views.history, book, to_datetime(views.sweeps.last * HOUR))
    found = _Found.of(views, clocks)
    told = np.concatenate((found.once(found.soft | found.after), found.breaches()))
    gone = found.retracted()
    rows = np.concatenate((told, gone))
    what = np.concatenate((found.what[told], np.full(len(gone), len(MILESTONES), dtype=np.int8)))
    sweep = np.concatenate((found.sweep[told], views.last[found.view[gone]] + 1))
    inside = sweep >= views.sweeps.first
    rows, what, sweep = rows[inside], what[inside], sweep[inside]
    order = np.lexsort((found.clock[rows], what, sweep))
    rows = rows[order]
    ticket = views.ticket[found.view[rows]]
    return Said(clocks, found.clock[rows], ticket, sweep[order], what[order], found.at[rows])


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """What came due in each view while it held. sweep: the first that saw it so."""

    views: Views
    clock: Ints
    what: NDArray[np.int8]
    at: Ints
    view: Ints
    sweep: Ints
    keys: Ints

    @classmethod
    def of(cls, views: Views, clocks: Clocks) -> "_Found":
        found = milestones(clocks)
        view = clocks.ticket[found.clock]
        sweep = np.maximum(views.first[view], -(-found.at // HOUR))
        broken, deadline = clocks.breached_at[found.clock], clocks.deadline[found.clock]
        soft = found.milestone < _BREACH
        # A pause keeps the deadline from being known: there is nothing to warn of.
        worth = ~soft | ((deadline != NONE) & ((broken == NONE) | (broken > sweep * HOUR)))
        rows = np.flatnonzero((sweep <= views.last[view]) & worth)
        rows = rows[_latest(found.clock[rows], found.milestone[rows], found.at[rows], sweep[rows])]
        clock, what = found.clock[rows], found.milestone[rows]
        about = np.where(soft[rows], deadline[rows], broken[rows])
        keys = (view[rows], clocks.metric[clock], clocks.instance[clock], what, about)
        return cls(
            views, clock, what, found.at[rows], view[rows], sweep[rows], np.stack(keys, axis=1)
        )

    @property
    def soft(self) -> Bools:
        return self.what < _BREACH

    @property
    def after(self) -> Bools:
        return self.what > _BREACH

    def once(self, chosen: Bools) -> Ints:
        """Of the chosen rows those that tell what no earlier sweep has told of the ticket."""
        rows = np.flatnonzero(chosen)
        rows = rows[np.argsort(self.sweep[rows], kind="stable")]
        keys = self.keys[rows]
        keys[:, 0] = self.views.ticket[self.view[rows]]
        _, first = np.unique(keys, axis=0, return_index=True)
        found: Ints = rows[first]
        return found

    def breaches(self) -> Ints:
        """Rows with a breach that the view before, at its last sweep, did not know of."""
        rows = np.flatnonzero(self.what == _BREACH)
        before = self.keys[rows]
        before[:, 0] += 1
        same_ticket = self._follows()[before[:, 0]]
        found: Ints = rows[~_among(self.keys[rows], before[same_ticket])]
        return found

    def retracted(self) -> Ints:
        """Rows with a breach that the next view, at its first sweep, knows nothing of."""
        broken = np.flatnonzero(self.what == _BREACH)
        still = broken[self.sweep[broken] == self.views.first[self.view[broken]]]
        after = self.keys[broken]
        after[:, 0] += 1
        has_next = self._follows()[after[:, 0]]
        found: Ints = broken[has_next][~_among(after[has_next], self.keys[still])]
        return found

    def _follows(self) -> Bools:
        """Whether a view is of the same ticket as the one before; one more for after the last."""
        same = np.zeros(len(self.views.ticket) + 1, dtype=np.bool_)
        same[1:-1] = self.views.ticket[1:] == self.views.ticket[:-1]
        return same


def _latest(clock: Ints, what: NDArray[np.int8], at: Ints, sweep: Ints) -> Ints:
    """Rows but for warnings that something later had overtaken by their first sweep."""
    order = np.lexsort((what, at, clock))
    clock, what, at, sweep = clock[order], what[order], at[order], sweep[order]
    overtaken = np.zeros(len(order), dtype=np.bool_)
    overtaken[:-1] = (clock[1:] == clock[:-1]) & (at[1:] <= sweep[:-1] * HOUR)
    left: Ints = order[~(overtaken & (what < _BREACH))]
    return left


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
