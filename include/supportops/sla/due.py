"""When clocks are due: open time from a start, less the pauses, compared with a target.

And the other way round: how far back a clock that falls due in a period may have started.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

import numpy as np
from numpy.typing import NDArray

from supportops.sla.calendar.business_hours import BusinessHours, OutsideRange
from supportops.sla.calendar.open_time import OpenTime, WorkingDays
from supportops.sla.events import MICRO, NONE, Bools, Ints, Places
from supportops.sla.history import History
from supportops.sla.policy import (
    Amount,
    Calendar,
    DayReading,
    Metric,
    PolicyBook,
    Promise,
    Target,
)
from supportops.sla.runs import Runs

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

Length = tuple[Calendar, int]  # open seconds on a calendar


@dataclass(frozen=True, slots=True, eq=False)
class Due:
    """What a target means for clocks: one row a clock, in the order of their `Runs`.

    target: int64 microseconds of open time; NONE where nothing is promised.
    deadline: int64 microseconds since 1970 UTC; NONE where nothing is promised, and while the
        clock is paused before it was reached.
    aim: the same for the softer target.
    spent: int64 microseconds of open time on the clock, pauses left out. paused: those left out.
    is_paused: bool, still open and in a pausing status at `Runs.until`.
    """

    target: Ints
    deadline: Ints
    aim: Ints
    spent: Ints
    paused: Ints
    is_paused: Bools

    @classmethod
    def nothing(cls, clocks: int) -> Self:
        """So many clocks without a promise."""
        none = np.full(clocks, NONE, dtype=np.int64)
        is_paused = np.zeros(clocks, dtype=np.bool_)
        return cls(none, none.copy(), none.copy(), none.copy(), none.copy(), is_paused)

    def put(self, chosen: Ints, part: "Due") -> None:
        """Fills in the chosen clocks."""
        for name in self.__slots__:
            getattr(self, name)[chosen] = getattr(part, name)


@dataclass(frozen=True, slots=True, eq=False)
class ClockTime:
    """The open time of some clocks, on one calendar and with one set of pausing statuses.

    One row a clock, in the order of `runs`. passed_start: int64 microseconds, the calendar's open
    time up to each clock's start. spent, paused, is_paused: as in `Due`.
    """

    history: History
    calendar: Calendar
    runs: Runs
    time: OpenTime
    passed_start: Ints
    spent: Ints
    paused: Ints
    is_paused: Bools
    pauses: frozenset[str]

    @classmethod
    def of(cls, history: History, calendar: Calendar, pauses: frozenset[str], runs: Runs) -> Self:
        """The time of `runs` on a calendar, under the statuses that pause. Raises OutsideRange."""
        time = OpenTime.of(calendar.hours)
        at_events = history.passed(calendar.hours)
        start = _passed(time, at_events, runs.start_event, runs.started_at)
        until = _passed(time, at_events, runs.until_event, runs.until)
        elapsed = until - start
        if not pauses:
            none = np.zeros(len(elapsed), dtype=np.int64)
            is_paused = np.zeros(len(elapsed), dtype=np.bool_)
            return cls(history, calendar, runs, time, start, elapsed, none, is_paused, pauses)
        paused_time = history.paused_time(calendar.hours, pauses)
        same = runs.start_status == runs.until_status
        paused = np.where(same & paused_time.is_paused[runs.until_status], elapsed, 0)
        far = np.flatnonzero(~same)
        paused[far] = paused_time.paused_at(runs.until_status[far], until[far])
        paused[far] -= paused_time.paused_at(runs.start_status[far], start[far])
        is_paused = runs.open & paused_time.is_paused[runs.until_status]
        spent = elapsed - paused
        return cls(history, calendar, runs, time, start, spent, paused, is_paused, pauses)

    def target(self, amount: Amount, reading: DayReading) -> tuple[Ints | np.int64, Ints | None]:
        """An amount as open time on each clock (microseconds), and, where the amount is read as a
        date, the instants that it names (None otherwise)."""
        if not amount.working_days:
            return np.int64(amount.seconds * MICRO), None
        if reading is DayReading.BUSINESS_HOURS:
            return np.int64(amount.working_days * self.calendar.working_day * MICRO), None
        days = WorkingDays.of(self.calendar.hours)
        same_time = reading is DayReading.SAME_TIME
        dated = days.after(self.runs.started_at, amount.working_days, same_time=same_time)
        return np.maximum(self.time.passed(dated) - self.passed_start, 0), dated

    def deadline(self, target: Ints | np.int64, dated: Ints | None = None) -> Ints:
        """When the clocks have `target` open time on them, and not before the instants `dated`.

        Microseconds since 1970 UTC; NONE where a clock is paused before that.
        """
        deadline = self.time.reached(self.passed_start + self.paused + target)
        over = self.spent >= target
        deadline[self.is_paused & ~over] = NONE
        late = np.flatnonzero(over & (self.paused > 0))
        if len(late):
            goal = target[late] if isinstance(target, np.ndarray) else target
            deadline[late] = self._reached_before(late, goal)
        if dated is not None:
            deadline = np.where(deadline == NONE, NONE, np.maximum(deadline, dated))
        return deadline

    def _reached_before(self, chosen: NDArray[np.intp], target: Ints | np.int64) -> Ints:
        """When the target was reached between the pauses, for clocks that have reached it."""
        paused_time = self.history.paused_time(self.calendar.hours, self.pauses)
        first, last = self.runs.start_status[chosen], self.runs.until_status[chosen]
        ran = paused_time.when_ran(target, self.passed_start[chosen], first, last)
        return self.time.reached(ran)


def due(history: History, calendar: Calendar, promise: Promise, target: Target, runs: Runs) -> Due:
    """What one target means for clocks that all fall under it. Raises OutsideRange."""
    time = ClockTime.of(history, calendar, target.stops, runs)
    nothing = np.full(len(runs.row), NONE, dtype=np.int64)
    amount, deadline, aim = nothing, nothing, nothing
    if target.deadline is not None:
        goal, dated = time.target(target.deadline, promise.reading)
        deadline = time.deadline(goal, dated)
        amount = np.broadcast_to(goal, deadline.shape)
    if target.aim is not None:
        aim = time.deadline(*time.target(target.aim, promise.reading))
    return Due(amount, deadline, aim, time.spent, time.paused, time.is_paused)


def _passed(time: OpenTime, at_events: Ints, event: Places, at: Ints) -> Ints:
    """Open time up to instants, most of which are events."""
    amount: Ints = at_events[event]
    other = np.flatnonzero(event < 0)
    if len(other):
        instants = at[other]
        if instants[0] == instants[-1] and np.all(instants == instants[0]):
            instants = instants[:1]  # all of them are the instant of the judgement
        amount[other] = time.passed(instants)
    return amount


def look_back_start(book: PolicyBook, start: datetime) -> datetime:
    """An instant at or after which every ticket with a clock due from `start` has an event.

    A clock that falls due at D last began to run, at its start or at the end of a pause, no
    earlier than its whole target's open time before D. Either is an event of its ticket, except
    for the resolution of an unanswered ticket, which starts when the first reply was due. So
    whatever falls due at `start` or later belongs to a ticket with an event at this instant or
    later, and older tickets need not be read. `BEGINNING` where a calendar begins too late to say.
    """
    begun = _before(start, _lengths(book))
    resolving = _before(start, _lengths(book, Metric.RESOLUTION))
    return min(begun, _before(resolving, _lengths(book, Metric.FIRST_REPLY)))


def _lengths(book: PolicyBook, metric: Metric | None = None) -> set[Length]:
    """The most open seconds that each target takes, on its calendar."""
    return {
        (calendar, _most(target.deadline, promise.reading, calendar))
        for version in book.versions
        for promise in version.promises
        for calendar in [book.calendars[promise.calendar]]
        for target in promise.targets
        if target.deadline is not None and metric in (None, target.metric)
    }


def _most(amount: Amount, reading: DayReading, calendar: Calendar) -> int:
    if amount.seconds:
        return amount.seconds
    if reading is DayReading.BUSINESS_HOURS:
        return amount.working_days * calendar.working_day
    # From any time on one date to any time on the last of so many working days after it.
    return (amount.working_days + 1) * _longest_day(calendar.hours)


def _longest_day(hours: BusinessHours) -> int:
    midnights = WorkingDays.of(hours).midnights
    return int(np.diff(hours.elapsed(midnights[:1], midnights)).max())


def _before(at: datetime, lengths: Iterable[Length]) -> datetime:
    """The earliest instant from which `at` is no further than one of the lengths away."""
    return min((_back(calendar.hours, at, seconds) for calendar, seconds in lengths), default=at)


def _back(hours: BusinessHours, at: datetime, seconds: int) -> datetime:
    try:
        return min(at, hours.deadline(at, -seconds))
    except OutsideRange:
        return BEGINNING
