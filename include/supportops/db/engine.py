"""Engines for the two supported stores: SQLite for one machine, PostgreSQL for the rest."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from supportops.db.storable import storable
from supportops.files import PRIVATE, close_to_others, kind_of

_SQLITE_SETTINGS = {"cached_statements", "check_same_thread", "timeout"}
_BESIDE = ("-wal", "-shm", "-journal")
DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}
LOCK_WAIT_SECONDS = 60
# Whatever the server, the database or the user has as its default: psycopg reads no other style of
# dates, and transactions are written for this isolation.
_SESSION = (
    "SET datestyle = 'ISO, YMD'; SET timezone = 'UTC'; "
    "SET default_transaction_isolation = 'read committed'"
)
CONNECT_SECONDS = 10


class StoreAddressError(ValueError):
    """The store's address cannot be used. The message never holds a password."""


def store_url(address: str) -> URL:
    """`address` as a URL with its driver named: a bare `postgresql://` means psycopg 3 here.

    `postgres://`, as hosting companies and Airflow write it, is read too.
    """
    try:
        url = make_url(address.strip())
    except (ArgumentError, ValueError):  # ValueError: a port that is no number
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
    if backend == "sqlite" and (unknown := url.query.keys() - _SQLITE_SETTINGS):
        raise StoreAddressError(f"the store's address has an unknown setting {min(unknown)!r}")
    if backend == "postgresql" and "@" in f"{url.host}{url.database}":
        # What follows a bare @ of the password is taken for the host, which errors name.
        raise StoreAddressError(
            "the store's address has an @ in its password; write it as %40, and / as %2F"
        )
    if url.port is not None and not 0 < url.port < 65536:
        raise StoreAddressError(f"the port {url.port} in the store's address; expected 1 to 65535")
    if storable(address) != address:
        raise StoreAddressError("the store's address is not UTF-8, or has a NUL")
    return url.set(drivername=DRIVERS[backend])


def make_engine(address: str | URL, *, lock_wait: float | None = None) -> Engine:
    """An engine whose writers wait for each other, for `lock_wait` seconds, and then fail.

    Its errors, which end in logs, hold no values: these are customers' words, and links with their
    signatures.
    """
    url = store_url(address) if isinstance(address, str) else address
    wait = LOCK_WAIT_SECONDS if lock_wait is None else lock_wait
    try:
        if url.get_backend_name() == "postgresql":
            return _postgresql(url, wait)
        engine = create_engine(url, connect_args={"timeout": wait}, hide_parameters=True)
    except (ArgumentError, TypeError, ValueError) as error:
        words = url.set(query={}).render_as_string(hide_password=True)
        raise StoreAddressError(f"the store's address {words} cannot be used: {error}") from None
    event.listen(engine, "do_connect", _make_private)
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


def _postgresql(url: URL, wait: float) -> Engine:
    # libpq itself waits for a server that never answers as long as the network does.
    settings: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, "client_encoding": "utf8"}
    named = {name: value for name, value in settings.items() if name not in url.query}
    engine = create_engine(
        url,
        pool_pre_ping=True,
        pool_size=4,
        max_overflow=4,
        connect_args=named,
        hide_parameters=True,
    )

    def prepare(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {round(wait * 1000)}; {_SESSION}")
        connection.commit()

    event.listen(engine, "connect", prepare)
    return engine


def _make_private(_dialect: Any, _record: Any, arguments: Any, _options: Any) -> None:
    """The store's file is its owner's alone from the start; SQLite gives those beside it, such as
    its log, the same mode. One that others can read is closed to them."""
    path = Path(arguments[0])
    if (kind := kind_of(path)) is not None:
        raise StoreAddressError(f"the store {path} is {kind}, no file")
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
    except OSError:
        return  # SQLite says why
    try:
        for each in (path, *(path.with_name(path.name + end) for end in _BESIDE)):
            close_to_others(each)
    finally:
        os.close(handle)


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
