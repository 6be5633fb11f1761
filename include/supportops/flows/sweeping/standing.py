"""What tickets' clocks call for at an instant: of each clock the one warning, or its breach.

Pure: clocks in, named claims out. A claim's name is the same in every sweep that finds it, so
whoever holds the names told so far knows what is new, what is over and what never was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from supportops.alerts.alert import Kind
from supportops.sla.clock import STATES, Clocks, State, judge
from supportops.sla.events import MICRO, NONE, Ints
from supportops.sla.history import prepare
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
_BREACH, _FOLLOW_UP = MILESTONES.index(Milestone.BREACH), MILESTONES.index(Milestone.FOLLOW_UP)
# "sla", then source and ticket, then as many parts: an instant in UTC has three colons itself.
_PARTS_AFTER_TICKET = 7


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that has come due on a clock.

    key: its name. clock: the place in `Standing.clocks`. at: when it came, in microseconds.
    anchor: the deadline it is about, or the breach's instant.
    """

    key: str
    ticket: int
    clock: int
    milestone: Milestone
    at: int
    anchor: int

    @property
    def kind(self) -> Kind:
        return KINDS[self.milestone]


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """Some tickets' clocks as of an instant.

    claims: by key. resting: clocks, as "ticket:metric:instance", whose deadline a pause keeps
    from being known. next_at: by ticket's id, when to look again, in microseconds; NONE if never.
    """

    clocks: Clocks | None
    claims: Mapping[str, Claim]
    resting: frozenset[str]
    next_at: Mapping[int, int]


def name_of(source: str, ticket: str) -> str:
    """What the keys of a ticket's alerts begin with."""
    return f"sla:{source}:{ticket}"


def ticket_in(key: str) -> str:
    """The `name_of` the ticket that a key is about."""
    return key.rsplit(":", _PARTS_AFTER_TICKET)[0]


def clock_in(key: str) -> str:
    """The clock that a key is about: its ticket's name, the metric and the instance."""
    return key.rsplit(":", _PARTS_AFTER_TICKET - 2)[0]


def breach_of(key: str) -> str:
    """The key of the breach that a follow-up follows."""
    parts = key.rsplit(":", _PARTS_AFTER_TICKET - 2)
    parts[1] = Milestone.BREACH.value
    return ":".join(parts)


def standing(events: EventColumns, names: Mapping[int, str], book: PolicyBook, at: Any) -> Standing:
    """What stands on these tickets at `at` (aware). `names`: `name_of` by ticket's id."""
    clocks = judge(prepare(events), book, at)
    found = milestones(clocks)
    tickets = clocks.history.tickets.tolist()
    return Standing(
        clocks,
        {claim.key: claim for claim in _claims(clocks, found, names)},
        frozenset(_resting(clocks, names)),
        dict(zip(tickets, next_instants(clocks, found).tolist(), strict=True)),
    )


def _claims(clocks: Clocks, found: Milestones, names: Mapping[int, str]) -> list[Claim]:
    rows = _called(clocks, found)
    clock, code, at = found.clock[rows], found.milestone[rows], found.at[rows]
    anchor = np.where(code >= _BREACH, clocks.breached_at[clock], clocks.deadline[clock])
    ticket, metric, instance = clocks.ticket, clocks.metric, clocks.instance
    columns = (clock, code, at, anchor, ticket[clock], metric[clock], instance[clock])
    claims, metrics = [], [each.value for each in METRICS]
    for c, m, came, about, of, measured, number in zip(*(x.tolist() for x in columns), strict=True):
        milestone = MILESTONES[m]
        key = (
            f"{names[of]}:{metrics[measured]}:{number}:{milestone.value}:"
            f"{instant(about).isoformat()}"
        )
        claims.append(Claim(key, of, c, milestone, came, about))
    return claims


def _called(clocks: Clocks, found: Milestones) -> Ints:
    """Rows of what has come and is worth saying: of warnings each intact clock's latest."""
    come = found.at <= clocks.as_of
    hard = come & (found.milestone >= _BREACH)
    intact = clocks.open & (clocks.breached_at == NONE) & (clocks.deadline != NONE)
    soft = np.flatnonzero(come & (found.milestone < _BREACH) & intact[found.clock])
    soft = soft[np.lexsort((found.milestone[soft], found.at[soft], found.clock[soft]))]
    clock = found.clock[soft]
    last = np.append(clock[1:] != clock[:-1], True)[: len(clock)]
    return np.concatenate([np.flatnonzero(hard), soft[last]])


def _resting(clocks: Clocks, names: Mapping[int, str]) -> list[str]:
    rows = np.flatnonzero(clocks.open & (clocks.deadline == NONE) & (clocks.target != NONE))
    columns = (clocks.ticket[rows], clocks.metric[rows], clocks.instance[rows])
    return [
        f"{names[ticket]}:{METRICS[metric].value}:{instance}"
        for ticket, metric, instance in zip(*(x.tolist() for x in columns), strict=True)
    ]


def ended(clocks: Clocks, claim: Claim) -> str | None:
    """When a claim's clock ended (ISO); None while it runs or pauses."""
    return None if _is_open(clocks, claim) else _iso(clocks.until[claim.clock])


def is_old(clocks: Clocks, claim: Claim, horizon: timedelta) -> bool:
    """Whether a claim is about a clock that has ended, and came longer ago than `horizon`."""
    age = clocks.as_of - claim.at
    return not _is_open(clocks, claim) and age > horizon / timedelta(microseconds=1)


def facts_of(clocks: Clocks, claim: Claim) -> dict[str, Any]:
    """What a claim's clock says: instants as ISO texts, durations in seconds, None for none."""
    row = claim.clock
    version, promise = (
        clocks.assignment.promises[clocks.promise[row]]
        if _held(clocks, row)
        else (
            None,
            None,
        )
    )
    broken = clocks.breached_at[row]
    deadline = claim.anchor if broken != NONE else clocks.deadline[row]
    return {
        "metric": METRICS[clocks.metric[row]].value,
        "instance": int(clocks.instance[row]),
        "milestone": claim.milestone.value,
        "policy": f"{version.name}/{promise.name}" if version and promise else None,
        "state": STATES[clocks.state[row]].value,
        "started_at": _iso(clocks.started_at[row]),
        "deadline": _iso(deadline),
        "breached_at": _iso(broken),
        "fulfilled_at": _iso(
            clocks.until[row] if STATES[clocks.state[row]] is State.FULFILLED else NONE
        ),
        "open_seconds": _seconds(clocks.spent[row]),
        "calendar_seconds": _seconds(clocks.until[row] - clocks.started_at[row]),
        "left_seconds": _seconds(
            clocks.target[row] - clocks.spent[row] if clocks.target[row] != NONE else NONE
        ),
    }


def tier_of(clocks: Clocks, claim: Claim) -> str:
    """The tier by which a claim's clock is judged."""
    return clocks.history.values[clocks.tier[claim.clock]] or clocks.book.default_tier


def nothing(tickets: Sequence[int]) -> Standing:
    """Tickets without events have no clocks."""
    return Standing(None, {}, frozenset(), dict.fromkeys(tickets, NONE))


def _is_open(clocks: Clocks, claim: Claim) -> bool:
    # Of this clock alone: the columns of `Clocks` that are derived are as long as all clocks.
    return STATES[clocks.state[claim.clock]] in (State.RUNNING, State.PAUSED)


def _held(clocks: Clocks, row: int) -> bool:
    return bool(clocks.promise[row] >= 0)


def _iso(micros: Any) -> str | None:
    return None if micros == NONE else to_datetime(int(micros)).isoformat()


def _seconds(micros: Any) -> float | None:
    return None if micros == NONE else int(micros) / MICRO
