"""The unguessable address of a customer's page: derived from a secret, so that nothing is stored.

It is the same as long as the secret and the customer's name are, and changes with either: a new
secret withdraws every address that was ever given away.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

SECRET = "status_pages"  # noqa: S105 (the name of the secret)
FOLDER = "c"
LEAST_SECRET = 32
"""Characters; `make secrets` writes 64."""
# 160 bits; guessing one of a thousand pages at a million tries a second takes longer than the sun.
_BYTES = 20
_TOKEN = re.compile(r"[a-z2-7]{32}")


def token(secret: str, key: str) -> str:
    """The folder's name for the customer with this key, as `Customers.key` gives it.

    Raises ValueError for a secret that is too short to be one.
    """
    if len(secret) < LEAST_SECRET:
        raise ValueError(f"the secret {SECRET} has fewer than {LEAST_SECRET} characters")
    message = f"status page\0{key}".encode()
    found = hmac.new(secret.encode(), message, hashlib.sha256).digest()[:_BYTES]
    return base64.b32encode(found).decode("ascii").lower()


def is_token(name: str) -> bool:
    """Whether a folder of this name may be a customer's."""
    return _TOKEN.fullmatch(name) is not None
