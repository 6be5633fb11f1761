"""Asks Zendesk over HTTPS: with deadlines, a largest answer, patience, and closed lips.

Redirects are refused, since they would carry the login elsewhere, and no address out of an answer
is ever asked. What goes wrong is told by the kind of error and our own path: the libraries' texts
may hold a proxy's password or a cursor.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from requests.auth import AuthBase, HTTPBasicAuth

from supportops.tickets.zendesk.model import Account, UnsureError, ZendeskError
from supportops.tickets.zendesk.pace import pause, retry_after

CONNECT_SECONDS, READ_SECONDS, ANSWER_SECONDS = 10.0, 30.0, 90.0
# A thousand comments of 64 KiB, once as text and once as HTML, and no more than memory takes.
LARGEST_ANSWER = 192 * 2**20
# A request and its retries take no longer than this, since a task ends within eight minutes.
PATIENCE_SECONDS = 150.0
CHUNK = 2**16
# Not carried out, so that asking again is safe even for a write.
_REFUSED_FOR_NOW = frozenset({429})
_PASSING = frozenset({408, 409, 425, 429})


_UNTRUSTED = "its certificate is not trusted"
_MISSPELT = "the host, proxy or password of the connection zendesk is misspelt"
_LASTING = frozenset({_UNTRUSTED, _MISSPELT})


class _LostError(Exception):
    """An attempt without a whole answer; the text says how it failed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: its status, its body as JSON (None where it is none), its headers."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Request:
    """What is asked; one with a body is a write. It is told without its query."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Mapping[str, Any] | None = None
    idempotency_key: str | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class ZendeskHttp:
    """One session with one account. `sleep` and `monotonic` are the caller's to replace."""

    def __init__(
        self,
        account: Account,
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        largest: int = LARGEST_ANSWER,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self._account = account
        self._sleep = sleep
        self._monotonic = monotonic
        self._largest = largest
        self._read_seconds = read_seconds
        self._session = _session(account)
        self.their_clock: datetime | None = None

    def close(self) -> None:
        self._session.close()

    def get(self, path: str, **query: str) -> Any:
        """The JSON object at `path`. Raises ZendeskError once patience is at its end."""
        return self._persist(_Request("GET", path, query))

    def write(
        self, method: str, path: str, body: Mapping[str, Any], idempotency_key: str | None = None
    ) -> Any:
        """Sends a change once. Raises UnsureError where it may have been carried out.

        Only what was refused for now (429) is sent again here: whether a lost answer meant a
        lost change is for the caller to find out.
        """
        return self._persist(_Request(method, path, {}, body, idempotency_key))

    def _persist(self, request: _Request) -> Any:
        began, attempt = self._monotonic(), 0
        while True:
            status, why, asked, body = self._outcome(request)
            if not why:
                return body
            if request.body is not None and status not in _REFUSED_FOR_NOW:
                raise UnsureError(f"Zendesk: {request}: {why}", status)
            wait = pause(attempt, asked)
            spent = self._monotonic() - began
            if wait is None or spent + wait > PATIENCE_SECONDS:
                told = f", and is asked to wait {asked:.0f} s" if asked else ""
                tries = f"after {attempt + 1} tries{told}"
                raise ZendeskError(f"Zendesk: {request}: {why}, {tries}", status)
            self._sleep(wait)
            attempt += 1

    def _outcome(self, request: _Request) -> tuple[int | None, str, float | None, Any]:
        """Status, why to ask again ("" where all is well), the pause asked for, and the body."""
        try:
            answer = self._attempt(request)
        except _LostError as error:
            return None, str(error), None, None
        if 200 <= answer.status < 300 and isinstance(answer.body, dict):
            return answer.status, "", None, answer.body
        if not _passing(answer.status):
            raise self._final(request, answer)
        why = _words(answer.status) if answer.status >= 300 else "an answer that is no JSON object"
        return answer.status, why, retry_after(answer.headers.get("Retry-After")), None

    def _attempt(self, request: _Request) -> Answer:
        key = request.idempotency_key
        try:
            with self._session.request(
                request.method,
                self._account.address + request.path,
                params=dict(request.query),
                json=request.body,
                headers={} if key is None else {"Idempotency-Key": key},
                timeout=(CONNECT_SECONDS, self._read_seconds),
                allow_redirects=False,
                stream=True,
            ) as response:
                self._note_clock(response.headers.get("Date"))
                content = self._content(response)
                return Answer(response.status_code, _json(content), response.headers)
        except requests.RequestException as error:
            kind = _kind(error)
            if kind in _LASTING:
                raise ZendeskError(f"Zendesk: {request}: {kind}") from None
            raise _LostError(kind) from None
        except OSError:
            raise ZendeskError("Zendesk: the ca_bundle of the connection cannot be read") from None

    def _content(self, response: requests.Response) -> bytes:
        parts, size, until = [], 0, self._monotonic() + ANSWER_SECONDS
        for part in response.iter_content(CHUNK):
            size += len(part)
            if size > self._largest:
                raise ZendeskError(f"Zendesk: an answer of more than {self._largest} bytes")
            if self._monotonic() > until:
                raise _LostError(f"no whole answer within {ANSWER_SECONDS:.0f} s")
            parts.append(part)
        return b"".join(parts)

    def _note_clock(self, date: str | None) -> None:
        try:
            told = parsedate_to_datetime(date or "")
        except (ValueError, OverflowError):
            return
        self.their_clock = told if told.tzinfo else self.their_clock

    def _final(self, request: _Request, answer: Answer) -> ZendeskError:
        said = _said(answer.body)
        for secret in (self._account.token, self._account.login):
            said = said.replace(secret, "***") if secret else said
        told = f" ({said})" if said else ""
        return ZendeskError(f"Zendesk: {request}: {_words(answer.status)}{told}", answer.status)


class _Bearer(AuthBase):
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _session(account: Account) -> requests.Session:
    session = requests.Session()
    # Else requests takes proxies, certificates and even logins (.netrc) from the environment.
    session.trust_env = False
    session.headers["User-Agent"] = "supportops"
    session.headers["Accept"] = "application/json"
    if account.login:
        session.auth = HTTPBasicAuth(account.login.encode(), account.token.encode())
    else:
        session.auth = _Bearer(account.token)
    if account.proxy:
        session.proxies = {"https": account.proxy, "http": account.proxy}
    session.verify = account.ca_bundle or True
    return session


def _passing(status: int) -> bool:
    return status >= 500 or status in _PASSING or status < 300


def _words(status: int) -> str:
    match status:
        case 401:
            return (
                "401, the credentials of the connection zendesk are refused: is the API token "
                "active, and the login written EMAIL/token?"
            )
        case 403:
            return "403, not allowed: exports need an admin, and a plan that includes the API"
        case 429:
            return "429, more requests than the plan allows"
        case _ if 300 <= status < 400:
            return f"{status}, a redirect, which is refused: is the host NAME.zendesk.com?"
        case _:
            return str(status)


def _kind(error: requests.RequestException) -> str:
    """What failed, without the library's text: SSLError and a timeout want different menders."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return _UNTRUSTED
    if isinstance(error, ValueError):
        return _MISSPELT
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    return f"the connection failed ({type(error).__name__})"


def _said(body: Any) -> str:
    """Zendesk's own words for an error, as one short line."""
    found = body.get("error") if isinstance(body, dict) else None
    if isinstance(found, dict):
        found = found.get("title") or found.get("message")
    text = found if isinstance(found, str) else ""
    return " ".join(text.split())[:200] if text.isprintable() else ""


def _json(content: bytes) -> Any:
    try:
        return json.loads(content, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
