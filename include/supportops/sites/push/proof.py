"""By what a push is known to be a monitor's: the token in its address, and a signature."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from supportops.context import Secrets
from supportops.sites.push.monitor import Monitor

# Characters: half of them are the 128 bits of 22 characters of base64.
SHORTEST = 20
SIGNATURE_HEADER = "x-supportops-signature"
TIMESTAMP_HEADER = "x-supportops-timestamp"
# Between the clock of the job's machine and ours, and for which a signature is remembered.
CLOCKS_APART = timedelta(minutes=5)
_TOKEN = re.compile(r"[A-Za-z0-9_-]+")


class ProofError(ValueError):
    """Why a push counts as nobody's, in a few words."""


def token_fault(token: str | None) -> str | None:
    """What is wrong with the value of a monitor's token; None: nothing."""
    if not token:
        return "is not set"
    if len(token) < SHORTEST:
        return f"has fewer than {SHORTEST} characters"
    if not _TOKEN.fullmatch(token):
        return "has characters other than letters, digits, - and _"
    return None


def whose(monitors: Iterable[Monitor], secrets: Secrets, token: str) -> Monitor | None:
    """The monitor whose token this is. Every token is compared, whole, whatever was found before:
    the time of the answer says nothing about any of them."""
    given, found = _digest(token), None
    for monitor in monitors:
        usable, digest = _own(secrets(monitor.token))
        same = hmac.compare_digest(digest, given)
        if same and usable and found is None:
            found = monitor
    return found


# A push is compared with all of them: each is read at every push and hashed once.
@lru_cache(maxsize=16_384)
def _own(token: str | None) -> tuple[bool, bytes]:
    """Whether a monitor's token can be used, and its digest."""
    return token_fault(token) is None, _digest(token or "")


def _digest(token: str) -> bytes:
    """Of equal length for every token, so that the comparison takes the same time."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def check_signature(key: str, timestamp: str, signature: str, body: bytes, now: datetime) -> None:
    """Raises ProofError unless `signature` is the hex HMAC-SHA256 of `<timestamp>.<body>` with
    `key`, and the timestamp (seconds since 1970) is within five minutes of `now`."""
    if not timestamp or not signature:
        raise ProofError("it is not signed")
    signed = timestamp.encode("utf-8", "surrogatepass") + b"." + body
    right = hmac.new(key.encode(), signed, hashlib.sha256).hexdigest().encode()
    given = signature.removeprefix("sha256=").lower().encode("utf-8", "surrogatepass")
    if not hmac.compare_digest(right, given):
        raise ProofError("its signature is wrong")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise ProofError("its timestamp is no number of seconds since 1970")
    sent_at = datetime.fromtimestamp(int(timestamp), UTC)
    if abs(sent_at - now) > CLOCKS_APART:
        raise ProofError("its timestamp is more than five minutes away from our clock")
