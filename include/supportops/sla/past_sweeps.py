"""Which messages every hourly sweep of a past period raised, by what was known at that hour.

A sweep sees a ticket's events up to its instant, so each ticket is laid out as a few views: one for
each hour in which something became known of it. All views of all tickets are judged at once.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from supportops.sla import events as e
from supportops.sla.clock import Clocks
from supportops.sla.events import MICRO, NONE, Bools, EventColumns, Ints
from supportops.sla.history import History, prepare
from supportops.sla.judging import judge
from supportops.sla.milestones import MILESTONES, Milestone, milestones
from supportops.sla.policy import PolicyBook
from supportops.sla.policy_assignment import to_datetime

HOUR = 3600 * MICRO
RETRACTED = "retracted"
# Their order is the code.
MESSAGE_KINDS = (*(milestone.value for milestone in MILESTONES), RETRACTED)
_BREACH = MILESTONES.index(Milestone.BREACH)
_MOVES_CLOCKS = (
    *(e.CREATED, e.KNOWN_SINCE, e.COMMENT, e.NOTICE, e.STATUS, e.TIER, e.CUSTOMER_OF, e.TAGS),
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
    """Event columns of views, with the dtypes and units of `EventColumns`; `ticket` is the view."""

    ticket: Ints
    at: Ints
    order: Ints
    kind: NDArray[np.int8]
    author: NDArray[np.int8]
    value: NDArray[np.int32]
    values: tuple[str | None, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """Tickets as sweeps saw them: one row a view, by ticket and then by time.

    history: of the views, each as if it were a ticket. ticket: int64, the view's ticket's id.
    first, last: int64, the first and last sweep that saw it so, in hours since 1970.

    A ticket of which nothing became known in the period has one view. Of the others the views
    from before the period are included, since what was raised then is not raised again.
    """

    history: History
    ticket: Ints
    first: Ints
    last: Ints
    sweeps: Sweeps

    @classmethod
    def of(cls, events: EventColumns, known: Ints, sweeps: Sweeps) -> "Views":
        """`known`: int64, one row an event, the microsecond from which sweeps could see it."""
        hour = -(-known // HOUR)
        counts = (hour <= sweeps.last) & np.isin(events.kind, _MOVES_CLOCKS)
        touched = np.unique(events.ticket[counts & (hour >= sweeps.first)])
        hour = np.where(np.isin(events.ticket, touched), hour, sweeps.first - 1)
        # The events that count, by ticket and hour; `view` numbers each (ticket, hour).
        rows = np.flatnonzero(counts)
        rows = rows[np.lexsort((hour[rows], events.ticket[rows]))]
        ticket, hour = events.ticket[rows], hour[rows]
        new_ticket = _differs(ticket)
        new_view = new_ticket | _differs(hour)
        view = np.cumsum(new_view) - 1
        own = np.flatnonzero(new_view)
        # An event belongs to the view of its own hour and to all later ones of its ticket: each
        # row is copied `count` times, into the views `view` to `until`.
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
class SweepMessages:
    """One row a message, by sweep, kind and clock.

    clocks: of the views, which count as tickets there. clock: int64, the row in `clocks`.
    ticket: int64, the ticket's id. sweep: int64, hours since 1970. what: int8, index into
    MESSAGE_KINDS. at: int64, microseconds since 1970 UTC, when the milestone came.
    """

    clocks: Clocks
    clock: Ints
    ticket: Ints
    sweep: Ints
    what: NDArray[np.int8]
    at: Ints

    def __len__(self) -> int:
        return len(self.clock)


def sweep_messages(views: Views, book: PolicyBook) -> SweepMessages:
    """The messages of the sweeps under a policy book.

    Of the warnings that have come due on a clock a sweep raises the latest, once for each deadline,
    and none once the clock is breached. A breach and its follow-up are raised once. A breach that
    what became known later undoes is retracted, and raised again if it comes back. Raises
    OutsideRange for instants beyond a calendar.
    """
    clocks = judge(views.history, book, to_datetime(views.sweeps.last * HOUR))
    found = _Due.of(views, clocks)
    raised = np.concatenate((found.once(found.soft | found.after), found.breaches()))
    gone = found.retracted()
    rows = np.concatenate((raised, gone))
    what = np.concatenate((found.what[raised], np.full(len(gone), len(MILESTONES), dtype=np.int8)))
    sweep = np.concatenate((found.sweep[raised], views.last[found.view[gone]] + 1))
    inside = sweep >= views.sweeps.first
    rows, what, sweep = rows[inside], what[inside], sweep[inside]
    order = np.lexsort((found.clock[rows], what, sweep))
    rows = rows[order]
    ticket = views.ticket[found.view[rows]]
    return SweepMessages(
        clocks, found.clock[rows], ticket, sweep[order], what[order], found.at[rows]
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Due:
    """What came due in each view while it held: one row a milestone, in no order.

    clock, what, at: as in `SweepMessages`. view: int64, the row in `views`. sweep: int64, the first
    sweep that saw it, in hours since 1970. keys: int64[N, 5], what makes two rows the same message:
    view, metric, instance, milestone, and the deadline or breach that it is about.
    """

    views: Views
    clock: Ints
    what: NDArray[np.int8]
    at: Ints
    view: Ints
    sweep: Ints
    keys: Ints

    @classmethod
    def of(cls, views: Views, clocks: Clocks) -> "_Due":
        found = milestones(clocks)
        view = clocks.ticket[found.clock]
        sweep = np.maximum(views.first[view], -(-found.at // HOUR))
        breached, deadline = clocks.breached_at[found.clock], clocks.deadline[found.clock]
        soft = found.milestone < _BREACH
        # A pause keeps the deadline from being known: there is nothing to warn of.
        worth = ~soft | ((deadline != NONE) & ((breached == NONE) | (breached > sweep * HOUR)))
        rows = np.flatnonzero((sweep <= views.last[view]) & worth)
        rows = rows[_latest(found.clock[rows], found.milestone[rows], found.at[rows], sweep[rows])]
        clock, what = found.clock[rows], found.milestone[rows]
        about = np.where(soft[rows], deadline[rows], breached[rows])
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
        """Of the chosen rows the first of each message to a ticket."""
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
        breached = np.flatnonzero(self.what == _BREACH)
        still = breached[self.sweep[breached] == self.views.first[self.view[breached]]]
        after = self.keys[breached]
        after[:, 0] += 1
        has_next = self._follows()[after[:, 0]]
        found: Ints = breached[has_next][~_among(after[has_next], self.keys[still])]
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
