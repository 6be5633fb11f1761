"""Alerts about this installation: its configuration, checks, tasks, reports and receivers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from supportops.alerts.alert import Alert, Kind, Severity


def operations_alert(
    kind: Kind,
    subject: str,
    headline: str,
    opened_at: datetime,
    *,
    facts: Mapping[str, Any],
    severity: Severity = Severity.WARNING,
    key: str | None = None,
) -> Alert:
    """An alert of `kind` about `subject`, which is a part of this installation.

    `opened_at` is an aware instant, `facts` JSON values for the templates. The key names kind,
    subject and instant, so that a later recurrence is an alert of its own; give `key` where the
    same cause must never open a second alert.
    """
    return Alert(
        key=key or f"{kind}:{subject}:{opened_at.isoformat()}",
        kind=kind,
        severity=severity,
        subject=subject,
        headline=headline,
        opened_at=opened_at,
        facts=facts,
    )
