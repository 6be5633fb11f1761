"""Migrates a store to the schema of this version, and checks that it is."""

from __future__ import annotations

import functools
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from supportops.db.engine import reading, writing
from supportops.db.locks import Lock, advisory_lock


class SchemaError(RuntimeError):
    """The store is not at this version's schema; the message says what to run."""


def upgrade(engine: Engine) -> str:
    """Migrates to the newest revision in one transaction and returns its name.

    Of two upgrades at once the second waits, and finds nothing to do.
    """
    with writing(engine) as connection:
        advisory_lock(connection, Lock.MIGRATE_SCHEMA)
        command.upgrade(_alembic(connection), "head")
        return current(connection) or ""


def check(engine: Engine) -> None:
    """Raises SchemaError unless the store is at the newest revision."""
    with reading(engine) as connection:
        found, expected = current(connection), newest()
    if found != expected:
        raise SchemaError(
            f"the store is at revision {found or 'none'}, this version needs {expected}: "
            "run `supportops db upgrade`"
        )


def current(connection: Connection) -> str | None:
    """The store's revision, None where nothing was migrated yet."""
    return MigrationContext.configure(connection).get_current_revision()


@functools.cache
def newest() -> str:
    """The newest revision of this version: of the code that this process has loaded."""
    head = ScriptDirectory.from_config(_alembic(None)).get_current_head()
    assert head is not None
    return head


def _alembic(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
