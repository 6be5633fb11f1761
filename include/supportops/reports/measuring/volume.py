"""What came and what went: tickets by group, and messages by channel.

Merged and deleted tickets count nowhere but in `left_out`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from supportops.reports.figures import By, Delivered, LeftOut, TicketReason, Volume
from supportops.reports.measuring.grouping import grouped
from supportops.reports.measuring.survival import quantile_seconds
from supportops.reports.period import Period

AGES = (timedelta(days=1), timedelta(days=3), timedelta(days=7))
"""Where one part of the backlog ends and the next begins: an age of exactly a day is in the next.

Days of 24 hours: an age is time, not dates."""


def volumes(tickets: pd.DataFrame, period: Period, as_of: datetime, by: By) -> tuple[Volume, ...]:
    """A line per name. `tickets`: TICKET_COLUMNS, as of `as_of`.

    By.ALL has its line even if there is no ticket.
    """
    tickets = tickets[tickets["left_out"].isna()]
    groups = grouped(tickets, by)
    created = tickets["created_at"]
    arrived = (created >= period.start) & (created < period.end) & (created <= as_of)
    # A log that begins in the middle, or whose clocks disagree, has replies to tickets that were
    # not created by `as_of`. They have no age, and wait from their creation on.
    waits = (tickets["open"] & created.notna()).to_numpy(np.bool_)
    age = (pd.Timestamp(as_of) - created).dt.total_seconds().to_numpy(np.float64)
    part = np.searchsorted([each.total_seconds() for each in AGES], age, side="right")
    fresh, recent, late, old = (groups.count(waits & (part == each)) for each in range(4))
    arrivals, opened = groups.count(arrived.to_numpy(np.bool_)), groups.count(waits)
    solved, reopened, reassigned = (
        groups.total(tickets[name].to_numpy(np.int64))
        for name in ("solved", "reopened", "reassigned")
    )
    oldest = groups.greatest(age, waits)
    return tuple(
        Volume(
            by=by,
            name=name,
            arrived=int(arrivals[n]),
            solved=int(solved[n]),
            reopened=int(reopened[n]),
            reassigned=int(reassigned[n]),
            open=int(opened[n]),
            backlog=(int(fresh[n]), int(recent[n]), int(late[n]), int(old[n])),
            oldest=float(oldest[n]) if opened[n] else None,
        )
        for n, name in enumerate(groups.names)
    )


def left_out(tickets: pd.DataFrame, unjudged: Mapping[str, str]) -> LeftOut:
    """What no figure counts. `unjudged`: why, by "source/number"; listed in their order."""
    why = tickets["left_out"].value_counts()
    named = ((*ticket.partition("/"), reason) for ticket, reason in sorted(unjudged.items()))
    reasons = tuple(TicketReason(source, number, reason) for source, _, number, reason in named)
    return LeftOut(int(why.get("merged", 0)), int(why.get("deleted", 0)), reasons)


def deliveries(alerts: pd.DataFrame) -> tuple[Delivered, ...]:
    """A line a channel, by name; `alerts`: ALERT_COLUMNS.

    Times are seconds from the cause to the hand-over, over the messages that were handed over; the
    others are counted beside them.
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
        median=quantile_seconds(took, 0.5),
        p90=quantile_seconds(took, 0.9),
    )
