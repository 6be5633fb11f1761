"""The outbox and the ledger: which messages are still to be sent, and what each attempt came to.

A message is claimed before it is sent and recorded after. Whoever dies in between leaves a claim
that runs out: the message is then sent again, marked as one that may be repeated. A crash may
repeat a message; it never loses one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Text, and_, case, cast, func, literal, or_, select, update

from supportops.alerts.alert import Alert, Channel, Phase, Severity
from supportops.alerts.escalation import Decision, Entry
from supportops.db.schema import messages, notification_log
from supportops.db.statements import insert_new

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
class Message:
    """One claimed message: what is said is composed from its alert when it is sent.

    `attempt` counts from 1 and belongs to this claim alone; `maybe_sent` tells that an earlier
    attempt may have arrived.
    """

    id: int
    alert: str
    target: str
    channel: Channel
    phase: Phase
    step: int
    reminder: int
    urgency: int
    attempt: int
    maybe_sent: bool
    queued_at: datetime

    @property
    def key(self) -> str:
        return f"{self.alert}/{self.target}/{self.phase}/{self.step}/{self.reminder}"


def queue(
    connection: Connection, alert: Alert, decisions: Iterable[Decision], now: datetime
) -> int:
    """Puts every decision that sends into the outbox; one that is there already stays as it is."""
    rows = [
        {
            "alert": alert.key,
            "target": decision.target,
            "channel": decision.channel.value,
            "phase": decision.phase.value,
            "step": decision.step,
            "reminder": decision.reminder,
            "why": decision.why.value,
            "urgency": URGENCY[alert.severity],
            "due_at": decision.due_at,
            "queued_at": now,
            "state": MessageState.WAITING.value,
            "attempts": 0,
            "next_attempt_at": now,
            "maybe_sent": False,
        }
        for decision in decisions
        if decision.sends
    ]
    return insert_new(connection, messages, rows)


def entries(connection: Connection, alert_keys: Sequence[str]) -> dict[str, list[Entry]]:
    """What was done about each alert, message by message: what `decide` reads."""
    failed = (
        select(
            notification_log.c.message,
            func.count().label("failures"),
        )
        .where(notification_log.c.outcome != "handed_over")
        .group_by(notification_log.c.message)
        .subquery()
    )
    c = messages.c
    statement = (
        select(
            c.alert,
            c.target,
            c.phase,
            c.step,
            c.reminder,
            c.state,
            c.maybe_sent,
            c.finished_at,
            c.claimed_at,
            func.coalesce(failed.c.failures, 0).label("failures"),
        )
        .join(failed, failed.c.message == c.id, isouter=True)
        .where(c.alert.in_(alert_keys), c.state != MessageState.SUPERSEDED.value)
        .order_by(c.id)
    )
    found: defaultdict[str, list[Entry]] = defaultdict(list)
    for row in connection.execute(statement):
        entry = Entry(
            target=row.target,
            phase=Phase(row.phase),
            step=row.step,
            reminder=row.reminder,
            handed_over=row.state == MessageState.HANDED_OVER.value,
            maybe_told=row.maybe_sent or row.state == MessageState.UNKNOWN.value,
            failures=row.failures,
            finished=row.finished_at is not None,
            at=row.finished_at or row.claimed_at,
        )
        found[row.alert].append(entry)
    return found


def supersede(connection: Connection, alert: Alert, now: datetime) -> int:
    """Takes back what was queued and never went out, once the alert no longer calls for it.

    A resolved alert takes back its alarms; an acknowledged one its reminders and later steps.
    """
    c = messages.c
    overtaken = c.phase == Phase.FIRING.value
    if alert.resolved_at is None:
        overtaken = and_(overtaken, or_(c.reminder > 0, c.step > 0))
    result = connection.execute(
        update(messages)
        .where(c.alert == alert.key, c.state == MessageState.WAITING.value, overtaken)
        .values(
            # An attempt that may have arrived is no message that never went out.
            state=case(
                (c.maybe_sent, MessageState.UNKNOWN.value), else_=MessageState.SUPERSEDED.value
            ),
            finished_at=now,
        )
    )
    return result.rowcount


def unfinished(connection: Connection, alert_key: str) -> int:
    statement = select(func.count()).where(
        messages.c.alert == alert_key, messages.c.finished_at.is_(None)
    )
    return connection.execute(statement).scalar_one()


def claim(
    connection: Connection,
    now: datetime,
    who: str,
    lease: timedelta,
    most: int,
    waiting_targets: Iterable[str] = (),
) -> list[Message]:
    """Takes up to `most` messages that are due, the urgent first, for `lease`.

    Nobody else gets them meanwhile. A claim that ran out is taken over, and its message counts
    as perhaps sent. So is one from a future that the clock has since jumped back from.
    `waiting_targets` have used up their storm limit and are left out.
    """
    c = messages.c
    orphaned = and_(
        c.state == MessageState.CLAIMED.value, or_(c.claimed_until <= now, c.claimed_at > now)
    )
    due = and_(
        c.state == MessageState.WAITING.value,
        or_(c.next_attempt_at <= now, c.claimed_at > now, c.queued_at > now),
    )
    wanted = (
        select(c.id)
        .where(c.finished_at.is_(None), or_(due, orphaned))
        .where(c.target.not_in(list(waiting_targets)))
        .order_by(c.urgency, c.queued_at, c.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(messages)
        .where(c.id.in_(wanted))
        .values(
            state=MessageState.CLAIMED.value,
            maybe_sent=or_(c.maybe_sent, c.state == MessageState.CLAIMED.value),
            attempts=c.attempts + 1,
            claimed_by=who,
            claimed_at=now,
            claimed_until=now + lease,
        )
        .returning(
            c.id,
            c.alert,
            c.target,
            c.channel,
            c.phase,
            c.step,
            c.reminder,
            c.urgency,
            c.attempts,
            c.maybe_sent,
            c.queued_at,
        )
    )
    taken = [
        Message(
            id=row.id,
            alert=row.alert,
            target=row.target,
            channel=Channel(row.channel),
            phase=Phase(row.phase),
            step=row.step,
            reminder=row.reminder,
            urgency=row.urgency,
            attempt=row.attempts,
            maybe_sent=row.maybe_sent,
            queued_at=row.queued_at,
        )
        for row in connection.execute(statement)
    ]
    return sorted(taken, key=lambda message: (message.urgency, message.queued_at, message.id))


def release(connection: Connection, taken: Sequence[Message], who: str, until: datetime) -> None:
    """Gives claimed messages back unsent, to be tried from `until` on."""
    for message in taken:
        connection.execute(
            update(messages)
            .where(messages.c.id == message.id, messages.c.claimed_by == who)
            .where(messages.c.state == MessageState.CLAIMED.value)
            .values(
                state=MessageState.WAITING.value,
                attempts=messages.c.attempts - 1,
                next_attempt_at=until,
            )
        )


def record(
    connection: Connection,
    message: Message,
    who: str,
    *,
    outcome: str,
    detail: str,
    bundle: str | None,
    started_at: datetime,
    seconds: float,
    state: MessageState,
    next_attempt_at: datetime,
    now: datetime,
) -> None:
    """Writes one attempt into the ledger and moves its message on, if the claim is still ours."""
    row = {
        "message": message.id,
        "attempt": message.attempt,
        "alert": message.alert,
        "target": message.target,
        "channel": message.channel.value,
        "outcome": outcome,
        "detail": detail,
        "bundle": bundle,
        "started_at": started_at,
        "seconds": seconds,
    }
    insert_new(connection, notification_log, [row])
    unfinished_state = state is MessageState.WAITING
    connection.execute(
        update(messages)
        .where(messages.c.id == message.id, messages.c.claimed_by == who)
        .where(messages.c.attempts == message.attempt)
        .where(messages.c.state == MessageState.CLAIMED.value)
        .values(
            state=state.value,
            next_attempt_at=next_attempt_at,
            maybe_sent=or_(messages.c.maybe_sent, literal(outcome == "unknown")),
            finished_at=None if unfinished_state else now,
        )
    )


def sent_in(connection: Connection, since: datetime, until: datetime) -> dict[str, list[datetime]]:
    """When each target was sent something in [since, until]; a bundle counts once."""
    c = notification_log.c
    statement = (
        select(c.target, func.min(c.started_at).label("at"))
        .where(c.started_at >= since, c.started_at <= until)
        .where(c.outcome.in_(["handed_over", "unknown"]))
        .group_by(c.target, func.coalesce(c.bundle, cast(c.id, Text)))
    )
    found: defaultdict[str, list[datetime]] = defaultdict(list)
    for row in connection.execute(statement):
        found[row.target].append(row.at)
    return found


def in_flight(connection: Connection, now: datetime) -> dict[str, int]:
    """How many messages to each target are claimed and not yet recorded."""
    c = messages.c
    statement = (
        select(c.target, func.count().label("n"))
        .where(c.state == MessageState.CLAIMED.value)
        .where(c.claimed_until > now, c.claimed_at <= now)
        .group_by(c.target)
    )
    return {row.target: row.n for row in connection.execute(statement)}


def last_outcomes(connection: Connection, target: str, most: int) -> list[str]:
    """The outcomes of the newest attempts to a target, the newest first; a bundle counts once."""
    c = notification_log.c
    statement = (
        select(c.outcome, c.bundle, c.id)
        .where(c.target == target)
        .order_by(c.id.desc())
        .limit(most * 20)
    )
    outcomes: list[str] = []
    seen: set[Any] = set()
    for row in connection.execute(statement):
        if row.bundle is None or row.bundle not in seen:
            outcomes.append(row.outcome)
            seen.add(row.bundle)
    return outcomes[:most]
