"""Tickets' events, put in order once and cut into stretches: what no policy has a say in.

`prepare` does the work that every policy and every instant shares. Nothing here depends on what
came later: cut at any instant, a history is what it would have been then.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from supportops.sla import events as e
from supportops.sla.business_hours import BusinessHours
from supportops.sla.events import Bools, EventColumns, Ints
from supportops.sla.open_time import OpenTime
from supportops.sla.rest import Rest
from supportops.sla.spans import Spans, next_replies, updates
from supportops.sla.stretches import Stretches, last_of_instant, stretches

_CHANGES = (e.TIER, e.CUSTOMER_OF, e.TAGS, e.MERGED, e.DELETED, e.RESTORED)


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Events by ticket, as they happened, and what follows from them alone.

    tickets: the ids, ascending; a ticket's row is its place here. `row`, `at`: of each event.
    profiles: stretches of the same tier, customer, tags (value codes) and removal. statuses: of
    the same status (index into STATUSES). `profile_of`, `status_of`: the stretch that holds after
    all events of an event's instant. `created`, `first_reply`, `first_solved`: events, -1 if none.
    """

    tickets: Ints
    row: Ints
    at: Ints
    values: tuple[str | None, ...]
    profiles: Stretches
    statuses: Stretches
    profile_of: Ints
    status_of: Ints
    created: Ints
    by_customer: Bools
    first_reply: Ints
    first_solved: Ints
    next_replies: Spans
    updates: Spans
    _passed: dict[BusinessHours, Ints] = field(default_factory=dict)
    _rest: dict[tuple[BusinessHours, frozenset[str]], Rest] = field(default_factory=dict)

    def passed(self, hours: BusinessHours) -> Ints:
        """Open time up to each event, kept for the next policy with the same calendar."""
        if hours not in self._passed:
            self._passed[hours] = OpenTime.of(hours).passed(self.at)
        return self._passed[hours]

    def rest(self, hours: BusinessHours, pauses: frozenset[str]) -> Rest:
        """The rest under these pauses, kept likewise."""
        key = (hours, pauses)
        if key not in self._rest:
            passed = self.passed(hours)[self.statuses.event]
            self._rest[key] = Rest.of(self.statuses, passed, pauses)
        return self._rest[key]


def prepare(events: EventColumns) -> History:
    """The history of any number of tickets' events, in any order."""
    order = _order(events)
    ticket, at = events.ticket[order], events.at[order]
    kind, author, value = events.kind[order], events.author[order], events.value[order]
    new = np.append(True, ticket[1:] != ticket[:-1])[: len(ticket)]
    row = np.cumsum(new) - 1
    begin = np.flatnonzero(new)
    ends = last_of_instant(row, at)
    status = _status_codes(events.values)[value]
    is_status = (kind == e.STATUS) & (status >= 0)
    is_done = is_status & (status >= e.STATUSES.index(e.DONE[0]))
    profiles, profile_of = stretches(
        row,
        at,
        begin,
        ends,
        np.isin(kind, _CHANGES),
        {
            "tier": (kind == e.TIER, value, 0),
            "customer": (kind == e.CUSTOMER_OF, value, 0),
            "tags": (kind == e.TAGS, value, 0),
            "removed": (kind >= e.MERGED, np.where(kind == e.RESTORED, 0, kind), 0),
        },
        run=("removed", 0),
    )
    statuses, status_of = stretches(
        row,
        at,
        begin,
        ends,
        is_status,
        {"status": (is_status, status, 0)},
        run=("status", e.STATUSES.index(e.DONE[0]) - 1),
    )
    created = _first(row, len(begin), kind == e.CREATED)
    place = np.arange(len(row))
    known = created >= 0
    counts = known[row] & (place > created[row])  # nobody waits on what does not exist yet
    reply = (kind == e.COMMENT) & (author == e.AGENT) & counts
    question = (kind == e.COMMENT) & (author == e.CUSTOMER) & counts
    by_customer = known & (author[created] == e.CUSTOMER) if len(row) else known
    first_reply = _first(row, len(begin), reply)
    waited = ~by_customer | (first_reply >= 0)
    question &= waited[row] & (place > np.where(by_customer, first_reply, -1)[row])
    return History(
        tickets=ticket[begin],
        row=row,
        at=at,
        values=events.values,
        profiles=profiles,
        statuses=statuses,
        profile_of=profile_of,
        status_of=status_of,
        created=created,
        by_customer=by_customer,
        first_reply=first_reply,
        first_solved=_first(row, len(begin), is_done & counts),
        next_replies=next_replies(row, question, reply | (is_done & counts)),
        updates=updates(row, at, begin, reply, is_status, is_done),
    )


def _order(events: EventColumns) -> NDArray[np.intp] | slice:
    """Rows by ticket, instant and order; nothing to do where they stand so already."""
    later = np.zeros(max(len(events.at) - 1, 0), dtype=np.bool_)
    for key in (events.ticket, events.at, events.order):
        if np.any(~later & (key[1:] < key[:-1])):
            return np.lexsort((events.order, events.at, events.ticket))
        later |= key[1:] > key[:-1]
    return slice(None)


def _status_codes(values: tuple[str | None, ...]) -> NDArray[np.int8]:
    """Of each text the status that it names, or -1."""
    codes: dict[str | None, int] = {status: code for code, status in enumerate(e.STATUSES)}
    return np.array([codes.get(text, -1) for text in values], dtype=np.int8)


def _first(row: Ints, tickets: int, chosen: Bools) -> Ints:
    """Each ticket's first chosen event, or -1."""
    found = np.flatnonzero(chosen)[::-1]
    first = np.full(tickets, -1, dtype=np.int64)
    first[row[found]] = found  # of several, numpy keeps the last written
    return first
