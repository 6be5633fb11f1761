"""A past period told again: what its sweeps said, and how its promises were kept.

Under the promises in force, and beside them under any others. Reads the store, writes nothing and
sends nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from supportops.flows.ticketing.judged_tickets import Unjudgeable, Unjudged, each_judged, names
from supportops.sla.clock import STATES, Clocks, State, judge
from supportops.sla.events import NONE
from supportops.sla.history import prepare
from supportops.sla.past_sweeps import (
    HOUR,
    MESSAGE_KINDS,
    SweepMessages,
    Sweeps,
    Views,
    sweep_messages,
)
from supportops.sla.policy import METRICS, PolicyBook
from supportops.sla.policy_assignment import to_datetime, to_micros
from supportops.tickets.columns import EventColumns
from supportops.tickets.log.event_reading import event_chunks, recorded_chunks

TICKETS_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` until `end` (exclusive, aware), by what is known at `as_of`."""

    start: datetime
    end: datetime
    as_of: datetime


@dataclass(slots=True)
class Kept:
    """Promises of one tier and metric that fell due in the period, and how many were met."""

    due: int = 0
    met: int = 0

    @property
    def share(self) -> float | None:
        return self.met / self.due if self.due else None


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that a sweep told. `what` is a milestone, or that a breach was none."""

    sweep: datetime
    what: str
    at: datetime
    source: str
    ticket: str
    tier: str
    metric: str
    instance: int
    policy: str | None
    deadline: datetime | None

    def to_json(self) -> dict[str, Any]:
        return {
            "ticket": self.ticket,
            "source_id": self.source,
            "tier": self.tier,
            "metric": self.metric,
            "instance": self.instance,
            "policy": self.policy,
            "what": self.what,
            "at": self.at.isoformat(),
            "deadline": self.deadline.isoformat() if self.deadline else None,
        }


@dataclass(slots=True)
class UnderPolicy:
    """How a period went under one policy book: promises by (tier, metric).

    `left_out`: clocks under a target that ended in the period because their ticket was merged or
    deleted; they count nowhere else.
    """

    name: str
    kept: dict[tuple[str, str], Kept] = field(default_factory=dict)
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Replay:
    """A period under every policy asked for; `messages` are what sweeps told by the first."""

    period: Period
    policies: tuple[UnderPolicy, ...]
    messages: tuple[Message, ...]
    unjudged: tuple[Unjudged, ...]

    def told(self) -> dict[str, int]:
        """How often what was told."""
        return dict(sorted(Counter(message.what for message in self.messages).items()))

    def sweeps(self) -> Iterator[tuple[datetime, list[Message]]]:
        """The sweeps that had something to say."""
        told: dict[datetime, list[Message]] = {}
        for message in self.messages:
            told.setdefault(message.sweep, []).append(message)
        yield from told.items()

    def to_json(self) -> dict[str, Any]:
        """Sweeps with what each told, then attainment by policy, tier and metric."""
        return {
            "from": self.period.start.isoformat(),
            "to": self.period.end.isoformat(),
            "as_of": self.period.as_of.isoformat(),
            "sweeps": [
                {"at": at.isoformat(), "told": [message.to_json() for message in messages]}
                for at, messages in self.sweeps()
            ],
            "told": self.told(),
            "policies": [_policy_json(each) for each in self.policies],
            "unjudged": [
                {"ticket": each.ticket, "source_id": each.source, "why": each.why}
                for each in self.unjudged
            ],
        }


def replay(
    connection: Connection,
    books: Mapping[str, PolicyBook],
    period: Period,
    *,
    as_recorded: bool = False,
) -> Replay:
    """The period under each of `books`, at least one; events are read and ordered once for all.

    Under the first, what the sweeps told; under each, how promises were kept.
    Each sweep is told as it was on the full hour: by the events that had happened by then, or with
    `as_recorded` by those that had reached the store too. A promise falls due at its deadline, or
    when it was broken if a change moved the deadline later, so it counts in exactly one of several
    periods with the same `as_of`; one met before its deadline counts at the deadline.
    """
    retold = _Retold(connection, books, period)
    for events, known in _chunks(connection, as_recorded):

        def prepared(
            rows: NDArray[np.intp], events: EventColumns = events, known: Any = known
        ) -> tuple[list[Clocks], SweepMessages]:
            return retold.judged(events.take(rows), known[rows])

        for judged in each_judged(events, prepared, retold.unjudgeable):
            retold.add(judged)
    return retold.result()


def _chunks(
    connection: Connection, as_recorded: bool
) -> Iterator[tuple[EventColumns, NDArray[np.int64]]]:
    """Events, and from when each counted."""
    if as_recorded:
        for events, recorded in recorded_chunks(connection, TICKETS_AT_ONCE):
            yield events, np.maximum(events.at, recorded)
        return
    for events in event_chunks(connection, size=TICKETS_AT_ONCE):
        yield events, events.at


class _Retold:
    """A replay as it adds up, chunk by chunk."""

    def __init__(
        self, connection: Connection, books: Mapping[str, PolicyBook], period: Period
    ) -> None:
        self.connection, self.books, self.period = connection, books, period
        end = min(period.end, period.as_of)
        self.sweeps = Sweeps.between(to_micros(period.start), to_micros(end))
        self.policies = [UnderPolicy(name) for name in books]
        self.messages: list[Message] = []
        self.unjudgeable = Unjudgeable()

    def judged(
        self, events: EventColumns, known: NDArray[np.int64]
    ) -> tuple[list[Clocks], SweepMessages]:
        """The clocks under each policy, and what sweeps told by the first."""
        history = prepare(events)
        clocks = [judge(history, book, self.period.as_of) for book in self.books.values()]
        views = Views.of(events, known, self.sweeps)
        return clocks, sweep_messages(views, next(iter(self.books.values())))

    def add(self, judged: tuple[list[Clocks], SweepMessages]) -> None:
        for under, clocks in zip(self.policies, judged[0], strict=True):
            _count(under, clocks, self.period)
        self.messages += _messages(self.connection, judged[1])

    def result(self) -> Replay:
        messages = sorted(self.messages, key=lambda each: (each.sweep, each.at))
        unjudged = self.unjudgeable.named(self.connection)
        return Replay(self.period, tuple(self.policies), tuple(messages), unjudged)


def _count(under: UnderPolicy, clocks: Clocks, period: Period) -> None:
    """Adds the promises of some tickets that fell due in the period."""
    start, end = to_micros(period.start), to_micros(period.end)
    end = min(end, to_micros(period.as_of) + 1)
    removed = clocks.state >= STATES.index(State.MERGED)
    promised = clocks.target != NONE
    ended = (clocks.until >= start) & (clocks.until < end)
    under.left_out += int((removed & promised & ended).sum())
    due = np.where(clocks.breached_at != NONE, clocks.breached_at, clocks.deadline)
    own = clocks.take(~removed & (due != NONE) & (due >= start) & (due < end))
    tiers = [word or own.book.default_tier for word in own.history.values]
    key = own.tier.astype(np.int64) * len(METRICS) + own.metric
    for each in np.unique(key).tolist():
        tier, metric = divmod(each, len(METRICS))
        kept = under.kept.setdefault((tiers[tier], METRICS[metric].value), Kept())
        of_key = key == each
        kept.due += int(of_key.sum())
        kept.met += int((own.breached_at[of_key] == NONE).sum())


def _messages(connection: Connection, told: SweepMessages) -> Iterator[Message]:
    named = names(connection, told.ticket)
    clocks = told.clocks.take(told.clock)
    promises = [f"{version.name}/{promise.name}" for version, promise in clocks.assignment.promises]
    for n in range(len(told)):
        source, ticket = named[int(told.ticket[n])]
        code, deadline = int(clocks.promise[n]), int(clocks.deadline[n])
        yield Message(
            sweep=to_datetime(int(told.sweep[n]) * HOUR),
            what=MESSAGE_KINDS[int(told.what[n])],
            at=to_datetime(int(told.at[n])),
            source=source,
            ticket=ticket,
            tier=clocks.history.values[int(clocks.tier[n])] or clocks.book.default_tier,
            metric=METRICS[int(clocks.metric[n])].value,
            instance=int(clocks.instance[n]),
            policy=promises[code] if code >= 0 else None,
            deadline=None if deadline == NONE else to_datetime(deadline),
        )


def _policy_json(under: UnderPolicy) -> dict[str, Any]:
    return {
        "name": under.name,
        "attainment": [
            {"tier": tier, "metric": metric, "met": kept.met, "due": kept.due, "share": kept.share}
            for (tier, metric), kept in sorted(under.kept.items())
        ],
        "left_out": under.left_out,
    }
