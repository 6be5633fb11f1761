"""Instants as they are written down: ISO 8601 with an offset."""

from __future__ import annotations

from datetime import datetime


def aware_instant(written: object) -> datetime | None:
    """The aware instant that a value out of JSON is; None where it is none."""
    try:
        found = datetime.fromisoformat(str(written))
    except ValueError:
        return None
    return None if found.tzinfo is None else found
