"""Engines for the two supported stores: SQLite for one machine, PostgreSQL for the rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}
LOCK_WAIT_SECONDS = 60


class StoreAddressError(ValueError):
    """The store's address cannot be used. The message never holds a password."""


def store_url(address: str) -> URL:
    """`address` as a URL with its driver named: a bare `postgresql://` means psycopg 3 here.

    `postgres://`, as hosting companies and Airflow write it, is read too.
    """
    try:
        url = make_url(address.strip())
    except ArgumentError:
        raise StoreAddressError(
            "the store's address is no URL; expected sqlite+pysqlite:////absolute/path.db or "
            "postgresql+psycopg://user:password@host/name"
        ) from None
    named = url.drivername.partition("+")[0]
    backend = "postgresql" if named == "postgres" else named
    if backend not in DRIVERS:
        raise StoreAddressError(f"a store on {backend!r}; expected sqlite or postgresql")
    if backend == "sqlite" and not (url.database or "").startswith("/"):
        raise StoreAddressError(
            "a relative SQLite path; expected an absolute one: sqlite+pysqlite:////path/to/file.db"
        )
    return url.set(drivername=DRIVERS[backend])


def make_engine(address: str, *, lock_wait: float | None = None) -> Engine:
    """An engine whose writers wait for each other, for `lock_wait` seconds, and then fail."""
    url = store_url(address)
    if url.get_backend_name() == "postgresql":
        return create_engine(url, pool_pre_ping=True, pool_size=4, max_overflow=4)
    engine = create_engine(
        url, connect_args={"timeout": LOCK_WAIT_SECONDS if lock_wait is None else lock_wait}
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection for one consistent snapshot; it never waits for a writer."""
    with engine.connect().execution_options(supportops_reads=True) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that is committed at the end, or not at all."""
    with engine.begin() as connection:
        yield connection


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own BEGIN comes too late and is deferred; ours is sent by _begin_sqlite.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer that begins deferred and upgrades later fails at once with "database is locked",
    # whatever its timeout; one that begins immediate waits its turn.
    reads = connection.get_execution_options().get("supportops_reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
