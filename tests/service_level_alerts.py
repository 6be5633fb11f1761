"""Service-level alerts in which a test says only what matters to it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from alert_builders import NOON
from supportops.alerts.alert import Alert, Kind, Severity

_MILESTONES = {
    Kind.SLA_WARNING: "warning",
    Kind.SLA_BREACH: "breach",
    Kind.SLA_FOLLOW_UP: "follow_up",
}


def ticket_alert(
    ticket: str | int,
    kind: Kind = Kind.SLA_BREACH,
    *,
    deadline: datetime = NOON - timedelta(hours=1),
    seen_at: datetime = NOON,
    critical: bool = False,
    customer: str | None = None,
    **facts: Any,
) -> Alert:
    """Ticket `ticket` was to be answered by `deadline`; its clock was looked at at `seen_at`.

    The clock started a day before its deadline.
    """
    started_at = deadline - timedelta(days=1)
    known: dict[str, Any] = {
        "source": "desk",
        "ticket": str(ticket),
        "title": f"Question {ticket}",
        "tier": "mission_critical" if critical else "bug_fix",
        "assignee": "Ada",
        "metric": "first_reply_time",
        "instance": 1,
        "milestone": _MILESTONES[kind],
        "policy": "published/bug_fix",
        "state": "running",
        "started_at": started_at.isoformat(),
        "deadline": deadline.isoformat(),
        "breached_at": None if kind is Kind.SLA_WARNING else deadline.isoformat(),
        "fulfilled_at": None,
        "open_seconds": 8 * 3600.0,
        "calendar_seconds": (seen_at - started_at).total_seconds(),
        "left_seconds": (deadline - seen_at).total_seconds(),
    }
    known |= facts
    about = (known["source"], known["ticket"], known["metric"], known["instance"])
    parts = [*map(str, about), known["milestone"], known["deadline"]]
    return Alert(
        key=":".join(["sla", *parts]),
        kind=kind,
        severity=Severity.CRITICAL if critical else Severity.WARNING,
        subject=" ".join(parts),
        headline="the first reply is late",
        opened_at=seen_at if kind is Kind.SLA_WARNING else deadline,
        customer=customer,
        facts=known,
    )
