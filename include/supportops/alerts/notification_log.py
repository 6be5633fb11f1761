"""The notification log: a row for each attempt at each message, read for limits and alarms."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from supportops.alerts.alert import TEST_KEYS
from supportops.alerts.outbox import CLOCK_TOLERANCE, QueuedMessage
from supportops.db.schema import notification_log
from supportops.db.statements import insert_missing
from supportops.db.storable import storable
from supportops.notify.outgoing import Outcome

_c = notification_log.c


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of one attempt. `detail` is one line without secrets.

    Messages with the same `bundle` shared the attempt, which took `seconds`.
    """

    outcome: Outcome
    detail: str
    bundle: str
    started_at: datetime
    seconds: float


@dataclass(frozen=True, slots=True)
class LastAttempt:
    """The newest attempt at something, as logged: `outcome` is the word that is stored."""

    outcome: str
    detail: str
    at: datetime


def append(connection: Connection, attempts: Sequence[tuple[QueuedMessage, Attempt]]) -> None:
    """Logs attempts; one that is logged already stays as it is."""
    insert_missing(connection, notification_log, [_row(*each) for each in attempts])


def _row(message: QueuedMessage, attempt: Attempt) -> dict[str, Any]:
    return {
        "message": message.id,
        "attempt": message.attempt,
        "alert": message.alert,
        "target": message.target,
        "channel": message.channel,
        "outcome": attempt.outcome.value,
        "detail": storable(attempt.detail),
        "bundle": attempt.bundle,
        "started_at": attempt.started_at,
        "seconds": attempt.seconds,
    }


def sent_in(connection: Connection, since: datetime, now: datetime) -> dict[str, list[datetime]]:
    """When each target was sent something from `since` until `now`; a bundle counts once.

    What lies ahead of `now` by more than clocks may differ was sent before the clock jumped
    back, and counts no more. A test message counts for no limit.
    """
    statement = (
        select(_c.target, func.min(_c.started_at).label("at"))
        .where(_c.started_at >= since, _c.started_at <= now + CLOCK_TOLERANCE)
        .where(_c.outcome.in_([Outcome.HANDED_OVER.value, Outcome.UNKNOWN.value]))
        .where(_c.alert.not_like(f"{TEST_KEYS}%"))
        .group_by(_c.target, _c.bundle)
    )
    found: defaultdict[str, list[datetime]] = defaultdict(list)
    for row in connection.execute(statement):
        found[row.target].append(row.at)
    return found


def last_attempts(connection: Connection, targets: Iterable[str]) -> dict[str, LastAttempt]:
    """The newest attempt at each of `targets`, by target."""
    found: dict[str, LastAttempt] = {}
    for target in targets:
        newest = _attempts().where(_c.target == target)
        row = connection.execute(newest.order_by(_c.started_at.desc(), _c.id.desc()).limit(1))
        for each in row:
            found[target] = LastAttempt(*each[1:])
    return found


def attempts_of(connection: Connection, alert: str) -> dict[str, LastAttempt]:
    """The newest attempt at each message about `alert`, by its target."""
    rows = connection.execute(_attempts().where(_c.alert == alert).order_by(_c.id))
    return {row.target: LastAttempt(*row[1:]) for row in rows}


def _attempts() -> Select[Any]:
    return select(_c.target, _c.outcome, _c.detail, _c.started_at)


def last_outcomes(connection: Connection, target: str, most: int) -> list[Outcome]:
    """The outcomes of the newest attempts to a target, the newest first; a bundle counts once,
    with however many messages."""
    known = [outcome.value for outcome in Outcome]
    newest = select(_c.outcome, _c.bundle).where(_c.target == target, _c.outcome.in_(known))
    newest = newest.order_by(_c.id.desc()).limit(1)
    found: dict[str, Outcome] = {}
    while len(found) < most:
        row = connection.execute(newest.where(_c.bundle.not_in(list(found)))).first()
        if row is None:
            break
        found[row.bundle] = Outcome(row.outcome)
    return list(found.values())


def certain_attempts(connection: Connection, messages: Iterable[int]) -> Counter[int]:
    """How many attempts at each of `messages` are known to have arrived or not."""
    certain = select(_c.message, func.count().label("n")).where(
        _c.message.in_(set(messages)), _c.outcome != Outcome.UNKNOWN.value
    )
    rows = connection.execute(certain.group_by(_c.message))
    return Counter({row.message: row.n for row in rows})
