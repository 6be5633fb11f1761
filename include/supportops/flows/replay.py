"""Replays a past period: the messages that its sweeps raised, and the attainment of its targets.

Under the policies in force, and beside them under any others. Reads the store, writes nothing and
sends nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from supportops.context import Context
from supportops.db.engine import reading
from supportops.flows.ticketing.judged_tickets import (
    Unjudgeable,
    Unjudged,
    each_judged,
    names,
    policy_book,
    policy_book_of,
)
from supportops.sla.clock import STATES, Clocks, State, judge
from supportops.sla.counting.breaches import as_counted
from supportops.sla.events import NONE
from supportops.sla.history import prepare
from supportops.sla.milestones import Milestone
from supportops.sla.past_sweeps import (
    HOUR,
    MESSAGE_KINDS,
    RETRACTED,
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

_OF_BREACHES = (Milestone.BREACH, Milestone.FOLLOW_UP, RETRACTED)


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` until `end` (exclusive, aware), by what is known at `as_of`."""

    start: datetime
    end: datetime
    as_of: datetime


@dataclass(slots=True)
class Attainment:
    """How many clocks of one tier and metric fell due in the period, and how many were met."""

    due: int = 0
    met: int = 0

    @property
    def share(self) -> float | None:
        """The share met, 0 to 1; None where nothing fell due."""
        return self.met / self.due if self.due else None


@dataclass(frozen=True, slots=True)
class Message:
    """One message that a sweep raised. `what` is a milestone, or that a breach was retracted."""

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
        """JSON values; instants in ISO 8601. The sweep is left out."""
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
class PolicyResult:
    """The period under one policy book: attainment by (tier, metric).

    `left_out`: clocks under a target that ended in the period because their ticket was merged or
    deleted; they count nowhere else.
    """

    name: str
    attainment: dict[tuple[str, str], Attainment] = field(default_factory=dict)
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Replay:
    """A period under each policy; `messages` are what the sweeps raised under the first."""

    period: Period
    policies: tuple[PolicyResult, ...]
    messages: tuple[Message, ...]
    unjudged: tuple[Unjudged, ...]

    def counts(self) -> dict[str, int]:
        """How many messages of each kind there are."""
        return dict(sorted(Counter(message.what for message in self.messages).items()))

    def sweeps(self) -> Iterator[tuple[datetime, list[Message]]]:
        """The sweeps that raised messages, the oldest first."""
        by_sweep: dict[datetime, list[Message]] = {}
        for message in self.messages:
            by_sweep.setdefault(message.sweep, []).append(message)
        yield from by_sweep.items()

    def to_json(self) -> dict[str, Any]:
        """Sweeps with the messages of each, then attainment by policy, tier and metric."""
        return {
            "from": self.period.start.isoformat(),
            "to": self.period.end.isoformat(),
            "as_of": self.period.as_of.isoformat(),
            "sweeps": [
                {"at": at.isoformat(), "told": [message.to_json() for message in messages]}
                for at, messages in self.sweeps()
            ],
            "told": self.counts(),
            "policies": [_policy_json(each) for each in self.policies],
            "unjudged": [
                {"ticket": each.ticket, "source_id": each.source, "why": each.why}
                for each in self.unjudged
            ],
        }


def run(
    context: Context,
    period: Period,
    policies: Sequence[Path] = (),
    *,
    as_recorded: bool = False,
) -> Replay:
    """The period under the policies in force, and under each file of `policies`, by their names.

    Raises ConfigurationError for a file with mistakes, LookupError for one without policies and
    for one that is given more than once.
    """
    books = {"in force": policy_book(context.config)}
    for file in policies:
        name = file.stem if file.stem not in books else str(file)
        if name in books:
            raise LookupError(f"the policy file {file} is given twice")
        books[name] = policy_book_of(file)
    with reading(context.engine) as connection:
        return replay(connection, books, period, as_recorded=as_recorded)


def replay(
    connection: Connection,
    books: Mapping[str, PolicyBook],
    period: Period,
    *,
    as_recorded: bool = False,
) -> Replay:
    """The period under each of `books`, at least one; events are read and ordered once for all.

    Under the first, the messages of the sweeps; under each, the attainment. A sweep is replayed as
    of its full hour: by the events that had happened by then, or with `as_recorded` by those that
    had also reached the store. A clock falls due at its deadline, or when it was breached if a
    change moved the deadline later, so it counts in exactly one of several periods with the same
    `as_of`; one met before its deadline counts at the deadline.
    """
    replayed = _Replayed(connection, books, period)
    for events, known in _chunks(connection, as_recorded):

        def prepared(
            rows: NDArray[np.intp], events: EventColumns = events, known: Any = known
        ) -> tuple[list[Clocks], SweepMessages]:
            return replayed.judged(events.take(rows), known[rows])

        for judged in each_judged(events, prepared, replayed.unjudgeable):
            replayed.add(judged)
    return replayed.result()


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


class _Replayed:
    """A replay as it adds up, chunk by chunk."""

    def __init__(
        self, connection: Connection, books: Mapping[str, PolicyBook], period: Period
    ) -> None:
        self.connection, self.books, self.period = connection, books, period
        end = min(period.end, period.as_of)
        self.sweeps = Sweeps.between(to_micros(period.start), to_micros(end))
        self.policies = [PolicyResult(name) for name in books]
        self.messages: list[Message] = []
        self.unjudgeable = Unjudgeable()

    def judged(
        self, events: EventColumns, known: NDArray[np.int64]
    ) -> tuple[list[Clocks], SweepMessages]:
        """The clocks under each policy, and the messages of the sweeps under the first."""
        history = prepare(events)
        clocks = [judge(history, book, self.period.as_of) for book in self.books.values()]
        views = Views.of(events, known, self.sweeps)
        return clocks, sweep_messages(views, next(iter(self.books.values())))

    def add(self, judged: tuple[list[Clocks], SweepMessages]) -> None:
        for result, clocks in zip(self.policies, judged[0], strict=True):
            _count(result, clocks, self.period)
        self.messages += _messages(self.connection, judged[1])

    def result(self) -> Replay:
        messages = sorted(self.messages, key=lambda each: (each.sweep, each.at))
        unjudged = self.unjudgeable.named(self.connection)
        return Replay(self.period, tuple(self.policies), tuple(messages), unjudged)


def _count(result: PolicyResult, clocks: Clocks, period: Period) -> None:
    """Adds the clocks of some tickets that fell due in the period."""
    start, end = to_micros(period.start), to_micros(period.end)
    end = min(end, to_micros(period.as_of) + 1)
    removed = clocks.state >= STATES.index(State.MERGED)
    has_target = clocks.target != NONE
    ended = (clocks.until >= start) & (clocks.until < end)
    result.left_out += int((removed & has_target & ended).sum())
    due = np.where(clocks.breached_at != NONE, clocks.breached_at, clocks.deadline)
    own = as_counted(clocks.take(~removed & (due != NONE) & (due >= start) & (due < end)))
    tiers = [word or own.book.default_tier for word in own.history.values]
    key = own.tier.astype(np.int64) * len(METRICS) + own.metric
    for each in np.unique(key).tolist():
        tier, metric = divmod(each, len(METRICS))
        attainment = result.attainment.setdefault(
            (tiers[tier], METRICS[metric].value), Attainment()
        )
        of_key = key == each
        attainment.due += int(of_key.sum())
        attainment.met += int((own.breached_at[of_key] == NONE).sum())


def _messages(connection: Connection, raised: SweepMessages) -> Iterator[Message]:
    named = names(connection, raised.ticket)
    clocks = raised.clocks.take(raised.clock)
    broken = as_counted(clocks)
    promises = [f"{version.name}/{promise.name}" for version, promise in clocks.assignment.promises]
    for n in range(len(raised)):
        source, ticket = named[int(raised.ticket[n])]
        # What is said before a breach is of the promise that stood then.
        by = broken if MESSAGE_KINDS[int(raised.what[n])] in _OF_BREACHES else clocks
        code, deadline = int(by.promise[n]), int(by.deadline[n])
        yield Message(
            sweep=to_datetime(int(raised.sweep[n]) * HOUR),
            what=MESSAGE_KINDS[int(raised.what[n])],
            at=to_datetime(int(raised.at[n])),
            source=source,
            ticket=ticket,
            tier=clocks.history.values[int(by.tier[n])] or clocks.book.default_tier,
            metric=METRICS[int(clocks.metric[n])].value,
            instance=int(clocks.instance[n]),
            policy=promises[code] if code >= 0 else None,
            deadline=None if deadline == NONE else to_datetime(deadline),
        )


def _policy_json(result: PolicyResult) -> dict[str, Any]:
    return {
        "name": result.name,
        "attainment": [
            {"tier": tier, "metric": metric, "met": each.met, "due": each.due, "share": each.share}
            for (tier, metric), each in sorted(result.attainment.items())
        ],
        "left_out": result.left_out,
    }
