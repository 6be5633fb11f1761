"""Queues an issued report in the outbox: a message and a delivery record for each recipient."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from supportops.alerts.alert import Alert, Kind, Severity
from supportops.alerts.policy import Target
from supportops.flows.alerts.dispatching import addressing
from supportops.reports import store
from supportops.reports.store import StoredReport


def post(
    connection: Connection, report: StoredReport, targets: Sequence[Target], now: datetime
) -> int:
    """Issues a stored report to `targets` and queues one message for each; answers how many.

    All of it is part of the caller's transaction. For a report that was issued before nothing is
    changed or queued.
    """
    key = alert_key(report)
    if not store.issue(connection, report.id, key, [target.name for target in targets], now):
        return 0
    alert = Alert(
        key=key,
        kind=Kind.REPORT,
        severity=Severity.INFO,
        subject=key,
        headline=report.subject,
        opened_at=now,
        customer=report.customer,
        facts={"period": report.period, "audience": report.audience},
    )
    return addressing.post(connection, alert, targets, now)


def alert_key(report: StoredReport) -> str:
    """Names one edition: "report:weekly:2026-W47:managers:1"."""
    parts = (Kind.REPORT, report.cadence, report.period, report.audience, report.edition)
    return ":".join(str(part) for part in parts)
