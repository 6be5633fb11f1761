"""Stores of older revisions: real ones that older versions made, and rows for any schema."""

from __future__ import annotations

import gzip
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, func, insert, select

from flows.operations.backing_up.filled import value
from supportops.db.copying import Copied, copy_store, measured
from supportops.db.engine import make_engine, reading, writing
from supportops.db.migrate import upgrade
from supportops.db.present import present
from supportops.db.schema import metadata

FOLDER = Path(__file__).parents[2] / "data" / "old_stores"
MADE = sorted(file.name.split(".")[0] for file in FOLDER.glob("*.gz"))
ROWS = 4

Rows = dict[str, list[dict[str, Any]]]
"""Rows by their table; rows of other tables refer to them."""
Held = tuple[tuple[str, ...], Copied]
"""A table's columns, and what was in them."""


def unpacked(revision: str, folder: Path) -> Engine:
    """The SQLite store that the version with this revision made."""
    file = folder / f"{revision}.db"
    file.write_bytes(gzip.decompress((FOLDER / f"{revision}.sqlite.gz").read_bytes()))
    return make_engine(f"sqlite+pysqlite:///{file}")


def moved(source: Engine, revision: str, target: Engine) -> None:
    """Has the empty database `target` hold what `source` does."""
    upgrade(target, revision)
    copy_store(source, target)


@dataclass
class Walked:
    """A store that is brought from revision to revision, and what it held before."""

    engine: Engine
    made: Rows = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)

    def look(self) -> None:
        """Remembers what the store holds now."""
        with reading(self.engine) as connection:
            for table in present(connection):
                columns = tuple(c.name for c in table.columns)
                self.held[table.name] = columns, measured(connection, table)

    def changed(self) -> list[str]:
        """The tables that do not hold any more what they held, in the columns that they had."""
        found = []
        with reading(self.engine) as connection:
            now = {table.name: table for table in present(connection)}
            for name, (columns, held) in self.held.items():
                holds = measured(connection, now[name], columns)
                if holds != held:
                    found.append(name)
                    self.held[name] = columns, holds
        return found

    def add_rows(self) -> None:
        """Adds rows to every table that has a new column; some are NULL, texts are odd."""
        with writing(self.engine) as connection:
            for table in present(connection):
                columns = tuple(c.name for c in table.columns)
                if self.held.get(table.name, ((),))[0] != columns:
                    self._add(connection, table)
                    self.held[table.name] = columns, measured(connection, table)

    def add_to(self, *names: str) -> None:
        """Adds rows to the tables of these names, and remembers what they hold."""
        with writing(self.engine) as connection:
            tables = {table.name: table for table in present(connection)}
            for table in (tables[name] for name in names):
                self._add(connection, table)
                columns = tuple(c.name for c in table.columns)
                self.held[table.name] = columns, measured(connection, table)

    def _add(self, connection: Connection, table: Table) -> None:
        made = self.made.setdefault(table.name, [])
        highest = _highest(connection, table)
        if table.name == "alert_hold" and highest:
            return
        page, chance = metadata.tables[table.name], random.Random(f"{table.name} {highest}")
        rows = [
            {c.name: value(page.c[c.name], number, self.made, chance) for c in table.columns}
            for number in range(highest + 1, highest + 1 + ROWS)
        ]
        made.extend(rows)
        connection.execute(insert(table), rows)


def _highest(connection: Connection, table: Table) -> int:
    """The number of the last row; where rows have none, how many there are."""
    numbered = metadata.tables[table.name].autoincrement_column
    if numbered is None:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()
    return connection.execute(select(func.max(table.c[numbered.name]))).scalar() or 0
