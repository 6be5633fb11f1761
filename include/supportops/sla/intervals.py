"""Stretches of a ticket's life in which something stays as it is: a status, or who it is for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from supportops.sla.events import Bools, Ints

Change = tuple[Bools, NDArray[Any], int]  # at which events, the new value, the value at first


@dataclass(frozen=True, slots=True, eq=False)
class Stretches:
    """Consecutive stretches, ticket by ticket: each lasts until the next one of its ticket.

    begin: where each ticket's stretches begin, and the total. `at`: since when. `event`: the last
    event of that instant. `run`: for stretches in a run (done, removed), the run's first stretch;
    for others themselves. `held`: what holds, by name.
    """

    begin: Ints
    row: Ints
    at: Ints
    event: Ints
    run: Ints
    held: Mapping[str, NDArray[Any]]

    def until(self, stretch: Ints) -> Ints:
        """The stretch after each one; the caller knows that it is of the same ticket."""
        return self.at[np.minimum(stretch + 1, len(self.at) - 1)]

    def at_instant(self, row: Ints, at: Ints) -> Ints:
        """The stretch of ticket `row` at an instant; its first one where nothing was yet."""
        low, high = self.begin[row], self.begin[row + 1] - 1
        while np.any(low < high):
            middle = (low + high + 1) // 2
            earlier = self.at[middle] <= at
            low = np.where(earlier, middle, low)
            high = np.where(earlier, high, middle - 1)
        return low

    def at_once(self, at: int) -> Ints:
        """The stretch of every ticket at one instant."""
        if not len(self.at) or at >= int(self.at.max()):
            return self.begin[1:] - 1
        rows = np.arange(len(self.begin) - 1)
        return self.at_instant(rows, np.full(len(rows), at, dtype=np.int64))


def last_of_instant(row: Ints, at: Ints) -> Ints:
    """For each event the last one of the same ticket and instant."""
    last = np.append((row[1:] != row[:-1]) | (at[1:] != at[:-1]), True)[: len(row)]
    ends = np.flatnonzero(last)
    return np.repeat(ends, np.diff(ends, prepend=-1))


def stretches(
    row: Ints,
    at: Ints,
    begin: Ints,
    ends: Ints,
    changing: Bools,
    changes: Mapping[str, Change],
    *,
    run: tuple[str, int],
) -> tuple[Stretches, Ints]:
    """The stretches that the `changing` events make, and that of each event's instant.

    What holds at an instant is what holds after all of its events, so no stretch is empty. `run`
    names the value that makes runs where it is above a number.
    """
    chosen = np.flatnonzero(changing)
    tickets = len(begin)
    total = tickets + len(chosen)
    own = row[chosen] + 1 + np.arange(len(chosen))
    event = np.empty(total, dtype=np.int64)
    opening = np.ones(total, dtype=np.bool_)
    opening[own] = False
    event[own], event[opening] = chosen, begin
    place = np.arange(total)
    held = {}
    for name, (moves, value, at_first) in changes.items():
        moved = moves[event] & ~opening
        source = np.maximum.accumulate(np.where(moved | opening, place, 0))
        held[name] = np.where(moved, value[event], at_first)[source]
    group = ends[event]
    kept = np.append(group[1:] != group[:-1], True)[:total]
    group = group[kept]
    of_event = np.zeros(len(row), dtype=np.int64)
    of_event[group] = 1
    of_event = (np.cumsum(of_event) - 1)[ends]
    held = {name: value[kept] for name, value in held.items()}
    rows = row[group]
    made = Stretches(
        begin=np.searchsorted(rows, np.arange(tickets + 1)),
        row=rows,
        at=at[group],
        event=group,
        run=_runs(rows, held[run[0]] > run[1]),
        held=held,
    )
    return made, of_event


def _runs(row: Ints, inside: Bools) -> Ints:
    """For each stretch the first of its run of neighbours inside; itself where it is outside."""
    goes_on = np.zeros(len(row), dtype=np.bool_)
    goes_on[1:] = inside[1:] & inside[:-1] & (row[1:] == row[:-1])
    starts: Ints = np.maximum.accumulate(np.where(goes_on, 0, np.arange(len(row))))
    return starts
