"""A row as both databases can hold it, and as bytes that are the same whichever holds it.

SQLite stores what PostgreSQL refuses (NUL, half of a surrogate pair, NaN in JSON), and PostgreSQL's
JSON has numbers without the sign of nought and without an exponent.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Null

from supportops.db.storable import storable

_EXACT = 1e16
"""From here on Python writes a float with an exponent, and PostgreSQL's JSON all its digits."""
# One of these is in the words of a row that has a value that only one database can hold; some rows
# that have none contain them too, and cost a second look.
_SIGNS = ("-0.0", "e+", "\\u0000", "NaN", "Infinity")

Row = tuple[Any, ...]


def canonical(row: Row, columns: Sequence[Column[Any]]) -> tuple[Row, bytes]:
    """The row that is to be stored, which is `row` but for what only one database can hold, and
    its bytes."""
    words = _words(row)
    try:
        found = words.encode()
    except UnicodeEncodeError:
        return _of_both(row, columns)
    if any(sign in words for sign in _SIGNS):
        return _of_both(row, columns)
    return row, found


def _of_both(row: Row, columns: Sequence[Column[Any]]) -> tuple[Row, bytes]:
    stored = tuple(
        _json(storable(value)) if isinstance(column.type, JSON) else _plain(storable(value))
        for column, value in zip(columns, row, strict=True)
    )
    return stored, _words(tuple(map(_unsigned, stored))).encode()


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def _json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _json(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_json(each) for each in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if abs(value) >= _EXACT else _unsigned(value)
    return value


def _unsigned(value: Any) -> Any:
    return 0.0 if isinstance(value, float) and value == 0 else value


def _words(row: Row) -> str:
    return json.dumps([_jsonable(value) for value in row], sort_keys=True, ensure_ascii=False)


def _jsonable(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    if isinstance(value, Null):
        return None
    if value is JSON.NULL:
        return {"JSON": None}
    return value
