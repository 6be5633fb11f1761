"""Zendesk's side of things as values: an account, its people, and pages of its exports."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from supportops.tickets.source import SourceError
from supportops.tickets.ticket import Author

SOURCE = "zendesk"
# The tags of the tickets that this program raises for outages.
OUTAGE_TAGS = ("outage", "supportops")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.IGNORECASE)
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class ZendeskError(SourceError):
    """Zendesk did not do what was asked; `status` is its HTTP status, None without an answer."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message, refused=status in (401, 403))
        self.status = status


class UnsureError(ZendeskError):
    """It is unknown whether a write was carried out: the answer was lost, or was an error 5xx."""


@dataclass(frozen=True, slots=True)
class Account:
    """Where Zendesk is and how to log in: `address` is `https://NAME.zendesk.com`.

    With a `login` (`EMAIL/token`) the `token` is an API token, without one an OAuth token.
    `start` is the epoch second from which tickets are fetched the first time (0: all of them),
    `site_field` the id of the ticket field that names a site. `proxy` and `ca_bundle` are for
    networks that need them: nothing is taken from the environment.
    """

    address: str
    login: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    start: int = 0
    site_field: str | None = None
    proxy: str | None = field(default=None, repr=False)
    ca_bundle: str | None = None


@dataclass(frozen=True, slots=True)
class TicketPage:
    """A page of the cursor export. `cursor` continues after it; None where Zendesk gave none."""

    tickets: tuple[Any, ...]
    cursor: str | None
    last: bool


@dataclass(frozen=True, slots=True)
class EventPage:
    """A page of the time-based export. `end` (epoch seconds) is where the next one starts."""

    events: tuple[Any, ...]
    end: int | None
    last: bool

    def following(self, start: int) -> int | None:
        """The second at which the next page starts; None where it would be this page again.

        A page filled by a single second (a bulk update) holds all of that second, so the next
        page starts a second later.
        """
        if self.end is not None and self.end > start:
            return self.end
        stamps = {one.get("timestamp") for one in self.events if isinstance(one, Mapping)}
        return start + 1 if stamps == {start} else None


@dataclass(frozen=True, slots=True)
class Names:
    """What Zendesk's ids stand for: roles and names of people, names of organizations, and titles
    of the account's own ticket fields."""

    roles: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    organizations: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)

    def with_titles(self, values: Mapping[str, str]) -> dict[str, str]:
        """The values of a ticket's own fields by their ids, and by their titles where known."""
        titled = {self.fields[key]: value for key, value in values.items() if key in self.fields}
        return titled | dict(values)

    def author(self, person: str | None, requester: str | None) -> Author:
        """Who acted. An agent on a ticket of their own is the customer, as in Zendesk.

        A person whose role Zendesk no longer knows is automatic, and so stops no clock.
        """
        if person is None or person.startswith("-"):
            return Author.AUTOMATIC
        if person == requester:
            return Author.CUSTOMER
        match self.roles.get(person):
            case "agent" | "admin":
                return Author.AGENT
            case "end-user":
                return Author.CUSTOMER
            case _:
                return Author.AUTOMATIC


def account_of(fields: Mapping[str, Any]) -> Account:
    """The account of a connection's `host`, `login`, `password` and `extra`.

    The host is `NAME`, `NAME.zendesk.com` or an https address; the login `EMAIL/token` with the
    API token as password, or empty with an OAuth token. In `extra`, each optional: `start` (a date
    from which tickets are fetched), `site_field`, `proxy`, `ca_bundle`. Raises ValueError in one
    line, which never holds a secret.
    """
    extra = fields.get("extra") or {}
    if not isinstance(extra, Mapping):
        raise ValueError("its extra is no JSON object")
    token, login = str(fields.get("password") or ""), str(fields.get("login") or "")
    if not token:
        raise ValueError("no password; expected the API token, or an OAuth token without login")
    if not (token + login).isprintable():
        raise ValueError("a line break or control character in login or password")
    if login and not login.endswith("/token"):
        raise ValueError("a login without /token at its end; Zendesk takes no passwords any more")
    return Account(
        address=_address(str(fields.get("host") or "").strip()),
        login=login,
        token=token,
        start=_start(extra.get("start")),
        site_field=_optional_text(extra, "site_field"),
        proxy=_optional_text(extra, "proxy"),
        ca_bundle=_optional_text(extra, "ca_bundle"),
    )


def _address(host: str) -> str:
    if _NAME.fullmatch(host):
        return f"https://{host.lower()}.zendesk.com"
    written = host if "://" in host else f"https://{host}"
    try:
        parts = urlsplit(written)
        name, port = parts.hostname, parts.port
    except ValueError:
        name, parts, port = None, urlsplit(""), None
    secure = parts.scheme == "https" or (parts.scheme == "http" and name in _LOOPBACK)
    if not name or not secure or parts.username or parts.path.strip("/") or parts.query:
        raise ValueError("its host is neither NAME nor NAME.zendesk.com nor https://HOST")
    return f"{parts.scheme}://{name}" + (f":{port}" if port else "")


def _start(value: Any) -> int:
    """Epoch seconds of an ISO date, in UTC unless it names a zone; 0 for none."""
    if value in (None, ""):
        return 0
    try:
        day = datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError("its start is no date; expected for instance 2026-01-01") from None
    aware = day if day.tzinfo else day.replace(tzinfo=UTC)
    return max(0, int(aware.timestamp()))


def _optional_text(extra: Mapping[str, Any], name: str) -> str | None:
    found = extra.get(name)
    return None if found in (None, "") else str(found)
