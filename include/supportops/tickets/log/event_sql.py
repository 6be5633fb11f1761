"""The query for a chunk of events in each database, and its result as numpy columns.

PostgreSQL gathers each column into one binary array, which numpy reads as it comes: there is no
Python object per row. SQLite runs in the process already and returns rows.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from supportops.db.listed import any_of, array_text
from supportops.tickets.columns import AUTHOR_CODES, KIND_CODES, EventColumns, order_of

# PostgreSQL counts binary timestamps from 2000-01-01.
_POSTGRES_EPOCH = 946_684_800_000_000
_ARRAY_HEADER = 20
_FETCH = 20_000


def _cases(column: str, codes: Mapping[str, int]) -> str:
    whens = " ".join(f"WHEN '{word}' THEN {code}" for word, code in codes.items())
    return f"CASE {column} {whens} END"


# The codes are those of the enums; no text from outside gets into the statement.
_KIND = _cases("e.kind", KIND_CODES)
_AUTHOR = _cases("e.author", AUTHOR_CODES)
_POSTGRES = f"""
SELECT array_agg(e.ticket), array_agg(e.happened_at), array_agg(e.id), array_agg(e.sequence),
       array_agg(({_KIND})::int8), array_agg(({_AUTHOR})::int8),
       array_agg(CASE WHEN e.value IS NULL THEN 0 ELSE hashtextextended(e.value, %(seed)s) END)
FROM """  # noqa: S608
_SQLITE = f"""
SELECT e.ticket, e.happened_at, e.id, e.sequence, {_KIND}, {_AUTHOR}, e.value
FROM """  # noqa: S608
_VALUES_OF = "SELECT value FROM ticket_events WHERE id = ANY(%(ids)s::bigint[]) ORDER BY id"


@dataclass(frozen=True, slots=True)
class Query:
    """The FROM and WHERE of a query, with `%(name)s` for each parameter, and the parameters."""

    source: str
    parameters: Mapping[str, Any]

    def among(self, connection: Connection, column: str, name: str, chosen: Sequence[int]) -> Query:
        """The query limited to rows whose `column` is one of `chosen`."""
        if is_postgres(connection):
            within = f"{column} = {any_of(f'%({name})s')}"
            return self.where(within, {name: array_text(chosen)})
        listed = json.dumps(list(chosen))
        within = f"(SELECT value FROM json_each(%({name})s))"  # noqa: S608
        return self.where(f"{column} IN {within}", {name: listed})

    def where(self, condition: str, parameters: Mapping[str, Any]) -> Query:
        """The query with one more condition."""
        joint = " AND " if " WHERE " in self.source else " WHERE "
        return Query(f"{self.source}{joint}{condition}", {**self.parameters, **parameters})


@dataclass(slots=True)
class Values:
    """The code of each value so far; on PostgreSQL also by the hash that stands for a value.

    Each read has another seed for the hash, so that nobody can write two texts that collide.
    """

    codes: dict[str | None, int] = field(default_factory=lambda: {None: 0})
    hashes: dict[int, int] = field(default_factory=lambda: {0: 0})
    seed: int = field(default_factory=lambda: secrets.randbits(62))


@dataclass(frozen=True, slots=True)
class Result:
    """Events in no order, and their ids."""

    columns: EventColumns
    event: NDArray[np.int64]


def is_postgres(connection: Connection) -> bool:
    """Whether the database is PostgreSQL; the other one is SQLite."""
    return connection.dialect.name == "postgresql"


def run_query(connection: Connection, query: Query, values: Values) -> Result:
    """The events that `query` selects, in no order; new values are added to `values`."""
    if is_postgres(connection):
        return _run_postgres(connection, query, values)
    return _run_sqlite(connection, query, values)


def _run_sqlite(connection: Connection, query: Query, values: Values) -> Result:
    rows = connection.execute(
        text(_named(_SQLITE + query.source, query.parameters)), query.parameters
    )
    codes, parts = values.codes, []
    while page := rows.fetchmany(_FETCH):
        *numbers, written = zip(*page, strict=True)
        value = [codes.setdefault(each, len(codes)) for each in written]
        parts.append(np.array((*numbers, value), dtype=np.int64))
    table = np.concatenate(parts, axis=1) if parts else np.empty((7, 0), dtype=np.int64)
    return _result(list(table), values)


def _run_postgres(connection: Connection, query: Query, values: Values) -> Result:
    driver: Any = connection.connection.driver_connection
    with driver.cursor(binary=True) as cursor:
        cursor.execute(_POSTGRES + query.source, {**query.parameters, "seed": values.seed})
        found = cursor.pgresult
        columns = [_array(found.get_value(0, column)) for column in range(7)]
    columns[1] = columns[1] + _POSTGRES_EPOCH
    columns[6] = _coded(driver, columns[6], columns[2], values)
    return _result(columns, values)


def _array(written: bytes | None) -> NDArray[np.int64]:
    """PostgreSQL's binary bigint[] or timestamptz[] without nulls: a header, then length, value."""
    if written is None:
        return np.empty(0, dtype=np.int64)
    element = np.dtype([("length", ">i4"), ("value", ">i8")])
    return np.frombuffer(written, element, offset=_ARRAY_HEADER)["value"].astype(np.int64)


def _coded(
    driver: Any, hashed: NDArray[np.int64], event: NDArray[np.int64], values: Values
) -> NDArray[np.int64]:
    """Codes for hashed values; the text of a new value is read from an event that has it."""
    unique, first, where = np.unique(hashed, return_index=True, return_inverse=True)
    new = [at for at, each in enumerate(unique.tolist()) if each not in values.hashes]
    new.sort(key=lambda at: int(event[first[at]]))
    with driver.cursor() as cursor:
        if new:
            cursor.execute(_VALUES_OF, {"ids": event[first[new]].tolist()})
            for at, (written,) in zip(new, cursor.fetchall(), strict=True):
                code = values.codes.setdefault(written, len(values.codes))
                values.hashes[int(unique[at])] = code
    codes = np.array([values.hashes[each] for each in unique.tolist()], dtype=np.int64)
    return codes[where]


def _result(columns: Sequence[NDArray[np.int64]], values: Values) -> Result:
    ticket, at, event, sequence, kinds, authors, value = columns
    kind = kinds.astype(np.int8)
    return Result(
        EventColumns(
            ticket=ticket,
            at=at,
            order=order_of(kind, sequence),
            kind=kind,
            author=authors.astype(np.int8),
            value=value.astype(np.int32),
            values=tuple(values.codes),
        ),
        event,
    )


def _named(statement: str, parameters: Mapping[str, Any]) -> str:
    for name in parameters:
        statement = statement.replace(f"%({name})s", f":{name}")
    return statement
