"""Events as columns: millions in a few arrays, for the engine that computes clocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from supportops.tickets.ticket import Author, EventKind

KINDS = tuple(EventKind)
AUTHORS = tuple(Author)
KIND_CODES: Mapping[str, int] = {kind.value: code for code, kind in enumerate(KINDS)}
AUTHOR_CODES: Mapping[str, int] = {author.value: code for code, author in enumerate(AUTHORS)}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_RANKS = 2**32


@dataclass(frozen=True, slots=True, eq=False)
class EventColumns:
    """One row per event, in arrays of equal length; rows are in no particular order.

    `ticket` int64: `tickets.id`. `at` int64: when it happened, microseconds since 1970 UTC.
    `order` int64: the order among events of one ticket at one instant; sorting by (`ticket`,
    `at`, `order`) is the order of `Event.order`. `kind` int8: index into `tuple(EventKind)`.
    `author` int8: index into `tuple(Author)`. `value` int32: index into `values`, whose entry 0
    is None.
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
        if _in_order(self.ticket, self.at, self.order):
            return self
        return self.take(np.lexsort((self.order, self.at, self.ticket)))


def epoch_microseconds(at: datetime) -> int:
    """Whole microseconds since 1970 UTC of an aware datetime."""
    return (at - _EPOCH) // _MICROSECOND


def instant(microseconds: int) -> datetime:
    """The aware UTC datetime of `microseconds` since 1970."""
    return _EPOCH + timedelta(microseconds=int(microseconds))


def order_of(kind: NDArray[np.int8], rank: NDArray[np.int64] | int = 0) -> NDArray[np.int64]:
    """The `order` column: by kind first, then by `rank` (0 up to 2^32) among equal kinds."""
    ordered: NDArray[np.int64] = kind.astype(np.int64) * _RANKS + rank
    return ordered


def _in_order(*keys: NDArray[np.int64]) -> bool:
    """Whether rows are sorted by `keys`, the first one first."""
    if len(keys[0]) < 2:
        return True
    later = np.zeros(len(keys[0]) - 1, dtype=bool)
    for key in keys:
        before, after = key[:-1], key[1:]
        if bool(np.any(~later & (after < before))):
            return False
        later |= after > before
    return True
