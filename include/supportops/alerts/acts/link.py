"""Signed addresses by which one person can take one alert from a message, until they expire.

An address holds no key and no name of a site: twelve characters that stand for the alert, the
instant of its end, the target that it was sent to, and the signature (itsdangerous, HMAC-SHA1 with
a key derived from the secret: 27 characters, so that an SMS has room for it).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote

from itsdangerous import BadSignature, Signer
from itsdangerous.encoding import base64_decode, base64_encode

from supportops.alerts.acts.reference import digest_of

SECRET = "alert_links"  # noqa: S105 (the name of the secret)
LIFE = timedelta(days=7)
LEAST_SECRET = 32
LONGEST_TOKEN = 500
_ALERT = 12
_SALT = "supportops alert link"


class LinkError(ValueError):
    """An address that takes no alert: not ours, or expired."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a valid address says: `alert` is a reference, `target` whom it was sent to."""

    alert: str
    target: str
    expires_at: datetime


class Links:
    """Makes and reads the addresses of one installation."""

    def __init__(self, secret: str) -> None:
        """`secret`: one, or several with commas between. The first signs; addresses that were
        signed with any of the others go on working, until they expire.

        Raises ValueError for a secret that could be guessed.
        """
        keys = [each.strip() for each in secret.split(",")]
        if any(len(each) < LEAST_SECRET for each in keys):
            keys = [secret]  # a comma of its own
        if len(secret) < LEAST_SECRET:
            raise ValueError(f"the secret {SECRET} has fewer than {LEAST_SECRET} characters")
        # itsdangerous signs with the last of a list, and tries all of them.
        self._signer = Signer(keys[::-1], salt=_SALT)

    def token(self, alert: str, target: str, now: datetime) -> str:
        """The last part of the address by which `target` can take the alert with this key."""
        until = int((now + LIFE).timestamp())
        text = f"{digest_of(alert)[:_ALERT]}.{until:x}.{quote(target, safe='')}"
        return self._signer.sign(text).decode()

    def read(self, token: str, now: datetime) -> Link:
        """What a token says. Raises LinkError."""
        try:
            if len(token) > LONGEST_TOKEN:
                raise LinkError("this is no address of ours")
            signed = self._signer.unsign(token).decode()
            _require_exact(token.rpartition(".")[2])
            alert, until, target = signed.split(".", 2)
            expires_at = datetime.fromtimestamp(int(until, 16), UTC)
        except (BadSignature, ValueError, OverflowError, OSError):
            raise LinkError("this is no address of ours") from None
        if expires_at <= now:
            raise LinkError("this address has expired")
        return Link(alert, unquote(target), expires_at)


def _require_exact(signature: str) -> None:
    """Raises LinkError for a signature that is written in another way than ours are: base64 is read
    whatever its last bits are, and whatever stands between its signs."""
    if base64_encode(base64_decode(signature)).decode() != signature:
        raise LinkError("this is no address of ours")


def link_to(public_url: str, token: str) -> str:
    """The whole address, below the one at which the endpoint is published."""
    return f"{public_url.rstrip('/')}/{token}"
