"""Migrates a store to the schema of this version, and checks that it is.

SQLite has one writer at a time, so there all migrations are one transaction: an upgrade that fails
leaves the store as it was. On a PostgreSQL in use each migration is committed by itself, waits only
briefly for a lock that stops others, and tries again later (`supportops.db.online` has what
migrations do there). Killed at any point, an upgrade is finished by the next one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import OperationalError, PendingRollbackError

from supportops.db.engine import make_engine, reading, writing
from supportops.db.locks import Lock
from supportops.db.schema import metadata

# PostgreSQL's lock_not_available and deadlock_detected: what has a lock gives it back in the end.
_RETRIED = ("55P03", "40P01")


class SchemaError(RuntimeError):
    """The store is not at this version's schema; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How an upgrade waits for others, in seconds.

    `lock`: for one lock; whoever wants the same table meanwhile waits behind it. `pause`: before it
    tries again. `whole`: in all, before it gives up.
    """

    lock: float = 2.0
    pause: float = 3.0
    whole: float = 900.0


PATIENCE = Patience()
Say = Callable[[str], None]
"""Called with a sentence when an upgrade waits."""


def upgrade(
    engine: Engine, to: str = "head", *, patience: Patience = PATIENCE, say: Say | None = None
) -> str:
    """Migrates to the newest revision, or to revision `to`, and returns its name.

    Of two upgrades at once the second waits, and finds nothing to do. Raises SchemaError for a
    store of a newer version, and where others do not let go of a table.
    """
    say = say or (lambda _: None)
    until = time.monotonic() + patience.whole
    with _alone(engine, patience, say):
        while True:
            try:
                return _upgrade(engine, to, patience)
            except PendingRollbackError as error:
                # Alembic went on with a connection that was lost: what lost it comes first.
                raise error.__context__ or error from None
            except OperationalError as error:
                if not _in_use(error):
                    raise
                if time.monotonic() > until:
                    raise SchemaError(
                        "the store is in use by others, who did not let go of a table for "
                        f"{patience.whole:.0f} s; end what reads or writes it for so long, then "
                        "run `supportops db upgrade` again"
                    ) from None
            say("the store is in use by others: waiting for a moment to change a table")
            time.sleep(patience.pause)


def check(engine: Engine) -> None:
    """Raises SchemaError unless the store is at the newest revision."""
    with reading(engine) as connection:
        found = current(connection)
    if found != newest():
        raise SchemaError(difference(found))


def difference(found: str | None) -> str:
    """What is wrong with a store at revision `found`, which is not the newest, and what to do."""
    if is_newer(found):
        return (
            f"the store is at revision {found}, which this version does not know (its newest is "
            f"{newest()}): a newer version migrated it. Run that version, or restore the backup "
            "from before the upgrade (docs/upgrading.md)"
        )
    return (
        f"the store is at revision {found or 'none'}, this version needs {newest()}: "
        "run `supportops db upgrade`"
    )


def is_newer(found: str | None) -> bool:
    """Whether revision `found` is one that this version does not know."""
    return found is not None and found not in {script.revision for script in revisions()}


def current(connection: Connection) -> str | None:
    """The store's revision, None where nothing was migrated yet."""
    try:
        return MigrationContext.configure(connection).get_current_revision()
    except CommandError:
        raise SchemaError(
            "the table alembic_version of the store has several rows: it is no store of this "
            "program, or was changed by hand; restore a backup"
        ) from None


def newest() -> str:
    """The newest revision of this version."""
    return revisions()[-1].revision


@cache
def revisions() -> tuple[Script, ...]:
    """All revisions of this version, oldest first."""
    return tuple(ScriptDirectory.from_config(_alembic(None)).walk_revisions())[::-1]


def _upgrade(engine: Engine, to: str, patience: Patience) -> str:
    with reading(engine) as connection:
        found = current(connection)
    if is_newer(found):
        raise SchemaError(difference(found))
    if found is None:
        _refuse_unfit(engine)
    if found is None or engine.dialect.name != "postgresql":
        # A new store has no table that anybody could want.
        with writing(engine) as connection:
            command.upgrade(_alembic(connection), to)
            return current(connection) or ""
    with _own(engine, patience) as own, own.connect() as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.commit()
        command.upgrade(_alembic(connection, online=True), to)
        return current(connection) or ""


def encoding(connection: Connection) -> str:
    """The encoding of the database's texts."""
    statement = "SHOW server_encoding"
    if connection.dialect.name != "postgresql":
        statement = "PRAGMA encoding"
    return str(connection.execute(text(statement)).scalar_one())


def _refuse_unfit(engine: Engine) -> None:
    """No new store is made among tables of the same names, nor where not every text has a place."""
    with reading(engine) as connection:
        found = encoding(connection)
        taken = sorted(metadata.tables.keys() & set(inspect(connection).get_table_names()))
    if taken:
        raise SchemaError(
            f"the database has no store, and already a table {taken[0]}: it is another program's, "
            "or its table alembic_version was removed. Name an empty database"
        )
    if not found.startswith("UTF"):
        raise SchemaError(
            f"the database's encoding is {found}; expected UTF8: make it anew by CREATE DATABASE "
            "... ENCODING 'UTF8' TEMPLATE template0"
        )


@contextmanager
def _own(engine: Engine, patience: Patience) -> Iterator[Engine]:
    """An engine on the same database whose connections wait for a lock as `patience` says."""
    address = engine.url.render_as_string(hide_password=False)
    own = make_engine(address, lock_wait=patience.lock)
    try:
        yield own
    finally:
        own.dispose()


@contextmanager
def _alone(engine: Engine, patience: Patience, say: Say) -> Iterator[None]:
    """Admits one upgrade at a time; on SQLite the transaction does."""
    if engine.dialect.name != "postgresql":
        yield
        return
    # The lock is given back by closing the connection.
    with _own(engine, patience) as own, own.connect() as plain:
        connection = plain.execution_options(isolation_level="AUTOCOMMIT")
        # A statement that waits for the lock would be waited for by CREATE INDEX CONCURRENTLY.
        asked = text("SELECT pg_try_advisory_lock(:lock)")
        waits = False
        while not connection.execute(asked, {"lock": Lock.MIGRATE_SCHEMA.value}).scalar_one():
            if not waits:
                say("another upgrade is at work: waiting for its end")
            waits = True
            time.sleep(min(patience.pause, 0.5))
        yield


def _in_use(error: OperationalError) -> bool:
    if getattr(error.orig, "sqlstate", None) in _RETRIED:
        return True
    return "database is locked" in str(error.orig)


def _alembic(connection: Connection | None, *, online: bool = False) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes.update(connection=connection, online=online)
    return config
