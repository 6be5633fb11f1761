"""The store: its schema, its clock, its rights, and the room that it has."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, false, text, update
from sqlalchemy.exc import DBAPIError

from supportops.db.engine import make_engine, reading, writing
from supportops.db.migrate import current, encoding, is_newer, newest
from supportops.db.present import present
from supportops.db.schema import flow_activity, metadata
from supportops.flows.operations.examining.finding import (
    Finding,
    Installation,
    Level,
    fine,
    unknown,
)
from supportops.rendering.render import duration

# Deadlines are in minutes, and a check's times in seconds.
_CLOCKS_APART, _CLOCKS_WRONG = timedelta(seconds=2), timedelta(seconds=60)
# A thousand sites write 110 MB a day.
_LEAST_FREE, _LITTLE_FREE = 500_000_000, 5_000_000_000
LOCK_SECONDS = 2.0
_MEGABYTE = 1_000_000


def is_postgres(engine: Engine) -> bool:
    """Whether the store is a PostgreSQL; the other one is SQLite."""
    return engine.dialect.name == "postgresql"


def schema(installation: Installation) -> Iterator[Finding]:
    """Whether the store answers and is at this version's schema."""
    with reading(installation.context.engine) as connection:
        found = current(connection)
        version = connection.execute(
            text(
                "SHOW server_version"
                if is_postgres(installation.context.engine)
                else "SELECT sqlite_version()"
            )
        ).scalar_one()
        texts, lacking = encoding(connection), _lacking(connection)
    if is_newer(found):
        yield Finding(
            Level.FAULT,
            f"the store is at revision {found}, which this version does not know",
            "No flow works on a store of another version.",
            "install the version that migrated it, or restore a backup (docs/upgrading.md)",
        )
    elif found != newest():
        yield Finding(
            Level.FAULT,
            f"the store is at revision {found or 'none'}, this version needs {newest()}",
            "No flow works on a store of another version.",
            "supportops db upgrade",
        )
    elif lacking:
        yield Finding(
            Level.FAULT,
            f"the store lacks {', '.join(lacking[:5])}, which its revision {found} has",
            "Whatever reads that fails.",
            "restore a backup into an empty database: supportops db restore FILE",
        )
    else:
        name = "PostgreSQL" if is_postgres(installation.context.engine) else "SQLite"
        yield fine(f"the store answers ({name} {version}), at revision {found}")
    if not texts.startswith("UTF"):
        yield Finding(
            Level.WARNING,
            f"the database's encoding is {texts}",
            "A name or text with a character that it lacks is refused, and with it the ticket.",
            "make a database with ENCODING 'UTF8' and copy the store: supportops db copy VARIABLE",
        )


def _lacking(connection: Connection) -> list[str]:
    """The tables and columns of this version's schema that are not there, as far as any are."""
    found = {table.name: set(table.columns.keys()) for table in present(connection)}
    return [
        name
        for table in metadata.sorted_tables
        for name in (
            [f"{table.name}.{c.name}" for c in table.columns if c.name not in found[table.name]]
            if table.name in found
            else [table.name]
        )
    ]


def clocks(installation: Installation) -> Iterator[Finding]:
    """Whether this machine's clock and the database's agree."""
    engine = installation.context.engine
    if not is_postgres(engine):
        yield fine("the store has the clock of this machine")
        return
    with reading(engine) as connection:
        # `now` is when the examination began, which may be a while ago.
        began = datetime.now(UTC)  # noqa: TID251 (what is examined is the clock itself)
        theirs = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        middle = began + (datetime.now(UTC) - began) / 2  # noqa: TID251
    apart = abs(theirs - middle)
    if apart <= _CLOCKS_APART:
        yield fine(f"the database's clock agrees to {apart.total_seconds():.1f} s")
        return
    yield Finding(
        Level.FAULT if apart > _CLOCKS_WRONG else Level.WARNING,
        f"the database's clock is {duration(apart)} off this machine's",
        "Deadlines and claims of messages are compared with both.",
        "let both machines follow the same time servers (timedatectl, chronyc tracking)",
    )


def rights(installation: Installation) -> Iterator[Finding]:
    """Whether the store's user can do what it needs, and no more."""
    engine = installation.context.engine
    yield from _writable(engine)
    if not is_postgres(engine):
        # Whoever opens it closes it to others: `db.engine` sees to that.
        yield fine("the store is readable by its owner alone")
        return
    with reading(engine) as connection:
        powerful = connection.execute(
            text(
                "SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles "
                "WHERE rolname = current_user"
            )
        ).scalar_one()
        others = (
            connection.execute(
                text(
                    "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate "
                    "AND datname NOT IN (current_database(), 'postgres') "
                    "AND has_database_privilege(datname, 'CONNECT') ORDER BY datname"
                )
            )
            .scalars()
            .all()
        )
    if powerful:
        yield Finding(
            Level.WARNING,
            "the store's user is an administrator of the database server",
            "Every task has its password, and can read and change everything there.",
            "give the store a user of its own: deploy/create-databases.sh does it for compose",
        )
    elif others:
        yield Finding(
            Level.WARNING,
            f"the store's user may open other databases: {', '.join(others[:5])}",
            "A task could read what is not its own, such as Airflow's Connections.",
            f"REVOKE ALL ON DATABASE {others[0]} FROM PUBLIC",
        )
    else:
        yield fine("the store's user may open no other database")


def _writable(engine: Engine) -> Iterator[Finding]:
    """Nothing where a row could be written; none is."""
    own = make_engine(engine.url, lock_wait=LOCK_SECONDS)
    column = flow_activity.c.flow
    try:
        with writing(own) as connection:
            connection.execute(update(flow_activity).where(false()).values({column: column}))
    except DBAPIError as error:
        words = (str(error.orig).splitlines() or ["?"])[0]
        if "relation" in words or "no such" in words:
            raise  # it lacks tables, which is another finding
        if "lock" in words:
            yield Finding(
                Level.WARNING,
                f"somebody has been writing to the store for over {LOCK_SECONDS:.0f} s",
                "Everybody else who writes waits, and gives up after a minute.",
                "once more in a minute: supportops doctor; then end the command that hangs",
            )
            return
        mend = (
            "ask it: SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only')"
            ", has_table_privilege('flow_activity', 'UPDATE')"
            if is_postgres(engine)
            else f"ls -l {engine.url.database}; its user must own the file and the folder"
        )
        why = "Nothing is recorded, no alert is raised and none goes out."
        yield Finding(Level.FAULT, f"the store cannot be written to: {words}", why, mend)
    finally:
        own.dispose()


def room(installation: Installation) -> Iterator[Finding]:
    """How large the store is, and how much room is left where it lies."""
    engine = installation.context.engine
    if is_postgres(engine):
        with reading(engine) as connection:
            size = connection.execute(text("SELECT pg_database_size(current_database())"))
            taken = int(size.scalar_one())
        yield fine(f"the store has {taken // _MEGABYTE:,} MB")
        yield unknown(
            "how full the disk of the database's server is cannot be seen from here",
            "A full one ends checks and messages.",
            "df -h on that machine; with compose: docker compose exec postgres df -h",
        )
        folder = Path.cwd()
    else:
        file = Path(str(engine.url.database))
        parts = [file, file.with_name(f"{file.name}-wal")]
        taken = sum(part.stat().st_size for part in parts if part.exists())
        yield fine(f"the store has {taken // _MEGABYTE:,} MB")
        folder = file.parent
    free = shutil.disk_usage(folder).free
    if free >= _LITTLE_FREE:
        yield fine(f"{free // _MEGABYTE:,} MB are free at {folder}")
        return
    yield Finding(
        Level.FAULT if free < _LEAST_FREE else Level.WARNING,
        f"{free // _MEGABYTE:,} MB are free at {folder}",
        "A full disk ends checks, messages and Airflow itself.",
        "make room, and let old checks be summarised: supportops db prune",
    )
