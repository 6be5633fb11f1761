"""A ticket's clocks as bars on one axis of time: when each ran, was paused, and is due."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from supportops.sla.calendar.business_hours import BusinessHours, OutsideRange
from supportops.sla.explain import ClockExplanation, Explanation, calendar_of
from supportops.sla.policy import PolicyBook
from supportops.tickets.ticket import Author, Event, EventKind

WIDTH = 1000.0
# More openings than this are not drawn one by one.
_MOST_SPANS = 250


class Part(StrEnum):
    """What a piece of a bar shows; each has its colour and its place in the legend."""

    RAN = "ran"
    LATE = "late"
    PAUSED = "paused"
    CLOSED = "closed"
    COMING = "coming"


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a bar, in thousandths of the axis."""

    part: Part
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One clock; `due`: where its deadline is, None without one."""

    pieces: tuple[Piece, ...]
    due: float | None


@dataclass(frozen=True, slots=True)
class Mark:
    """Where somebody wrote; `kind`: customer or agent."""

    x: float
    kind: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """The axis from `since` to `until`, a bar for each clock in their order, and who wrote when.

    now: where the instant of the page is; None where the axis ends before it.
    """

    since: datetime
    until: datetime
    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...]
    now: float | None


def drawing(explanation: Explanation, book: PolicyBook, events: Sequence[Event]) -> Drawing | None:
    """The clocks of `explanation` as bars; None where there are none."""
    clocks = explanation.clocks
    if not clocks:
        return None
    since = min(clock.started_at for clock in clocks)
    until = max(at for clock in clocks for at in _ends(clock, explanation.at))
    if until <= since:
        until = since + timedelta(minutes=1)
    axis = _Axis(since, until)
    marks = (
        Mark(axis.x(event.happened_at), "customer" if by_customer(event) else "agent")
        for event in events
        if event.kind in (EventKind.CREATED, EventKind.COMMENT)
        and since <= event.happened_at <= until
        and event.author is not Author.AUTOMATIC
    )
    now = axis.x(explanation.at) if since <= explanation.at < until else None
    bars = tuple(_bar(clock, calendar_of(clock, book).hours, axis) for clock in clocks)
    return Drawing(since, until, bars, tuple(marks), now)


def by_customer(event: Event) -> bool:
    """Whether the customer wrote it."""
    return event.author is Author.CUSTOMER


@dataclass(frozen=True, slots=True)
class _Axis:
    since: datetime
    until: datetime

    def x(self, at: datetime) -> float:
        inside = min(max(at, self.since), self.until)
        return round((inside - self.since) / (self.until - self.since) * WIDTH, 2)

    def piece(self, part: Part, since: datetime, until: datetime) -> Piece:
        x = self.x(since)
        return Piece(part, x, round(max(self.x(until) - x, 0.5), 2))


def _ends(clock: ClockExplanation, now: datetime) -> Iterator[datetime]:
    yield clock.ended_at or now
    if clock.deadline is not None:
        yield clock.deadline


def _bar(clock: ClockExplanation, hours: BusinessHours, axis: _Axis) -> Bar:
    pieces = [
        axis.piece(part, since, until)
        for part, since, until in _parts(clock, hours)
        if until > since
    ]
    return Bar(tuple(pieces), None if clock.deadline is None else axis.x(clock.deadline))


def _parts(
    clock: ClockExplanation, hours: BusinessHours
) -> Iterator[tuple[Part, datetime, datetime]]:
    broken = clock.breached_at
    for segment in clock.segments:
        if not segment.ran:
            yield Part.PAUSED, segment.since, segment.until
            continue
        middle = segment.since if broken is None else min(max(broken, segment.since), segment.until)
        before = segment.until if broken is None else middle
        yield from _split(hours, segment.since, before, Part.RAN)
        yield from _split(hours, before, segment.until, Part.LATE)
    if clock.ended_at is None and clock.deadline is not None and clock.segments:
        yield from _split(hours, clock.segments[-1].until, clock.deadline, Part.COMING)


def _split(
    hours: BusinessHours, since: datetime, until: datetime, part: Part
) -> Iterable[tuple[Part, datetime, datetime]]:
    """The open time between two instants as `part`, the rest as closed."""
    if until <= since:
        return []
    spans: list[tuple[Part, datetime, datetime]] = []
    at = since
    try:
        while at < until and len(spans) < _MOST_SPANS:
            is_open = hours.is_open(at)
            end = min(hours.next_close(at) if is_open else hours.next_open(at), until)
            spans.append((part if is_open else Part.CLOSED, at, end))
            at = end
    except OutsideRange:
        return [(part, since, until)]
    return spans if at >= until else [(part, since, until)]
