"""What happened to tickets in a period, and their state at an instant, from their events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from supportops.sla.counting.ticket_times import TicketTimes
from supportops.sla.events import NEVER, NONE
from supportops.sla.history import History
from supportops.sla.runs import MERGED_AWAY, SOLVED, View
from supportops.tickets.columns import KIND_CODES, EventColumns
from supportops.tickets.folding import NEVER as NOT_YET
from supportops.tickets.folding import TicketColumns, fold_columns, status_of
from supportops.tickets.ticket import DONE, EventKind

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Micros = tuple[int, int]

_TIMES = {
    "full_resolution_business_seconds": "full_business",
    "full_resolution_calendar_seconds": "full_calendar",
    "requester_wait_business_seconds": "wait_business",
    "requester_wait_calendar_seconds": "wait_calendar",
}
_ASSIGNEE = KIND_CODES[EventKind.ASSIGNEE]


@dataclass(frozen=True, slots=True, eq=False)
class TicketStates:
    """The state of tickets after some events, one row a ticket by ascending id."""

    folded: TicketColumns
    open: Bools
    default_tier: str

    @classmethod
    def of(cls, events: EventColumns, default_tier: str) -> TicketStates:
        """Folds `events`, each ticket's complete and in order."""
        folded = fold_columns(events)
        done = [code for code, word in enumerate(folded.values) if word in DONE]
        is_open = (folded.ended_at == NOT_YET) & ~np.isin(folded.status, done)
        return cls(folded, is_open, default_tier)

    @property
    def ticket(self) -> Ints:
        """Ids of the tickets, int64, ascending."""
        return self.folded.ticket

    def words(self, name: str, rows: NDArray[np.intp]) -> NDArray[np.object_]:
        """A text of each of these rows, None where none was ever set."""
        codes: NDArray[np.int32] = getattr(self.folded, name)
        words: NDArray[np.object_] = np.array(self.folded.values, dtype=np.object_)[codes[rows]]
        return words

    def statuses(self, rows: NDArray[np.intp]) -> list[str]:
        """The status of each of these rows, as `Status` has it."""
        return [status_of(word).value for word in self.words("status", rows)]

    def tiers(self, rows: NDArray[np.intp]) -> list[str]:
        """The tier of each of these rows; the default one where none was set."""
        return [word or self.default_tier for word in self.words("tier", rows)]


def ticket_rows(
    events: EventColumns,
    history: History,
    states: TicketStates,
    times: TicketTimes,
    period: Micros,
) -> pd.DataFrame:
    """The tickets that something happened to in the period, or that are open after these events.

    `events` are those of `history`, in order, and `times` is of its tickets. Columns as in
    `reports.facts`, but for those that the store holds.
    """
    removed = View.at(history, int(events.at.max()) if len(events) else 0)
    at = np.searchsorted(states.ticket, history.tickets)
    solved, reopened = _solved_and_reopened(history, period)
    reassigned = _reassigned(events, history, period)
    created = states.folded.created_at[at]
    is_gone = removed.removed_at != NEVER
    moved = solved + reopened + reassigned > 0
    moved |= _inside(created, period) | _inside(removed.removed_at, period)
    chosen = np.flatnonzero(moved | states.open[at])
    rows = at[chosen]
    left_out = np.where(removed.removed == MERGED_AWAY, "merged", "deleted").astype(np.object_)
    left_out[~is_gone] = None
    return pd.DataFrame(
        {
            "ticket": history.tickets[chosen],
            "customer": _texts(states.words("customer", rows)),
            "site": _texts(states.words("site", rows)),
            "assignee": _texts(states.words("assignee", rows)),
            "tier": _texts(states.tiers(rows)),
            "status": _texts(states.statuses(rows)),
            # Both say "no instant" by the same number, which datetime64 reads as NaT.
            "created_at": pd.Series(created[chosen].view("M8[us]")).dt.tz_localize("UTC"),
            "open": states.open[rows],
            "solved": solved[chosen],
            "reopened": reopened[chosen],
            "reassigned": reassigned[chosen],
            "left_out": _texts(left_out[chosen]),
            **{column: times.seconds(name)[chosen] for column, name in _TIMES.items()},
        }
    )


def _solved_and_reopened(history: History, period: Micros) -> tuple[Ints, Ints]:
    """How often each ticket was solved, and reopened, in the period.

    A ticket that arrives as solved was solved; a change that is undone within an instant is none.
    """
    statuses, count = history.statuses, len(history.tickets)
    done, before = _done_and_before(history)
    inside = _inside(statuses.at, period)
    solved = np.bincount(statuses.row[done & ~before & inside], minlength=count)
    reopened = np.bincount(statuses.row[~done & before & inside], minlength=count)
    return solved, reopened


def last_reopened(history: History) -> Ints:
    """When each ticket was last reopened, microseconds; NONE where it never was."""
    done, before = _done_and_before(history)
    found = np.full(len(history.tickets), NONE, dtype=np.int64)
    back = ~done & before
    np.maximum.at(found, history.statuses.row[back], history.statuses.at[back])
    return found


def _done_and_before(history: History) -> tuple[Bools, Bools]:
    """Of each interval of a status whether the ticket is solved in it, and was before it."""
    statuses = history.statuses
    done: Bools = statuses.attributes["status"] >= SOLVED
    first = np.zeros(len(done), dtype=np.bool_)
    first[statuses.begin[:-1]] = True
    return done, np.append(False, done[:-1])[: len(done)] & ~first


def _reassigned(events: EventColumns, history: History, period: Micros) -> Ints:
    """How often each ticket went from one assignee to another in the period.

    The first assignment is no change, nor is a return to the last assignee after nobody had it.
    """
    given = np.flatnonzero(events.kind == _ASSIGNEE)
    ticket, at, who = events.ticket[given], events.at[given], events.value[given]
    last = np.append((ticket[1:] != ticket[:-1]) | (at[1:] != at[:-1]), True)[: len(given)]
    named = last & (who != 0)
    ticket, at, who = ticket[named], at[named], who[named]
    changed = np.zeros(len(ticket), dtype=np.bool_)
    changed[1:] = (ticket[1:] == ticket[:-1]) & (who[1:] != who[:-1])
    rows = np.searchsorted(history.tickets, ticket[changed & _inside(at, period)])
    return np.bincount(rows, minlength=len(history.tickets))


def _inside(at: Ints, period: Micros) -> Bools:
    inside: Bools = (at >= period[0]) & (at < period[1])
    return inside


def _texts(words: Sequence[str] | NDArray[np.object_]) -> pd.Series[Any]:
    return pd.Series(words, dtype=object)
