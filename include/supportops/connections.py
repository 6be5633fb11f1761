"""Connections as Airflow has them: an address or JSON in a variable, or an object to look up."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

STORE_CONNECTION = "support_db"


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


def fields_of(name: str, written: str) -> Mapping[str, Any]:
    """A connection's host, login, password and extra, from JSON or an address."""
    if not written.lstrip().startswith("{"):
        parts = parts_of(name, written)
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


def parts_of(name: str, address: str) -> SplitResult:
    """The parts of an address. Raises SetupError for one that is none, whose own error would repeat
    its password."""
    try:
        return urlsplit(address)
    except ValueError:
        raise SetupError(
            f"the connection {name} is no address; signs such as [ ] in its password are written "
            "as %5B %5D"
        ) from None


def look_up(lookup: Lookup | None, name: str) -> Connection | None:
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


def variable_of(name: str) -> str:
    """The variable that holds the connection `name`, as Airflow has it."""
    return f"AIRFLOW_CONN_{name.upper()}"


def uri_of(written: str) -> str:
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


def secret_of(written: str) -> str | None:
    """What a connection holds as a secret: an address, or a password, a token endpoint or a path
    in its JSON; None where it holds none."""
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
    return oauth_of(extra, fields.get("password")) or fields.get("password") or path_in(extra)


def oauth_of(extra: Mapping[str, Any], password: str | None) -> str | None:
    """The extra as JSON where it names a token endpoint; the password is the client's secret."""
    if not isinstance(extra, Mapping) or not extra.get("token_endpoint"):
        return None
    return json.dumps({"client_secret": password, **extra} if password else dict(extra))


def path_in(extra: Mapping[str, Any]) -> str | None:
    """The address where Airflow's own Apprise provider has it, in `config` of the extra."""
    config = extra.get("config")
    entries = config if isinstance(config, list) else [config]
    for entry in entries:
        if isinstance(entry, Mapping) and isinstance(entry.get("path"), str):
            return str(entry["path"])
    return None
