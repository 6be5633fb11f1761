"""A store with rows in every table: whatever the schema can hold, odd texts among it."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    LargeBinary,
    Table,
    delete,
    insert,
)

from supportops.db.engine import writing
from supportops.db.schema import Instant, metadata

ROWS = 12
BEGINNING = datetime(2026, 3, 29, 0, 59, 59, 999_999, tzinfo=UTC)
TEXTS = ("", "plain", "Zoë's “shop” 网站 😀", "line\none\ttab", "a" * 3000, "'; DROP TABLE x; --")


def fill(store: Engine) -> None:
    """Twelve rows in each table, the same each time."""
    chance = random.Random(7)
    with writing(store) as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))
        made: dict[str, list[dict[str, Any]]] = {}
        for table in metadata.sorted_tables:
            made[table.name] = _rows(table, made, chance)
            connection.execute(insert(table), made[table.name])


def _rows(
    table: Table, made: dict[str, list[dict[str, Any]]], chance: random.Random
) -> list[dict[str, Any]]:
    count = 1 if table.name == "alert_hold" else ROWS
    return [
        {column.name: value(column, number, made, chance) for column in table.columns}
        for number in range(1, count + 1)
    ]


def value(
    column: Column[Any], number: int, made: dict[str, list[dict[str, Any]]], chance: random.Random
) -> Any:
    """A value for `column` of row `number`; `made`: the rows of the tables that it may refer to."""
    for key in column.foreign_keys:
        rows = made.get(key.column.table.name)
        if rows is None:  # it refers to its own table
            return None
        return rows[(number - 1) % len(rows)][key.column.name]
    unique = column.primary_key or column.unique or _is_in_a_key(column)
    if column.nullable and not unique and chance.random() < 0.3:
        return None
    kind = column.type
    if isinstance(kind, Instant):
        return BEGINNING + timedelta(hours=number, microseconds=number)
    if isinstance(kind, Boolean):
        return bool(number % 2)
    if isinstance(kind, LargeBinary):
        return bytes(range(256)) * number
    if isinstance(kind, Float):
        return number / 7
    if isinstance(kind, JSON):
        return {"b": [1, 2.5, -0.0, None, True], "a": {"ü": TEXTS[number % len(TEXTS)]}}
    if kind.python_type is int:
        return number
    text = TEXTS[number % len(TEXTS)]
    return f"{number} {text}" if unique else text


def _is_in_a_key(column: Column[Any]) -> bool:
    table = column.table
    unique = [c for c in table.constraints if type(c).__name__ == "UniqueConstraint"]
    return any(column in list(c.columns) for c in unique) or any(
        index.unique and column in list(index.columns) for index in table.indexes
    )


def numbers_go_on(connection: Connection) -> bool:
    """Whether a new row of a table with numbers of its own gets one that is free."""
    table = metadata.tables["quarantine"]
    row = {c.name: value(c, 99, {}, random.Random(1)) for c in table.columns if c.name != "id"}
    found = connection.execute(insert(table).values(row).returning(table.c.id)).scalar_one()
    return int(found) > ROWS
