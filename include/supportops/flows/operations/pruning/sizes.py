"""How much room rows take in the store, indexes included."""

from __future__ import annotations

from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import OperationalError

from supportops.db.schema import metadata

_POSTGRESQL = "SELECT pg_total_relation_size(CAST(:name AS regclass))"
_SQLITE = """
SELECT sum(pgsize) FROM dbstat
WHERE name IN (SELECT name FROM sqlite_master WHERE tbl_name = :name)
"""


def size_of(connection: Connection, table: str, rows: int) -> int | None:
    """About how many bytes so many of a table's rows take; None where the database does not say."""
    whole = _whole(connection, table)
    if whole is None:
        return None
    counted = select(func.count()).select_from(metadata.tables[table])
    return round(whole * rows / max(connection.execute(counted).scalar_one(), 1))


def _whole(connection: Connection, table: str) -> int | None:
    statement = _POSTGRESQL if connection.dialect.name == "postgresql" else _SQLITE
    try:
        found: int | None = connection.execute(text(statement), {"name": table}).scalar()
    except OperationalError:  # an SQLite that was built without its table of statistics
        return None
    return found
