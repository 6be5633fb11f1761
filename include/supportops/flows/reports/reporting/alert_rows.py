"""The messages of alerts that were opened in a period: a row a message, for a report."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, and_, case, func, or_, select

from supportops.alerts.alert import SERVICE_LEVEL_KINDS, Kind, Phase
from supportops.alerts.outbox import MessageState
from supportops.db.schema import alerts, incidents, messages, notification_log
from supportops.notify.outgoing import Outcome

# What happens to customers, without alerts about the installation itself and about reports.
REPORTED_KINDS = SERVICE_LEVEL_KINDS | {
    Kind.OUTAGE,
    Kind.HOST_OUTAGE,
    Kind.FAULT,
    Kind.CERTIFICATE,
    Kind.PUSH_MISSING,
    Kind.PUSH_FAILED,
    Kind.PUSH_LIMIT,
    Kind.REGISTRATION,
    Kind.DNS_CHANGE,
    Kind.MAIL_RECORDS,
    Kind.CALL,
}

# The dispatch runs at least every five minutes. What three of them have not attempted is not
# on its way, it is undelivered.
ON_ITS_WAY = timedelta(minutes=15)

Row = dict[str, Any]


def alert_rows(
    connection: Connection, start: datetime, end: datetime, as_of: datetime
) -> list[Row]:
    """A row a message, as in `reports.facts`, about alerts opened in [start, end), as of `as_of`.

    Left out is what was not queued or not due by then, and what had not been attempted by then
    because it was superseded before, or is younger than ON_ITS_WAY. What became of a message after
    `as_of` changes nothing.
    """
    found = connection.execute(_statement(start, end, as_of)).mappings()
    return [_row(row) for row in found]


def _statement(start: datetime, end: datetime, as_of: datetime) -> Select[Any]:
    a, m, log = alerts.c, messages.c, notification_log.c
    handed_over = case((log.outcome == Outcome.HANDED_OVER.value, log.id))
    tries = (
        select(
            log.message,
            func.count().label("tries"),
            func.min(handed_over).label("handed_over"),
            func.count(handed_over).label("arrived"),
        )
        .join(messages, m.id == log.message)
        .join(alerts, a.key == m.alert)
        .where(a.opened_at >= start, a.opened_at < end, log.started_at <= as_of)
        .group_by(log.message)
        .subquery()
    )
    last = notification_log.alias()
    tried = func.coalesce(tries.c.tries, 0)
    due_since = case((m.queued_at > m.due_at, m.queued_at), else_=m.due_at)
    waits = or_(m.state != MessageState.SUPERSEDED.value, m.finished_at > as_of)
    return (
        select(
            *(a.kind, a.severity, a.site, a.customer, a.opened_at, m.channel, m.phase, m.step),
            *(m.reminder, m.due_at, incidents.c.started_at, last.c.started_at.label("sent_at")),
            *(last.c.seconds, tried.label("tries"), tries.c.arrived),
        )
        .join(alerts, a.key == m.alert)
        .outerjoin(incidents, incidents.c.key == a.key)
        .outerjoin(tries, tries.c.message == m.id)
        .outerjoin(last, last.c.id == tries.c.handed_over)
        .where(a.opened_at >= start, a.opened_at < end, m.due_at <= as_of, m.queued_at <= as_of)
        .where(a.kind.in_(sorted(kind.value for kind in REPORTED_KINDS)))
        .where(or_(tried > 0, and_(due_since <= as_of - ON_ITS_WAY, waits)))
        .order_by(m.id)
    )


def _row(row: Any) -> Row:
    sent_at = row["sent_at"]
    return {
        "kind": row["kind"],
        "severity": row["severity"],
        "site": row["site"],
        "customer": row["customer"],
        "channel": row["channel"],
        "caused_at": _caused_at(row),
        "handed_over_at": sent_at and sent_at + timedelta(seconds=row["seconds"]),
        "failures": row["tries"] - (row["arrived"] or 0),
    }


def _caused_at(row: Any) -> datetime:
    """The first message counts from what it is about, all later ones from when they were due."""
    is_first = row["phase"] == Phase.FIRING.value and row["step"] == row["reminder"] == 0
    caused_at: datetime = (row["started_at"] or row["opened_at"]) if is_first else row["due_at"]
    return caused_at
