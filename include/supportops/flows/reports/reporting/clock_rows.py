"""The clocks and tickets that reports are about, judged in one pass over the events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection, or_, select

from supportops.db.schema import tickets as tickets_table
from supportops.flows.reports.reporting.selection import FactsRequest
from supportops.flows.reports.reporting.ticket_rows import TicketStates, ticket_rows
from supportops.flows.sla.judging.judged_tickets import Unjudgeable, each_judged
from supportops.sla.clock import STATES, Clocks, State
from supportops.sla.counting.breaches import counted_frame, owed
from supportops.sla.counting.ticket_times import TicketTimes, ticket_times
from supportops.sla.due import look_back_start
from supportops.sla.events import NONE
from supportops.sla.history import History, prepare
from supportops.sla.judging import judge
from supportops.sla.policy import PolicyBook
from supportops.sla.policy_assignment import to_datetime, to_micros
from supportops.tickets.columns import EventColumns
from supportops.tickets.log.event_reading import event_chunks

TICKETS_AT_ONCE = 20_000

Progress = Callable[[int, int], None]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(slots=True)
class GatheredRows:
    """The rows of a request, chunk by chunk: frames without the tickets' numbers and subjects."""

    request: FactsRequest
    clocks: list[pd.DataFrame] = field(default_factory=list)
    tickets: list[pd.DataFrame] = field(default_factory=list)
    unjudgeable: Unjudgeable = field(default_factory=Unjudgeable)


def gather_clocks(
    connection: Connection,
    book: PolicyBook,
    requests: Sequence[FactsRequest],
    progress: Progress | None = None,
) -> list[GatheredRows]:
    """The clocks and tickets of each request, in the order of `requests`.

    Events are read once for all. Memory grows with the periods, not with the history. `progress`
    is called with how many tickets were read, and of how many.
    """
    found = [GatheredRows(request) for request in requests]
    snapshots = _snapshots(book, found)
    if not snapshots:
        return found
    ids = _relevant(connection, snapshots)
    until = max(each.request.as_of for each in found)
    chunks = event_chunks(connection, tickets=ids, until=until, size=TICKETS_AT_ONCE, ahead=True)
    for events in chunks:
        for snapshot in snapshots:
            snapshot.take(events)
        if progress is not None:
            progress(int(np.searchsorted(ids, events.ticket[-1], side="right")), len(ids))
    return found


def _relevant(connection: Connection, snapshots: Sequence[_Snapshot]) -> Ints:
    """Ids of the tickets that any of the requests may be about, ascending."""
    since = to_datetime(
        min(window.seen_from for snapshot in snapshots for window in snapshot.windows)
    )
    until = max(snapshot.as_of for snapshot in snapshots)
    c = tickets_table.c
    statement = (
        select(c.id)
        .where(or_(c.open, c.updated_at >= since))
        .where(or_(c.created_at.is_(None), c.created_at <= until))
        .order_by(c.id)
    )
    return np.array(connection.execute(statement).scalars().all(), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Window:
    """One request's period in microseconds; `seen_from` is where what is due in it may begin."""

    found: GatheredRows
    start: int
    end: int
    seen_from: int

    @classmethod
    def of(cls, book: PolicyBook, found: GatheredRows) -> _Window:
        period, as_of = found.request.period, to_micros(found.request.as_of)
        return cls(
            found,
            to_micros(period.start),
            min(to_micros(period.end), as_of + 1),
            to_micros(look_back_start(book, period.start)),
        )

    @property
    def whole(self) -> bool:
        return not self.found.request.due_only

    def holds(self, at: Ints) -> Bools:
        """Whether each instant lies in the period."""
        inside: Bools = (at >= self.start) & (at < self.end)
        return inside


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """All requests as of one instant: their tickets are judged once for all of them."""

    book: PolicyBook
    as_of: datetime
    windows: tuple[_Window, ...]

    def take(self, events: EventColumns) -> None:
        """Adds the rows of some tickets; the events of each are complete and in order."""
        known = events.take(events.at <= to_micros(self.as_of))
        states = TicketStates.of(known, self.book.default_tier)
        relevant = self._relevant(known, states)
        known = known.take(np.isin(known.ticket, relevant))
        if not len(known):
            return

        whole = any(window.whole for window in self.windows)

        def judged(rows: NDArray[np.intp]) -> tuple[History, Clocks, TicketTimes | None]:
            history = prepare(known.take(rows))
            clocks = judge(history, self.book, self.as_of)
            return history, clocks, ticket_times(clocks) if whole else None

        unjudgeable = Unjudgeable()
        for history, clocks, times in each_judged(known, judged, unjudgeable):
            for window in self.windows:
                self._add(window, clocks, states)
                if window.whole and times is not None:
                    chosen = known.take(np.isin(known.ticket, history.tickets))
                    period = (window.start, window.end)
                    rows = ticket_rows(chosen, history, states, times, period)
                    window.found.tickets.append(rows)
        for window in self.windows:
            window.found.unjudgeable.why.update(unjudgeable.why)

    def _relevant(self, known: EventColumns, states: TicketStates) -> Ints:
        """The tickets that one of the requests is about, by when something happened to them."""
        hit = np.zeros(len(known), dtype=np.bool_)
        for window in self.windows:
            hit |= (known.at >= window.seen_from) & (window.whole | (known.at < window.end))
        found: Ints = np.unique(known.ticket[hit])
        if any(window.whole for window in self.windows):
            found = np.union1d(found, states.ticket[states.open])
        return found

    def _add(self, window: _Window, clocks: Clocks, states: TicketStates) -> None:
        chosen = _due_in(window, clocks)
        if window.whole:
            chosen |= window.holds(clocks.started_at) | clocks.open
        chosen &= owed(clocks)
        if not chosen.any():
            return
        frame = counted_frame(clocks.take(chosen))
        at = np.searchsorted(states.ticket, frame["ticket"].to_numpy())
        for name in ("customer", "site", "assignee"):
            frame[name] = pd.Series(states.words(name, at), dtype=object)
        window.found.clocks.append(frame)


def _due_in(window: _Window, clocks: Clocks) -> Bools:
    """The clocks that fell due in the period; of removed tickets those that would have, or ended
    in it.
    """
    due = np.where(clocks.breached_at != NONE, clocks.breached_at, clocks.deadline)
    removed = clocks.state >= STATES.index(State.MERGED)
    gone = removed & (window.holds(clocks.deadline) | window.holds(clocks.until))
    chosen: Bools = ((due != NONE) & window.holds(due)) | gone
    return chosen


def _snapshots(book: PolicyBook, found: Sequence[GatheredRows]) -> list[_Snapshot]:
    """The requests by instant."""
    ordered = sorted(found, key=lambda each: each.request.as_of)
    return [
        _Snapshot(book, as_of, tuple(_Window.of(book, each) for each in own))
        for as_of, own in groupby(ordered, key=lambda each: each.request.as_of)
    ]
