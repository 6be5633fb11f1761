"""How the alerts went out: by channel, what arrived, what failed, and how long it took."""

from __future__ import annotations

import pandas as pd

from supportops.reports.figures import Delivered
from supportops.reports.measuring.durations import middle


def deliveries(alerts: pd.DataFrame) -> tuple[Delivered, ...]:
    """A line a channel, by name. Times are seconds from the cause to the hand-over, over the
    messages that were handed over; the others are counted beside them.
    """
    return tuple(_delivered(str(channel), own) for channel, own in alerts.groupby("channel"))


def _delivered(channel: str, messages: pd.DataFrame) -> Delivered:
    out = messages[messages["handed_over_at"].notna()]
    took = (out["handed_over_at"] - out["caused_at"]).dt.total_seconds().dropna()
    return Delivered(
        channel=channel,
        handed_over=len(out),
        failed_attempts=int(messages["failures"].sum()),
        undelivered=len(messages) - len(out),
        median=middle(took),
        p90=middle(took, 0.9),
    )
