"""Inserts that tolerate rows that are there already, alike on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

Row = Mapping[str, Any]


def insert_new(connection: Connection, table: Table, rows: Sequence[Row]) -> int:
    """Inserts `rows`, leaving out those whose key is there already; returns how many were new."""
    if not rows:
        return 0
    # The rows that come back are counted: psycopg knows no row count of a batch.
    statement = (
        _insert(connection, table).on_conflict_do_nothing().returning(next(iter(table.primary_key)))
    )
    return len(connection.execute(statement, [dict(row) for row in rows]).all())


def insert_missing(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """As `insert_new` without the count, which takes most of the time that thousands of rows need
    on PostgreSQL."""
    if rows:
        statement = _insert(connection, table).on_conflict_do_nothing()
        connection.execute(statement, [dict(row) for row in rows])


def insert_or_update(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Inserts `rows`; where the primary key is there already, the other columns are updated."""
    if not rows:
        return
    statement = _insert(connection, table)
    keys = [column.name for column in table.primary_key]
    values = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(
        statement.on_conflict_do_update(index_elements=keys, set_=values),
        [dict(row) for row in rows],
    )


def _insert(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
