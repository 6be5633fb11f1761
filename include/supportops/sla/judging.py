"""Judges every clock of every ticket from the events alone, as of any instant.

    history = prepare(events)           # once: the events in order
    clocks = judge(history, book, now)  # for each policy book, for each instant

A clock is breached when its deadline passes without what it waits for; what comes at the deadline
itself is in time, and so is a merge. A deadline that a changed tier moves to before the change
is breached at the change: no breach is backdated. A breach of an earlier promise remains one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from supportops.sla.due import Due, due
from supportops.sla.events import NEVER, NONE, Bools, Ints
from supportops.sla.history import History
from supportops.sla.policy import METRICS, Metric, PolicyBook, Target
from supportops.sla.policy_assignment import Codes, PolicyAssignment, to_micros
from supportops.sla.runs import PAUSED, Runs, View

if TYPE_CHECKING:
    pass
from supportops.sla.clock import Clocks

N = TypeVar("N", np.int8, np.int64)


def judge(history: History, book: PolicyBook, as_of: datetime) -> Clocks:
    """The clocks of a prepared history as of an aware instant; nothing later than it counts.

    Raises OutsideRange for instants that a calendar does not reach.
    """
    assignment = PolicyAssignment.over(history, book)
    view = View.at(history, to_micros(as_of))
    judge_one = _Judge(history, book, assignment, view)
    first = judge_one(Metric.FIRST_REPLY, _first_replies(view, assignment))
    overdue = np.full(len(history.tickets), NONE, dtype=np.int64)
    overdue[first.row] = first.breached_at
    parts = [
        first,
        judge_one(
            Metric.NEXT_REPLY,
            view.between_events(history.next_replies.start, history.next_replies.end),
        ),
        judge_one(Metric.UPDATE, view.between_events(history.updates.start, history.updates.end)),
        judge_one(Metric.RESOLUTION, view.resolutions(overdue)),
    ]
    columns = [part.columns() for part in parts]
    del first, parts  # each column is freed as soon as it is joined
    joined = [np.concatenate([part.pop(name) for part in columns]) for name in [*columns[0]]]
    return Clocks(history, book, assignment, view.as_of, *joined)


def _first_replies(view: View, assignment: PolicyAssignment) -> Runs:
    """One clock for each ticket that a customer created, until its first reply, or until it was
    solved where the promise counts that as one."""
    history = view.history
    asked = history.by_customer
    created, reply, solved = (
        each[asked] for each in (history.created, history.first_reply, history.first_solved)
    )
    runs = view.between_events(created, reply)
    counts = np.array([p.solved_counts_as_reply for _, p in assignment.promises] + [False])
    if not counts.any():
        return runs
    earlier = np.where((solved >= 0) & ((reply < 0) | (solved < reply)), solved, reply)
    by_solving = view.between_events(created, earlier)
    version = assignment.version(by_solving.started_at)
    chosen = counts[assignment.promise(version, by_solving.until_profile)]
    return view.where(chosen, by_solving, runs)


@dataclass(frozen=True, slots=True, eq=False)
class _Judge:
    """Judges clocks of one metric at a time, with what is the same for all of them."""

    history: History
    book: PolicyBook
    assignment: PolicyAssignment
    view: View

    @property
    def as_of(self) -> int:
        """Microseconds since 1970 UTC."""
        return self.view.as_of

    def __call__(self, metric: Metric, runs: Runs) -> Clocks:
        """The clocks of one metric that some promise covers."""
        found = self._judged(metric, runs)
        hopeless = found.open & ((found.breached_at != NONE) | (found.target == NONE))
        rows = np.flatnonzero(hopeless)
        solved = self.view.solved_since(found.row[rows])
        rows, solved = rows[solved != NEVER], solved[solved != NEVER]
        if not len(rows):
            return found
        until = np.maximum(solved, np.maximum(found.started_at[rows], found.breached_at[rows]))
        ended = self.view.unanswered(runs.take(_places(runs, found, rows)), until)
        # What is open on a solved ticket waits for a reply, and that never pauses.
        spent = self._due(metric, ended, found.promise[rows]).spent
        return replace(
            found,
            state=_put(found.state, rows, ended.state),
            until=_put(found.until, rows, until),
            spent=_put(found.spent, rows, spent),
        )

    def _judged(self, metric: Metric, runs: Runs) -> Clocks:
        code = METRICS.index(metric)
        version = self.assignment.version(runs.started_at)
        promise = self.assignment.promise(version, runs.until_profile)
        covered = self.assignment.covers[promise, code]
        earlier = self._before_changes(metric, runs, version, covered)
        if not covered.all():
            runs, version, promise = runs.take(covered), version[covered], promise[covered]
        found = self._due(metric, runs, promise)
        since = self._since(runs, runs.until_profile)
        breached = _breached(found.deadline, since, runs.until, runs.open)
        breached[self.history.profiles.attributes["removed"][runs.until_profile] > 0] = NEVER
        tier = self.history.profiles.attributes["tier"][runs.until_profile]
        broken = breached != NEVER
        breach = _Breaches(
            np.arange(len(breached)),
            np.where(broken, breached, NONE),
            np.where(broken, promise, -1).astype(promise.dtype),
            np.where(broken, tier, -1).astype(tier.dtype),
            np.where(broken, found.deadline, NONE),
        )
        breach.put((np.cumsum(covered) - 1)[earlier.clock], earlier)
        return Clocks(
            self.history,
            self.book,
            self.assignment,
            self.as_of,
            runs.row,
            np.full(len(runs.row), code, dtype=np.int8),
            runs.instance,
            version.astype(np.int16),
            promise,
            tier,
            np.where(found.is_paused, PAUSED, runs.state).astype(np.int8),
            runs.started_at,
            runs.until,
            found.target,
            found.deadline,
            found.aim,
            breach.at,
            breach.promise,
            breach.tier,
            breach.deadline,
            found.spent,
            found.paused,
        )

    def _before_changes(
        self, metric: Metric, runs: Runs, version: Ints, covered: Bools
    ) -> _Breaches:
        """The breaches of what was promised before the ticket changed its tier, customer or tags.

        The first of each clock that has any. Marks in `covered` the clocks that an earlier promise
        covers, broken or not.
        """
        changed = np.flatnonzero(runs.until_profile > runs.start_profile)
        count = (runs.until_profile - runs.start_profile)[changed]
        clock = np.repeat(changed, count)
        step = np.arange(len(clock)) - np.repeat(np.cumsum(count) - count, count)
        profile = runs.start_profile[clock] + step
        promise = self.assignment.promise(version[clock], profile)
        promise[self.history.profiles.attributes["removed"][profile] > 0] = -1
        held = self.assignment.covers[promise, METRICS.index(metric)]
        clock, profile, promise = clock[held], profile[held], promise[held]
        covered[clock] = True
        own = runs.take(clock)
        deadline = self._due(metric, own, promise).deadline
        changed_at = np.minimum(own.until, self.history.profiles.end(profile))
        at = _breached(deadline, self._since(own, profile), changed_at, False)
        # An earlier promise is broken before the next one holds: a clock's first row is its first.
        broken = np.flatnonzero(at != NEVER)
        broken = broken[np.unique(clock[broken], return_index=True)[1]]
        tier = self.history.profiles.attributes["tier"][profile[broken]]
        return _Breaches(clock[broken], at[broken], promise[broken], tier, deadline[broken])

    def _since(self, runs: Runs, profile: Ints) -> Ints:
        """Since when each clock runs under the promise to a profile interval."""
        changed = np.maximum(runs.started_at, self.history.profiles.at[profile])
        return np.where(profile > runs.start_profile, changed, runs.started_at)

    def _due(self, metric: Metric, runs: Runs, promise: Codes) -> Due:
        """What the promises mean for their clocks; NONE throughout where nothing is promised."""
        whole = Due.nothing(len(runs.row))
        for code in np.unique(promise):
            if code < 0:
                continue
            _, assigned = self.assignment.promises[code]
            chosen = np.flatnonzero(promise == code)
            target = assigned.target(metric) or Target(metric)  # none: measured without a deadline
            own = runs if len(chosen) == len(runs.row) else runs.take(chosen)
            part = due(self.history, self.book.calendars[assigned.calendar], assigned, target, own)
            if own is runs:
                return part
            whole.put(chosen, part)
        return whole


@dataclass(frozen=True, slots=True, eq=False)
class _Breaches:
    """Which promises were broken first: one row a clock, the columns as in `Clocks`.

    clock: int64, the row in its `Runs`.
    """

    clock: Ints
    at: Ints
    promise: Codes
    tier: NDArray[np.int32]
    deadline: Ints

    def put(self, rows: Ints, earlier: _Breaches) -> None:
        """Fills in what was broken earlier."""
        for name in ("at", "promise", "tier", "deadline"):
            getattr(self, name)[rows] = getattr(earlier, name)


def _places(runs: Runs, clocks: Clocks, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """The places in `runs` of the chosen clocks; both are in the order of ticket and instance."""
    most = int(runs.instance.max()) + 1
    key = runs.row * most + runs.instance
    return np.searchsorted(key, clocks.row[rows] * most + clocks.instance[rows])


def _put(column: NDArray[N], rows: NDArray[np.intp], new: NDArray[N]) -> NDArray[N]:
    """A column with new values in the chosen rows."""
    changed = column.copy()
    changed[rows] = new
    return changed


def _breached(deadline: Ints, since: Ints, before: Ints, still: Bools | bool) -> Ints:
    """When each deadline under a promise from `since` to `before` was breached; NEVER if not.

    Where the clock is `still` open at `before`, a deadline at that instant is breached too.
    """
    at = np.maximum(deadline, since)
    breached = (deadline != NONE) & ((at < before) | (still & (at == before)))
    return np.where(breached, at, NEVER)
