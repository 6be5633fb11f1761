"""Silences in which a test says only what matters to it."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count

from alert_builders import NOON
from supportops.alerts.silencing.silence import Silence, parsed

_NUMBERS = count(1)


def silence(
    *matchers: str,
    start: datetime = NOON,
    end: datetime | None = None,
    minutes: float = 60,
    **changes: object,
) -> Silence:
    """From noon on for an hour, of the site of `alert_builders.alert`."""
    found = Silence(
        id=next(_NUMBERS),
        matchers=parsed(matchers or ("site=Acme Shop",)),
        starts_at=start,
        ends_at=end or start + timedelta(minutes=minutes),
        reason="the server moves",
        created_by="Ada",
        created_at=start,
    )
    for name, value in changes.items():
        object.__setattr__(found, name, value)
    return found
