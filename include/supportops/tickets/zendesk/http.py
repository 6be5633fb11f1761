"""HTTPS requests to Zendesk: deadlines, a size limit, retries, and redacted errors.

Redirects are refused, since they would carry the login elsewhere, and no address from an answer
is ever requested. An error names its kind and the path without the query: the texts of libraries
may hold a proxy's password or a cursor.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from requests.auth import AuthBase, HTTPBasicAuth

from supportops.tickets.zendesk.http_errors import (
    PERMANENT,
    failure,
    status_words,
    zendesk_reason,
)
from supportops.tickets.zendesk.model import Account, UnsureError, ZendeskError

CONNECT_SECONDS, READ_SECONDS, ANSWER_SECONDS = 10.0, 30.0, 90.0
# A thousand comments of 64 KiB, once as text and once as HTML, and no more than memory takes.
LARGEST_ANSWER = 192 * 2**20
# A request and its retries take no longer than this, since a task ends within eight minutes.
LONGEST_RETRYING = 150.0
# Waits between attempts add up to 91 s, which outlasts the rate limit's window of a minute.
PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0)
# A server that asks for a longer wait is tried again by the next run.
LONGEST_RETRY_AFTER = 120.0
# Zendesk's limit for its incremental exports.
EXPORTS_A_MINUTE = 10
WINDOW_SECONDS = 60.0
CHUNK = 2**16
# Refused before anything was done, so that even a write can be sent again.
_RATE_LIMITED = frozenset({429})
_TEMPORARY = frozenset({408, 409, 425, 429})


class _LostError(Exception):
    """An attempt without a complete answer; the text says how it failed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer: its status, its body as JSON (None where it is not), its headers."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Request:
    """A request; one with a body is a write. As text it has no query, which may hold a cursor."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Mapping[str, Any] | None = None
    idempotency_key: str | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class ZendeskHttp:
    """A session with one account. `sleep` and `monotonic` can be replaced; both count seconds.

    `remote_time` is the time by Zendesk's clock at its last answer.
    """

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
        self.remote_time: datetime | None = None

    def close(self) -> None:
        """Closes the session."""
        self._session.close()

    def get(self, path: str, **query: str) -> Any:
        """The JSON object at `path`. Raises ZendeskError when retries have not helped."""
        return self._with_retries(_Request("GET", path, query))

    def write(
        self, method: str, path: str, body: Mapping[str, Any], idempotency_key: str | None = None
    ) -> Any:
        """Sends a change once. Raises UnsureError where it may have been carried out.

        Only a rate-limited request (429) is sent again: after a lost answer the caller must find
        out whether the change was made.
        """
        return self._with_retries(_Request(method, path, {}, body, idempotency_key))

    def _with_retries(self, request: _Request) -> Any:
        began, attempt = self._monotonic(), 0
        while True:
            status, why, requested, body = self._outcome(request)
            if not why:
                return body
            if request.body is not None and status not in _RATE_LIMITED:
                raise UnsureError(f"Zendesk: {request}: {why}", status)
            wait = pause(attempt, requested)
            spent = self._monotonic() - began
            if wait is None or spent + wait > LONGEST_RETRYING:
                longer = f", and is asked to wait {requested:.0f} s" if requested else ""
                tries = f"after {attempt + 1} tries{longer}"
                raise ZendeskError(f"Zendesk: {request}: {why}, {tries}", status)
            self._sleep(wait)
            attempt += 1

    def _outcome(self, request: _Request) -> tuple[int | None, str, float | None, Any]:
        """Status, why to retry ("" after a success), seconds requested to wait, and body."""
        try:
            answer = self._attempt(request)
        except _LostError as error:
            return None, str(error), None, None
        if 200 <= answer.status < 300 and isinstance(answer.body, dict):
            return answer.status, "", None, answer.body
        if not _is_temporary(answer.status):
            raise self._final(request, answer)
        why = (
            _words(request, answer.status)
            if answer.status >= 300
            else "an answer that is no JSON object"
        )
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
            kind = failure(error)
            if kind in PERMANENT:
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
            found = parsedate_to_datetime(date or "")
        except (ValueError, OverflowError):
            return
        self.remote_time = found if found.tzinfo else self.remote_time

    def _final(self, request: _Request, answer: Answer) -> ZendeskError:
        reason = zendesk_reason(answer.body)
        for secret in (self._account.token, self._account.login):
            reason = reason.replace(secret, "***") if secret else reason
        detail = f" ({reason})" if reason else ""
        return ZendeskError(
            f"Zendesk: {request}: {_words(request, answer.status)}{detail}", answer.status
        )


@dataclass(slots=True)
class RateLimiter:
    """At most `most` requests in any `window` seconds; `wait` sleeps until the next may be sent."""

    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    most: int = EXPORTS_A_MINUTE
    window: float = WINDOW_SECONDS
    _sent: deque[float] = field(default_factory=deque)

    def wait(self) -> None:
        """Waits until a request may be sent, and counts it as sent now."""
        if len(self._sent) >= self.most:
            early = self._sent.popleft() + self.window - self.monotonic()
            if early > 0:
                self.sleep(early)
        self._sent.append(self.monotonic())


def retry_after(header: str | None) -> float | None:
    """The seconds in a `Retry-After` header; None where it is missing or not a number."""
    text = (header or "").strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) < 7 else None


def pause(attempt: int, requested: float | None) -> float | None:
    """Seconds to wait after the `attempt`-th failure (from 0), None to give up.

    `requested` seconds are honoured, plus one, since the server's clock may tick later than ours.
    """
    if attempt >= len(PAUSES):
        return None
    if requested is None:
        return PAUSES[attempt]
    return None if requested > LONGEST_RETRY_AFTER else max(requested + 1.0, PAUSES[attempt])


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


def _words(request: _Request, status: int) -> str:
    return status_words(status, write=request.body is not None)


def _is_temporary(status: int) -> bool:
    return status >= 500 or status in _TEMPORARY or status < 300


def _json(content: bytes) -> Any:
    try:
        return json.loads(content, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
