"""What is due next of customers' open tickets, and when: read and judged as of now."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, and_, select

from supportops.customers import Customers
from supportops.db.schema import tickets as tickets_table
from supportops.flows.sla.judging.judged_tickets import Unjudgeable, each_judged
from supportops.flows.tickets.syncing.freshness import last_synced
from supportops.sla.clock import Clocks
from supportops.sla.counting.breaches import counted_frame, owed
from supportops.sla.history import prepare
from supportops.sla.judging import judge
from supportops.sla.policy import PolicyBook
from supportops.tickets.columns import EventColumns
from supportops.tickets.log.event_reading import event_chunks
from supportops.tickets.log.twins import twins_of
from supportops.tickets.source import OUTAGE
from supportops.tickets.ticket import Status

# What the help desk has said since is unknown: an answer may have been given.
KNOWN_FOR = timedelta(hours=1)
_AT_ONCE = 5_000
_t = tickets_table.c

# Open tickets that somebody raised: an outage's own is ours.
RAISED = and_(_t.open, _t.ended_at.is_(None), _t.source != OUTAGE)


@dataclass(frozen=True, slots=True)
class DueTicket:
    """An open ticket. `metric`: what is due next, as Zendesk calls it, None where nothing is
    promised; `due_at`: None while the customer is waited for."""

    source: str
    number: str
    subject: str
    customer: str
    changed_at: datetime
    metric: str | None
    due_at: datetime | None


def known_until(connection: Connection, now: datetime) -> datetime | None:
    """The last instant of which the tickets are known; None where that is too long ago."""
    found = last_synced(connection, now)
    return found if found is not None and now - found <= KNOWN_FOR else None


def due_of_customers(
    connection: Connection,
    book: PolicyBook | None,
    customers: Customers,
    wanted: Collection[str],
    now: datetime,
) -> list[DueTicket]:
    """The open tickets of the customers with the keys `wanted`, as names are compared; the oldest
    first."""
    stored = connection.execute(select(_t.customer).where(RAISED).distinct()).scalars()
    names = [each for each in stored if each is not None and customers.key(each) in wanted]
    if not names:
        return []
    return due_tickets(connection, book, _t.customer.in_(sorted(names)), now)


def due_tickets(
    connection: Connection,
    book: PolicyBook | None,
    condition: ColumnElement[bool],
    now: datetime,
    *,
    without: Iterable[str] = (),
) -> list[DueTicket]:
    """The open tickets that meet a condition on the table of tickets, the oldest first.

    `without`: metrics that are left out. `book`: None where nothing is promised. Of a ticket that
    cannot be judged nothing is promised.
    """
    columns = (_t.id, _t.source, _t.ticket, _t.subject, _t.customer, _t.status, _t.updated_at)
    rows = connection.execute(
        select(*columns).where(RAISED, condition).order_by(_t.created_at, _t.id)
    ).all()
    twins = {source: twins_of(connection, source) for source in {row.source for row in rows}}
    rows = [row for row in rows if row.ticket not in twins[row.source]]
    ids = np.array([row.id for row in rows], np.int64)
    due = _due(connection, book, ids, now, {*without}) if book is not None else {}
    found = []
    for row in rows:
        metric, at = due.get(row.id, (None, None))
        if at is None and row.status != Status.PENDING.value:
            metric = None  # it is on hold: somebody else is waited for
        found.append(
            DueTicket(
                source=row.source,
                number=row.ticket,
                subject=row.subject or "",
                customer=row.customer or "",
                changed_at=min(row.updated_at or now, now),
                metric=metric,
                due_at=at,
            )
        )
    return found


def _due(
    connection: Connection,
    book: PolicyBook,
    ids: NDArray[np.int64],
    now: datetime,
    without: set[str],
) -> dict[int, tuple[str, datetime | None]]:
    found: dict[int, tuple[str, datetime | None]] = {}
    if not len(ids):
        return found
    for events in event_chunks(connection, tickets=ids, until=now, size=_AT_ONCE):

        def judged(rows: NDArray[np.intp], events: EventColumns = events) -> Clocks:
            return judge(prepare(events.take(rows)), book, now)

        for clocks in each_judged(events, judged, Unjudgeable()):
            # Only here, and with it pandas: a check of sites mostly has no such tickets to show.
            from supportops.reports.measuring.month import due_next

            frame = counted_frame(clocks.take(clocks.open & owed(clocks)))
            found |= due_next(frame[~frame["metric"].isin(sorted(without))])
    return found
