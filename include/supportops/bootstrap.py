"""From the environment to an engine, a configuration folder and secrets.

Secrets are named like Airflow Connections. In a shell they are read from `AIRFLOW_CONN_<NAME>`;
inside Airflow a `lookup` of its Connections is used where that variable is not set.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from supportops.clock import shared_clock as shared_clock
from supportops.connections import (
    STORE_CONNECTION,
    Lookup,
    SetupError,
    fields_of,
    look_up,
    oauth_of,
    path_in,
    secret_of,
    uri_of,
    variable_of,
)
from supportops.context import Context, Secrets
from supportops.db.engine import make_engine, store_url
from supportops.db.migrate import check
from supportops.db.storable import storable
from supportops.schedule import CONFIG_VARIABLE, configured_folder
from supportops.tickets.source import TicketSource

STORE_VARIABLE = "SUPPORTOPS_DATABASE_URL"
STATUS_PAGES_VARIABLE = "SUPPORTOPS_STATUS_PAGES"
_SETTINGS = ("SUPPORTOPS_", "AIRFLOW_CONN_")


@contextmanager
def open_context(lookup: Lookup | None = None, *, migrated: bool = True) -> Iterator[Context]:
    """A context, closed at the end. Raises SetupError, StoreAddressError or SchemaError.

    `lookup` is Airflow's `Connection.get` where there is Airflow. With `migrated` the store must
    be at this version's schema.
    """
    engine = make_engine(store_address(lookup))
    try:
        if migrated:
            check(engine)
        yield Context(engine, config_folder(), secret_reader(lookup), status_pages_folder())
    finally:
        engine.dispose()


def store_address(lookup: Lookup | None = None) -> str:
    """The store's address: the variable, else the Connection `support_db`. Raises SetupError."""
    named = os.environ.get(STORE_VARIABLE) or os.environ.get(variable_of(STORE_CONNECTION))
    if named:
        return uri_of(named)
    connection = look_up(lookup, STORE_CONNECTION)
    if connection is None:
        raise SetupError(
            f"no store is named: set {STORE_VARIABLE}, for instance to "
            f"sqlite+pysqlite:////path/store.db, or in Airflow the Connection {STORE_CONNECTION}"
        )
    return connection.get_uri()


def has_store() -> bool:
    """Whether a store is named and, where it is a file, exists: to open one would make it.

    Raises as `store_address` and `make_engine` do.
    """
    url = store_url(store_address())
    return url.get_backend_name() != "sqlite" or Path(str(url.database)).is_file()


def config_folder() -> Path:
    """The folder of the configuration. Raises SetupError where there is none."""
    folder = configured_folder()
    if not folder.is_dir():
        raise SetupError(f"no configuration folder {folder}: set {CONFIG_VARIABLE} to one")
    return folder


def status_pages_folder() -> Path | None:
    """The folder of status pages, None where none is named. Raises SetupError."""
    named = os.environ.get(STATUS_PAGES_VARIABLE)
    if not named:
        return None
    if not Path(named).is_absolute():
        raise SetupError(f"{STATUS_PAGES_VARIABLE} is {named!r}; expected an absolute path")
    return Path(named)


def secret_reader(lookup: Lookup | None = None) -> Secrets:
    """A function from a secret's name to its value, None where it is not set.

    A Connection holds an Apprise address (or a URL) as its password, or where Airflow's own
    Apprise provider does, under `config` -> `path` in its extra. One whose extra has a
    `token_endpoint` is read as the JSON of that extra: see docs/mailbox.md.
    """

    def read(name: str) -> str | None:
        written = os.environ.get(variable_of(name))
        if written:
            return secret_of(written)
        connection = look_up(lookup, name)
        if connection is None:
            return None
        extra = connection.extra_dejson
        return oauth_of(extra, connection.password) or connection.password or path_in(extra)

    return read


@contextmanager
def open_ticket_sources(lookup: Lookup | None = None) -> Iterator[Sequence[TicketSource]]:
    """Every ticket source whose connection is set, in the order of the registry; closes them.

    A source's connection has its name, such as `zendesk`; what its fields mean is for the source
    to say. Raises SetupError for a connection that cannot be used.
    """
    # Clients of ticket systems take long to import, and only a sync needs them.
    from supportops.tickets.registry import SOURCES

    with ExitStack() as stack:
        sources = []
        for name, connect in SOURCES.items():
            fields = _connection_fields(name, lookup)
            if fields is None:
                continue
            try:
                sources.append(stack.enter_context(closing(connect(fields))))
            except ValueError as error:
                raise SetupError(f"the connection {name}: {error}") from None
        yield tuple(sources)


def _connection_fields(name: str, lookup: Lookup | None) -> Mapping[str, Any] | None:
    """Host, login, password and extra of a connection, None where it is not set."""
    written = os.environ.get(variable_of(name))
    if written:
        return fields_of(name, written)
    connection = look_up(lookup, name)
    if connection is None:
        return None
    return {
        "host": connection.host,
        "login": connection.login,
        "password": connection.password,
        "extra": connection.extra_dejson,
    }


def check_environment() -> None:
    """Raises SetupError where a setting of ours in the environment is not UTF-8."""
    for name, value in os.environ.items():
        if name.startswith(_SETTINGS) and storable(value) != value:
            raise SetupError(f"the variable {name} is not UTF-8")
