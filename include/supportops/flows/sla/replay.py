"""Replays a past period: the messages that its sweeps raised, and the attainment of its targets.

Under the policies in force, and beside them under any others. Reads the store, writes nothing and
sends nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection

from supportops.context import Context
from supportops.db.engine import reading
from supportops.flows.sla.judging.judged_tickets import (
    Unjudgeable,
    customers_in,
    each_judged,
    names,
    policy_book,
    policy_book_of,
)
from supportops.flows.sla.replayed import Attainment, Changed, Message, Period, PolicyResult, Replay
from supportops.sla.clock import STATES, Clocks, State
from supportops.sla.counting.breaches import as_counted
from supportops.sla.events import NONE
from supportops.sla.history import prepare
from supportops.sla.judging import judge
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
# Of the promises that two policies judge otherwise so many are named.
MOST_CHANGED = 500
_OF_BREACHES = (Milestone.BREACH, Milestone.FOLLOW_UP, RETRACTED)


def run(
    context: Context, period: Period, policies: Sequence[Path] = (), *, as_recorded: bool = False
) -> Replay:
    """The period under the policies in force, and under each file of `policies`, by their names.

    Raises ConfigurationError for a file with mistakes, LookupError for one without policies and
    for one that is given more than once.
    """
    books, customers = {"in force": policy_book(context.config)}, customers_in(context.config)
    for file in policies:
        name = file.stem if file.stem not in books else str(file)
        if name in books:
            raise LookupError(f"the policy file {file} is given twice")
        books[name] = policy_book_of(file, customers)
    with reading(context.engine) as connection:
        return replay(connection, books, period, as_recorded=as_recorded)


def replay(
    connection: Connection,
    books: Mapping[str, PolicyBook],
    period: Period,
    *,
    as_recorded: bool = False,
    with_messages: bool = True,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Replay:
    """The period under each of `books`, at least one; events are read and ordered once for all.

    `on_progress` gets how many tickets were judged by then, and may raise to end it. Without
    messages memory does not grow with the number of tickets.

    Under the first, the messages of the sweeps; under each, the attainment. A sweep is replayed as
    of its full hour: by the events that had happened by then, or with `as_recorded` by those that
    had also reached the store. A clock falls due at its deadline, or when it was breached if a
    change moved the deadline later, so it counts in exactly one of several periods with the same
    `as_of`; one met before its deadline counts at the deadline.
    """
    replayed = _Replayed(connection, books, period, with_messages)
    for events, known in _chunks(connection, as_recorded):

        def prepared(
            rows: NDArray[np.intp], events: EventColumns = events, known: Any = known
        ) -> tuple[list[Clocks], SweepMessages | None]:
            return replayed.judged(events.take(rows), known[rows])

        for judged in each_judged(events, prepared, replayed.unjudgeable):
            replayed.add(judged)
        on_progress(len(np.unique(events.ticket)))
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
        self,
        connection: Connection,
        books: Mapping[str, PolicyBook],
        period: Period,
        with_messages: bool,
    ) -> None:
        self.connection, self.books, self.period = connection, books, period
        self.with_messages = with_messages
        end = min(period.end, period.as_of)
        self.sweeps = Sweeps.between(to_micros(period.start), to_micros(end))
        self.policies = [PolicyResult(name) for name in books]
        self.messages: list[Message] = []
        self.unjudgeable = Unjudgeable()
        self.changed: list[Changed] = []
        self.changed_total = 0

    def judged(
        self, events: EventColumns, known: NDArray[np.int64]
    ) -> tuple[list[Clocks], SweepMessages | None]:
        """The clocks under each policy, and the messages of the sweeps under the first."""
        history = prepare(events)
        clocks = [judge(history, book, self.period.as_of) for book in self.books.values()]
        if not self.with_messages:
            return clocks, None
        views = Views.of(events, known, self.sweeps)
        return clocks, sweep_messages(views, next(iter(self.books.values())))

    def add(self, judged: tuple[list[Clocks], SweepMessages | None]) -> None:
        for result, clocks in zip(self.policies, judged[0], strict=True):
            _count(result, clocks, self.period)
        if judged[1] is not None:
            self.messages += _messages(self.connection, judged[1])
        if len(judged[0]) > 1:
            self._compare(*judged[0][:2])

    def _compare(self, first: Clocks, second: Clocks) -> None:
        """Which promises the second policy judges otherwise; of them the first MOST_CHANGED."""
        verdicts = [_verdicts(clocks, self.period) for clocks in (first, second)]
        both = pd.concat(verdicts, axis=1, keys=(0, 1)).astype("boolean")
        other = both[~(both[0].eq(both[1]) | (both[0].isna() & both[1].isna())).fillna(False)]
        self.changed_total += len(other)
        other = other.head(max(0, MOST_CHANGED - len(self.changed)))
        named = names(self.connection, other.index.get_level_values(0).to_numpy(dtype=np.int64))
        for (ticket, metric, instance), row in zip(
            other.index, other.itertuples(index=False), strict=True
        ):
            met = tuple(None if pd.isna(each) else bool(each) for each in row)
            of = (METRICS[metric].value, int(instance))
            self.changed.append(Changed(*named[ticket], *of, (met[0], met[1])))

    def result(self) -> Replay:
        messages = sorted(self.messages, key=lambda each: (each.sweep, each.at))
        unjudged = self.unjudgeable.named(self.connection)
        changed = (tuple(self.changed), self.changed_total)
        return Replay(self.period, tuple(self.policies), tuple(messages), unjudged, *changed)


def _verdicts(clocks: Clocks, period: Period) -> pd.Series[bool]:
    """Whether each clock that fell due in the period was met, by ticket id, metric and instance."""
    own = _fallen_due(clocks, period)
    index = pd.MultiIndex.from_arrays(
        [own.history.tickets[own.row], own.metric.astype(np.int64), own.instance.astype(np.int64)]
    )
    return pd.Series(own.breached_at == NONE, index=index)


def _fallen_due(clocks: Clocks, period: Period) -> Clocks:
    """The clocks that fell due in the period, as they count."""
    start, end = to_micros(period.start), to_micros(period.end)
    end = min(end, to_micros(period.as_of) + 1)
    removed = clocks.state >= STATES.index(State.MERGED)
    due = np.where(clocks.breached_at != NONE, clocks.breached_at, clocks.deadline)
    return as_counted(clocks.take(~removed & (due != NONE) & (due >= start) & (due < end)))


def _count(result: PolicyResult, clocks: Clocks, period: Period) -> None:
    """Adds the clocks of some tickets that fell due in the period."""
    start, end = to_micros(period.start), to_micros(period.end)
    end = min(end, to_micros(period.as_of) + 1)
    removed = clocks.state >= STATES.index(State.MERGED)
    has_target = clocks.target != NONE
    ended = (clocks.until >= start) & (clocks.until < end)
    result.left_out += int((removed & has_target & ended).sum())
    own = _fallen_due(clocks, period)
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
