"""What the ledger of attempts says of a target or a message: read for limits and alarms."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from sqlalchemy import Connection, func, select

from supportops.alerts.outbox import CLOCK_TOLERANCE
from supportops.db.schema import notification_log

_c = notification_log.c
# Far more than the messages of a few bundles.
_MOST_ROWS = 1000


def sent_in(connection: Connection, since: datetime, now: datetime) -> dict[str, list[datetime]]:
    """When each target was sent something from `since` until `now`; a bundle counts once.

    What lies ahead of `now` by more than clocks may differ was sent before the clock jumped
    back, and counts no more.
    """
    statement = (
        select(_c.target, func.min(_c.started_at).label("at"))
        .where(_c.started_at >= since, _c.started_at <= now + CLOCK_TOLERANCE)
        .where(_c.outcome.in_(["handed_over", "unknown"]))
        .group_by(_c.target, _c.bundle)
    )
    found: defaultdict[str, list[datetime]] = defaultdict(list)
    for row in connection.execute(statement):
        found[row.target].append(row.at)
    return found


def last_outcomes(connection: Connection, target: str, most: int) -> list[str]:
    """The outcomes of the newest attempts to a target, the newest first; a bundle counts once."""
    statement = select(_c.outcome, _c.bundle).where(_c.target == target).order_by(_c.id.desc())
    newest: dict[str, str] = {}
    for row in connection.execute(statement.limit(_MOST_ROWS)):
        newest.setdefault(row.bundle, row.outcome)
    return list(newest.values())[:most]


def unsure_attempts(connection: Connection, message: int) -> int:
    """How many attempts at a message may have arrived."""
    statement = select(func.count()).where(_c.message == message, _c.outcome == "unknown")
    return connection.execute(statement).scalar_one()
