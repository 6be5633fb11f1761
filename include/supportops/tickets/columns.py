"""Events as columns: millions in a few arrays, for the engine that computes clocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from supportops.row_order import sorted_rows
from supportops.tickets.ticket import Author, EventKind

KINDS = tuple(EventKind)
AUTHORS = tuple(Author)
KIND_CODES: Mapping[str, int] = {kind.value: code for code, kind in enumerate(KINDS)}
AUTHOR_CODES: Mapping[str, int] = {author.value: code for code, author in enumerate(AUTHORS)}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_CREATED = KIND_CODES[EventKind.CREATED.value]
_KINDS_IN_A_SEQUENCE = 16
# The least `order` of an event with a sequence of its own; a creation's and derived ones' are less.
_EARLIEST_OF_SOURCE = _KINDS_IN_A_SEQUENCE
_FIRST = np.int64(-(2**60))
_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, eq=False)
class EventColumns:
    """One row per event, in arrays of equal length; rows are in no particular order.

    `ticket` int64: `tickets.id`. `at` int64: when it happened, microseconds since 1970 UTC.
    `order` int64: the order among events of one ticket at one instant, as `order_of` gives it;
    sorting by (`ticket`, `at`, `order`) is the order of `Event.order`. `kind` int8: index into
    `tuple(EventKind)`. `author` int8: index into `tuple(Author)`. `value` int32: index into
    `values`, whose entry 0 is None.
    """

    ticket: NDArray[np.int64]
    at: NDArray[np.int64]
    order: NDArray[np.int64]
    kind: NDArray[np.int8]
    author: NDArray[np.int8]
    value: NDArray[np.int32]
    values: tuple[str | None, ...] = (None,)

    def __len__(self) -> int:
        return len(self.ticket)

    def take(self, rows: NDArray[Any] | slice) -> EventColumns:
        """The rows at these positions, under this mask or in this slice; `values` as it is."""
        return EventColumns(
            self.ticket[rows],
            self.at[rows],
            self.order[rows],
            self.kind[rows],
            self.author[rows],
            self.value[rows],
            self.values,
        )

    def ordered(self) -> EventColumns:
        """The same rows by ticket, and within a ticket as they happened."""
        rows = self._sorted_rows()
        return self if isinstance(rows, slice) else self.take(rows)

    def _sorted_rows(self) -> NDArray[np.intp] | slice:
        return sorted_rows(self.ticket, self.at, self.order)

    def from_creation(self) -> EventColumns:
        """The same rows, in which what is stamped before a creation has the creation's instant.

        `order` places it after the creation and what was derived from that, as
        `ticket.from_creation` does.
        """
        rows = self._sorted_rows()
        events = self.take(rows)
        created = np.flatnonzero(events.kind == _CREATED)[::-1]
        if not len(created):
            return self
        new = np.append(True, events.ticket[1:] != events.ticket[:-1])
        row = np.cumsum(new) - 1
        began = np.full(int(row[-1]) + 1, _NEVER, dtype=np.int64)
        began[row[created]] = events.at[created]  # of several, the first
        since = began[row]
        early = (events.at < since) & (since != _NEVER)
        if not early.any():
            return self
        late = np.zeros(len(began), dtype=np.bool_)
        late[row[early]] = True
        moved = late[row] & (events.at <= since)
        moved &= early | (events.order >= _EARLIEST_OF_SOURCE)
        order = events.order.copy()
        order[moved] = _EARLIEST_OF_SOURCE + np.arange(int(moved.sum()))
        at = np.where(early, since, events.at)
        new_at, new_order = np.empty_like(at), np.empty_like(order)
        new_at[rows], new_order[rows] = at, order
        return replace(self, at=new_at, order=new_order)


def epoch_microseconds(at: datetime) -> int:
    """Whole microseconds since 1970 UTC of an aware datetime."""
    return (at - _EPOCH) // _MICROSECOND


def instant(microseconds: int) -> datetime:
    """The aware UTC datetime of `microseconds` since 1970."""
    return _EPOCH + timedelta(microseconds=int(microseconds))


def order_of(kind: NDArray[np.int8], sequence: NDArray[np.int64] | int = 0) -> NDArray[np.int64]:
    """The `order` column: creations, then by `sequence` (0 to MAX_SEQUENCE), then by kind."""
    ordered: NDArray[np.int64] = kind.astype(np.int64) + sequence * _KINDS_IN_A_SEQUENCE
    return np.where(kind == _CREATED, _FIRST + sequence, ordered)
