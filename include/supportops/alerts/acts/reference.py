"""The short references of alerts, by which messages name them and people find them again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

LENGTH = 6
_WRITTEN = re.compile(r"#?([0-9a-f]{6,64})", re.IGNORECASE)


def reference_of(key: str) -> str:
    """Six characters that name the alert with this key where its key does not fit."""
    return digest_of(key)[:LENGTH]


def keys_meant(written: str, keys: Iterable[str]) -> list[str]:
    """Those of `keys` that a reference names, with its # or without; more characters of it than
    messages show tell apart two that begin alike."""
    found = _WRITTEN.fullmatch(written.strip())
    if found is None:
        return []
    wanted = found[1].lower()
    return sorted(key for key in keys if digest_of(key).startswith(wanted))


def longer_references(keys: Iterable[str]) -> dict[str, str]:
    """References that tell these keys apart, by the key."""
    digests = {key: digest_of(key) for key in keys}
    length = LENGTH
    while len({digest[:length] for digest in digests.values()}) < len(digests):
        length += 1
    return {key: digest[:length] for key, digest in digests.items()}


def digest_of(key: str) -> str:
    """Sixty-four characters, of which a reference is the beginning."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
