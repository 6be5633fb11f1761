"""Many values as one parameter of a query: writing a parameter for each takes longer than it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Text,
    bindparam,
    column,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import Subquery


def array_text(values: Sequence[int]) -> str:
    """Integers as PostgreSQL reads an array: "{1,2}". The driver would adapt them one by one."""
    return f"{{{','.join(map(str, values))}}}"


def any_of(parameter: str) -> str:
    """What PostgreSQL compares with to find one of an array of integers, written as `array_text`.

    Where it sees how long the array is, it reads a whole table of events for a fiftieth of them;
    it takes the result of a query for ten, and uses the index.
    """
    return f"ANY(ARRAY(SELECT unnest(CAST({parameter} AS bigint[]))))"


def among(
    connection: Connection, where: ColumnElement[Any], values: Sequence[int]
) -> ColumnElement[bool]:
    """Whether the column `where` is one of `values`, integers of 64 bits."""
    if connection.dialect.name == "postgresql":
        given = bindparam("among", array_text(values), type_=Text, unique=True)
        return where == text(any_of(":among")).bindparams(given)
    return where.in_(select(_json_each(values).c.value))


def listed(connection: Connection, values: Sequence[str]) -> Subquery:
    """One row for each of `values`, in its column `value`."""
    if connection.dialect.name == "postgresql":
        given = bindparam(None, list(values), type_=ARRAY(Text))
        table = func.unnest(given).table_valued(column("value", Text)).render_derived()
    else:
        table = _json_each(values)
    return select(table.c.value).subquery()


def _json_each(values: Sequence[Any]) -> Any:
    return func.json_each(bindparam(None, json.dumps(list(values)))).table_valued(column("value"))
