"""Copies a whole store into an empty one, row for row, between SQLite and PostgreSQL alike."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Table, delete, func, insert, select, text

from supportops.db.engine import reading, writing
from supportops.db.migrate import SchemaError, current, difference, is_newer
from supportops.db.present import present
from supportops.db.schema import metadata

_ROWS_AT_ONCE = 2_000
# A store that was migrated and never used has rows in none of these.
_USED = ("configurations", "check_runs", "alerts", "tickets", "reports")

OnRows = Callable[[str, int], None]
"""Called with a table's name and how many of its rows were copied so far."""


class StoreInUseError(RuntimeError):
    """The store to be filled holds something already; the message says what."""


class DifferentCopyError(RuntimeError):
    """A copy does not hold what was copied; the message names the table."""


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
    the copy early leaves it empty. Raises SchemaError unless both are at one revision that this
    version knows, StoreInUseError, and DifferentCopyError.
    """
    copied: dict[str, Copied] = {}
    with reading(source) as theirs, writing(target) as ours:
        _refuse_unlike(current(theirs), current(ours))
        tables = present(theirs)
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


def contents(engine: Engine) -> Mapping[str, Copied]:
    """Every table of a store, as of one instant."""
    with reading(engine) as connection:
        return {table.name: measured(connection, table) for table in present(connection)}


def _copy_table(
    source: Connection, target: Connection, table: Table, on_rows: OnRows | None
) -> Copied:
    digest, count = hashlib.sha256(), 0
    names = [column.name for column in table.columns]
    for rows in _pages(source, table):
        for row in rows:
            digest.update(_canonical(row))
        target.execute(insert(table), [dict(zip(names, row, strict=True)) for row in rows])
        count += len(rows)
        if on_rows is not None:
            on_rows(table.name, count)
    return Copied(count, digest.hexdigest())


def measured(connection: Connection, table: Table, columns: Sequence[str] | None = None) -> Copied:
    """What `table` holds, in the columns of these names, or in all."""
    digest, count = hashlib.sha256(), 0
    for rows in _pages(connection, table, columns):
        for row in rows:
            digest.update(_canonical(row))
        count += len(rows)
    return Copied(count, digest.hexdigest())


def _pages(
    connection: Connection, table: Table, columns: Sequence[str] | None = None
) -> Iterator[Sequence[tuple[Any, ...]]]:
    """The rows by primary key, some at a time. Texts are ordered by their bytes."""
    order = [
        func.convert_to(column, "UTF8")
        if connection.dialect.name == "postgresql" and column.type.python_type is str
        else column
        for column in table.primary_key.columns
    ]
    chosen = table.columns if columns is None else [table.c[name] for name in columns]
    statement = select(*chosen).order_by(*order).execution_options(yield_per=_ROWS_AT_ONCE)
    for page in connection.execute(statement).partitions():
        yield [tuple(row) for row in page]


def _canonical(row: tuple[Any, ...]) -> bytes:
    plain = [_plain(value) for value in row]
    words = json.dumps(plain, sort_keys=True, ensure_ascii=False)
    if "-0.0" in words:  # PostgreSQL's JSON has no sign of nought
        words = json.dumps(_unsigned(plain), sort_keys=True, ensure_ascii=False)
    return words.encode("utf-8", "surrogatepass")


def _unsigned(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _unsigned(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_unsigned(each) for each in value]
    return 0.0 if isinstance(value, float) and value == 0 else value


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    return value


def _refuse_unlike(theirs: str | None, ours: str | None) -> None:
    if theirs is None or is_newer(theirs):
        raise SchemaError(difference(theirs))
    if ours != theirs:
        raise SchemaError(difference(ours))


def _refuse_used(connection: Connection, tables: Sequence[Table]) -> None:
    named = {table.name: table for table in tables}
    for name in (each for each in _USED if each in named):
        count = connection.execute(select(func.count()).select_from(named[name])).scalar_one()
        if count:
            raise StoreInUseError(f"the store to be filled holds {count} {name} already")


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
