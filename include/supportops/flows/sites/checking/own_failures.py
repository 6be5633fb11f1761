"""One alert while checks fail on this machine, however many sites they were meant for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from supportops.alerts.alert import Kind, Severity
from supportops.alerts.operations import operations_alert
from supportops.alerts.store import not_seen_since, raise_alert, resolve_alert
from supportops.sites.incident import affected
from supportops.sites.site import STALE_AFTER, Site
from supportops.sites.standing import Attempt

SUBJECT = "checks on this machine"


def watch_own_failures(
    connection: Connection, attempts: Sequence[Attempt], now: datetime, sites: Iterable[Site] = ()
) -> None:
    """Raises the alert for the attempts of one run, or ends it after two intervals without any.

    Only pages whose last attempt failed on our side count: what worked at the second attempt was
    checked. `sites`: those that can be among them, whose customers the alert concerns.
    """
    ordered = sorted(attempts, key=lambda attempt: attempt.number)
    last = {(attempt.site, attempt.page): attempt.result for attempt in ordered}
    failed = [result for result in last.values() if not result.counts]
    if failed:
        unseen = {site for (site, _), result in last.items() if not result.counts}
        first = min(failed, key=lambda result: (result.checked_at, result.url))
        alert = operations_alert(
            Kind.CHECK_TROUBLE,
            SUBJECT,
            f"{len(failed)} of {len(last)} checks failed before they reached a site: "
            f"{first.detail or 'no reason is known'}",
            now,
            severity=Severity.CRITICAL if len(failed) * 2 >= len(last) else Severity.WARNING,
            facts={
                "failed": len(failed),
                "checked": len(last),
                "detail": first.detail,
                "affected": affected((site, None) for site in sites if site.name in unseen),
            },
        )
        raise_alert(connection, alert, now)
    elif attempts:
        for gone in not_seen_since(connection, Kind.CHECK_TROUBLE, now - STALE_AFTER):
            resolve_alert(connection, Kind.CHECK_TROUBLE, gone.subject, now)
