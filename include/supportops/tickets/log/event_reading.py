"""Reads events from the store straight into columns, some tickets at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, func, select

from supportops.db.schema import ticket_events as events_table
from supportops.db.schema import tickets as tickets_table
from supportops.row_order import sorted_rows
from supportops.tickets.columns import (
    AUTHOR_CODES,
    KIND_CODES,
    EventColumns,
    epoch_microseconds,
    order_of,
)
from supportops.tickets.log.event_sql import Query, Result, Values, is_postgres, run_query

TICKETS_IN_A_CHUNK = 50_000
Ids = Sequence[int] | NDArray[np.int64]
Recorded = tuple[EventColumns, NDArray[np.int64]]


def event_columns(
    connection: Connection,
    *,
    tickets: Ids | None = None,
    touched_since: datetime | None = None,
    open_only: bool = False,
    until: datetime | None = None,
) -> EventColumns:
    """The events of the selected tickets, in order; about 30 bytes per event.

    `tickets` selects by id, `touched_since` tickets with an event recorded after that instant,
    `open_only` those open now, `until` the events that had happened by then. All conditions that
    are given must hold.
    """
    chunks = list(
        event_chunks(
            connection,
            tickets=tickets,
            touched_since=touched_since,
            open_only=open_only,
            until=until,
        )
    )
    if not chunks:
        nothing = np.empty(0, dtype=np.int64)
        small = nothing.astype(np.int8)
        return EventColumns(nothing, nothing, nothing, small, small, nothing.astype(np.int32))
    return EventColumns(
        ticket=np.concatenate([chunk.ticket for chunk in chunks]),
        at=np.concatenate([chunk.at for chunk in chunks]),
        order=np.concatenate([chunk.order for chunk in chunks]),
        kind=np.concatenate([chunk.kind for chunk in chunks]),
        author=np.concatenate([chunk.author for chunk in chunks]),
        value=np.concatenate([chunk.value for chunk in chunks]),
        values=chunks[-1].values,
    )


def event_chunks(
    connection: Connection,
    *,
    tickets: Ids | None = None,
    touched_since: datetime | None = None,
    open_only: bool = False,
    until: datetime | None = None,
    size: int = TICKETS_IN_A_CHUNK,
    ahead: bool = False,
) -> Iterator[EventColumns]:
    """As `event_columns`, at most `size` tickets at a time, by ascending id.

    A ticket's events are in one chunk, and a code of `values` means the same in every chunk.
    `ahead`: the next chunk is read while the caller works on this one, and until the last has come
    the caller leaves the connection alone.
    """
    values = Values()
    base = events_query(connection, touched_since, open_only, until)
    if tickets is not None:
        ids = np.unique(np.asarray(tickets, dtype=np.int64))
        pages = (ids[start : start + size].tolist() for start in range(0, len(ids), size))
        queries = (base.among(connection, "e.ticket", "tickets", page) for page in pages)
    else:
        queries = (
            base.where(
                "e.ticket BETWEEN %(lowest)s AND %(highest)s", {"lowest": low, "highest": high}
            )
            for low, high in _ranges(connection, touched_since, open_only, size)
        )
    results = (run_query(connection, each, values) for each in queries)
    for result in _one_ahead(results) if ahead else results:
        if len(result.event):
            yield _in_order(result)


def _one_ahead(results: Iterator[Result]) -> Iterator[Result]:
    """The same results; the next one is fetched in a thread, while the database works alone."""
    with ThreadPoolExecutor(1, thread_name_prefix="events") as reader:
        following = reader.submit(next, results, None)
        while (result := following.result()) is not None:
            following = reader.submit(next, results, None)
            yield result


def recorded_chunks(connection: Connection, size: int) -> Iterator[Recorded]:
    """All events, `size` tickets at a time by ascending id, and when each was recorded.

    The second array, int64, has microseconds since 1970 UTC, a row for each event. A ticket's
    events are in one chunk; rows are in no particular order.
    """
    table, after = tickets_table.c, 0
    while True:
        page = select(table.id).where(table.id > after).order_by(table.id).limit(size)
        ids = list(connection.execute(page).scalars())
        if not ids:
            return
        yield _recorded_between(connection, ids[0], ids[-1])
        after = ids[-1]


def events_query(
    connection: Connection, touched_since: datetime | None, open_only: bool, until: datetime | None
) -> Query:
    """The query for the events of every ticket that meets the conditions of `event_columns`."""
    selected = Query("ticket_events e", {})
    if open_only or touched_since is not None:
        selected = Query("ticket_events e JOIN tickets t ON t.id = e.ticket", {})
    if open_only:
        selected = selected.where("t.open", {})
    if touched_since is not None:
        since = _instant(connection, touched_since)
        selected = selected.where("t.touched_at > %(since)s", {"since": since})
    if until is not None:
        # What is stamped before its ticket's creation counts at the creation, so not yet.
        selected = selected.where(
            "e.happened_at <= %(until)s "
            "AND e.ticket NOT IN (SELECT id FROM tickets WHERE created_at > %(until)s)",
            {"until": _instant(connection, until)},
        )
    return selected


def _ranges(
    connection: Connection, touched_since: datetime | None, open_only: bool, size: int
) -> Iterator[tuple[int, int]]:
    """Ranges of ids, each with `size` of the selected tickets."""
    table = tickets_table.c
    selected: Select[Any] = select(table.id).order_by(table.id).limit(size)
    if open_only:
        selected = selected.where(table.open)
    if touched_since is not None:
        selected = selected.where(table.touched_at > touched_since)
    after = 0
    while True:
        page = selected.where(table.id > after).subquery()
        found = select(func.min(page.c.id), func.max(page.c.id))
        lowest, highest = connection.execute(found).one()
        if lowest is None:
            return
        yield lowest, highest
        after = highest


def _in_order(result: Result) -> EventColumns:
    """The rows in order, from each ticket's creation on."""
    columns = result.columns
    # Equal events of one act stay as they were stored.
    rows = sorted_rows(columns.ticket, columns.at, columns.order, result.event)
    return columns.take(rows).from_creation().ordered()


def _instant(connection: Connection, at: datetime) -> datetime | int:
    return at if is_postgres(connection) else epoch_microseconds(at)


def _recorded_between(connection: Connection, lowest: int, highest: int) -> Recorded:
    table = events_table.c
    columns = (table.ticket, table.happened_at, table.recorded_at, table.kind, table.author)
    rows = select(*columns, table.value, table.sequence).order_by(table.id)
    found = connection.execute(rows.where(table.ticket.between(lowest, highest))).all()
    return _recorded_columns(found)


def _recorded_columns(found: Iterable[Any]) -> Recorded:
    codes: dict[str | None, int] = {None: 0}
    listed = list(found)
    kind = np.array([KIND_CODES[row.kind] for row in listed], dtype=np.int8)
    value = [codes.setdefault(row.value, len(codes)) for row in listed]
    events = EventColumns(
        ticket=np.array([row.ticket for row in listed], dtype=np.int64),
        at=np.array([epoch_microseconds(row.happened_at) for row in listed], dtype=np.int64),
        order=order_of(kind, np.array([row.sequence for row in listed], dtype=np.int64)),
        kind=kind,
        author=np.array([AUTHOR_CODES[row.author] for row in listed], dtype=np.int8),
        value=np.array(value, dtype=np.int32),
        values=tuple(codes),
    )
    recorded = [epoch_microseconds(row.recorded_at) for row in listed]
    return events.from_creation(), np.array(recorded, dtype=np.int64)
