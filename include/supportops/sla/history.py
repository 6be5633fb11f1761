"""Tickets' events, put in order once and cut into intervals: all that depends on no policy.

`prepare` does the work that every policy and every instant shares. Nothing here depends on what
came later: cut at any instant, a history is what it would have been then.
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from supportops.row_order import sorted_rows
from supportops.sla import events as e
from supportops.sla.calendar.business_hours import BusinessHours
from supportops.sla.calendar.open_time import OpenTime
from supportops.sla.events import Bools, EventColumns, Ints, Places
from supportops.sla.intervals import (
    Change,
    EventPairs,
    Intervals,
    PausedTime,
    cut_intervals,
    last_of_instant,
    next_replies,
    updates,
)

_CHANGES = (e.TIER, e.CUSTOMER_OF, e.TAGS, e.MERGED, e.DELETED, e.RESTORED)
_LAST_OPEN = e.STATUSES.index(e.DONE[0]) - 1


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Events by ticket, as they happened, and what follows from them alone.

    Shapes: T tickets, E events. An event is named by its place in the order (ticket, instant,
    order of acts), -1 for none.

    tickets: int64[T], the ids, ascending; a ticket's row is its place here.
    row: int32[E], the event's ticket. at: int64[E], microseconds since 1970 UTC.
    values: the texts that value codes index.
    profiles: intervals of the same tier, customer and tags (int32 value codes) and removal (the
        code of the kind of event that removed the ticket, 0 while it is there).
    statuses: intervals of the same status (int8, index into STATUSES).
    profile_of, status_of: int32[E], the interval that holds after all events of the event's
        instant.
    profile_begins: bool[E], whether that interval of `profiles` follows another one at the event's
        instant.
    created, first_reply, first_solved: int64[T], events. Where the log has no history from before
        some later instant, `created` is the event that says so: nothing starts before it.
    by_customer: bool[T], whether a customer created the ticket, and what followed is known.
    partial: bool[T], whether the log begins after the ticket's creation.
    next_replies, updates: the clocks that repeat, before any policy.
    """

    tickets: Ints
    row: Places
    at: Ints
    values: tuple[str | None, ...]
    profiles: Intervals
    statuses: Intervals
    profile_of: Places
    profile_begins: Bools
    status_of: Places
    created: Ints
    by_customer: Bools
    partial: Bools
    first_reply: Ints
    first_solved: Ints
    next_replies: EventPairs
    updates: EventPairs
    _passed: dict[BusinessHours, Ints] = field(default_factory=dict)
    _passed_at_statuses: dict[BusinessHours, Ints] = field(default_factory=dict)
    _paused_time: dict[tuple[BusinessHours, frozenset[str]], PausedTime] = field(
        default_factory=dict
    )

    def profile_before(self, event: Places) -> Places:
        """The interval of `profiles` that held until each event's instant; for the ticket's first
        instant the one that begins there."""
        before: Places = self.profile_of[event] - self.profile_begins[event]
        return before

    def passed(self, hours: BusinessHours) -> Ints:
        """Open time up to each event: int64[E], microseconds. Cached by calendar."""
        if hours not in self._passed:
            self._passed[hours] = OpenTime.of(hours).passed(self.at)
        return self._passed[hours]

    def paused_time(self, hours: BusinessHours, pauses: frozenset[str]) -> PausedTime:
        """The paused time under these pausing statuses. Cached by calendar and statuses."""
        key = (hours, pauses)
        if key not in self._paused_time:
            if hours not in self._passed_at_statuses:
                self._passed_at_statuses[hours] = self.passed(hours)[self.statuses.event]
            passed = self._passed_at_statuses[hours]
            self._paused_time[key] = PausedTime.of(self.statuses, passed, pauses)
        return self._paused_time[key]


def prepare(events: EventColumns) -> History:
    """The history of any number of tickets' events, in any order."""
    log = _Log.of(events)
    profiles, profile_of = log.profiles()
    statuses, status_of = log.statuses()
    created = log.first(log.kind == e.CREATED)
    known = created >= 0
    by_customer = known & (log.author[created] == e.CUSTOMER) if len(log.row) else known
    # Whoever waited when the log begins may have been answered before: it judges no silence.
    partial, begins = log.known_since(created)
    created, by_customer = np.where(partial, begins, created), by_customer & ~partial
    known = created >= 0
    place = np.arange(len(log.row), dtype=np.int32)
    counts = known[log.row] & (place > created[log.row])  # nothing starts before the creation
    comment = (log.kind == e.COMMENT) & counts
    reply, solved = comment & (log.author == e.AGENT), log.is_done & counts
    first_reply = log.first(reply)
    # A notice about an outage keeps the customer notified; nobody has replied with it.
    word = reply | ((log.kind == e.NOTICE) & counts)
    # Until its first reply, what a customer adds to the ticket belongs to the first question:
    # `answered` is the event after which a customer's comment counts as a new one.
    answered = np.where(by_customer, np.where(first_reply < 0, e.NEVER, first_reply), -1)
    question = comment & (log.author == e.CUSTOMER) & (place > answered[log.row])
    return History(
        tickets=log.tickets,
        row=log.row,
        at=log.at,
        values=events.values,
        profiles=profiles,
        statuses=statuses,
        profile_of=profile_of,
        profile_begins=_begins(profiles, log.at, profile_of),
        status_of=status_of,
        created=created,
        by_customer=by_customer,
        partial=partial,
        first_reply=first_reply,
        first_solved=log.first(solved),
        next_replies=next_replies(log.row, question, reply | solved),
        updates=updates(log.row, log.at, log.begin, word, log.is_status, log.is_done),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Log:
    """Events in their order: by ticket, instant and order of acts.

    The columns are as in `History`, one row an event, but for tickets and begin (one row a ticket).
    kind, author, value: codes as in `EventColumns`. status: int8, the status that the value names,
    -1 if none. begin: int64, the ticket's first event. ends: int32, the last event of the event's
    ticket and instant. is_status, is_done: bool, whether it sets a status, and one of DONE.
    """

    tickets: Ints
    row: Places
    at: Ints
    kind: NDArray[np.int8]
    author: NDArray[np.int8]
    value: NDArray[np.int32]
    status: NDArray[np.int8]
    begin: Ints
    ends: Places
    is_status: Bools
    is_done: Bools

    @classmethod
    def of(cls, events: EventColumns) -> Self:
        order = sorted_rows(events.ticket, events.at, events.order)
        ticket, at, kind = events.ticket[order], events.at[order], events.kind[order]
        value = events.value[order]
        new = np.append(True, ticket[1:] != ticket[:-1])[: len(ticket)]
        row = np.cumsum(new, dtype=np.int32)
        row -= 1
        begin = np.flatnonzero(new)
        status = _status_codes(events.values)[value]
        is_status = (kind == e.STATUS) & (status >= 0)
        return cls(
            tickets=ticket[begin],
            row=row,
            at=at,
            kind=kind,
            author=events.author[order],
            value=value,
            status=status,
            begin=begin,
            ends=last_of_instant(row, at),
            is_status=is_status,
            is_done=is_status & (status > _LAST_OPEN),
        )

    def first(self, chosen: Bools) -> Ints:
        """Each ticket's first chosen event, or -1."""
        found = np.flatnonzero(chosen)[::-1]
        first = np.full(len(self.begin), -1, dtype=np.int64)
        first[self.row[found]] = found  # of several, numpy keeps the last written
        return first

    def known_since(self, created: Ints) -> tuple[Bools, Ints]:
        """Which tickets' logs begin after their creation, and the events with which they begin.

        The creation's instant has the event that says so, with a value; the one without is where
        the log begins, -1 before it came.
        """
        marks = self.kind == e.KNOWN_SINCE
        if not marks.any():
            return np.zeros(len(created), dtype=np.bool_), created
        says = self.first(marks & (self.value != 0))
        partial = (created >= 0) & (says > created) & (self.at[says] == self.at[created])
        place = np.arange(len(self.row), dtype=np.int32)
        return partial, self.first(marks & (self.value == 0) & (place > created[self.row]))

    def profiles(self) -> tuple[Intervals, Places]:
        changes: dict[str, Change] = {
            "tier": (self.kind == e.TIER, self.value, 0),
            "customer": (self.kind == e.CUSTOMER_OF, self.value, 0),
            "tags": (self.kind == e.TAGS, self.value, 0),
            "removed": (
                self.kind >= e.MERGED,
                np.where(self.kind == e.RESTORED, 0, self.kind),
                0,
            ),
        }
        changing = np.isin(self.kind, _CHANGES)
        return self._intervals(changing, changes, run=("removed", 0))

    def statuses(self) -> tuple[Intervals, Places]:
        changes: dict[str, Change] = {"status": (self.is_status, self.status, 0)}
        return self._intervals(self.is_status, changes, run=("status", _LAST_OPEN))

    def _intervals(
        self, changing: Bools, changes: dict[str, Change], run: tuple[str, int]
    ) -> tuple[Intervals, Places]:
        return cut_intervals(self.row, self.at, self.begin, self.ends, changing, changes, run=run)


def _begins(profiles: Intervals, at: Ints, profile_of: Places) -> Bools:
    """Whether the interval of each event's instant begins there and is not its ticket's first."""
    later = np.ones(len(profiles.at), dtype=np.bool_)
    later[profiles.begin[:-1]] = False
    begins: Bools = (profiles.at[profile_of] == at) & later[profile_of]
    return begins


def _status_codes(values: tuple[str | None, ...]) -> NDArray[np.int8]:
    """Of each text the status that it names, or -1."""
    codes: dict[str | None, int] = {status: code for code, status in enumerate(e.STATUSES)}
    return np.array([codes.get(text, -1) for text in values], dtype=np.int8)
