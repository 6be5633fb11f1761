"""A customer's month: its tickets one by one, what ends soon, and sums that add up over the year.

Facts of one customer alone come in. Sums are of seconds and counts, never of shares, so that days
add up to weeks and months, and months to the year.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pandas as pd

from supportops.reports.facts import Facts
from supportops.reports.figures import Ahead, Month, MonthSums, TicketLine
from supportops.reports.measuring.response_times import counted

AHEAD_DAYS = 60
"""Certificates are mostly renewed 30 days ahead, domains often on the last day."""
_FIRST_REPLY = "first_reply_time"


def month_of(own: Facts, earlier: Sequence[MonthSums]) -> Month:
    """What belongs to a customer's month beside the figures of every report.

    `earlier`: the months of the year before it.
    """
    answered = _answered(own.clocks)
    tickets = own.tickets[own.tickets["left_out"].isna()]
    lines = [
        (row, _line(row, answered.get(int(row["ticket"])))) for row in tickets.to_dict("records")
    ]
    solved = [line for row, line in lines if row["solved"] and not row["open"]]
    waiting = [line for row, line in lines if row["open"]]
    until = own.as_of + timedelta(days=AHEAD_DAYS)
    ahead = sorted(
        (_ahead(row) for row in own.ahead.to_dict("records")),
        key=lambda each: (each.ends_at, each.kind, each.name, each.site),
    )
    return Month(
        solved=tuple(sorted(solved, key=lambda each: (_instant_key(each.solved_at), _name(each)))),
        waiting=tuple(
            sorted(waiting, key=lambda each: (_instant_key(each.created_at), _name(each)))
        ),
        ahead=tuple(each for each in ahead if each.ends_at < until),
        watched=len(ahead),
        year=(*earlier, sums(own)),
    )


def sums(own: Facts) -> MonthSums:
    """What adds up of a period's facts."""
    due = counted(own.clocks, own.period, own.as_of)
    tickets = own.tickets[own.tickets["left_out"].isna()]
    created = tickets["created_at"]
    arrived = (created >= own.period.start) & (created < own.period.end) & (created <= own.as_of)
    up, down, unknown = (
        float(own.sites[name].fillna(0.0).sum())
        for name in ("up_seconds", "down_seconds", "unknown_seconds")
    )
    return MonthSums(
        label=own.period.label,
        sites=len(own.sites),
        up_seconds=up,
        down_seconds=down,
        unknown_seconds=unknown,
        outages=int(own.sites["outages"].sum()),
        due=len(due),
        met=int(due["met"].sum()),
        arrived=int(arrived.sum()),
        solved=int(tickets["solved"].sum()),
    )


def _answered(clocks: pd.DataFrame) -> dict[int, float]:
    """Open seconds until the first reply, by ticket, where there was one."""
    first = clocks[(clocks["metric"] == _FIRST_REPLY) & clocks["fulfilled_at"].notna()]
    return dict(zip(first["ticket"].tolist(), first["open_seconds"].tolist(), strict=True))


def _line(row: Mapping[Any, Any], answered_after: float | None) -> TicketLine:
    created = None if pd.isna(row["created_at"]) else row["created_at"].to_pydatetime()
    calendar = _seconds(row["full_resolution_calendar_seconds"])
    solved_at = None
    if not row["open"] and created is not None and calendar is not None:
        solved_at = created + timedelta(seconds=calendar)
    done = not row["open"]
    return TicketLine(
        source=row["source"],
        number=row["number"],
        subject=row["subject"],
        site=row["site"],
        tier=row["tier"],
        created_at=created,
        solved_at=solved_at,
        answered_after=answered_after,
        solved_after_business=_seconds(row["full_resolution_business_seconds"]) if done else None,
        solved_after=calendar if done else None,
    )


def _seconds(value: float) -> float | None:
    return None if pd.isna(value) else float(value)


def _instant_key(at: Any) -> tuple[bool, Any]:
    """Of instants that may be unknown: these come first."""
    return (at is not None, at.timestamp() if at is not None else 0.0)


def _name(line: TicketLine) -> tuple[str, str]:
    return line.source, line.number


def _ahead(row: Mapping[Any, Any]) -> Ahead:
    return Ahead(row["kind"], row["site"], row["name"], row["ends_at"].to_pydatetime())
