"""Reads a connection's fields as a Zendesk account, and says in one line what is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from supportops.tickets.zendesk.model import Account

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.IGNORECASE)
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def account_of(fields: Mapping[str, Any]) -> Account:
    """From `host`, `login`, `password` and `extra`. Raises ValueError; it never holds a secret."""
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
        site_field=_text(extra, "site_field"),
        proxy=_text(extra, "proxy"),
        ca_bundle=_text(extra, "ca_bundle"),
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
    if value in (None, ""):
        return 0
    try:
        day = datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError("its start is no date; expected for instance 2026-01-01") from None
    aware = day if day.tzinfo else day.replace(tzinfo=UTC)
    return max(0, int(aware.timestamp()))


def _text(extra: Mapping[str, Any], name: str) -> str | None:
    found = extra.get(name)
    return None if found in (None, "") else str(found)
