"""When clocks are due: open time from a start, less the pauses, against a target."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from supportops.sla.events import DONE, MICRO, NONE, Bools, Ints
from supportops.sla.history import History
from supportops.sla.open_time import OpenTime, WorkingDays
from supportops.sla.policy import Amount, Calendar, DayReading, Metric, Promise, Target
from supportops.sla.runs import Runs


@dataclass(frozen=True, slots=True, eq=False)
class Due:
    """Columns of microseconds. `target` is NONE where nothing is promised, `deadline` also while
    the clock is paused before it was reached. `spent`: open time on the clock; `paused`: off it.
    """

    target: Ints
    deadline: Ints
    aim: Ints
    spent: Ints
    paused: Ints
    stands: Bools  # open, and paused at `until`

    @classmethod
    def nothing(cls, clocks: int) -> Self:
        none = np.full(clocks, NONE, dtype=np.int64)
        stands = np.zeros(clocks, dtype=np.bool_)
        return cls(none, none.copy(), none.copy(), none.copy(), none.copy(), stands)

    def put(self, chosen: Ints, part: "Due") -> None:
        """Fills in the chosen clocks."""
        for name in self.__slots__:
            getattr(self, name)[chosen] = getattr(part, name)


@dataclass(frozen=True, slots=True, eq=False)
class Dial:
    """The open time of some clocks, on one calendar and with one set of pauses."""

    history: History
    calendar: Calendar
    runs: Runs
    time: OpenTime
    passed_start: Ints
    spent: Ints
    paused: Ints
    stands: Bools
    pauses: frozenset[str]

    @classmethod
    def of(cls, history: History, calendar: Calendar, pauses: frozenset[str], runs: Runs) -> Self:
        time = OpenTime.of(calendar.hours)
        at_events = history.passed(calendar.hours)
        start = _passed(time, at_events, runs.start_event, runs.started_at)
        until = _passed(time, at_events, runs.until_event, runs.until)
        elapsed = until - start
        if not pauses:
            none = np.zeros(len(elapsed), dtype=np.int64)
            stands = np.zeros(len(elapsed), dtype=np.bool_)
            return cls(history, calendar, runs, time, start, elapsed, none, stands, pauses)
        rest = history.rest(calendar.hours, pauses)
        same = runs.start_status == runs.until_status
        paused = np.where(same & rest.resting[runs.until_status], elapsed, 0)
        far = np.flatnonzero(~same)
        paused[far] = rest.rested_at(runs.until_status[far], until[far]) - rest.rested_at(
            runs.start_status[far], start[far]
        )
        stands = runs.open & rest.resting[runs.until_status]
        spent = elapsed - paused
        return cls(history, calendar, runs, time, start, spent, paused, stands, pauses)

    def target(self, amount: Amount, reading: DayReading) -> tuple[Ints | np.int64, Ints | None]:
        """An amount as open time on each clock, and the instant that a date's reading names."""
        if not amount.working_days:
            return np.int64(amount.seconds * MICRO), None
        if reading is DayReading.BUSINESS_HOURS:
            return np.int64(amount.working_days * self.calendar.working_day * MICRO), None
        days = WorkingDays.of(self.calendar.hours)
        same_time = reading is DayReading.SAME_TIME
        named = days.after(self.runs.started_at, amount.working_days, same_time=same_time)
        return np.maximum(self.time.passed(named) - self.passed_start, 0), named

    def landing(self, target: Ints | np.int64, named: Ints | None = None) -> Ints:
        """When so much open time is on each clock; NONE where it stands still before that."""
        landed = self.time.reached(self.passed_start + self.paused + target)
        over = self.spent >= target
        landed[self.stands & ~over] = NONE
        late = np.flatnonzero(over & (self.paused > 0))
        if len(late):
            goal = target[late] if isinstance(target, np.ndarray) else target
            landed[late] = self._in_the_past(late, goal)
        if named is not None:
            landed = np.where(landed == NONE, NONE, np.maximum(landed, named))
        return landed

    def _in_the_past(self, chosen: NDArray[np.intp], target: Ints | np.int64) -> Ints:
        """When the target was reached between the pauses, for clocks that have reached it."""
        rest = self.history.rest(self.calendar.hours, self.pauses)
        first, last = self.runs.start_status[chosen], self.runs.until_status[chosen]
        goal = rest.ran_at(first, self.passed_start[chosen]) + target
        return self.time.reached(rest.when_ran(goal, first, last))


def due(history: History, calendar: Calendar, promise: Promise, target: Target, runs: Runs) -> Due:
    """What one target means for clocks that all fall under it."""
    pauses = target.pauses
    if target.metric is Metric.RESOLUTION:
        pauses |= set(DONE)  # the time while solved never counts
    dial = Dial.of(history, calendar, frozenset(pauses), runs)
    nothing = np.full(len(runs.row), NONE, dtype=np.int64)
    amount, deadline, aim = nothing, nothing, nothing
    if target.deadline is not None:
        goal, named = dial.target(target.deadline, promise.reading)
        deadline = dial.landing(goal, named)
        amount = np.broadcast_to(goal, deadline.shape)
    if target.aim is not None:
        aim = dial.landing(*dial.target(target.aim, promise.reading))
    return Due(amount, deadline, aim, dial.spent, dial.paused, dial.stands)


def _passed(time: OpenTime, at_events: Ints, event: Ints, at: Ints) -> Ints:
    """Open time up to instants, most of which are events."""
    amount: Ints = at_events[event]
    other = np.flatnonzero(event < 0)
    if len(other):
        instants = at[other]
        if instants[0] == instants[-1] and np.all(instants == instants[0]):
            instants = instants[:1]  # the instant that we look from
        amount[other] = time.passed(instants)
    return amount
