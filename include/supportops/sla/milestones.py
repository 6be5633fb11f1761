"""When a clock calls for attention: warnings before its deadline, the deadline, and after it.

The sweep alerts on those that have come; the earliest one to come is when it must look again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from supportops.sla.calendar.open_time import OpenTime
from supportops.sla.clock import Clocks
from supportops.sla.counting.breaches import runs_of
from supportops.sla.due import ClockTime
from supportops.sla.events import MICRO, NEVER, NONE, Ints
from supportops.sla.policy import METRICS, Calendar, Promise, Target


class Milestone(StrEnum):
    """What comes due on a clock, in order of urgency. Their order is the code.

    WARNING: a share of the open time is used. WARNING_BEFORE: an amount is left. AIM: the softer
    target is missed. BREACH: the deadline has passed. FOLLOW_UP: an amount after the breach.
    """

    WARNING = "warning"
    WARNING_BEFORE = "warning_before"
    AIM = "aim"
    BREACH = "breach"
    FOLLOW_UP = "follow_up"


MILESTONES = tuple(Milestone)


@dataclass(frozen=True, slots=True, eq=False)
class Milestones:
    """One row a milestone, in no order.

    clock: int64, the row in `Clocks`. milestone: int8, index into MILESTONES. at: int64
    microseconds since 1970 UTC; those up to the clocks' `as_of` have come.
    """

    clock: Ints
    milestone: NDArray[np.int8]
    at: Ints


def milestones(clocks: Clocks) -> Milestones:
    """The milestones of clocks, come or to come if they run on as they do.

    Open clocks have all of theirs, except what a pause keeps from being known. Of a clock that
    ended late only the breach is left, of others nothing. A breach of an earlier promise counts as
    the breach. The follow-up comes so much open time after the breach, pauses or not, by the
    escalation of the promise that was broken, while the ticket's promise still asks for an answer.
    """
    parts: list[tuple[Ints, Milestone, Ints]] = []
    breached = np.flatnonzero(clocks.breached_at != NONE)
    parts.append((breached, Milestone.BREACH, clocks.breached_at[breached]))
    intact = np.flatnonzero(clocks.open & (clocks.breached_at == NONE))
    parts.append((intact, Milestone.BREACH, clocks.deadline[intact]))
    opened = np.flatnonzero(clocks.open)
    parts.append((opened, Milestone.AIM, clocks.aim[opened]))
    key = clocks.promise[opened].astype(np.int64) * len(METRICS) + clocks.metric[opened]
    for found in np.unique(key[clocks.target[opened] != NONE]):
        code, metric = divmod(int(found), len(METRICS))
        _, promise = clocks.assignment.promises[code]
        target = promise.target(METRICS[metric])
        chosen = opened[key == found]
        if target is not None:
            parts += _escalated(clocks, promise, target, chosen)
    owed = opened[(clocks.breached_at[opened] != NONE) & (clocks.target[opened] != NONE)]
    parts += _followed_up(clocks, owed)
    clock = np.concatenate([rows for rows, _, _ in parts])
    kind = [np.full(len(rows), MILESTONES.index(m), dtype=np.int8) for rows, m, _ in parts]
    at = np.concatenate([instants for _, _, instants in parts])
    known = at != NONE
    return Milestones(clock[known], np.concatenate(kind)[known], at[known])


def next_instants(clocks: Clocks, found: Milestones) -> Ints:
    """The first milestone after `as_of` of each ticket, NONE if there is none.

    int64 microseconds since 1970 UTC, one row a ticket in the order of `History.tickets`.
    """
    coming = found.at > clocks.as_of
    first = np.full(len(clocks.history.tickets), NEVER, dtype=np.int64)
    np.minimum.at(first, clocks.row[found.clock[coming]], found.at[coming])
    return np.where(first == NEVER, NONE, first)


def _escalated(
    clocks: Clocks, promise: Promise, target: Target, chosen: Ints
) -> list[tuple[Ints, Milestone, Ints]]:
    """The warnings of open clocks under one target."""
    calendar = clocks.book.calendars[promise.calendar]
    own, escalation = clocks.take(chosen), promise.escalation
    elapsed = ClockTime.of(clocks.history, calendar, target.stops, runs_of(own))
    before = own.target - _length(escalation.warn_before.seconds, 0, calendar)
    share = (own.target * escalation.warn_share).astype(np.int64)
    in_time = np.where(before > 0, elapsed.deadline(np.maximum(before, 1)), NONE)
    return [
        (chosen, Milestone.WARNING, elapsed.deadline(share)),
        (chosen, Milestone.WARNING_BEFORE, in_time),
    ]


def _followed_up(clocks: Clocks, chosen: Ints) -> Iterator[tuple[Ints, Milestone, Ints]]:
    """The follow-ups of open broken clocks, as the promise that was broken has them."""
    by = clocks.breached_promise[chosen]
    for code in np.unique(by):
        _, promise = clocks.assignment.promises[code]
        calendar, follow_up = clocks.book.calendars[promise.calendar], promise.escalation.follow_up
        rows, time = chosen[by == code], OpenTime.of(calendar.hours)
        after = _length(follow_up.seconds, follow_up.working_days, calendar)
        at = time.reached(time.passed(clocks.breached_at[rows]) + after)
        yield rows, Milestone.FOLLOW_UP, at


def _length(seconds: int, working_days: int, calendar: Calendar) -> int:
    return (seconds + working_days * calendar.working_day) * MICRO
