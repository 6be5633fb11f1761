"""The values of a page as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pydantic_core import to_jsonable_python

from supportops.db.storable import storable


def as_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a page shows: dataclasses as objects, instants in ISO, lengths of time in seconds.

    Functions, which only a template uses, are left out; a number that is none becomes null.
    """
    shown = {name: value for name, value in values.items() if not callable(value)}
    plain = to_jsonable_python(shown, timedelta_mode="float", fallback=_other, by_alias=True)
    found: dict[str, Any] = storable(_finite(plain))
    return found


def _other(value: Any) -> Any:
    """Rows of the store, numbers of numpy, and whatever else has a text."""
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "_mapping"):
        return dict(value._mapping)
    if hasattr(value, "item"):
        return value.item()
    return str(value)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value
