"""The arithmetic behind a ticket's clocks, in words and segments, from the engine's own rows.

The names of the fields are the keys of `supportops explain --json`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from supportops.sla.calendar.calendar_days import DayShare, shares
from supportops.sla.clock import STATES, Clocks, State
from supportops.sla.counting.ticket_times import ticket_times
from supportops.sla.events import KNOWN_SINCE, MICRO, NEVER, NONE, STATUSES, EventColumns
from supportops.sla.history import prepare
from supportops.sla.judging import judge
from supportops.sla.policy import (
    METRICS,
    Calendar,
    Metric,
    PolicyBook,
    PolicyVersion,
    Promise,
    Target,
)
from supportops.sla.policy_assignment import to_datetime


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a clock's time in which it ran, or was paused in a status. Open time in seconds."""

    since: datetime
    until: datetime
    status: str
    ran: bool
    open_seconds: float


@dataclass(frozen=True, slots=True)
class AppliedPromise:
    """What was promised from an instant on: by which rule of which policy, and due when.

    `deadline` is as it stood when this promise last held.
    """

    since: datetime
    promise: str | None
    reason: str
    deadline: datetime | None


@dataclass(frozen=True, slots=True)
class ClockExplanation:
    """One clock with its reasons. Durations in seconds, instants aware UTC.

    `within` is the target in words, `policy` "version/promise"; None where nothing is promised.
    `breached_policy`: the promise that was broken, which an earlier tier may have made; None where
    none was. `days`: the open time from the start to the deadline, date by date.
    """

    metric: str
    instance: int
    tier: str
    state: str
    policy: str | None
    within: str | None
    started_at: datetime
    deadline: datetime | None
    aim: datetime | None
    fulfilled_at: datetime | None
    ended_at: datetime | None
    breached_at: datetime | None
    breached_policy: str | None
    open_seconds: float | None
    paused_seconds: float | None
    calendar_seconds: float
    promises: tuple[AppliedPromise, ...]
    segments: tuple[Segment, ...]
    days: tuple[DayShare, ...]


@dataclass(frozen=True, slots=True)
class WholeTicket:
    """How long one ticket took as a whole, or has taken so far; durations in seconds.

    Full resolution and requester wait as in `counting.ticket_times`, None where it does not give
    them. `calendar` is the name of the one that business time is of.
    """

    solved: bool
    calendar: str
    full_resolution_calendar_seconds: float | None
    full_resolution_business_seconds: float | None
    requester_wait_calendar_seconds: float | None
    requester_wait_business_seconds: float | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """All clocks of one ticket as of an instant, and its times as a whole.

    `known_since`: where the ticket's history begins, None where that is its creation. What was
    owed before is not judged.
    """

    ticket: int
    at: datetime
    clocks: tuple[ClockExplanation, ...]
    known_since: datetime | None = None
    whole: WholeTicket | None = None

    def as_json(self) -> dict[str, Any]:
        """The same in JSON's types; instants as ISO texts in UTC; `known_since` if set."""
        plain: dict[str, Any] = _plain(self)
        if self.known_since is None:
            del plain["known_since"]
        return plain


def explain(events: EventColumns, book: PolicyBook, at: datetime) -> Explanation:
    """Why the clocks of one ticket stand as they do at an aware instant.

    Raises ValueError for events of several tickets or none, OutsideRange for instants that a
    calendar does not reach.
    """
    if len(set(events.ticket.tolist())) != 1:
        raise ValueError("expected the events of one ticket")
    history = prepare(events)
    found = judge(history, book, at)
    order = np.lexsort((found.instance, found.metric))
    explained = tuple(_explain_clock(found, int(place)) for place in order)
    return Explanation(
        int(history.tickets[0]), at, explained, _known_since(events), _whole(found, book)
    )


def _whole(found: Clocks, book: PolicyBook) -> WholeTicket:
    times = ticket_times(found)
    return WholeTicket(
        bool(times.solved[0]),
        list(book.calendars)[int(times.calendar[0])],
        _seconds(times.full_calendar),
        _seconds(times.full_business),
        _seconds(times.wait_calendar),
        _seconds(times.wait_business),
    )


def _known_since(events: EventColumns) -> datetime | None:
    marks = np.flatnonzero((events.kind == KNOWN_SINCE) & (events.value != 0))
    written = events.values[int(events.value[marks[0]])] if len(marks) else None
    return datetime.fromisoformat(written) if written else None


def _explain_clock(found: Clocks, place: int) -> ClockExplanation:
    one = found.take(slice(place, place + 1))
    promise = _promise(one, int(one.promise[0]))[1]
    metric = METRICS[int(one.metric[0])]
    target = promise.target(metric) if promise else None
    tier = found.history.values[int(one.tier[0])] or found.book.default_tier
    return ClockExplanation(
        metric=metric.value,
        instance=int(one.instance[0]),
        tier=tier,
        state=STATES[int(one.state[0])].value,
        policy=_policy(one, int(one.promise[0])),
        within=str(target.deadline) if target and target.deadline else None,
        started_at=to_datetime(int(one.started_at[0])),
        deadline=_instant(one.deadline),
        aim=_instant(one.aim),
        fulfilled_at=_instant(one.fulfilled_at),
        ended_at=_instant(one.ended_at),
        breached_at=_instant(one.breached_at),
        breached_policy=_policy(one, int(one.breached_promise[0])),
        open_seconds=_seconds(one.spent),
        paused_seconds=_seconds(one.paused),
        calendar_seconds=int(one.calendar_time[0]) / MICRO,
        promises=tuple(_promises(one)),
        segments=tuple(_segments(one, promise, metric)),
        days=tuple(_days(one, promise, metric)),
    )


def _promise(one: Clocks, code: int) -> tuple[PolicyVersion | None, Promise | None]:
    return one.assignment.promises[code] if code >= 0 else (None, None)


def _policy(one: Clocks, code: int) -> str | None:
    """ "version/promise" of a promise's code, None for -1."""
    version, promise = _promise(one, code)
    return f"{version.name}/{promise.name}" if version and promise else None


def _promises(one: Clocks) -> Iterator[AppliedPromise]:
    """Each promise that held while the clock ran, with the deadline that it set.

    What a reply brings with it in one act, such as another tier, holds for what comes next.
    """
    profiles, values = one.history.profiles, one.history.values
    start, until = int(one.started_at[0]), int(one.until[0])
    removed = profiles.attributes["removed"] > 0
    fulfilled = STATES[int(one.state[0])] is State.FULFILLED
    for n, at in enumerate(profiles.at):
        following = int(profiles.at[n + 1]) if n + 1 < len(profiles.at) else NEVER
        if following <= start or int(at) > until:
            continue
        if fulfilled and start < int(at) == until and not removed[n - 1]:
            continue
        tier, customer, tags = (values[int(profiles.attributes[k][n])] for k in _WHO)
        match = one.book.match(to_datetime(start), tier, customer, tags)
        gone = bool(removed[n])
        yield AppliedPromise(
            since=to_datetime(max(int(at), start)),
            promise=match.promise.name if match.promise and not gone else None,
            reason="removed: nothing is promised" if gone else match.reason,
            deadline=None if gone else _deadline_then(one, min(until, following - 1)),
        )


_WHO = ("tier", "customer", "tags")


def _deadline_then(one: Clocks, at: int) -> datetime | None:
    """The clock's deadline as it stood at an instant."""
    if at == int(one.until[0]):
        return _instant(one.deadline)
    then = judge(one.history, one.book, to_datetime(at))
    same = (then.metric == one.metric[0]) & (then.instance == one.instance[0])
    return _instant(then.deadline[same]) if same.any() else None


def _segments(one: Clocks, promise: Promise | None, metric: Metric) -> Iterator[Segment]:
    """Where the clock ran and where it was paused, from its start to its end or now."""
    if promise is None:
        return
    target = promise.target(metric) or Target(metric)
    statuses, pauses = one.history.statuses, target.stops
    hours = one.book.calendars[promise.calendar].hours
    start, until = int(one.started_at[0]), int(one.until[0])
    for n, at in enumerate(statuses.at):
        following = int(statuses.at[n + 1]) if n + 1 < len(statuses.at) else NEVER
        since, before = max(int(at), start), min(following, until)
        if since >= before:
            continue
        status = STATUSES[int(statuses.attributes["status"][n])]
        begin, end = to_datetime(since), to_datetime(before)
        yield Segment(begin, end, status, status not in pauses, hours.elapsed(begin, end))


def _days(one: Clocks, promise: Promise | None, metric: Metric) -> Iterator[DayShare]:
    """Date by date how the open time up to the deadline adds up, pauses left out."""
    deadline = _instant(one.deadline)
    if promise is None or deadline is None:
        return
    calendar = one.book.calendars[promise.calendar]
    start, until = to_datetime(int(one.started_at[0])), to_datetime(int(one.until[0]))
    ran = [
        (s.since, min(s.until, deadline))
        for s in _segments(one, promise, metric)
        if s.ran and s.since < deadline
    ]
    if deadline > until:
        ran.append((until, deadline))
    yield from shares(calendar, start, deadline, ran)


def calendar_of(clock: ClockExplanation, book: PolicyBook) -> Calendar:
    """The calendar of a clock's promise; the book's first where nothing is promised."""
    for version in book.versions:
        for promise in version.promises:
            if clock.policy == f"{version.name}/{promise.name}":
                return book.calendars[promise.calendar]
    return next(iter(book.calendars.values()))


def _instant(column: Any) -> datetime | None:
    value = int(column[0])
    return None if value == NONE else to_datetime(value)


def _seconds(column: Any) -> float | None:
    value = int(column[0])
    return None if value == NONE else value / MICRO


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return value.isoformat() if hasattr(value, "isoformat") else value
