"""Tickets out of the store under the promises: by what, under which names, and which cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from supportops.config.loader import load
from supportops.config.service_levels import ServiceLevelsFile
from supportops.config.single import load_file
from supportops.db.schema import tickets as tickets_table
from supportops.sla.business_hours import OutsideRange
from supportops.sla.policy import PolicyBook
from supportops.tickets.columns import EventColumns

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Unjudged:
    """A ticket that could not be judged, and why; the others are."""

    source: str
    ticket: str
    why: str


@dataclass(slots=True)
class Poisoned:
    """Collects, by ticket id, what could not be judged."""

    why: dict[int, str] = field(default_factory=dict)

    def told(self, connection: Connection) -> tuple[Unjudged, ...]:
        named = names(connection, np.array(sorted(self.why), dtype=np.int64))
        return tuple(Unjudged(*named[each], why) for each, why in sorted(self.why.items()))


def promises(folder: Path) -> PolicyBook:
    """The promises of a configuration folder. Raises ConfigurationError, or LookupError if none."""
    return _made(load(folder).promises, "service_levels.yaml")


def promises_of(file: Path) -> PolicyBook:
    """The promises of one file, written like service_levels.yaml."""
    return _made(load_file(file, ServiceLevelsFile).book(), file.name)


def each_judged(
    events: EventColumns, judged: Callable[[NDArray[np.intp]], Answer], poisoned: Poisoned
) -> Iterator[Answer]:
    """`judged(rows)` of all rows at once. Where an instant lies beyond a calendar the ticket that
    has it is found by halves and set aside.
    """
    rows = np.arange(len(events.ticket))
    pending = [rows] if len(rows) else []
    while pending:
        rows = pending.pop()
        try:
            yield judged(rows)
        except OutsideRange as error:
            ids = np.unique(events.ticket[rows])
            if len(ids) == 1:
                poisoned.why[int(ids[0])] = str(error)
                continue
            low = events.ticket[rows] < ids[len(ids) // 2]
            pending += [rows[~low], rows[low]]


def names(connection: Connection, ids: NDArray[np.int64]) -> dict[int, tuple[str, str]]:
    """Source and number of tickets by their ids."""
    table, found = tickets_table.c, {}
    unique = np.unique(ids)
    for start in range(0, len(unique), 10_000):
        page = unique[start : start + 10_000].tolist()
        rows = select(table.id, table.source, table.ticket).where(table.id.in_(page))
        found.update({row.id: (row.source, row.ticket) for row in connection.execute(rows)})
    return found


def _made(book: PolicyBook | None, file: str) -> PolicyBook:
    if book is None:
        raise LookupError(f"{file} makes no promises: it has no `policies`")
    return book
