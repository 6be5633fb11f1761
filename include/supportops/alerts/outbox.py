"""The outbox: which messages are to be sent, and where each of them stands.

A decision to send becomes a row here, once. `alerts.claims` takes the rows out to be sent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Table,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    not_,
    or_,
    select,
    update,
)

from supportops.alerts.alert import LASTING_KINDS, Alert, Phase, Severity
from supportops.alerts.routing.decision import Decision, MessageStatus, Reason
from supportops.db.schema import alerts, messages, notification_log
from supportops.db.sound_json import sound_json
from supportops.db.statements import insert_missing
from supportops.notify.outgoing import Outcome

# Clocks of two dispatchers may differ, and one may wait for a lock after it read its own. What
# lies further ahead of `now` was written before the clock was set back.
CLOCK_TOLERANCE = timedelta(minutes=2)
# What no clock writes is damage, which is reported and not mended. In SQLite a damaged instant may
# be a text, which is more than any number.
_FURTHEST = timedelta(days=36_500)
# A newer version may have written other values, which this one cannot read.
PHASES = [phase.value for phase in Phase]
REASONS = {reason.value: reason for reason in Reason}
URGENCY = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}


class MessageState(StrEnum):
    """WAITING and CLAIMED are unfinished; the others are how a message ended."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    HANDED_OVER = "handed_over"
    UNKNOWN = "unknown"
    SUPERSEDED = "superseded"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """One claimed message; its text is composed from its alert when it is sent.

    `attempt` counts from 1 and belongs to this claim alone. `maybe_sent`: an earlier attempt may
    have arrived. `channel` is a name of `channels.registry`. `due_at`: from when on it could have
    been sent, which is after `queued_at` for a digest that waits for its hour.
    """

    id: int
    alert: str
    target: str
    channel: str
    phase: Phase
    step: int
    reminder: int
    urgency: int
    attempt: int
    maybe_sent: bool
    queued_at: datetime
    digest: bool = False
    due_at: datetime | None = None

    @property
    def waits_since(self) -> datetime:
        """Since when it has been on its way."""
        return max(self.queued_at, self.due_at or self.queued_at)

    @property
    def key(self) -> str:
        """What makes the message unique, as text."""
        return f"{self.alert}/{self.target}/{self.phase}/{self.step}/{self.reminder}"


def set_back(connection: Connection, now: datetime) -> None:
    """Takes what lies ahead of the clock, in alerts that are not settled, to have happened now.

    It was written before the clock was set back. An alert from an hour that is still to come would
    wait for that hour, and so would the reminders of messages that were sent in it. Steps and
    reminders count from now on; keys, facts and the notification log stay as they are.
    """
    unsettled = alerts.c.settled_at.is_(None)
    a = alerts.c
    _bring_to(connection, alerts, (a.opened_at, a.last_seen_at, a.resolved_at), unsettled, now)
    of_these = messages.c.alert.in_(select(a.key).where(unsettled))
    c = messages.c
    connection.execute(
        update(messages)
        .where(of_these, c.queued_at > now + CLOCK_TOLERANCE, c.next_attempt_at > now)
        .where(c.state == MessageState.WAITING.value, c.queued_at < now + _FURTHEST)
        .values(next_attempt_at=now)
    )
    _bring_to(connection, messages, (c.queued_at, c.finished_at), of_these, now)


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


def queue(
    connection: Connection, decided: Iterable[tuple[Alert, Iterable[Decision]]], now: datetime
) -> int:
    """Queues a message for every decision that sends; answers how many were not there yet."""
    rows = [
        _row(alert, decision, now)
        for alert, decisions in decided
        for decision in decisions
        if decision.sends
    ]
    if not rows:
        return 0
    last = connection.execute(select(func.max(messages.c.id))).scalar() or 0
    insert_missing(connection, messages, rows)
    new = select(func.count()).select_from(messages).where(messages.c.id > last)
    return connection.execute(new).scalar_one() + _called_for_again(connection, rows)


def _called_for_again(connection: Connection, rows: list[dict[str, Any]]) -> int:
    """Revives what was withdrawn because somebody had an alert who gave it back; answers how many.

    A message is unique, so that it cannot be queued a second time.
    """
    c, key = messages.c, ("alert", "target", "phase", "step", "reminder")
    still_open = select(alerts.c.key).where(
        alerts.c.resolved_at.is_(None), alerts.c.resumed_at.is_not(None)
    )
    statement = select(c.id, *(c[name] for name in key)).where(
        c.state == MessageState.SUPERSEDED.value, c.alert.in_(still_open)
    )
    withdrawn = {tuple(row)[1:]: row.id for row in connection.execute(statement)}
    again = [
        {
            "of": withdrawn[which],
            "again_why": row["why"],
            "again_due": row["due_at"],
            "again_at": row["queued_at"],
            "again_next": row["next_attempt_at"],
            "again_digest": row["digest"],
        }
        for row in rows
        if (which := tuple(row[name] for name in key)) in withdrawn
    ]
    if again:
        revived = update(messages).where(c.id == bindparam("of"))
        values = {
            "state": MessageState.WAITING.value,
            "why": bindparam("again_why"),
            "due_at": bindparam("again_due", type_=c.due_at.type),
            "digest": bindparam("again_digest"),
            "queued_at": bindparam("again_at", type_=c.queued_at.type),
            "next_attempt_at": bindparam("again_next", type_=c.queued_at.type),
            "finished_at": None,
        }
        connection.execute(revived.values(values), again)
    return len(again)


def _row(alert: Alert, decision: Decision, now: datetime) -> dict[str, Any]:
    return {
        "alert": alert.key,
        "target": decision.target,
        "channel": decision.channel,
        "phase": decision.phase.value,
        "step": decision.step,
        "reminder": decision.reminder,
        "why": decision.reason.value,
        "urgency": URGENCY[alert.severity],
        "due_at": decision.due_at,
        "queued_at": now,
        "state": MessageState.WAITING.value,
        "attempts": 0,
        "next_attempt_at": decision.due_at if decision.scheduled else now,
        "maybe_sent": False,
        "digest": decision.digest,
        "duty": decision.duty or None,
    }


def history(
    connection: Connection, *, only_resolved: bool = False, keys: Iterable[str] | None = None
) -> dict[str, list[MessageStatus]]:
    """The messages of each unsettled alert by its key, as `decide` reads them.

    With `keys`, those of the alerts with these keys instead, settled or not.
    """
    c = messages.c
    failures = (
        select(func.count())
        .where(
            notification_log.c.message == c.id,
            notification_log.c.outcome != Outcome.HANDED_OVER.value,
        )
        .correlate(messages)
        .scalar_subquery()
    )
    columns = (c.alert, c.target, c.phase, c.step, c.reminder, c.why, c.state, c.maybe_sent, c.duty)
    statement = (
        select(*columns, c.finished_at, c.claimed_at, failures.label("failures"))
        .join(alerts, alerts.c.key == c.alert)
        .where(alerts.c.settled_at.is_(None) if keys is None else c.alert.in_(set(keys)))
        .where(c.state != MessageState.SUPERSEDED.value)
        .order_by(c.id)
    )
    if only_resolved:
        statement = statement.where(alerts.c.resolved_at.is_not(None))
    found: defaultdict[str, list[MessageStatus]] = defaultdict(list)
    for row in connection.execute(statement.where(c.phase.in_(PHASES))):
        status = MessageStatus(
            target=row.target,
            phase=Phase(row.phase),
            step=row.step,
            reminder=row.reminder,
            handed_over=row.state == MessageState.HANDED_OVER.value,
            maybe_delivered=row.maybe_sent or row.state == MessageState.UNKNOWN.value,
            failures=row.failures,
            finished=row.finished_at is not None,
            at=row.finished_at or row.claimed_at,
            reason=REASONS.get(row.why, Reason.STEP_REACHED),
            duty=row.duty or "",
        )
        found[row.alert].append(status)
    return found


def supersede(connection: Connection, now: datetime) -> int:
    """Withdraws what its alert has called off, unless a dispatcher is sending it.

    What may have arrived, such as the message of a dispatcher that died, counts as UNKNOWN, so
    that a resolution follows it. Answers how many messages were withdrawn.
    """
    c = messages.c
    maybe_sent = or_(c.maybe_sent, c.state == MessageState.CLAIMED.value)
    result = connection.execute(
        update(messages)
        .where(c.finished_at.is_(None))
        .where(or_(c.state == MessageState.WAITING.value, claim_lost(now)), called_off())
        .values(
            state=case(
                (maybe_sent, MessageState.UNKNOWN.value), else_=MessageState.SUPERSEDED.value
            ),
            maybe_sent=maybe_sent,
            finished_at=now,
        )
    )
    return result.rowcount


def withhold(
    connection: Connection, alert: str, targets: Iterable[str], now: datetime, until: datetime
) -> None:
    """Sends no alarm about `alert` that waits to any of `targets` before `until`."""
    c = messages.c
    waiting = and_(c.state == MessageState.WAITING.value, c.next_attempt_at < until)
    lost = claim_lost(now)
    connection.execute(
        update(messages)
        .where(c.finished_at.is_(None), c.phase == Phase.FIRING.value, c.alert == alert)
        .where(c.target.in_(list(targets)), or_(waiting, lost))
        .values(
            state=MessageState.WAITING.value,
            maybe_sent=or_(c.maybe_sent, c.state == MessageState.CLAIMED.value),
            next_attempt_at=until,
        )
    )


def called_off() -> ColumnElement[bool]:
    """Whether a message is one that its alert no longer calls for.

    A resolved alert calls off its alarms; one that is acknowledged or snoozed its reminders, its
    later steps and what the fallback was to get. So does the end of a lasting one.
    """
    c = messages.c
    unsettled = select(alerts.c.key).where(alerts.c.settled_at.is_(None))
    over, lasts = alerts.c.resolved_at.is_not(None), _lasts()
    resolved = unsettled.where(over, not_(lasts))
    a = alerts.c
    put_off = or_(a.acknowledged_at.is_not(None), a.snoozed_until.is_not(None))
    taken = unsettled.where(or_(and_(over, lasts), put_off))
    beyond_the_first = or_(c.reminder > 0, c.step > 0, c.why == Reason.FALLBACK.value)
    return and_(
        c.phase == Phase.FIRING.value,
        or_(c.alert.in_(resolved), and_(c.alert.in_(taken), beyond_the_first)),
    )


def claim_lost(now: datetime) -> ColumnElement[bool]:
    """Whether the dispatcher that claimed a message is dead, or claimed it in an hour to come."""
    c = messages.c
    ahead = c.claimed_at > now + CLOCK_TOLERANCE
    return and_(c.state == MessageState.CLAIMED.value, or_(c.claimed_until <= now, ahead))


def reopen(connection: Connection, targets: Iterable[str], now: datetime) -> int:
    """Sends once more what ended without reaching its target while its alert is still open.

    Such is the message to a target that was missing in the configuration for a while. Not where
    somebody acknowledged the alert, nor where the target got a later message about it. Answers
    how many.
    """
    c, later = messages.c, messages.alias()
    unsure = (MessageState.GIVEN_UP.value, MessageState.UNKNOWN.value)
    reached = (
        select(later.c.id)
        .where(later.c.alert == c.alert, later.c.target == c.target, later.c.id > c.id)
        .where(later.c.state == MessageState.HANDED_OVER.value)
        .exists()
    )
    result = connection.execute(
        update(messages)
        .where(c.state.in_(unsure), c.target.in_(list(targets)), is_wanted(), not_(reached))
        .values(state=MessageState.WAITING.value, finished_at=None, next_attempt_at=now)
    )
    return result.rowcount


def is_wanted() -> ColumnElement[bool]:
    """Whether a message is an alarm that somebody must have before its alert ends.

    Once somebody acknowledged the alert, it is in hand.
    """
    unsettled = select(alerts.c.key).where(alerts.c.settled_at.is_(None))
    wanted = unsettled.where(alerts.c.resolved_at.is_(None), alerts.c.acknowledged_at.is_(None))
    return and_(messages.c.phase == Phase.FIRING.value, messages.c.alert.in_(wanted))


def _lasts() -> ColumnElement[bool]:
    """What `Alert.lasts` is, in SQL. SQLite reads a JSON true as 1."""
    retracted = cast(sound_json(alerts.c.facts)["retracted"].as_string(), Text)
    kinds = [kind.value for kind in LASTING_KINDS]
    return and_(alerts.c.kind.in_(kinds), func.coalesce(retracted, "").not_in(["true", "1"]))
