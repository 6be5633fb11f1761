"""Frames of facts, said shortly: each row says only what matters, and the rest is filled in.

    clocks(clock(tier="bug_fix", due="2026-11-18 12:00"), clock(number="2", broken="..."))
    tickets(ticket(created="2026-11-16 09:00"), ticket(number="2", left_out="merged"))
    of_stories(asked(1, "bug_fix", "2026-11-16 09:00", "2026-11-16 11:00 answers"), MONDAY)

Instants are London's readings ("2026-11-16 09:00") or aware datetimes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from sla.policies import book, columns, london, story
from supportops.reports.facts import (
    ALERT_COLUMNS,
    CLOCK_COLUMNS,
    INCIDENT_COLUMNS,
    SITE_COLUMNS,
    TICKET_COLUMNS,
    Facts,
)
from supportops.reports.period import Period, risk_until, week
from supportops.sla.history import prepare
from supportops.sla.judging import judge
from supportops.sla.policy import PolicyBook
from supportops.tickets.ticket import Event

LONDON = "Europe/London"
WEEK = week("2026-W47", LONDON)
"""Monday 16 to Sunday 22 November 2026: five working days, no clock changes."""
MONDAY = london("2026-11-23 08:00")
"""When the report about it is made."""

INSTANTS = {
    *("started_at", "deadline", "aim", "fulfilled_at", "ended_at", "breached_at", "created_at"),
    *("opened_at", "caused_at", "handed_over_at"),
}
TIMES = [
    f"{time}_{clock}"
    for time in ("full_resolution", "requester_wait")
    for clock in ("business", "calendar")
]
WHOLE = {"ticket", "instance", "solved", "reopened", "reassigned", "checks", "outages", "failures"}
TRUTHS = {"open"}

Instant = str | datetime | None


def at(instant: Instant) -> datetime | None:
    """An aware instant of what a test says."""
    return london(instant) if isinstance(instant, str) else instant


def clock(
    *,
    started: Instant = "2026-11-16 09:00",
    due: Instant = None,
    done: Instant = None,
    broken: Instant = None,
    as_of: Instant = MONDAY,
    **fields: Any,
) -> dict[str, Any]:
    """A clock that runs until it is `done` or `as_of`, on time that never stands still.

    `due`: its deadline. `broken`: when it was broken. Other columns by their names.
    """
    begun, ended, deadline = at(started), at(done), at(due)
    until = ended or at(as_of)
    assert begun is not None
    assert until is not None
    ran = (until - begun).total_seconds()
    target = (deadline - begun).total_seconds() if deadline else np.nan
    named = _named(fields)
    return (
        named
        | {
            "metric": "first_reply_time",
            "instance": 1,
            "policy": f"2000/{named['tier']}",
            "state": "fulfilled" if ended else "running",
            "started_at": begun,
            "deadline": deadline,
            "aim": None,
            "fulfilled_at": ended,
            "ended_at": ended,
            "breached_at": at(broken),
            "target_seconds": target,
            "open_seconds": ran,
            "paused_seconds": 0.0,
            "left_seconds": target - ran,
            "calendar_seconds": ran,
        }
        | fields
    )


def ticket(*, created: Instant = "2026-11-16 09:00", **fields: Any) -> dict[str, Any]:
    """An open ticket that nobody touched since it was `created`."""
    rest = {"status": "open", "open": True, "solved": 0, "reopened": 0, "reassigned": 0}
    rest |= {f"{name}_seconds": np.nan for name in TIMES}
    return _named(fields) | rest | {"created_at": at(created), "left_out": None} | fields


def clocks(*rows: Mapping[str, Any]) -> pd.DataFrame:
    """The frame of clocks of these rows; none at all makes an empty one."""
    return frame(CLOCK_COLUMNS, rows)


def tickets(*rows: Mapping[str, Any]) -> pd.DataFrame:
    return frame(TICKET_COLUMNS, rows)


def frame(wanted: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows under the columns wanted, of the types that facts have."""
    found = {}
    for name in wanted:
        values = [row[name] for row in rows]
        if name in INSTANTS:
            found[name] = pd.Series(pd.to_datetime(values, utc=True)).astype("datetime64[us, UTC]")
        elif name in WHOLE or name in TRUTHS:
            found[name] = pd.Series(values, dtype="int64" if name in WHOLE else "bool")
        elif name.endswith("_seconds"):
            found[name] = pd.Series(values, dtype="float64")
        else:
            found[name] = pd.Series(values, dtype="object")
    return pd.DataFrame(found)


def of_stories(
    stories: Mapping[str, Sequence[Event]],
    as_of: Instant,
    policies: PolicyBook | None = None,
    names: Mapping[str, Mapping[str, str | None]] | None = None,
) -> pd.DataFrame:
    """The clocks of tickets' events, judged as of an instant, with the tickets' names.

    `names`: other words for some tickets' columns (customer, site, assignee, subject), by number.
    """
    when = at(as_of)
    assert when is not None
    events = [event for events_of_one in stories.values() for event in events_of_one]
    judged = judge(prepare(columns(events)), policies or book(), when).frame()
    given = {
        number: _named({"number": number} | dict(names or {}).get(number, {})) for number in stories
    }
    numbers = [str(each) for each in judged["ticket"]]
    for column in ("source", "number", "subject", "customer", "site", "assignee"):
        judged[column] = pd.Series([given[number][column] for number in numbers], dtype="object")
    return judged[list(CLOCK_COLUMNS)]


def asked(number: int, tier: str, at: str, *then: str) -> dict[str, list[Event]]:
    """A ticket that had its tier from the beginning."""
    events_of_one = story(f"{at} asks", f"{at} tier {tier}", *then, ticket=str(number))
    return {str(number): events_of_one}


def facts(
    clock_frame: pd.DataFrame | None = None,
    ticket_frame: pd.DataFrame | None = None,
    period: Period = WEEK,
    as_of: Instant = MONDAY,
    **fields: Any,
) -> Facts:
    """Facts about a period with these frames; the others are empty."""
    when = at(as_of)
    assert when is not None
    given: dict[str, Any] = {
        "period": period,
        "as_of": when,
        "risk_until": risk_until(period, when),
        "clocks": clocks() if clock_frame is None else clock_frame,
        "tickets": tickets() if ticket_frame is None else ticket_frame,
        "sites": frame(SITE_COLUMNS, ()),
        "incidents": frame(INCIDENT_COLUMNS, ()),
        "alerts": frame(ALERT_COLUMNS, ()),
        "data_until": when,
        "policies": ("2000",),
    }
    return Facts(**given | fields)


def _named(fields: Mapping[str, Any]) -> dict[str, Any]:
    number = str(fields.get("number", "1"))
    return {
        "ticket": int(number) if number.isdecimal() else 1,
        "source": "test",
        "number": number,
        "subject": f"Ticket {number}",
        "customer": "Acme",
        "site": "shop",
        "assignee": "bo",
        "tier": "bug_fix",
    } | {name: value for name, value in fields.items() if name != "number"}
