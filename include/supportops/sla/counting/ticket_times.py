"""How long tickets took as a whole, from their creation on, whatever was promised.

Two of Zendesk's native ticket metrics, in business and in calendar time
(https://support.zendesk.com/hc/en-us/articles/4408834848154):

- full resolution time: from the creation to the last time that the ticket was solved;
- requester wait time: the time in which it was new, open or on hold, so neither waiting for the
  requester nor solved.

Neither is the resolution clock of a promise, which runs from the first reply (or when that was
due) and pauses as the promise says. Business time is that of the calendar of the ticket's promise;
of the policy's first calendar where nothing is promised.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from supportops.sla.calendar.open_time import OpenTime
from supportops.sla.clock import Clocks
from supportops.sla.events import DONE, MICRO, NEVER, NONE, Bools, Ints
from supportops.sla.history import History
from supportops.sla.intervals import PausedTime
from supportops.sla.runs import View

NOT_WAITING = frozenset({"pending", *DONE})
"""The statuses in which the requester does not wait for the agency."""


@dataclass(frozen=True, slots=True, eq=False)
class TicketTimes:
    """One row a ticket, in the order of `History.tickets`. Microseconds, NONE where not known.

    solved: bool, as of the instant of the clocks; the times of the others are so far.
    calendar: int64, the place in the policy's calendars of the one that business time is of.
    full_calendar, full_business: full resolution time. NONE for a ticket whose creation or
        solution the log does not have, or that is merged or deleted.
    wait_calendar, wait_business: requester wait time. NONE also where no customer created the
        ticket, or the log begins after its creation.
    """

    solved: Bools
    calendar: Ints
    full_calendar: Ints
    full_business: Ints
    wait_calendar: Ints
    wait_business: Ints

    def seconds(self, name: str) -> NDArray[np.float64]:
        """One of the times in seconds, NaN where it is not known."""
        found: Ints = getattr(self, name)
        return np.where(found == NONE, np.nan, found / MICRO)


def ticket_times(clocks: Clocks) -> TicketTimes:
    """The times of every ticket that the clocks were judged from, as of their instant.

    Raises OutsideRange for instants that a calendar does not reach.
    """
    history, as_of = clocks.history, clocks.as_of
    view = View.at(history, as_of)
    rows = np.arange(len(history.tickets))
    begins = history.at[history.created]
    created = np.where(history.partial, history.statuses.at[history.statuses.begin[:-1]], begins)
    solved_at = view.solved_since(rows)
    solved = solved_at != NEVER
    known = (history.created >= 0) & (begins <= as_of) & (view.removed_at == NEVER)
    # What was solved when the log begins took a time that nobody knows.
    known &= ~(history.partial & solved & (solved_at <= begins))
    waits = known & history.by_customer
    until = np.where(solved, np.maximum(solved_at, created), as_of)
    of_ticket = _calendars(clocks, view, created)
    found = TicketTimes(solved, of_ticket, *(np.full(len(rows), NONE) for _ in range(4)))
    found.full_calendar[known] = (until - created)[known]
    whole = PausedTime.of(history.statuses, history.statuses.at, NOT_WAITING)
    own = np.flatnonzero(waits)
    now = np.full(len(own), as_of)
    found.wait_calendar[own] = _ran(history, view, whole, own, begins[own], now)
    for code, each in enumerate(clocks.book.calendars.values()):
        passed = OpenTime.of(each.hours).passed
        own = np.flatnonzero(known & (of_ticket == code))
        if not len(own):
            continue
        found.full_business[own] = passed(until[own]) - passed(created[own])
        business = history.paused_time(each.hours, NOT_WAITING)
        own = own[waits[own]]
        now = np.repeat(passed(np.array([as_of])), len(own))
        found.wait_business[own] = _ran(history, view, business, own, passed(begins[own]), now)
    return found


def _ran(history: History, view: View, time: PausedTime, row: Ints, begin: Ints, now: Ints) -> Ints:
    """The time outside of NOT_WAITING from each ticket's creation to now, both on the calendar."""
    start = history.status_of[history.created[row]]
    paused = time.paused_at(view.status[row], now) - time.paused_at(start, begin)
    return now - begin - paused


def _calendars(clocks: Clocks, view: View, created: Ints) -> Ints:
    """The place in the book of each ticket's calendar: that of the promise to it as it is now, of
    the version in force at its creation; 0 where there is none."""
    assignment, names = clocks.assignment, list(clocks.book.calendars)
    promise = assignment.promise(assignment.version(created), view.last_profile)
    places = [names.index(each.calendar) for _, each in assignment.promises]
    return np.array([*places, 0], dtype=np.int64)[promise]
