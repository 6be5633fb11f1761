"""Whether alerts are held: a new installation notifies nobody until somebody goes live.

The row is written when the store is made (migration 0008), and released once. A store without the
row is live.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, func, not_, select, update

from supportops.alerts.alert import Kind, Phase
from supportops.alerts.outbox import MessageState
from supportops.db.schema import alert_hold, alerts, messages

_c = alert_hold.c


@dataclass(frozen=True, slots=True)
class Released:
    """What going live did: so many alerts are sent as history, so many messages are not sent."""

    alerts: int
    withdrawn: int


def held_since(connection: Connection) -> datetime | None:
    """Since when alerts have been held, None where they go out."""
    query = select(_c.since).where(_c.released_at.is_(None))
    return connection.execute(query.order_by(_c.id).limit(1)).scalar()


def live_since(connection: Connection) -> datetime | None:
    """When somebody went live; None where alerts are held, or never were."""
    query = select(_c.released_at).where(_c.released_at.is_not(None))
    return connection.execute(query.order_by(_c.id).limit(1)).scalar()


def held_alerts(connection: Connection) -> int:
    """How many open alerts there are of which nobody was notified because of the hold."""
    if held_since(connection) is None:
        return 0
    query = select(func.count()).select_from(alerts).where(alerts.c.resolved_at.is_(None))
    return connection.execute(query).scalar_one()


def release(connection: Connection, who: str, now: datetime) -> Released | None:
    """Lets alerts go out from now on; None where they do already.

    What was raised before is history: each receiver gets it as one summary. Reports that were
    queued meanwhile are not sent: they were made for a trial. Call it under Lock.DISPATCH_ALERTS.
    """
    released = connection.execute(
        update(alert_hold).where(_c.released_at.is_(None)).values(released_at=now, released_by=who)
    )
    if not released.rowcount:
        return None
    m = messages.c
    waits = and_(m.state == MessageState.WAITING.value, m.finished_at.is_(None))
    reports = m.alert.in_(select(alerts.c.key).where(alerts.c.kind == Kind.REPORT.value))
    withdrawn = connection.execute(
        update(messages)
        .where(waits, reports)
        .values(state=MessageState.SUPERSEDED.value, finished_at=now)
    )
    # Alarms that an older version queued and could never send.
    connection.execute(
        update(messages)
        .where(waits, m.phase == Phase.FIRING.value, not_(reports))
        .values(digest=True, next_attempt_at=now)
    )
    history = connection.execute(
        update(alerts).where(alerts.c.settled_at.is_(None)).values(held=True)
    )
    return Released(history.rowcount, withdrawn.rowcount)
