"""Intervals of a ticket's life in which nothing changes, and the open time that clocks pause in.

Every array here is a column. Columns of one structure have the same length and order: by ticket
(`row`, the ticket's place in `History.tickets`), then by time. Instants are int64 microseconds
since 1970 UTC; an event or an interval is named by its place in its own columns, -1 for none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from supportops.sla.events import STATUSES, Bools, Ints, Places

Change = tuple[Bools, NDArray[Any], int]  # at which events, the new value, the value at first


@dataclass(frozen=True, slots=True, eq=False)
class Intervals:
    """Consecutive half-open intervals, ticket by ticket: each lasts until its ticket's next one.

    Shapes: T tickets, N intervals.

    begin: int64[T + 1], the place of each ticket's first interval, and N.
    row: int32[N], the interval's ticket.
    at: int64[N], microseconds, the instant that the interval starts at.
    event: int32[N], the last event of that instant.
    run: int32[N]; for neighbours that share a state such as solved or removed, the place of the
        first of them; for all others their own place.
    attributes: what holds during the interval, by name; each of shape [N].
    """

    begin: Ints
    row: Places
    at: Ints
    event: Places
    run: Places
    attributes: Mapping[str, NDArray[Any]]

    def end(self, interval: Places) -> Ints:
        """When each interval ends (microseconds). It must not be its ticket's last one."""
        return self.at[np.minimum(interval + 1, len(self.at) - 1)]

    def at_instant(self, row: Places, at: Ints) -> Ints:
        """The interval of each ticket `row` at an instant, or its first where none had begun."""
        low, high = self.begin[row], self.begin[row + 1] - 1
        while np.any(low < high):
            middle = (low + high + 1) // 2
            earlier = self.at[middle] <= at
            low = np.where(earlier, middle, low)
            high = np.where(earlier, high, middle - 1)
        return low

    def all_at(self, at: int) -> Ints:
        """The interval of every ticket at one instant: int64[T]."""
        if not len(self.at) or at >= int(self.at.max()):
            return self.begin[1:] - 1
        rows = np.arange(len(self.begin) - 1)
        return self.at_instant(rows, np.full(len(rows), at, dtype=np.int64))


def last_of_instant(row: Places, at: Ints) -> Places:
    """For each event the place of the last event of the same ticket and instant."""
    last = np.append((row[1:] != row[:-1]) | (at[1:] != at[:-1]), True)[: len(row)]
    ends = np.flatnonzero(last).astype(np.int32)
    return np.repeat(ends, np.diff(ends, prepend=-1))


def cut_intervals(
    row: Places,
    at: Ints,
    begin: Ints,
    ends: Places,
    changing: Bools,
    changes: Mapping[str, Change],
    *,
    run: tuple[str, int],
) -> tuple[Intervals, Places]:
    """The intervals that the `changing` events make, and the interval of each event's instant.

    `row`, `at`, `ends` and `changing` are columns over E events in order, `begin` the place of each
    ticket's first event. The second answer is int32[E]. What holds at an instant is what holds
    after all of its events, so no interval is empty. `run`: the attribute whose values above a
    number make neighbours one run.
    """
    # One candidate for each ticket's beginning and one for each changing event, in order: `own` are
    # the places of the latter, `event` the event behind each candidate.
    chosen = np.flatnonzero(changing)
    tickets = len(begin)
    total = tickets + len(chosen)
    own = row[chosen] + 1 + np.arange(len(chosen))
    event = np.empty(total, dtype=np.int32)
    opening = np.ones(total, dtype=np.bool_)
    opening[own] = False
    event[own], event[opening] = chosen, begin
    # `source`: the candidate that last set the attribute, so that a value lasts until the next one.
    place = np.arange(total, dtype=np.int32)
    attributes = {}
    for name, (moves, value, at_first) in changes.items():
        moved = moves[event] & ~opening
        source = np.maximum.accumulate(np.where(moved | opening, place, np.int32(0)))
        attributes[name] = np.where(moved, value[event], at_first)[source]
    # Of several candidates of one instant the last one stays.
    group = ends[event]
    last = np.append(group[1:] != group[:-1], True)[:total]
    group = group[last]
    begins = np.zeros(len(row), dtype=np.bool_)
    begins[group] = True
    of_event = np.cumsum(begins, dtype=np.int32)[ends]
    of_event -= 1
    attributes = {name: value[last] for name, value in attributes.items()}
    rows = row[group]
    made = Intervals(
        begin=np.searchsorted(rows, np.arange(tickets + 1, dtype=np.int32)),
        row=rows,
        at=at[group],
        event=group,
        run=_runs(rows, attributes[run[0]] > run[1]),
        attributes=attributes,
    )
    return made, of_event


def _runs(row: Places, inside: Bools) -> Places:
    """For each interval the first of its run of neighbours inside; itself where it is outside."""
    goes_on = np.zeros(len(row), dtype=np.bool_)
    goes_on[1:] = inside[1:] & inside[:-1] & (row[1:] == row[:-1])
    place = np.arange(len(row), dtype=np.int32)
    starts: Places = np.maximum.accumulate(np.where(goes_on, np.int32(0), place))
    return starts


# --- clocks that repeat: from one event to another, whatever the policy ---------------------------


@dataclass(frozen=True, slots=True, eq=False)
class EventPairs:
    """One row a clock, in the order of its start.

    start: int64, the event that starts it. end: int64, the event that fulfils it, or -1.
    """

    start: Ints
    end: Ints


def next_replies(row: Places, question: Bools, answer: Bools) -> EventPairs:
    """From the oldest unanswered question to the next answer, which may be the solution.

    `row`, `question` and `answer` are columns over all events in order.
    """
    either = np.flatnonzero(question | answer)
    is_question = question[either]
    waiting = np.zeros(len(either), dtype=np.bool_)
    waiting[1:] = is_question[:-1] & (row[either][1:] == row[either][:-1])
    return _until_next(row, either[is_question & ~waiting], np.flatnonzero(answer))


def updates(
    row: Places, at: Ints, begin: Ints, reply: Bools, status: Bools, done: Bools
) -> EventPairs:
    """From each reply on an open ticket, and each reopening after one, to the next or to solved.

    The arguments are columns over all events in order, but for `begin`: the place of each ticket's
    first event. A clock that is fulfilled at its own instant never ran: an agent who answers and
    solves at once owes no further update.
    """
    place = np.arange(len(row), dtype=np.int32)
    marks = status.copy()
    marks[begin] = True
    latest = np.maximum.accumulate(
        np.where(marks, place, np.int32(0))
    )  # the event that set the status
    was_done = done[latest]
    before = np.append(False, was_done[:-1])[: len(row)]
    before[begin] = False
    replied = np.cumsum(reply, dtype=np.int32)
    any_reply = replied - (replied[begin] - reply[begin])[row] > 0
    reopened = status & ~done & before & any_reply
    start = np.flatnonzero((reply & ~was_done) | reopened)
    pairs = _until_next(row, start, np.flatnonzero(reply | done))
    ran = (pairs.end < 0) | (at[pairs.end] > at[pairs.start])
    return EventPairs(pairs.start[ran], pairs.end[ran])


def _until_next(row: Places, start: Ints, ends: Ints) -> EventPairs:
    """Each start with the first of `ends` after it on the same ticket."""
    if not len(ends):
        return EventPairs(start, np.full(len(start), -1, dtype=np.int64))
    following = ends[np.minimum(np.searchsorted(ends, start, side="right"), len(ends) - 1)]
    same = (following > start) & (row[following] == row[start])
    return EventPairs(start, np.where(same, following, -1))


# --- paused time ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class PausedTime:
    """How much open time tickets spend in the statuses that pause a clock, added up once for all.

    One row an interval of the same status, in the order of `History.statuses`. Amounts are int64
    microseconds of open time. `passed` and `paused` are sums from some beginning, so only the
    difference of two rows of one ticket means anything.

    is_paused: bool, whether clocks pause in the interval.
    passed: the calendar's open time up to the interval's start (`OpenTime.passed`).
    paused: open time in pausing intervals before this one.
    """

    is_paused: Bools
    passed: Ints
    paused: Ints

    @classmethod
    def of(cls, statuses: Intervals, passed: Ints, pauses: frozenset[str]) -> Self:
        """Of intervals, the open time up to the start of each, and the statuses that pause."""
        by_code = np.array([status in pauses for status in STATUSES], dtype=np.bool_)
        is_paused = by_code[statuses.attributes["status"]]
        goes_on = is_paused.copy()
        goes_on[statuses.begin[1:] - 1] = False  # the last interval of a ticket has no end
        chosen = np.flatnonzero(goes_on)
        lasted = np.zeros(len(passed) + 1, dtype=np.int64)
        lasted[chosen + 1] = passed[chosen + 1] - passed[chosen]
        return cls(is_paused, passed, np.cumsum(lasted, out=lasted)[:-1])

    def paused_at(self, interval: Places, passed: Ints) -> Ints:
        """Open time paused by instants in these intervals; `passed`: the open time up to them."""
        paused: Ints = self.paused[interval]
        return paused + np.where(self.is_paused[interval], passed - self.passed[interval], 0)

    def when_ran(self, amount: Ints | np.int64, start: Ints, first: Places, last: Places) -> Ints:
        """The open time up to the instant when `amount` had run since `start`, the open time up to
        an instant in interval `first`; it had by the end of interval `last`."""
        goal = amount + np.where(self.is_paused[first], 0, start - self.passed[first])
        low, high = first, last
        while np.any(low < high):
            middle = (low + high + 1) // 2
            earlier = self._ran(first, middle) < goal
            low = np.where(earlier, middle, low)
            high = np.where(earlier, high, middle - 1)
        when: Ints = self.passed[low] + goal - self._ran(first, low)
        return when

    def _ran(self, first: Places, interval: Places) -> Ints:
        """Open time that ran from the start of `first` to that of `interval`."""
        passed: Ints = self.passed[interval] - self.passed[first]
        return passed - (self.paused[interval] - self.paused[first])
