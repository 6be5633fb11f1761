"""The open tickets as a queue: which promise of each falls due next, judged as the sweep does.

Only open tickets are judged, and at most MOST_JUDGED of them: those whose next instant comes
first, as the last sweep wrote it, and those that no sweep has seen yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import compress, product
from typing import Any

import numpy as np
from sqlalchemy import Connection, func, select

from supportops.customers import UNLISTED, Customers
from supportops.db.schema import tickets
from supportops.flows.sla.judging.judged_tickets import Unjudgeable, each_judged
from supportops.sla.clock import STATES, Clocks, State
from supportops.sla.counting.breaches import overdue
from supportops.sla.events import MICRO, NEVER, NONE, Bools
from supportops.sla.history import History, prepare
from supportops.sla.judging import judge
from supportops.sla.milestones import MILESTONES, Milestone, milestones
from supportops.sla.policy import METRICS, Calendar, Metric, PolicyBook
from supportops.sla.policy_assignment import to_datetime
from supportops.tickets.log.doubtful import doubtful_tiers
from supportops.tickets.log.event_reading import event_columns

MOST_JUDGED = 2_000
_BREACH = MILESTONES.index(Milestone.BREACH)


class Standing(StrEnum):
    """What an open ticket may be, several at once; the values are those of addresses.

    BREACHED: a promise is broken and what it asks for is still missing. AT_RISK: the sweep warns
    of a promise that is not broken yet. UNANSWERED: the customer wrote last and waits for a reply.
    WAITING: for the customer. DOUBTFUL: triage was not sure of the tier, and nobody has decided.
    UNASSIGNED: nobody works on it.
    """

    BREACHED = "breached"
    AT_RISK = "at_risk"
    UNANSWERED = "unanswered"
    WAITING = "waiting"
    DOUBTFUL = "doubtful"
    UNASSIGNED = "unassigned"


@dataclass(frozen=True, slots=True)
class OpenClock:
    """An open clock with a target.

    left: open seconds until the deadline; of a broken clock those since it was broken, negative.
    deadline: None while the clock is paused before it. calendar: the one that `left` counts in.
    """

    metric: Metric
    instance: int
    paused: bool
    deadline: datetime | None
    breached_at: datetime | None
    left: float
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Values that tickets have, by their columns' names, and a text in number or subject.

    A customer's is any name of the customer.
    """

    values: Mapping[str, str]
    text: str = ""

    def conditions(self, connection: Connection, customers: Customers) -> list[Any]:
        """The same in SQL."""
        c = tickets.c
        found = [c[name] == value for name, value in self.values.items() if name != "customer"]
        if customer := self.values.get("customer"):
            stored = connection.execute(select(c.customer).where(c.open).distinct()).scalars()
            found.append(c.customer.in_(customers.spellings(customer, stored)))
        if self.text:
            where = func.lower(c.source + "/" + c.ticket + " " + c.subject)
            found.append(where.contains(self.text.lower(), autoescape=True))
        return found


@dataclass(frozen=True, slots=True)
class QueuedTicket:
    """An open ticket. `tier`: the default tier where it has none.

    `due`: of the unbroken promise that falls due next; `late`: since when the promise is broken
    that was broken last; both microseconds since 1970 UTC, None where there is none. `unjudged`:
    why its clocks cannot be judged.
    """

    id: int
    source: str
    ticket: str
    subject: str
    requester: str
    status: str
    tier: str
    assignee: str | None
    site: str | None
    customer: str | None
    created_at: datetime | None
    updated_at: datetime | None
    standings: frozenset[Standing]
    due: int | None = None
    late: int | None = None
    unjudged: str | None = None


# The first fields of a QueuedTicket, in their order.
_COLUMNS = (
    *("id", "source", "ticket", "subject", "requester", "status", "tier", "assignee"),
    *("site", "customer", "created_at", "updated_at"),
)
# The tickets of a queue share these sets.
_STANDINGS = {
    holds: frozenset(compress(Standing, holds)) for holds in product((False, True), repeat=6)
}


@dataclass(frozen=True, slots=True, eq=False)
class Queue:
    """The queue as of an instant, in no order. `total`: how many tickets are open."""

    tickets: tuple[QueuedTicket, ...]
    total: int
    at: datetime
    _judged: tuple[_Judged, ...]

    @property
    def complete(self) -> bool:
        """Whether every open ticket is judged."""
        return self.total <= MOST_JUDGED

    def clocks(self, ticket: int) -> tuple[OpenClock, ...]:
        """A ticket's open clocks with a target: the unbroken by deadline, the paused, the late."""
        found = [clock for each in self._judged for clock in each.clocks_of(ticket)]
        return tuple(sorted(found, key=_urgency))


def queue(
    connection: Connection,
    book: PolicyBook | None,
    at: datetime,
    *,
    only: int | None = None,
    narrowed: Narrowed | None = None,
    customers: Customers = UNLISTED,
) -> Queue:
    """The open tickets and their clocks as of `at`; without a `book` no ticket has a clock.

    `only`: this ticket by its id in the store, open or not. `narrowed`: where more are open than
    are judged, those that it fits alone, so that every ticket can be found. `customers`: by whose
    names the tickets' are given.
    """
    counted = select(func.count()).select_from(tickets).where(tickets.c.open)
    total = connection.execute(counted).scalar_one()
    rows = _rows(connection, only, narrowed if total > MOST_JUDGED else None, customers)
    ids = [row.id for row in rows]
    unjudgeable = Unjudgeable()
    judged = tuple(_judge(connection, ids, book, at, unjudgeable)) if book and ids else ()
    doubtful = frozenset(doubtful_tiers(connection, ids)) if ids else frozenset()
    states: dict[int, _State] = {}
    for each in judged:
        states.update(each.states())
    default = book.default_tier if book else ""
    found = tuple(
        _queued(
            row,
            states.get(row.id, _NOTHING),
            row.id in doubtful,
            default,
            unjudgeable.why,
            customers,
        )
        for row in rows
    )
    return Queue(found, total, at, judged)


@dataclass(frozen=True, slots=True)
class _State:
    due: int | None = None
    late: int | None = None
    at_risk: bool = False
    unanswered: bool = False


_NOTHING = _State()


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """Open clocks with a target, and whether each is at risk; and the tickets they belong to."""

    clocks: Clocks
    at_risk: Bools
    late: np.ndarray
    unanswered: Bools

    @classmethod
    def of(cls, clocks: Clocks) -> _Judged:
        own = clocks.take(clocks.open & (clocks.target != NONE))
        return cls(own, _at_risk(own), overdue(own), _unanswered(clocks.history))

    def states(self) -> Iterator[tuple[int, _State]]:
        """The state of each ticket by its id."""
        clocks, count = self.clocks, len(self.clocks.history.tickets)
        due = np.full(count, NEVER, dtype=np.int64)
        coming = (clocks.breached_at == NONE) & (clocks.deadline != NONE)
        np.minimum.at(due, clocks.row[coming], clocks.deadline[coming])
        late = np.full(count, NONE, dtype=np.int64)
        np.maximum.at(late, clocks.row, clocks.breached_at)
        at_risk = np.zeros(count, dtype=np.bool_)
        at_risk[clocks.row[self.at_risk]] = True
        columns = (clocks.history.tickets, due, late, at_risk, self.unanswered)
        for ticket, *state in zip(*(each.tolist() for each in columns), strict=True):
            yield (
                ticket,
                _State(
                    None if state[0] == NEVER else state[0],
                    None if state[1] == NONE else state[1],
                    state[2],
                    state[3],
                ),
            )

    def clocks_of(self, ticket: int) -> Iterator[OpenClock]:
        """The clocks of one ticket."""
        history = self.clocks.history
        row = int(np.searchsorted(history.tickets, ticket))
        if row < len(history.tickets) and history.tickets[row] == ticket:
            for place in np.flatnonzero(self.clocks.row == row).tolist():
                yield self._clock(place)

    def _clock(self, place: int) -> OpenClock:
        clocks = self.clocks
        broken = clocks.breached_at[place] != NONE
        promise = clocks.breached_promise[place] if broken else clocks.promise[place]
        deadline = clocks.breached_deadline[place] if broken else clocks.deadline[place]
        left = -self.late[place] if broken else clocks.left[place]
        _, promised = clocks.assignment.promises[int(promise)]
        return OpenClock(
            metric=METRICS[clocks.metric[place]],
            instance=int(clocks.instance[place]),
            paused=STATES[clocks.state[place]] is State.PAUSED,
            deadline=None if deadline == NONE else to_datetime(int(deadline)),
            breached_at=to_datetime(int(clocks.breached_at[place])) if broken else None,
            left=int(left) / MICRO,
            calendar=clocks.book.calendars[promised.calendar],
        )


def _rows(
    connection: Connection, only: int | None, narrowed: Narrowed | None, customers: Customers
) -> Sequence[Any]:
    c = tickets.c
    statement = (
        select(*(c[name] for name in _COLUMNS))
        .where(c.open if only is None else c.id == only)
        .order_by(c.swept_at.is_not(None), c.next_at.is_(None), c.next_at, c.id.desc())
        .limit(MOST_JUDGED)
    )
    if narrowed is not None:
        statement = statement.where(*narrowed.conditions(connection, customers))
    return connection.execute(statement).all()


def _judge(
    connection: Connection,
    ids: Sequence[int],
    book: PolicyBook,
    at: datetime,
    unjudgeable: Unjudgeable,
) -> Iterator[_Judged]:
    events = event_columns(connection, tickets=ids)
    judged = lambda chosen: judge(prepare(events.take(chosen)), book, at)  # noqa: E731
    for clocks in each_judged(events, judged, unjudgeable):
        yield _Judged.of(clocks)


def _at_risk(clocks: Clocks) -> Bools:
    """The clocks that the sweep warns of: a warning has come and the promise is not broken."""
    found = milestones(clocks)
    come = found.clock[(found.at <= clocks.as_of) & (found.milestone < _BREACH)]
    warned = np.zeros(len(clocks), dtype=np.bool_)
    warned[come] = True
    at_risk: Bools = warned & (clocks.breached_at == NONE) & (clocks.deadline != NONE)
    return at_risk


def _unanswered(history: History) -> Bools:
    """By ticket: whether the customer's last words have no reply."""
    found: Bools = history.by_customer & (history.first_reply < 0)
    asked = history.next_replies
    found[history.row[asked.start[asked.end < 0]]] = True
    return found


def _queued(
    row: Any,
    state: _State,
    doubtful: bool,
    default_tier: str,
    unjudged: Mapping[int, str],
    customers: Customers,
) -> QueuedTicket:
    """`row`: with the columns of `_COLUMNS`."""
    id_, source, ticket, subject, requester, status, tier, assignee, *rest = row
    site, customer, created_at, updated_at = rest
    if customer is not None:
        customer = customers.named(customer)
    # In the order of Standing.
    holds = (
        state.late is not None,
        state.at_risk,
        state.unanswered,
        status == "pending",
        doubtful,
        not assignee,
    )
    return QueuedTicket(
        id_,
        source,
        ticket,
        subject,
        requester,
        status,
        tier or default_tier,
        assignee,
        site,
        customer,
        created_at,
        updated_at,
        standings=_STANDINGS[holds],
        due=state.due,
        late=state.late,
        unjudged=unjudged.get(id_),
    )


def _urgency(clock: OpenClock) -> tuple[int, float]:
    if clock.breached_at is not None:
        return (2, clock.left)
    if clock.deadline is None:
        return (1, clock.left)
    return (0, clock.deadline.timestamp())
