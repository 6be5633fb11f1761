"""What is said of a failed request to Zendesk: one line that holds no secret."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import requests

_UNTRUSTED = "its certificate is not trusted"
_MISSPELT = "the host, proxy or password of the connection zendesk is misspelt"
# Trying again is no use.
PERMANENT = frozenset({_UNTRUSTED, _MISSPELT})


def status_words(status: int, *, write: bool = False) -> str:
    """An HTTP status, with what to check where that is known; `write`: of a change."""
    match status:
        case 403 if write:
            return "403, not allowed: this account may not change the ticket"
        case 409 if write:
            return "409, somebody else changes the ticket just now"
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


def failure(error: requests.RequestException) -> str:
    """What failed, without the library's text, which may hold a secret."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return _UNTRUSTED
    if isinstance(error, ValueError):
        return _MISSPELT
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    return f"the connection failed ({type(error).__name__})"


def zendesk_reason(body: Any) -> str:
    """Zendesk's own words for an error, as one short line; of a rejected record each fault."""
    found = body.get("error") if isinstance(body, dict) else None
    if isinstance(found, dict):
        found = found.get("title") or found.get("message")
    words = [found, *_faults(body)]
    text = ": ".join(word for word in words if isinstance(word, str) and word)
    return " ".join(text.split())[:200] if text.isprintable() else ""


def _faults(body: Any) -> Iterator[Any]:
    """What is wrong with each field, as `details` of an answer 422 lists it."""
    details = body.get("details") if isinstance(body, dict) else None
    for listed in details.values() if isinstance(details, dict) else ():
        for one in listed if isinstance(listed, list) else ():
            yield one.get("description") if isinstance(one, dict) else None
