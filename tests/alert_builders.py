"""Alerts, targets, routes and policies in which a test says only what matters to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from supportops.alerts.alert import Alert, Kind, Severity
from supportops.alerts.channels.registry import CHANNELS
from supportops.alerts.policy import AlertPolicy, Route, Step, Target
from supportops.sla.calendar.business_hours import BusinessHours

# A Tuesday; the office opens at 09:00 and London keeps GMT.
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


@lru_cache(maxsize=1)
def office() -> BusinessHours:
    nine_to_five = [["09:00", "17:00"]]
    hours = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), nine_to_five)
    return BusinessHours.from_spec({"tz": "Europe/London", "hours": hours})


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def target(name: str) -> Target:
    """The channel is the last word of the name: `engineer_sms`, `team_email`, else chat."""
    ending = name.rpartition("_")[2]
    channel = ending if ending in CHANNELS else "chat"
    return Target(name, channel, f"apprise_{name}")


def step(*names: str, after: float = 0) -> Step:
    return Step(minutes(after), tuple(target(name) for name in names))


def route(*steps: Step, **changes: Any) -> Route:
    return Route(**({"name": "a_route", "steps": steps} | changes))


def policy(*routes: Route, fallback: Sequence[str] = (), **changes: Any) -> AlertPolicy:
    return AlertPolicy(routes, fallback=tuple(target(name) for name in fallback), **changes)


def alert(subject: str = "Acme Shop", kind: Kind = Kind.OUTAGE, **changes: Any) -> Alert:
    opened = changes.pop("opened_at", NOON)
    known: dict[str, Any] = {
        "key": f"{kind}:{subject}:{opened.isoformat()}",
        "kind": kind,
        "severity": Severity.CRITICAL if kind is Kind.OUTAGE else Severity.WARNING,
        "subject": subject,
        "headline": f"{subject} is in trouble",
        "opened_at": opened,
        "site": subject,
        "customer": "Acme Ltd",
        "facts": {"words": "connection refused", "reason": "refused"},
    }
    return Alert(**(known | changes))
