"""What a report is made from, computed slowly and obviously from the events of all tickets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, pairwise
from typing import Any

from sla.slow_clock import Row, slow_clocks
from supportops.flows.reports.reporting.selection import FactsRequest
from supportops.sla.policy import PolicyBook
from supportops.tickets.ticket import DONE, Event, EventKind, Ticket, fold, from_creation

Values = tuple[Any, ...]


@dataclass(frozen=True)
class Slow:
    """One request, computed from the events of all tickets, one by one."""

    events: Sequence[Event]
    promises: PolicyBook
    request: FactsRequest

    def inside(self, at: datetime | None) -> bool:
        period, as_of = self.request.period, self.request.as_of
        return at is not None and period.start <= at < period.end and at <= as_of

    def lives(self) -> Iterator[tuple[list[Event], Ticket]]:
        """The events of each ticket that were by then, and how it stood."""
        for _, own in groupby(sorted(self.events, key=lambda e: e.ticket), lambda e: e.ticket):
            known = [e for e in from_creation(own) if e.happened_at <= self.request.as_of]
            if known:
                yield known, fold(known)

    def clocks(self) -> Counter[Values]:
        found: Counter[Values] = Counter()
        for known, ticket in self.lives():
            for row in slow_clocks(known, self.promises, self.request.as_of):
                if row.owed and self.wants(row, ticket):
                    found[self.clock(row, ticket)] += 1
        return found

    def wants(self, row: Row, ticket: Ticket) -> bool:
        whole = not self.request.due_only
        if row.state in ("merged", "deleted"):
            instants = (row.breached_at, row.deadline, row.ended_at)
            return any(map(self.inside, instants)) or (whole and self.inside(row.started_at))
        if self.inside(row.breached_at or row.deadline):
            return True
        waits = row.state in ("running", "paused")
        return whole and (self.inside(row.started_at) or waits)

    def clock(self, row: Row, ticket: Ticket) -> Values:
        return (
            ticket.ticket,
            row.metric,
            row.instance,
            row.breached_tier if row.breached_at else row.tier,
            row.breached_policy if row.breached_at else row.policy,
            row.state,
            row.started_at,
            row.breached_deadline if row.breached_at else row.deadline,
            row.ended_at,
            row.breached_at,
            ticket.customer,
            ticket.site,
            ticket.assignee,
        )

    def tickets(self) -> Counter[Values]:
        found: Counter[Values] = Counter()
        for known, ticket in self.lives():
            counts = (*self.turns(known), self.handed_on(known))
            gone_at, how = removal(known)
            happened = any(counts) or self.inside(ticket.created_at) or self.inside(gone_at)
            if ticket.open or happened:
                found[self.ticket(ticket, counts, how)] += 1
        return found

    def ticket(self, ticket: Ticket, counts: tuple[int, ...], how: str | None) -> Values:
        tier = ticket.tier or self.promises.default_tier
        words = (ticket.ticket, ticket.customer, ticket.site, ticket.assignee, tier)
        return (*words, ticket.status.value, ticket.created_at, ticket.open, *counts, how)

    def turns(self, known: Sequence[Event]) -> tuple[int, int]:
        solved = reopened = 0
        was = False
        for at, status in settled(known, EventKind.STATUS):
            now = status in DONE
            solved += now and not was and self.inside(at)
            reopened += was and not now and self.inside(at)
            was = now
        return solved, reopened

    def handed_on(self, known: Sequence[Event]) -> int:
        names = [(at, who) for at, who in settled(known, EventKind.ASSIGNEE) if who]
        return sum(one[1] != two[1] and self.inside(two[0]) for one, two in pairwise(names))


def settled(known: Sequence[Event], kind: EventKind) -> list[tuple[datetime, str | None]]:
    """What each instant left."""
    return list({e.happened_at: (e.happened_at, e.value) for e in known if e.kind is kind}.values())


def removal(known: Sequence[Event]) -> tuple[datetime | None, str | None]:
    """Since when and how a ticket is gone; of several reasons at one instant the last counts."""
    at, how = None, None
    for event in known:
        if event.kind is EventKind.RESTORED:
            at = how = None
        elif event.kind in (EventKind.MERGED, EventKind.DELETED) and at in (
            None,
            event.happened_at,
        ):
            at, how = event.happened_at, event.kind.value
    return at, how
