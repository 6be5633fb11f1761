"""Judges stored tickets by a policy book, and sets those aside that cannot be judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from supportops.config.loader import check
from supportops.config.of_customers.one_name import promises_under_one_name
from supportops.config.of_tickets.service_levels import ServiceLevelsFile
from supportops.config.validation import validate
from supportops.config.yaml_source import Source, parse, read
from supportops.customers import Customers
from supportops.db.schema import tickets as tickets_table
from supportops.sla.calendar.business_hours import OutsideRange
from supportops.sla.policy import PolicyBook
from supportops.tickets.columns import EventColumns

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Unjudged:
    """A ticket that could not be judged, and the reason."""

    source: str
    ticket: str
    why: str


@dataclass(slots=True)
class Unjudgeable:
    """Collects the reasons why tickets could not be judged, by ticket id."""

    why: dict[int, str] = field(default_factory=dict)

    def named(self, connection: Connection) -> tuple[Unjudged, ...]:
        """The tickets with their source and number, by ascending id."""
        by_id = names(connection, np.array(sorted(self.why), dtype=np.int64))
        return tuple(Unjudged(*by_id[each], why) for each, why in sorted(self.why.items()))


def policy_book(folder: Path) -> PolicyBook:
    """The policies of a configuration folder. Raises ConfigurationError, or LookupError if none."""
    return _required(check(folder).configuration.promises, "service_levels.yaml")


def policy_book_of(file: Path, customers: Customers) -> PolicyBook:
    """The policies of one file, written like service_levels.yaml. Raises as `policy_book`."""
    return _book(read(file), file.name, customers)


def policy_book_in(text: str, name: str, customers: Customers) -> PolicyBook:
    """The policies of a text, written like service_levels.yaml. Raises as `policy_book`."""
    return _book(parse(name, text), name, customers)


def customers_in(folder: Path) -> Customers:
    """The customers of a configuration folder, to whom another file's promises are made."""
    return check(folder).configuration.customers


def _book(source: Source, name: str, customers: Customers) -> PolicyBook:
    book = _required(validate(ServiceLevelsFile, source, name).book(), name)
    return promises_under_one_name(book, customers)


def each_judged(
    events: EventColumns, judged: Callable[[NDArray[np.intp]], Answer], unjudgeable: Unjudgeable
) -> Iterator[Answer]:
    """Yields `judged(rows)`, where `rows` are positions in `events`; normally once, for all rows.

    Where `judged` raises OutsideRange (an instant lies outside a calendar), the rows are bisected
    by ticket until the ticket at fault is alone; it is added to `unjudgeable` and the rest judged.
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
                unjudgeable.why[int(ids[0])] = str(error)
                continue
            low = events.ticket[rows] < ids[len(ids) // 2]
            pending += [rows[~low], rows[low]]


def names(connection: Connection, ids: NDArray[np.int64]) -> dict[int, tuple[str, str]]:
    """The source and number of tickets, by their ids in the store."""
    table, found = tickets_table.c, {}
    unique = np.unique(ids)
    for start in range(0, len(unique), 10_000):
        page = unique[start : start + 10_000].tolist()
        rows = select(table.id, table.source, table.ticket).where(table.id.in_(page))
        found.update({row.id: (row.source, row.ticket) for row in connection.execute(rows)})
    return found


def _required(book: PolicyBook | None, file: str) -> PolicyBook:
    if book is None:
        raise LookupError(f"{file} makes no promises: it has no `policies`")
    return book
