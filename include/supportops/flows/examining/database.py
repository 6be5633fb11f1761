"""The store: its schema, its clock, its rights, and the room that it has."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine, text

from supportops.db.engine import reading
from supportops.db.migrate import current, newest
from supportops.flows.examining.finding import Finding, Installation, Level, fine
from supportops.rendering.render import duration

# Deadlines are in minutes, and a check's times in seconds.
_CLOCKS_APART, _CLOCKS_WRONG = timedelta(seconds=2), timedelta(seconds=60)
# A thousand sites write 110 MB a day.
_LEAST_FREE, _LITTLE_FREE = 500_000_000, 5_000_000_000
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
    if found == newest():
        name = "PostgreSQL" if is_postgres(installation.context.engine) else "SQLite"
        yield fine(f"the store answers ({name} {version}), at revision {found}")
        return
    yield Finding(
        Level.FAULT,
        f"the store is at revision {found or 'none'}, this version needs {newest()}",
        "No flow works on a store of another version.",
        "supportops db upgrade",
    )


def clocks(installation: Installation) -> Iterator[Finding]:
    """Whether this machine's clock and the database's agree."""
    engine = installation.context.engine
    if not is_postgres(engine):
        yield fine("the store has the clock of this machine")
        return
    with reading(engine) as connection:
        theirs = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    apart = abs(theirs - installation.now)
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
    """Whether the store's user can do more than it needs."""
    engine = installation.context.engine
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


def room(installation: Installation) -> Iterator[Finding]:
    """How large the store is, and how much room is left where it lies."""
    engine = installation.context.engine
    if is_postgres(engine):
        with reading(engine) as connection:
            size = connection.execute(text("SELECT pg_database_size(current_database())"))
            taken = int(size.scalar_one())
        yield fine(f"the store has {taken // _MEGABYTE:,} MB; its server's disk is not seen here")
        folder = Path.cwd()
    else:
        file = Path(str(engine.url.database))
        yield fine(f"the store has {file.stat().st_size // _MEGABYTE:,} MB")
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
