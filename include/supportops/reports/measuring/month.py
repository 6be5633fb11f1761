"""A customer's month: its tickets one by one, what ends soon, and sums that add up over the year.

Facts of one customer alone come in. Sums are of seconds and counts, never of shares, so that days
add up to weeks and months, and months to the year.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from supportops.names import folded
from supportops.reports.facts import Facts
from supportops.reports.figures import Ahead, Figures, Month, MonthSums, TicketLine
from supportops.reports.measuring.response_times import counted

AHEAD_DAYS = 60
"""Certificates are mostly renewed 30 days ahead, domains often on the last day."""
SHORTEST = timedelta(days=7)
"""A month of which sites were watched for less is no month to report on unasked: what was installed
on its last evening has seen two hours, and would call them September."""
_FIRST_REPLY = "first_reply_time"
# Zendesk's word for a ticket that waits for whoever raised it.
_PENDING = "pending"


def month_of(own: Facts, earlier: Sequence[MonthSums]) -> Month:
    """What belongs to a customer's month beside the figures of every report.

    `earlier`: the months of the year before it.
    """
    answered = _answered(own.clocks)
    tickets = own.tickets[own.tickets["left_out"].isna()]
    due = due_next(own.clocks)
    lines = [
        (row, _line(row, answered.get(int(row["ticket"])), due.get(int(row["ticket"]))))
        for row in tickets.to_dict("records")
    ]
    solved = [line for row, line in lines if row["solved"] and not row["open"]]
    waiting = [line for row, line in lines if row["open"]]
    until = own.as_of + timedelta(days=AHEAD_DAYS)
    known = own.ahead["ends_at"].notna()
    ahead = _each_once(own.ahead[known])
    return Month(
        solved=tuple(sorted(solved, key=lambda each: (_instant_key(each.solved_at), _name(each)))),
        waiting=tuple(
            sorted(waiting, key=lambda each: (_instant_key(each.created_at), _name(each)))
        ),
        ahead=tuple(each for each in ahead if each.ends_at < until),
        watched=len(ahead),
        year=(*earlier, sums(own)),
        unknown=tuple(sorted(set(own.ahead.loc[~known, "name"]))),
    )


def watched_since(figures: Figures) -> datetime | None:
    """When the first of a month's sites was watched; None where one was from the beginning on, and
    where there is none."""
    begun = [line.since for line in figures.sites]
    return None if None in begun else min((at for at in begun if at is not None), default=None)


def is_short(figures: Figures) -> bool:
    """Whether the sites of a month were watched for less than SHORTEST."""
    since = watched_since(figures)
    return since is not None and figures.period.end - since < SHORTEST


def sums(own: Facts) -> MonthSums:
    """What adds up of the facts of one customer's month."""
    found = sums_by_customer(own)
    return next(iter(found.values()), nothing(own.period.label))


def nothing(label: str) -> MonthSums:
    """A month in which a customer had neither sites nor tickets."""
    return MonthSums(label, 0, 0.0, 0.0, 0.0, 0, 0, 0, 0, 0)


def sums_by_customer(facts: Facts) -> dict[str, MonthSums]:
    """What adds up of a month, for each customer that it holds anything of, by folded name."""
    due = counted(facts.clocks, facts.period, facts.as_of)
    tickets = facts.tickets[facts.tickets["left_out"].isna()]
    created = tickets["created_at"]
    inside = (created >= facts.period.start) & (created < facts.period.end)
    columns = {
        "sites": _total(facts.sites, np.ones(len(facts.sites))),
        "up_seconds": _total(facts.sites, facts.sites["up_seconds"]),
        "down_seconds": _total(facts.sites, facts.sites["down_seconds"]),
        "unknown_seconds": _total(facts.sites, facts.sites["unknown_seconds"]),
        "outages": _total(facts.sites, facts.sites["outages"]),
        "due": _total(due, np.ones(len(due))),
        "met": _total(due, due["met"]),
        "arrived": _total(tickets, inside & (created <= facts.as_of)),
        "solved": _total(tickets, tickets["solved"]),
    }
    names = sorted({name for column in columns.values() for name in column})
    return {name: _sums(facts.period.label, columns, name) for name in names}


def _sums(label: str, columns: Mapping[str, Mapping[str, float]], name: str) -> MonthSums:
    found = {column: values.get(name, 0.0) for column, values in columns.items()}
    return MonthSums(
        label=label,
        sites=int(found["sites"]),
        up_seconds=found["up_seconds"],
        down_seconds=found["down_seconds"],
        unknown_seconds=found["unknown_seconds"],
        outages=int(found["outages"]),
        due=int(found["due"]),
        met=int(found["met"]),
        arrived=int(found["arrived"]),
        solved=int(found["solved"]),
    )


def _total(frame: pd.DataFrame, amounts: Any) -> dict[str, float]:
    """The sum of each customer's amounts, by folded name; what was never measured is nothing."""
    code, names = pd.factorize(frame["customer"])
    found: dict[str, float] = {}
    known = code >= 0
    weights = np.nan_to_num(np.asarray(amounts, dtype=np.float64))[known]
    for name, amount in zip(names, np.bincount(code[known], weights, len(names)), strict=True):
        found[folded(name)] = found.get(folded(name), 0.0) + float(amount)
    return found


def _answered(clocks: pd.DataFrame) -> dict[int, float]:
    """Open seconds until the first reply, by ticket, where there was one."""
    first = clocks[(clocks["metric"] == _FIRST_REPLY) & clocks["fulfilled_at"].notna()]
    return dict(zip(first["ticket"].tolist(), first["open_seconds"].tolist(), strict=True))


def due_next(clocks: pd.DataFrame) -> dict[int, tuple[str, datetime | None]]:
    """What is due next of each ticket, by when; None where all that is open is paused.

    `clocks` has the columns ticket, metric, state and deadline. A clock that runs without a
    deadline is no promise of an hour.
    """
    running = clocks[(clocks["state"] == "running") & clocks["deadline"].notna()]
    paused = clocks[clocks["state"] == "paused"]
    found: dict[int, tuple[str, datetime | None]] = {
        ticket: (metric, None)
        for ticket, metric in zip(paused["ticket"].tolist(), paused["metric"], strict=True)
    }
    latest_first = running.sort_values(["deadline", "metric"], ascending=False)
    for ticket, metric, deadline in zip(
        latest_first["ticket"].tolist(),
        latest_first["metric"],
        latest_first["deadline"],
        strict=True,
    ):
        found[ticket] = (metric, deadline.to_pydatetime())
    return found


def _line(
    row: Mapping[Any, Any],
    answered_after: float | None,
    due: tuple[str, datetime | None] | None,
) -> TicketLine:
    created = None if pd.isna(row["created_at"]) else row["created_at"].to_pydatetime()
    calendar = _seconds(row["full_resolution_calendar_seconds"])
    solved_at = None
    if not row["open"] and created is not None and calendar is not None:
        solved_at = created + timedelta(seconds=calendar)
    done = not row["open"]
    if due is not None and due[1] is None and row["status"] != _PENDING:
        due = None  # it is on hold: somebody else is waited for
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
        due_metric=due[0] if due and not done else None,
        due_at=due[1] if due and not done else None,
    )


def _seconds(value: float) -> float | None:
    return None if pd.isna(value) else float(value)


def _instant_key(at: Any) -> tuple[bool, Any]:
    """Of instants that may be unknown: these come first."""
    return (at is not None, at.timestamp() if at is not None else 0.0)


def _name(line: TicketLine) -> tuple[str, str]:
    return line.source, line.number


def _each_once(ahead: pd.DataFrame) -> list[Ahead]:
    """What ends, the next one first; a domain of several sites, or a certificate, once."""
    found = sorted(
        (_ahead(row) for row in ahead.to_dict("records")),
        key=lambda each: (each.ends_at, each.kind, each.name, each.site),
    )
    return list({(each.kind, each.name, each.ends_at): each for each in reversed(found)}.values())[
        ::-1
    ]


def _ahead(row: Mapping[Any, Any]) -> Ahead:
    return Ahead(row["kind"], row["site"], row["name"], row["ends_at"].to_pydatetime())
