"""A date with a time as a form of the board sends it: on the office's clock."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def instant_of(written: str, zone: str) -> datetime:
    """`2026-11-26T14:30` on the clock of `zone`, or with an offset of its own, in UTC.

    Of two instants with one reading, on a day on which the clock changes, the first. Raises
    ValueError for what is no date with a time, or one that nobody means.
    """
    found = datetime.fromisoformat(written)
    aware = found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))
    try:
        at = aware.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(written) from error
    if not 1970 <= at.year <= 2199:
        raise ValueError(written)
    return at
