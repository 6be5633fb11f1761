"""Who may read the metrics: whoever sends their token. Without one they are closed."""

from __future__ import annotations

import hashlib
import hmac

SECRET = "metrics_token"  # noqa: S105 - the name of a secret
SHORTEST = 20
_SCHEME = "bearer"


def is_usable(token: str) -> bool:
    """Whether nobody guesses `token`, and a header can hold it."""
    return len(token) >= SHORTEST and token.isascii() and token.isprintable() and " " not in token


def may_scrape(authorization: str, token: str | None) -> bool:
    """Whether the header `authorization` is "Bearer" with the `token` that is set.

    How long it takes says nothing about how much of it is right.
    """
    scheme, _, given = authorization.partition(" ")
    if token is None or not is_usable(token) or scheme.lower() != _SCHEME:
        return False
    return hmac.compare_digest(_digest(given.strip()), _digest(token))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
