"""The alerts that tickets' clocks call for at an instant: of each clock one warning, or its breach.

Pure: clocks in, alerts with keys out. A key is the same in every sweep that finds the alert, so
comparing with the keys of the stored alerts shows what is new, what is over and what never was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from supportops.alerts.alert import Kind
from supportops.alerts.kind_texts import DELETED, MERGED, SOLVED_WITHOUT_REPLY
from supportops.sla.clock import STATES, Clocks, State
from supportops.sla.counting.breaches import as_counted, overdue
from supportops.sla.events import MICRO, NONE, Ints
from supportops.sla.history import prepare
from supportops.sla.judging import judge
from supportops.sla.milestones import (
    MILESTONES,
    Milestone,
    Milestones,
    milestones,
    next_instants,
)
from supportops.sla.policy import METRICS, PolicyBook
from supportops.sla.policy_assignment import to_datetime
from supportops.tickets.columns import EventColumns, instant

KINDS: Mapping[Milestone, Kind] = {
    Milestone.WARNING: Kind.SLA_WARNING,
    Milestone.WARNING_BEFORE: Kind.SLA_WARNING,
    Milestone.AIM: Kind.SLA_WARNING,
    Milestone.BREACH: Kind.SLA_BREACH,
    Milestone.FOLLOW_UP: Kind.SLA_FOLLOW_UP,
}
_ENDINGS = {
    State.UNANSWERED: SOLVED_WITHOUT_REPLY,
    State.MERGED: MERGED,
    State.DELETED: DELETED,
}
_BREACH, _FOLLOW_UP = MILESTONES.index(Milestone.BREACH), MILESTONES.index(Milestone.FOLLOW_UP)
# "sla", then source and ticket, then as many parts: an instant in UTC has three colons itself.
_PARTS_AFTER_TICKET = 7


@dataclass(frozen=True, slots=True)
class ClockAlert:
    """An alert that a clock calls for.

    key: of the alert. ticket: the id in the store. clock: the row in `Evaluation.clocks`.
    at: when the milestone came, in microseconds since 1970 UTC. anchor: the deadline that it is
    about, or the instant of the breach, in the same unit.
    """

    key: str
    ticket: int
    clock: int
    milestone: Milestone
    at: int
    anchor: int

    @property
    def kind(self) -> Kind:
        """The kind of alert that the milestone calls for."""
        return KINDS[self.milestone]


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """Some tickets' clocks as of an instant; `clocks` is None for tickets without events.

    alerts: by key. paused: clocks, as `clock_part` names them, that have no deadline while they
    are paused. next_at: by ticket's id, when to evaluate again, in microseconds; NONE if never.
    """

    clocks: Clocks | None
    alerts: Mapping[str, ClockAlert]
    paused: frozenset[str]
    next_at: Mapping[int, int]

    def may_hold(self, key: str) -> bool:
        """Whether a warning is still called for, or its clock is paused, so that nobody knows."""
        return key in self.alerts or clock_part(key) in self.paused

    def has_ended(self, alert: ClockAlert) -> bool:
        """Whether the clock of one of its alerts has ended."""
        assert self.clocks is not None
        return not _is_open(self.clocks, alert)

    @classmethod
    def empty(cls, tickets: Sequence[int]) -> Evaluation:
        """Tickets without events have no clocks."""
        return cls(None, {}, frozenset(), dict.fromkeys(tickets, NONE))


def key_prefix(source: str, ticket: str) -> str:
    """What the keys of a ticket's alerts begin with: `sla:SOURCE:TICKET`."""
    return f"sla:{source}:{ticket}"


def ticket_part(key: str) -> str:
    """The part of a key that names the ticket: its `key_prefix`."""
    return key.rsplit(":", _PARTS_AFTER_TICKET)[0]


def clock_part(key: str) -> str:
    """The part of a key that names the clock: `key_prefix`, metric and instance."""
    return key.rsplit(":", _PARTS_AFTER_TICKET - 2)[0]


def breach_key(key: str) -> str:
    """The key of the breach that a follow-up follows."""
    parts = key.rsplit(":", _PARTS_AFTER_TICKET - 2)
    parts[1] = Milestone.BREACH.value
    return ":".join(parts)


def evaluate(
    events: EventColumns, prefixes: Mapping[int, str], book: PolicyBook, at: datetime
) -> Evaluation:
    """The alerts that these tickets call for at `at` (aware). `prefixes`: by ticket's id.

    Raises OutsideRange for instants that a calendar does not reach.
    """
    clocks = judge(prepare(events), book, at)
    found = milestones(clocks)
    tickets = clocks.history.tickets.tolist()
    return Evaluation(
        clocks,
        {alert.key: alert for alert in _alerts(clocks, found, prefixes)},
        frozenset(_paused(clocks, prefixes)),
        dict(zip(tickets, next_instants(clocks, found).tolist(), strict=True)),
    )


def _alerts(clocks: Clocks, found: Milestones, prefixes: Mapping[int, str]) -> list[ClockAlert]:
    rows = _due_rows(clocks, found)
    clock, code, at = found.clock[rows], found.milestone[rows], found.at[rows]
    anchor = np.where(code >= _BREACH, clocks.breached_at[clock], clocks.deadline[clock])
    ticket, metric, instance = clocks.ticket, clocks.metric, clocks.instance
    columns = (clock, code, at, anchor, ticket[clock], metric[clock], instance[clock])
    alerts, metrics = [], [each.value for each in METRICS]
    for c, m, came, about, of, measured, number in zip(*(x.tolist() for x in columns), strict=True):
        milestone = MILESTONES[m]
        key = (
            f"{prefixes[of]}:{metrics[measured]}:{number}:{milestone.value}:"
            f"{instant(about).isoformat()}"
        )
        alerts.append(ClockAlert(key, of, c, milestone, came, about))
    return alerts


def _due_rows(clocks: Clocks, found: Milestones) -> Ints:
    """Rows of the milestones that have come; of warnings only each unbreached clock's latest."""
    come = found.at <= clocks.as_of
    hard = come & (found.milestone >= _BREACH)
    intact = clocks.open & (clocks.breached_at == NONE) & (clocks.deadline != NONE)
    soft = np.flatnonzero(come & (found.milestone < _BREACH) & intact[found.clock])
    soft = soft[np.lexsort((found.milestone[soft], found.at[soft], found.clock[soft]))]
    clock = found.clock[soft]
    last = np.append(clock[1:] != clock[:-1], True)[: len(clock)]
    return np.concatenate([np.flatnonzero(hard), soft[last]])


def _paused(clocks: Clocks, prefixes: Mapping[int, str]) -> list[str]:
    rows = np.flatnonzero(clocks.open & (clocks.deadline == NONE) & (clocks.target != NONE))
    columns = (clocks.ticket[rows], clocks.metric[rows], clocks.instance[rows])
    return [
        f"{prefixes[ticket]}:{METRICS[metric].value}:{instance}"
        for ticket, metric, instance in zip(*(x.tolist() for x in columns), strict=True)
    ]


def open_clocks(clocks: Clocks | None) -> list[tuple[str, str, int]]:
    """How many clocks with a promise run or are paused: (tier, metric, count), in order."""
    if clocks is None:
        return []
    rows = np.flatnonzero(clocks.open & (clocks.target != NONE))
    pairs = np.stack([clocks.tier[rows].astype(np.int64), clocks.metric[rows].astype(np.int64)])
    found, counts = np.unique(pairs, axis=1, return_counts=True)
    values, default = clocks.history.values, clocks.book.default_tier
    return [
        (values[tier] or default, METRICS[metric].value, count)
        for (tier, metric), count in zip(found.T.tolist(), counts.tolist(), strict=True)
    ]


def ended(clocks: Clocks, alert: ClockAlert) -> str | None:
    """When an alert's clock ended (ISO 8601); None while it runs or is paused."""
    return None if _is_open(clocks, alert) else _iso(clocks.until[alert.clock])


def ending(clocks: Clocks, alert: ClockAlert) -> dict[str, str]:
    """The facts of the end of an alert's clock; empty while it runs or is paused."""
    over = ended(clocks, alert)
    if over is None:
        return {}
    how = _ENDINGS.get(STATES[clocks.state[alert.clock]])
    return {"ended": over} | ({"ending": how} if how else {})


def is_old(clocks: Clocks, alert: ClockAlert, horizon: timedelta) -> bool:
    """Whether an alert's clock has ended and its milestone came longer ago than `horizon`."""
    age = clocks.as_of - alert.at
    return not _is_open(clocks, alert) and age > horizon / timedelta(microseconds=1)


def clock_facts(
    clocks: Clocks, alerts: Sequence[ClockAlert]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Of each alert's clock the tier by which it counts and the facts, in the order of `alerts`.

    Instants in ISO 8601, durations in seconds, None for none.
    """
    own = clocks.take(np.array([alert.clock for alert in alerts], dtype=np.intp))
    counted = as_counted(own)
    left = np.where(own.breached_at == NONE, counted.left, -overdue(own))
    anchor = np.array([alert.anchor for alert in alerts], dtype=np.int64)
    columns = {
        "started_at": own.started_at,
        "deadline": np.where(own.breached_at == NONE, own.deadline, anchor),
        "breached_at": own.breached_at,
        "fulfilled_at": own.fulfilled_at,
        "open_seconds": counted.spent,
        "calendar_seconds": own.calendar_time,
        "left_seconds": left,
    }
    instants = {name for name in columns if name.endswith("_at")} | {"deadline"}
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    named = zip(
        *(c.tolist() for c in (own.metric, own.instance, own.state)),
        *(c.tolist() for c in (counted.promise, counted.tier)),
        strict=True,
    )
    metrics, states = [each.value for each in METRICS], [each.value for each in STATES]
    policies = [f"{version.name}/{each.name}" for version, each in clocks.assignment.promises]
    tiers, default = clocks.history.values, clocks.book.default_tier
    for alert, (metric, instance, state, code, tier), values in zip(
        alerts, named, rows, strict=True
    ):
        yield (
            tiers[tier] or default,
            {
                "metric": metrics[metric],
                "instance": instance,
                "milestone": alert.milestone.value,
                "policy": policies[code] if code >= 0 else None,
                "state": states[state],
                **{
                    name: _iso(value) if name in instants else _seconds(value)
                    for name, value in zip(columns, values, strict=True)
                },
            },
        )


def _is_open(clocks: Clocks, alert: ClockAlert) -> bool:
    # Reads this row only: the derived columns of `Clocks` are computed for all clocks.
    return STATES[clocks.state[alert.clock]] in (State.RUNNING, State.PAUSED)


def _iso(micros: Any) -> str | None:
    return None if micros == NONE else to_datetime(int(micros)).isoformat()


def _seconds(micros: Any) -> float | None:
    return None if micros == NONE else int(micros) / MICRO
