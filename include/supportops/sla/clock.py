"""Every clock of every ticket, judged from the events alone, as of any instant.

    history = prepare(events)           # once: the events in order
    clocks = judge(history, book, now)  # for each policy book, for each instant

A clock is breached when its deadline passes without what it waits for; what comes at the deadline
itself is in time, and so is a merge. A deadline that a changed tier moves to before the change
is breached at the change: no breach is dated back. A breach of what was promised before stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from supportops.sla.due import Due, due
from supportops.sla.events import MICRO, NEVER, NONE, Bools, EventColumns, Ints
from supportops.sla.history import History, prepare
from supportops.sla.policy import METRICS, Metric, PolicyBook, Target
from supportops.sla.policy_assignment import Codes, Promised, to_micros
from supportops.sla.runs import FULFILLED, PAUSED, Runs, View


class State(StrEnum):
    """How a clock stands. Their order is the code in `Clocks.state`."""

    RUNNING = "running"
    PAUSED = "paused"
    FULFILLED = "fulfilled"
    MERGED = "merged"
    DELETED = "deleted"


STATES = tuple(State)


@dataclass(frozen=True, slots=True, eq=False)
class Clocks:
    """One row a clock. Instants and durations are int64 microseconds, NONE (NaT) where there is
    none; `frame` gives them as times and seconds.

    row: the ticket's place in `history.tickets`. metric: index into METRICS. instance: from 1.
    version, promise: indexes into the book's versions and `promised.promises`, the promise that
    holds at `until` or -1. until: the end, or `as_of` while open. state: index into STATES.
    target: the open time promised. deadline: NONE without a target, and while paused before it.
    spent: open time on the clock, on its promise's calendar. paused: open time off it.
    """

    history: History
    book: PolicyBook
    promised: Promised
    as_of: int
    row: Ints
    metric: NDArray[np.int8]
    instance: NDArray[np.int32]
    version: NDArray[np.int16]
    promise: Codes
    tier: NDArray[np.int32]
    state: NDArray[np.int8]
    started_at: Ints
    until: Ints
    target: Ints
    deadline: Ints
    aim: Ints
    breached_at: Ints
    spent: Ints
    paused: Ints

    def __len__(self) -> int:
        return len(self.row)

    @property
    def ticket(self) -> Ints:
        return self.history.tickets[self.row]

    @property
    def open(self) -> NDArray[np.bool_]:
        return self.state <= PAUSED

    @property
    def fulfilled_at(self) -> Ints:
        return np.where(self.state == FULFILLED, self.until, NONE)

    @property
    def ended_at(self) -> Ints:
        """When it ended, for whatever reason."""
        return np.where(self.open, NONE, self.until)

    @property
    def left(self) -> Ints:
        """Open time until the deadline, negative after it; NONE without a target."""
        return np.where(self.target == NONE, NONE, self.target - self.spent)

    @property
    def calendar_time(self) -> Ints:
        """From the start to the end or `as_of`, as the customer felt it: pauses included."""
        return self.until - self.started_at

    def take(self, chosen: Any) -> "Clocks":
        """The chosen rows, by position, mask or slice."""
        shared = [self.history, self.book, self.promised, self.as_of]
        names = [field.name for field in fields(self)][len(shared) :]
        return Clocks(*shared, *(getattr(self, name)[chosen] for name in names))  # type: ignore[arg-type]

    def frame(self) -> pd.DataFrame:
        """A frame by ticket, metric and instance: instants as UTC datetimes, durations in seconds.

        ticket, tier, metric, instance, policy ("version/promise"), state, started_at, deadline,
        aim, fulfilled_at, ended_at, breached_at, target_seconds, open_seconds, paused_seconds,
        left_seconds, calendar_seconds. `open_seconds` is the promise's time, `calendar_seconds`
        the customer's.
        """
        own = self.take(np.lexsort((self.instance, self.metric, self.row)))
        policies = [f"{version.name}/{promise.name}" for version, promise in self.promised.promises]
        tiers = [tier or self.book.default_tier for tier in self.history.values]
        columns: dict[str, Any] = {
            "ticket": own.ticket,
            "tier": _words(own.tier, tiers),
            "metric": _words(own.metric, [metric.value for metric in METRICS]),
            "instance": own.instance,
            "policy": _words(own.promise, policies),
            "state": _words(own.state, [state.value for state in STATES]),
        }
        for name in ("started_at", "deadline", "aim", "fulfilled_at", "ended_at", "breached_at"):
            instants: Ints = getattr(own, name)
            columns[name] = pd.Series(instants.view("M8[us]")).dt.tz_localize("UTC")
        for name, lasted in (
            ("target_seconds", own.target),
            ("open_seconds", own.spent),
            ("paused_seconds", own.paused),
            ("left_seconds", own.left),
            ("calendar_seconds", own.calendar_time),
        ):
            columns[name] = np.where(lasted == NONE, np.nan, lasted / MICRO)
        return pd.DataFrame(columns)


def clocks(events: EventColumns, book: PolicyBook, as_of: datetime) -> Clocks:
    """Every clock of these events under a policy book, as of an aware instant.

    Raises OutsideRange for instants that a calendar does not reach.
    """
    return judge(prepare(events), book, as_of)


def judge(history: History, book: PolicyBook, as_of: datetime) -> Clocks:
    """The clocks of a prepared history; nothing later than `as_of` counts."""
    promised = Promised.over(history, book)
    view = View.at(history, to_micros(as_of))
    judge_one = _Judge(history, book, promised, view.as_of)
    created = history.created[history.by_customer]
    first = judge_one(
        Metric.FIRST_REPLY,
        view.between_events(created, history.first_reply[history.by_customer]),
    )
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
    names = [field.name for field in fields(Clocks)][4:]
    joined = (np.concatenate([getattr(part, name) for part in parts]) for name in names)
    return Clocks(history, book, promised, view.as_of, *joined)


@dataclass(frozen=True, slots=True, eq=False)
class _Judge:
    history: History
    book: PolicyBook
    promised: Promised
    as_of: int

    def __call__(self, metric: Metric, runs: Runs) -> Clocks:
        """The clocks of one metric that some promise covers."""
        code = METRICS.index(metric)
        version = self.promised.version(runs.started_at)
        promise = self.promised.promise(version, runs.until_profile)
        covered = self.promised.covers[promise, code]
        clock, breach = self._before_changes(metric, runs, version, covered)
        if not covered.all():
            runs, version, promise = runs.take(covered), version[covered], promise[covered]
        found = self._due(metric, runs, promise)
        since = self._since(runs, runs.until_profile)
        breached = _breached(found.deadline, since, runs.until, runs.open)
        breached[self.history.profiles.held["removed"][runs.until_profile] > 0] = NEVER
        np.minimum.at(breached, (np.cumsum(covered) - 1)[clock], breach)
        breached[breached == NEVER] = NONE
        return Clocks(
            self.history,
            self.book,
            self.promised,
            self.as_of,
            runs.row,
            np.full(len(runs.row), code, dtype=np.int8),
            runs.instance,
            version.astype(np.int16),
            promise,
            self.history.profiles.held["tier"][runs.until_profile],
            np.where(found.stands, PAUSED, runs.state).astype(np.int8),
            runs.started_at,
            runs.until,
            found.target,
            found.deadline,
            found.aim,
            breached,
            found.spent,
            found.paused,
        )

    def _before_changes(
        self, metric: Metric, runs: Runs, version: Ints, covered: Bools
    ) -> tuple[Ints, Ints]:
        """Clocks with what was promised before the ticket changed: which, and when it was broken.

        A clock is named once for each earlier promise; NEVER where that was not broken before the
        change. Marks these clocks in `covered`.
        """
        changed = np.flatnonzero(runs.until_profile > runs.start_profile)
        count = (runs.until_profile - runs.start_profile)[changed]
        clock = np.repeat(changed, count)
        step = np.arange(len(clock)) - np.repeat(np.cumsum(count) - count, count)
        profile = runs.start_profile[clock] + step
        promise = self.promised.promise(version[clock], profile)
        promise[self.history.profiles.held["removed"][profile] > 0] = -1
        stood = self.promised.covers[promise, METRICS.index(metric)]
        clock, profile, promise = clock[stood], profile[stood], promise[stood]
        covered[clock] = True
        own = runs.take(clock)
        deadline = self._due(metric, own, promise).deadline
        changed_at = np.minimum(own.until, self.history.profiles.until(profile))
        return clock, _breached(deadline, self._since(own, profile), changed_at, False)

    def _since(self, runs: Runs, profile: Ints) -> Ints:
        """Since when each clock runs under the promise to a profile stretch."""
        changed = np.maximum(runs.started_at, self.history.profiles.at[profile])
        return np.where(profile > runs.start_profile, changed, runs.started_at)

    def _due(self, metric: Metric, runs: Runs, promise: Codes) -> Due:
        """What the promises mean for their clocks; NONE throughout where nothing is promised."""
        whole = Due.nothing(len(runs.row))
        for code in np.unique(promise):
            if code < 0:
                continue
            _, held = self.promised.promises[code]
            chosen = np.flatnonzero(promise == code)
            target = held.target(metric) or Target(metric)
            own = runs if len(chosen) == len(runs.row) else runs.take(chosen)
            part = due(self.history, self.book.calendars[held.calendar], held, target, own)
            if own is runs:
                return part
            whole.put(chosen, part)
        return whole


def _words(codes: NDArray[Any], words: Sequence[str]) -> NDArray[np.object_]:
    """The word of each code, None for -1."""
    found: NDArray[np.object_] = np.array([*words, None], dtype=np.object_)[codes]
    return found


def _breached(deadline: Ints, since: Ints, before: Ints, still: Bools | bool) -> Ints:
    """When each deadline was broken, NEVER if it was not, under a promise from `since` to `before`.

    Of what is `still` so at `before`, a deadline at that instant is broken too.
    """
    at = np.maximum(deadline, since)
    broken = (deadline != NONE) & ((at < before) | (still & (at == before)))
    return np.where(broken, at, NEVER)
