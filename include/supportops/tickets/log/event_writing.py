"""Inserts new events in bulk, in the fastest way of each database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from supportops.tickets.columns import epoch_microseconds
from supportops.tickets.log.event_sql import is_postgres
from supportops.tickets.ticket import Event

_COLUMNS = (
    "source, source_event, ticket, kind, author, happened_at, recorded_at, value, facts, sequence"
)
_COPY = f"COPY ticket_events ({_COLUMNS}) FROM STDIN"
_INSERT = f"INSERT INTO ticket_events ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608

Numbered = tuple[int, Event]


def insert_events(connection: Connection, events: Sequence[Numbered], now: datetime) -> None:
    """Inserts events, each with its ticket's id; none may be stored already.

    A `recorded_at` after `now` is stored as `now`.
    """
    if not is_postgres(connection):
        connection.exec_driver_sql(_INSERT, list(_sqlite_rows(events, now)))
        return
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        for row in _rows(events, now):
            copy.write_row(row)


def _sqlite_rows(events: Iterable[Numbered], now: datetime) -> Iterator[tuple[Any, ...]]:
    for *words, happened, recorded, value, facts, sequence in _rows(events, now):
        at = (epoch_microseconds(happened), epoch_microseconds(recorded))
        yield (*words, *at, value, facts, sequence)


def _rows(events: Iterable[Numbered], now: datetime) -> Iterator[tuple[Any, ...]]:
    for ticket, event in events:
        yield (
            event.source,
            event.source_event,
            ticket,
            event.kind.value,
            event.author.value,
            event.happened_at,
            min(event.recorded_at, now),
            event.value,
            json.dumps(event.facts) if event.facts else "{}",
            event.sequence,
        )
