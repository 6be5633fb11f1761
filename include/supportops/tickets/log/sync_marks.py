"""How far each source was read: a mark for each of its streams, in the table `sync_marks`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from supportops.db.schema import sync_marks
from supportops.db.statements import insert_new, insert_or_update


def read_mark(connection: Connection, source: str, stream: str) -> str | None:
    """The mark of a stream, None before it has one."""
    c = sync_marks.c
    query = select(c.mark).where(c.source == source, c.stream == stream)
    return connection.execute(query).scalar_one_or_none()


def set_mark(connection: Connection, source: str, stream: str, mark: str, now: datetime) -> None:
    """Sets a mark. Call it in the transaction that stores what the mark covers."""
    insert_or_update(connection, sync_marks, [_row(source, stream, mark, now)])


def set_first_mark(
    connection: Connection, source: str, stream: str, mark: str, now: datetime
) -> None:
    """Sets a mark unless there is one."""
    insert_new(connection, sync_marks, [_row(source, stream, mark, now)])


def _row(source: str, stream: str, mark: str, now: datetime) -> dict[str, object]:
    return {"source": source, "stream": stream, "mark": mark, "moved_at": now}
