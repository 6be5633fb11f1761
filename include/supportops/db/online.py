"""What migrations do to tables that are in use: nobody waits longer than for one short statement.

On SQLite, and in a new store, each is what its name says, within the one transaction. On a
PostgreSQL in use an index is made concurrently and rows are filled in batches, outside any
transaction. What came before in the same migration is committed then, so all of it must be
repeatable: a migration that was killed begins anew. `if_not_exists=True` makes `op.create_table`
so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from alembic import context, op
from sqlalchemy import Column, Connection, TextClause, text

BATCH = 5_000
"""Rows of a batch: about 0.1 s of updates on two cores."""

_VALID = text(
    "SELECT i.indisvalid FROM pg_index i WHERE i.indexrelid = to_regclass(quote_ident(:name))"
)


def add_column(table: str, column: Column[Any]) -> None:
    """Adds a column that may be NULL or has a constant default: no row is written for it."""
    if _online():
        op.add_column(table, column, if_not_exists=True)
    else:
        op.add_column(table, column)


def create_index(
    name: str, table: str, columns: Sequence[str | TextClause], *, where: str | None = None
) -> None:
    """Creates an index while others read and write the table.

    One whose creation was interrupted is there and not valid; it is dropped and made anew.
    """
    limited = None if where is None else text(where)
    options: dict[str, Any] = {"postgresql_where": limited, "sqlite_where": limited}
    if not _online():
        op.create_index(name, table, columns, **options)
        return
    with _outside() as connection:
        # Waiting for old snapshots to go, it stops nobody but another change of the table.
        limit = connection.execute(text("SHOW lock_timeout")).scalar_one()
        connection.execute(text("SET lock_timeout = 0"))
        if connection.execute(_VALID, {"name": name}).scalar() is False:
            op.drop_index(name, table, postgresql_concurrently=True)
        op.create_index(
            name, table, columns, postgresql_concurrently=True, if_not_exists=True, **options
        )
        connection.execute(text(f"SET lock_timeout = '{limit}'"))


def fill(table: str, key: str, statement: str, *, size: int | None = None) -> None:
    """Executes `statement` for all rows of `table`, `size` at a time in the order of `key`.

    The statement is limited to rows whose key is `BETWEEN :first AND :last`, and may be executed
    for them more than once.
    """
    if not _online():
        _fill(op.get_bind(), table, key, statement, size or BATCH)
        return
    with _outside() as connection:
        _fill(connection, table, key, statement, size or BATCH)


def _fill(connection: Connection, table: str, key: str, statement: str, size: int) -> None:
    lowest = f"SELECT min({key}) FROM {table}"  # noqa: S608 (names of migrations)
    page = f"SELECT {key} FROM {table} WHERE {key} >= :first ORDER BY {key} LIMIT {size}"  # noqa: S608
    end = text(f"SELECT max({key}) FROM ({page}) AS page")  # noqa: S608
    first = connection.execute(text(lowest)).scalar()
    while first is not None:
        last = connection.execute(end, {"first": first}).scalar_one()
        connection.execute(text(statement), {"first": first, "last": last})
        first = connection.execute(text(f"{lowest} WHERE {key} > :last"), {"last": last}).scalar()


def _online() -> bool:
    return bool(context.config.attributes["online"])


@contextmanager
def _outside() -> Iterator[Connection]:
    """A connection outside any transaction: each statement is committed by itself."""
    with op.get_context().autocommit_block():
        yield op.get_bind()
