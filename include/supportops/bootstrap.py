"""From the environment to an engine, a configuration folder and secrets.

Secrets are named like Airflow Connections. In a shell they are read from `AIRFLOW_CONN_<NAME>`;
inside Airflow a `lookup` of its Connections is used where that variable is not set.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from supportops.clock import shared_clock as shared_clock
from supportops.context import Context, Secrets
from supportops.db.engine import make_engine, store_url
from supportops.db.migrate import check
from supportops.db.storable import storable
from supportops.schedule import CONFIG_VARIABLE, configured_folder
from supportops.tickets.source import TicketSource

STORE_VARIABLE = "SUPPORTOPS_DATABASE_URL"
STORE_CONNECTION = "support_db"
AIRFLOW_CONNECTION = "airflow_api"
AIRFLOW_VARIABLE = "AIRFLOW_CONN_AIRFLOW_API"
STATUS_PAGES_VARIABLE = "SUPPORTOPS_STATUS_PAGES"
EXECUTOR_VARIABLE = "AIRFLOW__CORE__EXECUTOR"
BROKER_VARIABLE = "AIRFLOW__CELERY__BROKER_URL"
AUTH_VARIABLE = "AIRFLOW__CORE__AUTH_MANAGER"
USERS_VARIABLE = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"
ALL_ADMINS_VARIABLE = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"


_SETTINGS = ("SUPPORTOPS_", "AIRFLOW_CONN_")


class SetupError(RuntimeError):
    """A setting is missing or cannot be used; the message says which, and how to set it."""


class Connection(Protocol):
    """The parts of an Airflow Connection that are read here."""

    @property
    def host(self) -> str | None: ...
    @property
    def login(self) -> str | None: ...
    @property
    def password(self) -> str | None: ...
    @property
    def extra_dejson(self) -> Mapping[str, Any]: ...
    def get_uri(self) -> str: ...


Lookup = Callable[[str], Connection]


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
    named = os.environ.get(STORE_VARIABLE) or os.environ.get(_variable(STORE_CONNECTION))
    if named:
        return _uri_of(named)
    connection = _look_up(lookup, STORE_CONNECTION)
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


@dataclass(frozen=True, slots=True)
class Workers:
    """Tasks run in workers of their own, as Airflow's settings have it. `broker`: the address of
    their queues, None where it is not known in this process."""

    broker: str | None = field(repr=False)


def several_workers() -> Workers | None:
    """None where tasks run in the scheduler, or this process knows nothing of Airflow."""
    if "CeleryExecutor" not in os.environ.get(EXECUTOR_VARIABLE, ""):
        return None
    return Workers(os.environ.get(BROKER_VARIABLE) or None)


@dataclass(frozen=True, slots=True)
class AirflowUsers:
    """The users of Airflow's simple auth manager, as its settings have them. `roles` by login, ""
    for none; `all_admins`: nobody has to sign in."""

    roles: Mapping[str, str]
    all_admins: bool = False


def airflow_users() -> AirflowUsers | None:
    """None where another auth manager keeps the users, or this process knows nothing of Airflow."""
    written = os.environ.get(USERS_VARIABLE)
    all_admins = os.environ.get(ALL_ADMINS_VARIABLE, "").strip().lower() in ("true", "t", "1")
    if "SimpleAuthManager" not in os.environ.get(AUTH_VARIABLE, "SimpleAuthManager"):
        return None
    if written is None and not all_admins:
        return None
    parts = [each.strip().split(":") for each in (written or "").split(",") if each.strip()]
    roles = {login: "".join(more[:1]).strip() for login, *more in parts}
    return AirflowUsers(roles, all_admins)


def secret_reader(lookup: Lookup | None = None) -> Secrets:
    """A function from a secret's name to its value, None where it is not set.

    A Connection holds an Apprise address (or a URL) as its password, or where Airflow's own
    Apprise provider does, under `config` -> `path` in its extra. One whose extra has a
    `token_endpoint` is read as the JSON of that extra: see docs/mailbox.md.
    """

    def read(name: str) -> str | None:
        written = os.environ.get(_variable(name))
        if written:
            return _secret_of(written)
        connection = _look_up(lookup, name)
        if connection is None:
            return None
        extra = connection.extra_dejson
        return _oauth(extra, connection.password) or connection.password or _path_in(extra)

    return read


@dataclass(frozen=True, slots=True)
class AirflowLogin:
    """Where Airflow's own API is, without a slash at the end, and who asks there."""

    url: str
    user: str
    password: str = field(repr=False)


def airflow_login() -> AirflowLogin | None:
    """From the variable `AIRFLOW_CONN_AIRFLOW_API`; None where it is not set.

    Raises SetupError where it names no address with a user and a password.
    """
    written = os.environ.get(AIRFLOW_VARIABLE)
    if not written:
        return None
    fields = _fields_of(AIRFLOW_CONNECTION, written)
    address = str(fields.get("host") or "")
    if not written.lstrip().startswith("{"):
        named = _parts_of(AIRFLOW_CONNECTION, written)
        address = f"{named.scheme}://{address}{named.path}"
    parts = _parts_of(AIRFLOW_CONNECTION, address)
    user, password = str(fields.get("login") or ""), str(fields.get("password") or "")
    if parts.scheme not in ("http", "https") or not (parts.hostname and user and password):
        raise SetupError(
            f"{AIRFLOW_VARIABLE}: expected http://user:password@host, or JSON with host, login "
            "and password"
        )
    return AirflowLogin(address.rstrip("/"), user, password)


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
    written = os.environ.get(_variable(name))
    if written:
        return _fields_of(name, written)
    connection = _look_up(lookup, name)
    if connection is None:
        return None
    return {
        "host": connection.host,
        "login": connection.login,
        "password": connection.password,
        "extra": connection.extra_dejson,
    }


def _fields_of(name: str, written: str) -> Mapping[str, Any]:
    """A connection's host, login, password and extra, from JSON or an address."""
    if not written.lstrip().startswith("{"):
        parts = _parts_of(name, written)
        host = parts.netloc.rpartition("@")[2]
        return {
            "host": unquote(host),
            "login": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "extra": dict(parse_qsl(parts.query)),
        }
    try:
        fields = json.loads(written)
        extra = fields.get("extra") or {}
        return {**fields, "extra": json.loads(extra) if isinstance(extra, str) else extra}
    except (ValueError, AttributeError):
        raise SetupError(
            f"the connection {name} is no JSON with host, login, password, extra"
        ) from None


def _parts_of(name: str, address: str) -> SplitResult:
    """The parts of an address. Raises SetupError for one that is none, whose own error would repeat
    its password."""
    try:
        return urlsplit(address)
    except ValueError:
        raise SetupError(
            f"the connection {name} is no address; signs such as [ ] in its password are written "
            "as %5B %5D"
        ) from None


def _look_up(lookup: Lookup | None, name: str) -> Connection | None:
    """Airflow's Connection `name`, None where there is none; other errors are passed on.

    The exception is recognised by its name, since this package does not import Airflow. Others
    must not count as "there is none": while the metadata server is down, messages would be given
    up for lack of a receiver.
    """
    if lookup is None:
        return None
    try:
        return lookup(name)
    except Exception as error:
        if type(error).__name__ == "AirflowNotFoundException":
            return None
        raise


def check_environment() -> None:
    """Raises SetupError where a setting of ours in the environment is not UTF-8."""
    for name, value in os.environ.items():
        if name.startswith(_SETTINGS) and storable(value) != value:
            raise SetupError(f"the variable {name} is not UTF-8")


def _variable(name: str) -> str:
    return f"AIRFLOW_CONN_{name.upper()}"


def _uri_of(written: str) -> str:
    """A connection's address; Airflow also lets it be written as JSON."""
    if not written.lstrip().startswith("{"):
        return written
    from sqlalchemy.engine import URL

    try:
        fields = json.loads(written)
        url = URL.create(
            fields["conn_type"],
            fields.get("login"),
            fields.get("password"),
            fields.get("host"),
            fields.get("port"),
            fields.get("schema"),
        )
    except (ValueError, KeyError, TypeError):
        raise SetupError(
            f"the connection {STORE_CONNECTION} is no JSON with conn_type, host, schema ..."
        ) from None
    return url.render_as_string(hide_password=False)


def _secret_of(written: str) -> str | None:
    if not written.lstrip().startswith("{"):
        return written
    try:
        fields = json.loads(written)
    except ValueError:
        return None
    extra = fields.get("extra") or {}
    if isinstance(extra, str):
        try:
            extra = json.loads(extra)
        except ValueError:
            extra = {}
    return _oauth(extra, fields.get("password")) or fields.get("password") or _path_in(extra)


def _oauth(extra: Mapping[str, Any], password: str | None) -> str | None:
    """The extra as JSON where it names a token endpoint; the password is the client's secret."""
    if not isinstance(extra, Mapping) or not extra.get("token_endpoint"):
        return None
    return json.dumps({"client_secret": password, **extra} if password else dict(extra))


def _path_in(extra: Mapping[str, Any]) -> str | None:
    config = extra.get("config")
    entries = config if isinstance(config, list) else [config]
    for entry in entries:
        if isinstance(entry, Mapping) and isinstance(entry.get("path"), str):
            return str(entry["path"])
    return None
