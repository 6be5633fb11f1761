"""JSON of a row that may be damaged: SQLite stores any text, and raises when it looks into it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from supportops.db.schema import Json


class sound_json(FunctionElement[Any]):
    """A JSON column; NULL where its text is no JSON."""

    inherit_cache = True
    type = Json
    name = "sound_json"

    def __init__(self, column: ColumnElement[Any]) -> None:
        super().__init__(column)


@compiles(sound_json)
def _as_it_is(element: sound_json, compiler: SQLCompiler, **options: Any) -> str:
    """PostgreSQL stores no other JSON."""
    return compiler.process(element.clauses, **options)


@compiles(sound_json, "sqlite")
def _if_valid(element: sound_json, compiler: SQLCompiler, **options: Any) -> str:
    column = compiler.process(element.clauses, **options)
    return f"CASE WHEN json_valid({column}) THEN {column} END"
