"""What time it is for a command, and how a command takes an instant from its user."""

from __future__ import annotations

from datetime import UTC, datetime

FORMATS = [
    *("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f"),
    *("%Y-%m-%dT%H:%M%z", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z"),
]
"""How an option may spell an instant. Without an offset it is UTC."""


def now() -> datetime:
    """The current instant, in UTC."""
    return datetime.now(UTC)


def to_utc(at: datetime) -> datetime:
    """`at` in UTC; one without an offset is UTC already."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
