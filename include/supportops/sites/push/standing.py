"""How a push monitor stands: the fold of its pushes, and when it is expected next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from supportops.sites.check import instant_from_json, instant_to_json
from supportops.sites.history import Span
from supportops.sites.push.content import Content, Outcome
from supportops.sites.push.monitor import Limits, Monitor


class PushState(StrEnum):
    """WAITING: nothing was expected yet. LATE: within its grace. UNKNOWN: a push may have come
    while nobody could take it. EXCUSED: its site is down or in maintenance."""

    WAITING = "waiting"
    UP = "up"
    LATE = "late"
    SILENT = "silent"
    FAILED = "failed"
    DEGRADED = "degraded"
    UNKNOWN = "unknown"
    EXCUSED = "excused"


@dataclass(frozen=True, slots=True)
class Push:
    """One push as recorded. `id` counts up; `content` of a refused one says why."""

    id: int
    received_at: datetime
    content: Content


@dataclass(frozen=True, slots=True)
class PushStanding:
    """All that is needed of the past of a monitor.

    `since`: when its present schedule came into force, at first its first appearance. `values`:
    the last that was reported of each, with its instant. `refused` says why the last push was not
    taken; `folded`: the number of the last push that is in all this.
    """

    since: datetime
    schedule: str
    pushed_at: datetime | None = None
    good_at: datetime | None = None
    failed_at: datetime | None = None
    exit_code: int | None = None
    message: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    refused_at: datetime | None = None
    refused: str = ""
    folded: int = 0

    @property
    def anchor(self) -> datetime:
        """From what the next push is expected."""
        return max(self.since, self.pushed_at or self.since)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What silence may be due to. `unseen`: when no push could reach the log. `down`: when the
    monitor's site or server was; the last may lie open until after `now`."""

    now: datetime
    unseen: Sequence[Span] = ()
    down: Sequence[Span] = ()
    in_maintenance: Callable[[datetime], bool] = lambda _: False


@dataclass(frozen=True, slots=True)
class Expected:
    """When the next push is expected and from when on its absence is silence.

    `excused`: why an earlier one does not count; `waits`: nothing is silence while the site is
    down, whatever the hour.
    """

    at: datetime
    deadline: datetime
    excused: PushState | None = None
    waits: bool = False

    def passed(self, now: datetime) -> bool:
        """Whether its absence is silence at `now`."""
        return not self.waits and self.deadline <= now


def in_force(standing: PushStanding | None, monitor: Monitor, now: datetime) -> PushStanding:
    """The standing by the monitor's schedule of now. A monitor that is new, or has another
    schedule, is first expected by it from `now` on."""
    schedule = str(monitor.schedule)
    if standing is None:
        return PushStanding(now, schedule)
    return (
        standing
        if standing.schedule == schedule
        else replace(standing, since=now, schedule=schedule)
    )


def after(standing: PushStanding, push: Push) -> PushStanding:
    """The standing after one more push."""
    content, at = push.content, push.received_at
    if content.outcome is Outcome.REFUSED:
        return replace(standing, refused_at=at, refused=content.message, folded=push.id)
    values = {name: [value, at.isoformat()] for name, value in content.values.items()}
    good = content.outcome is Outcome.OK
    return replace(
        standing,
        pushed_at=max(at, standing.pushed_at or at),
        good_at=at if good else standing.good_at,
        failed_at=None if good else standing.failed_at or at,
        exit_code=content.exit_code,
        message=content.message,
        values={**standing.values, **values},
        folded=push.id,
    )


def expected(monitor: Monitor, standing: PushStanding, around: Surroundings) -> Expected:
    """The push that is expected next, and when its absence is silence.

    A push that was due while nobody could have taken it, or in maintenance, is excused: the next
    one of its schedule counts. While the site or server is down there is no silence; when it is
    back a push has the monitor's grace to come.
    """
    schedule, grace = monitor.schedule, monitor.grace
    at, excused = schedule.after(standing.anchor), None
    while (deadline := at + grace) <= around.now:
        window = Span(at - schedule.early(grace), deadline)
        unseen = _latest(around.unseen, window)
        # A short stop hardly hit two pushes in a row.
        if unseen is not None and (excused is None or _mostly(around.unseen, window)):
            excused = PushState.UNKNOWN
            at = schedule.resumed(at, min(max(unseen.end, at), around.now))
        elif around.in_maintenance(at) or around.in_maintenance(deadline):
            excused = PushState.EXCUSED
            at = schedule.resumed(at, at)
        else:
            return _once_up(Expected(at, deadline, excused), grace, around)
    return Expected(at, deadline, excused)


def _once_up(found: Expected, grace: timedelta, around: Surroundings) -> Expected:
    deadline = found.deadline
    for span in sorted(around.down, key=lambda each: each.start):
        if span.start <= deadline and span.end > found.at:
            if span.end > around.now:
                return Expected(found.at, deadline, PushState.EXCUSED, waits=True)
            deadline = max(deadline, span.end + grace)
    excused = PushState.EXCUSED if deadline > found.deadline else found.excused
    return Expected(found.at, deadline, excused)


def _latest(spans: Sequence[Span], window: Span) -> Span | None:
    """The last of the spans that touch the window, its end included."""
    touching = [s for s in spans if s.start <= window.end and s.end >= window.start]
    return max(touching, key=lambda span: span.end, default=None)


def _mostly(spans: Sequence[Span], window: Span) -> bool:
    """Whether the spans cover half of the window, or more."""
    parts = (span.within(window.start, window.end) for span in spans)
    covered = sum((part.end - part.start for part in parts if part), timedelta())
    return 2 * covered >= window.end - window.start


def state_of(monitor: Monitor, standing: PushStanding, around: Surroundings) -> PushState:
    """How the monitor stands at `around.now`."""
    next_push = expected(monitor, standing, around)
    if standing.failed_at is not None:
        return PushState.FAILED
    if next_push.passed(around.now):
        return PushState.SILENT
    if next_push.excused is not None:
        return next_push.excused
    if next_push.at < around.now:
        return PushState.LATE
    if standing.pushed_at is None or standing.pushed_at < standing.since:
        return PushState.WAITING
    return PushState.DEGRADED if above(monitor.limits, standing, around.now) else PushState.UP


def above(limits: Limits, standing: PushStanding, now: datetime) -> list[str]:
    """Which of the reported values are above their limits, in words."""
    found, values = [], {name: value for name, (value, _) in standing.values.items()}
    disk = values.get("disk")
    if limits.disk is not None and disk is not None and disk > limits.disk * 100:
        found.append(f"disk {disk:g} % full, limit {limits.disk * 100:g} %")
    backup = instant_from_json(values.get("last_backup"))
    if limits.backup is not None and backup is not None and now - backup > limits.backup:
        found.append(f"last backup {_age(now - backup)} old, limit {_age(limits.backup)}")
    for name, words in (("pending_updates", "updates pending"), ("queue", "in the queue")):
        limit, value = getattr(limits, name), values.get(name)
        if limit is not None and value is not None and value > limit:
            found.append(f"{value:,} {words}, limit {limit:,}")
    return found


def _age(length: timedelta) -> str:
    hours = length.total_seconds() / 3600
    return f"{hours / 24:.1f} days" if hours >= 48 else f"{hours:.1f} h"


_INSTANTS = ("since", "pushed_at", "good_at", "failed_at", "refused_at")


def to_json(standing: PushStanding) -> dict[str, Any]:
    """Every field in JSON's types; `from_json` gives the same standing back."""
    found = {name: getattr(standing, name) for name in PushStanding.__slots__}
    found |= {name: instant_to_json(found[name]) for name in _INSTANTS}
    return found | {"values": dict(standing.values)}


def from_json(found: Mapping[str, Any]) -> PushStanding:
    """The standing that `to_json` wrote."""
    instants = {name: instant_from_json(found[name]) for name in _INSTANTS}
    return PushStanding(**{**found, **instants})
