"""What time it is for a command, and how a command takes an instant from its user."""

from __future__ import annotations

from datetime import UTC, datetime

FORMATS = [
    *("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f"),
    *("%Y-%m-%dT%H:%M%z", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z"),
]
"""How an option may spell an instant. Without an offset it is UTC."""

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""Between them lies every instant that a ticket or a report can have."""


class InstantError(ValueError):
    """An instant that no ticket, check or report can have."""


def now() -> datetime:
    """The current instant, in UTC."""
    return datetime.now(UTC)


def to_utc(at: datetime) -> datetime:
    """`at` in UTC; one without an offset is UTC already. Raises InstantError outside of 1970-2199.

    The ends of the calendar are refused since nothing can be added to them.
    """
    try:
        found = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        if EARLIEST <= found <= LATEST:
            return found
    except OverflowError:
        pass
    raise InstantError(f"{at.isoformat()} is out of reach: expected an instant from 1970 to 2199")
