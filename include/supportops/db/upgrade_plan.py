"""What an upgrade would do to a store: its migrations, and how large the largest tables are."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Engine, func, select, text

from supportops.db.engine import reading
from supportops.db.migrate import SchemaError, current, difference, is_newer, newest, revisions
from supportops.db.present import present

_LARGEST = 8


@dataclass(frozen=True, slots=True)
class Step:
    """A migration that is still to be done, and what it is for."""

    revision: str
    about: str


@dataclass(frozen=True, slots=True)
class TableSize:
    """A table's rows, on PostgreSQL an estimate, and bytes with indexes, None where unknown."""

    name: str
    rows: int
    size: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """From which revision to which, by which steps; the largest tables come first."""

    at: str | None
    to: str
    steps: tuple[Step, ...]
    tables: tuple[TableSize, ...]

    def to_json(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)


def plan_of(engine: Engine) -> Plan:
    """What `migrate.upgrade` would do. Raises SchemaError for a store of a newer version."""
    with reading(engine) as connection:
        at = current(connection)
        if is_newer(at):
            raise SchemaError(difference(at))
        tables = sorted(_sizes(connection), key=lambda each: (-each.rows, each.name))
    steps = tuple(
        Step(script.revision, (script.doc or "").rstrip("."))
        for script in revisions()
        if at is None or script.revision > at
    )
    return Plan(at, newest(), steps, tuple(tables[:_LARGEST]))


def _sizes(connection: Connection) -> list[TableSize]:
    if connection.dialect.name == "postgresql":
        names = [table.name for table in present(connection)]
        found = connection.execute(
            text(
                "SELECT relname, greatest(reltuples, 0)::bigint, pg_total_relation_size(oid) "
                "FROM pg_class WHERE relkind = 'r' AND relname = ANY(:names) "
                "AND pg_table_is_visible(oid)"
            ),
            {"names": names},
        )
        return [TableSize(*row) for row in found]
    return [
        TableSize(
            table.name,
            connection.execute(select(func.count()).select_from(table)).scalar_one(),
            None,
        )
        for table in present(connection)
    ]
