"""OAuth 2.0 for mailboxes that take no passwords: requests for tokens, and what answers them.

Client credentials (RFC 6749, 4.4) or a refresh token (6). The token goes to the server by XOAUTH2,
which Microsoft 365 and Google take.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from supportops.mailbox.decoding import tidy

ENDPOINT = "token_endpoint"
# A token is not used in its last minute, nor for longer than this without being told how long.
MARGIN = timedelta(minutes=1)
USUAL_LIFE = timedelta(minutes=5)
_LONGEST_LIFE = timedelta(days=1)
_LONGEST_REASON = 160
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class OAuthError(ValueError):
    """What is wrong with the settings or the answer, in one line without a secret."""


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """Who asks which endpoint for tokens. `refresh_token`: None for client credentials."""

    token_endpoint: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str
    refresh_token: str | None = field(default=None, repr=False)

    @property
    def form(self) -> dict[str, str]:
        """The fields of the request for a token."""
        found = {"client_id": self.client_id, "client_secret": self.client_secret}
        if self.scope:
            found["scope"] = self.scope
        if self.refresh_token is None:
            return {"grant_type": "client_credentials", **found}
        return {"grant_type": "refresh_token", "refresh_token": self.refresh_token, **found}

    @property
    def host(self) -> str:
        return urlsplit(self.token_endpoint).netloc.rpartition("@")[2]

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no message may hold."""
        return tuple(each for each in (self.client_secret, self.refresh_token) if each)


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and for how long it is used."""

    value: str = field(repr=False)
    life: timedelta


def client_of(secret: str) -> OAuthClient | None:
    """The settings in a connection's secret; None where it is a password. Raises OAuthError."""
    if not secret.lstrip().startswith("{"):
        return None
    try:
        fields = json.loads(secret)
    except ValueError:
        return None
    if not isinstance(fields, Mapping) or ENDPOINT not in fields:
        return None
    endpoint = _text(fields, ENDPOINT)
    _check_endpoint(endpoint)
    refresh = _text(fields, "refresh_token")
    return OAuthClient(
        token_endpoint=endpoint,
        client_id=_required(fields, "client_id"),
        client_secret=_text(fields, "client_secret") if refresh else _secret(fields),
        scope=_text(fields, "scope"),
        refresh_token=refresh or None,
    )


def token_of(answer: bytes) -> Token:
    """The token in an endpoint's answer. Raises OAuthError."""
    try:
        fields = json.loads(answer)
        value, seconds = fields["access_token"], fields.get("expires_in")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise OAuthError("it answers without a token") from None
    plain = isinstance(value, str) and value and value.isascii() and value.isprintable()
    if not plain or " " in value:
        raise OAuthError("it answers with what is no token")
    life = USUAL_LIFE
    if isinstance(seconds, int | float | str) and not isinstance(seconds, bool):
        try:
            life = min(timedelta(seconds=float(seconds)), _LONGEST_LIFE)
        except (ValueError, OverflowError):
            life = USUAL_LIFE
    return Token(value, life - MARGIN)


def refusal_in(answer: bytes, client: OAuthClient) -> str:
    """Why the endpoint gives no token, in its own words; "" where it does not say."""
    try:
        fields = json.loads(answer)
        words = [fields.get("error"), fields.get("error_description")]
    except (ValueError, AttributeError, RecursionError):
        return ""
    return masked(": ".join(each for each in words if isinstance(each, str)), client.secrets)


def masked(text: str, secrets: tuple[str, ...]) -> str:
    """One short line without the secrets."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return " ".join(tidy(text).split())[:_LONGEST_REASON]


def _check_endpoint(endpoint: str) -> None:
    try:
        parts = urlsplit(endpoint)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or not endpoint.isascii() or not endpoint.isprintable():
        raise OAuthError(f"its {ENDPOINT} is no address")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOCAL):
        raise OAuthError(f"its {ENDPOINT} is not https: the secret would be readable")


def _text(fields: Mapping[str, Any], name: str) -> str:
    found = fields.get(name)
    if found is not None and not isinstance(found, str):
        raise OAuthError(f"its {name} is no text")
    return (found or "").strip()


def _required(fields: Mapping[str, Any], name: str) -> str:
    if not (found := _text(fields, name)):
        raise OAuthError(f"it has a {ENDPOINT} and no {name}")
    return found


def _secret(fields: Mapping[str, Any]) -> str:
    if not (found := _text(fields, "client_secret")):
        raise OAuthError(f"it has a {ENDPOINT}, and neither client_secret nor refresh_token")
    return found
