"""What is done about instants that a clock wrote before it was set back.

An alert from an hour that is still to come would wait for that hour, and so would the reminders
of messages that were sent in it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Table,
    and_,
    case,
    literal,
    or_,
    select,
    update,
)

from supportops.db.schema import alerts, messages

# Clocks of two dispatchers may differ, and one may wait for a lock after it read its own. What
# lies further ahead of `now` was written before the clock was set back.
CLOCK_TOLERANCE = timedelta(minutes=2)
# What no clock writes is damage, which is reported and not mended. In SQLite a damaged instant may
# be a text, which is more than any number.
_FURTHEST = timedelta(days=36_500)


def set_back(connection: Connection, now: datetime) -> None:
    """Takes what lies ahead of the clock, in alerts that are not settled, to have happened now.

    Steps and reminders count from then on. Keys, facts and the notification log stay as they are.
    """
    unsettled = alerts.c.settled_at.is_(None)
    a = alerts.c
    _bring_to(connection, alerts, (a.opened_at, a.last_seen_at, a.resolved_at), unsettled, now)
    of_these = messages.c.alert.in_(select(a.key).where(unsettled))
    _bring_to(connection, messages, (messages.c.queued_at, messages.c.finished_at), of_these, now)


def _bring_to(
    connection: Connection,
    table: Table,
    columns: tuple[Column[datetime], ...],
    where: ColumnElement[bool],
    now: datetime,
) -> None:
    first, last = now + CLOCK_TOLERANCE, now + _FURTHEST
    ahead = {column: and_(column > first, column < last) for column in columns}
    connection.execute(
        update(table)
        .where(where, or_(*ahead.values()))
        .values(
            {
                column: case((late, literal(now, column.type)), else_=column)
                for column, late in ahead.items()
            }
        )
    )
