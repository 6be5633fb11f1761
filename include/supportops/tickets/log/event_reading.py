"""Reads events out of the store straight into columns, some tickets at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, func, select

from supportops.db.schema import ticket_events as events_table
from supportops.db.schema import tickets as tickets_table
from supportops.tickets.columns import EventColumns, epoch_microseconds, order_of
from supportops.tickets.log.event_sql import Answer, Question, Values, ask, is_postgres

TICKETS_IN_A_CHUNK = 50_000
Ids = Sequence[int] | NDArray[np.int64]


def event_columns(
    connection: Connection,
    *,
    tickets: Ids | None = None,
    touched_since: datetime | None = None,
    open_only: bool = False,
    until: datetime | None = None,
) -> EventColumns:
    """The events of the tickets asked for, in order; about 30 bytes an event.

    `tickets` are ids; `touched_since` keeps the tickets that we heard of after that instant,
    `open_only` those that are open now, `until` the events that had happened by then. What is
    given must all hold.
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
) -> Iterator[EventColumns]:
    """As `event_columns`, at most `size` tickets at a time, by ascending id.

    A ticket's events are in one chunk, and a code of `values` means the same in every chunk.
    """
    values = Values()
    base = question(connection, touched_since, open_only, until)
    if tickets is not None:
        ids = np.unique(np.asarray(tickets, dtype=np.int64))
        pages = (ids[start : start + size].tolist() for start in range(0, len(ids), size))
        asked = (base.among(connection, "e.ticket", "tickets", page) for page in pages)
    else:
        asked = (
            base.where(
                "e.ticket BETWEEN %(lowest)s AND %(highest)s", {"lowest": low, "highest": high}
            )
            for low, high in _ranges(connection, touched_since, open_only, size)
        )
    for each in asked:
        answer = ask(connection, each, values)
        if len(answer.event):
            yield _ranked(connection, answer)


def question(
    connection: Connection, touched_since: datetime | None, open_only: bool, until: datetime | None
) -> Question:
    """The question for the events of every ticket that meets the conditions."""
    asked = Question("ticket_events e", {})
    if open_only or touched_since is not None:
        asked = Question("ticket_events e JOIN tickets t ON t.id = e.ticket", {})
    if open_only:
        asked = asked.where("t.open", {})
    if touched_since is not None:
        since = _instant(connection, touched_since)
        asked = asked.where("t.touched_at > %(since)s", {"since": since})
    if until is not None:
        asked = asked.where("e.happened_at <= %(until)s", {"until": _instant(connection, until)})
    return asked


def _ranges(
    connection: Connection, touched_since: datetime | None, open_only: bool, size: int
) -> Iterator[tuple[int, int]]:
    """Ranges of ids, each with `size` of the wanted tickets."""
    table = tickets_table.c
    wanted: Select[Any] = select(table.id).order_by(table.id).limit(size)
    if open_only:
        wanted = wanted.where(table.open)
    if touched_since is not None:
        wanted = wanted.where(table.touched_at > touched_since)
    after = 0
    while True:
        page = wanted.where(table.id > after).subquery()
        found = select(func.min(page.c.id), func.max(page.c.id))
        lowest, highest = connection.execute(found).one()
        if lowest is None:
            return
        yield lowest, highest
        after = highest


def _ranked(connection: Connection, answer: Answer) -> EventColumns:
    """The rows in order. Equal kinds at one instant are ranked by the source's event id."""
    columns, event = answer.columns, answer.event
    sequence = np.lexsort((event, columns.order, columns.at, columns.ticket))
    columns, event = columns.take(sequence), event[sequence]
    tied = _tied(columns)
    if not len(tied):
        return columns
    names = _names(connection, event[tied])
    ranks = np.zeros(len(columns), dtype=np.int64)
    by_name = sorted(tied.tolist(), key=lambda row: names[int(event[row])])
    ranks[by_name] = np.arange(len(by_name))
    order = order_of(columns.kind, ranks)
    return EventColumns(
        columns.ticket,
        columns.at,
        order,
        columns.kind,
        columns.author,
        columns.value,
        columns.values,
    ).ordered()


def _tied(columns: EventColumns) -> NDArray[np.intp]:
    """Rows that another one with the same ticket, instant and kind, but another word, stands by."""
    same = (
        (columns.ticket[1:] == columns.ticket[:-1])
        & (columns.at[1:] == columns.at[:-1])
        & (columns.order[1:] == columns.order[:-1])
    )
    group = np.concatenate(([0], np.cumsum(~same))) if len(columns) else np.empty(0, np.intp)
    other = same & (
        (columns.value[1:] != columns.value[:-1]) | (columns.author[1:] != columns.author[:-1])
    )
    return np.flatnonzero(np.isin(group, group[1:][other]))


def _names(connection: Connection, ids: NDArray[np.int64]) -> dict[int, str]:
    table = events_table.c
    found: dict[int, str] = {}
    for start in range(0, len(ids), 10_000):
        page = ids[start : start + 10_000].tolist()
        rows = connection.execute(select(table.id, table.source_event).where(table.id.in_(page)))
        found.update((row.id, row.source_event) for row in rows)
    return found


def _instant(connection: Connection, at: datetime) -> datetime | int:
    return at if is_postgres(connection) else epoch_microseconds(at)
