"""Copies a whole store into an empty one, row for row, between SQLite and PostgreSQL alike."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Engine,
    LargeBinary,
    Table,
    delete,
    func,
    insert,
    null,
    select,
    text,
)

from supportops.db.canonical import Row, canonical
from supportops.db.engine import reading, writing
from supportops.db.migrate import SchemaError, current, difference, is_newer, upgrade
from supportops.db.present import present
from supportops.db.schema import metadata

_ROWS_AT_ONCE = 2_000
_DOCUMENTS_AT_ONCE, _FILES_AT_ONCE = 200, 16
# A store that was migrated, and on which only a public endpoint was started, has rows in no others.
_UNUSED = {"alert_hold", "flow_activity", "endpoint_stops"}

OnRows = Callable[[str, int], None]
"""Called with a table's name and how many of its rows were copied so far."""


class StoreInUseError(RuntimeError):
    """The store to be filled holds something already; the message says what."""


class DifferentCopyError(RuntimeError):
    """A copy lacks what was copied, or a row cannot be read; the message names the table."""


@dataclass(frozen=True, slots=True)
class Copied:
    """How many rows a table has, and a SHA-256 over them, which is the same on both databases."""

    rows: int
    digest: str


def copy_store(
    source: Engine, target: Engine, on_rows: OnRows | None = None
) -> Mapping[str, Copied]:
    """Copies every table of `source`, as of one instant, and compares the copy with it.

    Others may write to `source` meanwhile. `target` is filled in one transaction: whatever ends
    the copy early leaves it empty, and who wants to write to it meanwhile waits. Raises SchemaError
    unless both are at one revision that this version knows, StoreInUseError, and
    DifferentCopyError.
    """
    copied: dict[str, Copied] = {}
    with reading(source) as theirs, writing(target) as ours:
        for connection in (theirs, ours):
            _wait_for_long(connection)
        _refuse_unlike(current(theirs), current(ours))
        tables = present(theirs)
        if ours.dialect.name == "postgresql":
            names = ", ".join(table.name for table in tables)
            ours.execute(text(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE"))
        _refuse_used(ours, tables)
        for table in reversed(tables):
            ours.execute(delete(table))
        for table in tables:
            copied[table.name] = _copy_table(theirs, ours, table, on_rows)
            if measured(ours, table) != copied[table.name]:
                raise DifferentCopyError(f"the copy of {table.name} differs from it")
        if target.dialect.name == "postgresql":
            _continue_numbers(ours, tables)
    return copied


def _wait_for_long(connection: Connection) -> None:
    """A limit that a server sets for statements of pages and tasks is too short for a copy."""
    if connection.dialect.name == "postgresql":
        for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
            connection.execute(text(f"SET LOCAL {limit} = 0"))


def make_ready(target: Engine) -> None:
    """Migrates a database that is to be filled, if it is empty.

    Raises StoreInUseError for one that is not, whatever its version, and SchemaError for one of a
    newer version; both leave it as it was.
    """
    with reading(target) as connection:
        found = current(connection)
        if is_newer(found):
            raise SchemaError(difference(found))
        _refuse_used(connection, present(connection))
    upgrade(target)


def contents(engine: Engine) -> Mapping[str, Copied]:
    """Every table of a store, as of one instant."""
    with reading(engine) as connection:
        return {table.name: measured(connection, table) for table in present(connection)}


def _copy_table(
    source: Connection, target: Connection, table: Table, on_rows: OnRows | None
) -> Copied:
    digest, count = hashlib.sha256(), 0
    names = [column.name for column in table.columns]
    for page in _pages(source, table):
        rows = []
        for row, line in page:
            digest.update(line)
            rows.append(dict(zip(names, row, strict=True)))
        target.execute(insert(table), rows)
        count += len(rows)
        if on_rows is not None:
            on_rows(table.name, count)
    return Copied(count, digest.hexdigest())


def measured(connection: Connection, table: Table, columns: Sequence[str] | None = None) -> Copied:
    """What `table` holds, in the columns of these names, or in all."""
    digest, count = hashlib.sha256(), 0
    for page in _pages(connection, table, columns):
        for _, line in page:
            digest.update(line)
            count += 1
    return Copied(count, digest.hexdigest())


def _pages(
    connection: Connection, table: Table, columns: Sequence[str] | None = None
) -> Iterator[Iterator[tuple[Row, bytes]]]:
    """The rows by primary key, some at a time, as `canonical` gives them. Texts are ordered by
    their bytes."""
    order = [
        func.convert_to(column, "UTF8")
        if connection.dialect.name == "postgresql" and column.type.python_type is str
        else column
        for column in table.primary_key.columns
    ]
    chosen = list(table.columns) if columns is None else [table.c[name] for name in columns]
    maybe = [at for at, column in enumerate(chosen) if isinstance(column.type, JSON)]
    absent = [chosen[at].is_(None) for at in maybe]
    options = {"yield_per": _at_once(chosen)}
    statement = select(*chosen, *absent).order_by(*order).execution_options(**options)
    try:
        for page in connection.execute(statement).partitions():
            yield (canonical(_with_nulls(tuple(row), maybe), chosen) for row in page)
    except ValueError as error:  # SQLite stores any text as JSON
        raise DifferentCopyError(f"{table.name} has a row that cannot be read: {error}") from None


def _with_nulls(row: Row, maybe: Sequence[int]) -> Row:
    """Of JSON the driver gives None for NULL and for JSON's null alike. Which one it is, the last
    columns of `row` say for those at the places `maybe`."""
    values, absent = list(row[: len(row) - len(maybe)]), row[len(row) - len(maybe) :]
    for at, is_null in zip(maybe, absent, strict=True):
        if values[at] is None:
            values[at] = null() if is_null else JSON.NULL
    return tuple(values)


def _at_once(columns: Sequence[Column[Any]]) -> int:
    """How many rows of a table are in memory at a time: each may hold a recording."""
    if any(isinstance(column.type, LargeBinary) for column in columns):
        return _FILES_AT_ONCE
    documents = any(isinstance(column.type, JSON) for column in columns)
    return _DOCUMENTS_AT_ONCE if documents else _ROWS_AT_ONCE


def _refuse_unlike(theirs: str | None, ours: str | None) -> None:
    if theirs is None or is_newer(theirs):
        raise SchemaError(difference(theirs))
    if ours != theirs:
        raise SchemaError(difference(ours))


def _refuse_used(connection: Connection, tables: Sequence[Table]) -> None:
    for table in tables:
        if table.name in _UNUSED:
            continue
        count = connection.execute(select(func.count()).select_from(table)).scalar_one()
        if count:
            raise StoreInUseError(
                f"the store to be filled holds {count:,} rows of {table.name} already: name an "
                "empty database"
            )


def _continue_numbers(connection: Connection, tables: Sequence[Table]) -> None:
    """PostgreSQL counts on from its last number of its own, not from what was inserted."""
    for table in tables:
        column = metadata.tables[table.name].autoincrement_column
        if column is None:
            continue
        sequence = connection.execute(
            text("SELECT pg_get_serial_sequence(:table, :column)"),
            {"table": table.name, "column": column.name},
        ).scalar()
        if sequence is not None:
            highest = connection.execute(select(func.max(column))).scalar()
            connection.execute(
                text("SELECT setval(CAST(:name AS regclass), :at, :used)"),
                {"name": sequence, "at": highest or 1, "used": highest is not None},
            )
