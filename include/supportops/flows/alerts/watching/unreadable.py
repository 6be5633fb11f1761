"""Raises one alert while the store holds what nobody can be notified of: it cannot be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, func, not_, select

from supportops.alerts.alert import Kind, Severity
from supportops.alerts.operations import operations_alert
from supportops.alerts.outbox import PHASES, REASONS, MessageState
from supportops.alerts.store import Unreadable, raise_alert, resolve_alert
from supportops.db.schema import alerts, messages, notification_log
from supportops.flows.alerts.dispatching.composing import NOT_WORDED
from supportops.notify.outgoing import Outcome
from supportops.rendering.render import one_line

SUBJECT = "stored alerts"
_EXPLANATION = (
    "These rows of the store were written by a newer version or are damaged, or their text could "
    "not be made. Nobody is notified of them; everything else goes out."
)
# Each is named up to here; the number counts all.
_MOST_NAMED = 10
_MOST_ROWS = 1000
# The newest rows of the notification log that are looked at.
_LOG_TAIL = 5000


def watch_unreadable(
    connection: Connection, unreadable: Sequence[Unreadable], now: datetime
) -> bool:
    """Raises, brings up to date or ends the alert on rows that cannot be read or composed.

    Answers whether the stored alerts have changed. `unreadable` are the unsettled alerts that
    cannot be read.
    """
    found = [f"alert {each.key}: {each.why}" for each in unreadable]
    found += [*_messages(connection), *_not_worded(connection), *_attempts(connection)]
    if not found:
        over = {"over": "all of them can be read again"}
        return resolve_alert(connection, Kind.TASK_FAILED, SUBJECT, now, over)
    lines = [one_line(line)[:200] for line in found[:_MOST_NAMED]]
    rows = "1 row" if len(found) == 1 else f"{len(found)} rows"
    alert = operations_alert(
        Kind.TASK_FAILED,
        SUBJECT,
        f"{rows} cannot be read or put into words: {lines[0]}",
        now,
        severity=Severity.CRITICAL,
        facts={"errors": lines, "attempts": len(found), "explanation": _EXPLANATION},
    )
    raise_alert(connection, alert, now)
    return True


def _messages(connection: Connection) -> Iterator[str]:
    """Messages of unsettled alerts with a state, a phase or a reason that is unknown here."""
    c = messages.c
    known = and_(
        c.phase.in_(PHASES),
        c.why.in_(list(REASONS)),
        c.state.in_([state.value for state in MessageState]),
    )
    statement = (
        select(c.id, c.alert, c.phase, c.why, c.state)
        .join(alerts, alerts.c.key == c.alert)
        .where(alerts.c.settled_at.is_(None), not_(known))
    )
    for row in connection.execute(statement.order_by(c.id).limit(_MOST_ROWS)):
        values = f"phase {row.phase!r}, reason {row.why!r}, state {row.state!r}"
        yield f"message {row.id} about {row.alert}: {values}"


def _not_worded(connection: Connection) -> Iterator[str]:
    """Messages still due whose last attempt raised an error when they were composed."""
    c, log = messages.c, notification_log.c
    statement = (
        select(c.id, c.alert, log.detail)
        .join(notification_log, and_(log.message == c.id, log.attempt == c.attempts))
        .where(c.finished_at.is_(None), log.detail.startswith(NOT_WORDED))
    )
    for row in connection.execute(statement.order_by(c.id).limit(_MOST_ROWS)):
        yield f"message {row.id} about {row.alert}: {row.detail}"


def _attempts(connection: Connection) -> Iterator[str]:
    """Recent attempts of unsettled alerts with an outcome that is unknown here."""
    log = notification_log.c
    newest = connection.execute(select(func.max(log.id))).scalar() or 0
    statement = (
        select(log.id, log.alert, log.outcome)
        .join(alerts, alerts.c.key == log.alert)
        .where(log.id > newest - _LOG_TAIL, alerts.c.settled_at.is_(None))
        .where(log.outcome.not_in([outcome.value for outcome in Outcome]))
    )
    for row in connection.execute(statement.order_by(log.id).limit(_MOST_ROWS)):
        yield f"attempt {row.id} about {row.alert}: outcome {row.outcome!r}"
