"""The tables that a store of any revision has: those of the schema page, as far as it has them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Column, Connection, MetaData, Table, inspect

from supportops.db.schema import metadata


def present(connection: Connection) -> Sequence[Table]:
    """The store's tables with the columns that they have, each after those that it refers to.

    Migrations add and do not remove, so an older schema is a part of the newest. Indexes and
    foreign keys are left out.
    """
    found = {
        table: columns for (_, table), columns in inspect(connection).get_multi_columns().items()
    }
    older, tables = MetaData(), []
    for table in metadata.sorted_tables:
        if table.name not in found:
            continue
        has = {column["name"] for column in found[table.name]}
        columns = [
            Column(c.name, c.type, primary_key=c.primary_key, nullable=c.nullable)
            for c in table.columns
            if c.name in has
        ]
        tables.append(Table(table.name, older, *columns))
    return tables
