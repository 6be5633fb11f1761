"""Events out of the store together with when we heard of each, for judging what was known when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from supportops.db.schema import ticket_events as events_table
from supportops.db.schema import tickets as tickets_table
from supportops.tickets.columns import (
    AUTHOR_CODES,
    KIND_CODES,
    EventColumns,
    epoch_microseconds,
    order_of,
)

Recorded = tuple[EventColumns, NDArray[np.int64]]


def recorded_chunks(connection: Connection, size: int) -> Iterator[Recorded]:
    """All events, `size` tickets at a time by ascending id, and the microsecond each was recorded.

    A ticket's events are in one chunk; rows are in no order.
    """
    table, after = tickets_table.c, 0
    while True:
        page = select(table.id).where(table.id > after).order_by(table.id).limit(size)
        ids = list(connection.execute(page).scalars())
        if not ids:
            return
        yield _between(connection, ids[0], ids[-1])
        after = ids[-1]


def _between(connection: Connection, lowest: int, highest: int) -> Recorded:
    table = events_table.c
    columns = (table.ticket, table.happened_at, table.recorded_at, table.kind, table.author)
    rows = select(*columns, table.value, table.source_event)
    found = connection.execute(rows.where(table.ticket.between(lowest, highest))).all()
    return _columns(found)


def _columns(found: Iterable[Any]) -> Recorded:
    codes: dict[str | None, int] = {None: 0}
    listed = sorted(found, key=lambda row: row.source_event)  # the order among equal kinds
    kind = np.array([KIND_CODES[row.kind] for row in listed], dtype=np.int8)
    value = [codes.setdefault(row.value, len(codes)) for row in listed]
    events = EventColumns(
        ticket=np.array([row.ticket for row in listed], dtype=np.int64),
        at=np.array([epoch_microseconds(row.happened_at) for row in listed], dtype=np.int64),
        order=order_of(kind, np.arange(len(listed), dtype=np.int64)),
        kind=kind,
        author=np.array([AUTHOR_CODES[row.author] for row in listed], dtype=np.int8),
        value=np.array(value, dtype=np.int32),
        values=tuple(codes),
    )
    recorded = [epoch_microseconds(row.recorded_at) for row in listed]
    return events, np.array(recorded, dtype=np.int64)
