"""JSON values as both databases take them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NUMBERS = frozenset({type(None), bool, int, float})


def storable(value: Any) -> Any:
    """A JSON value whose texts PostgreSQL takes: no NUL, no half of a surrogate pair."""
    if isinstance(value, str):
        if value.isascii() and "\0" not in value:  # nearly every one, and a sweep has millions
            return value
        return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {
            storable(key): item if type(item) in _NUMBERS else storable(item)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [storable(item) for item in value]
    return value
