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

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    case,
    cast,
    distinct,
    func,
    literal,
    not_,
    or_,
    select,
    update,
)

from supportops.alerts.alert import LASTING_KINDS, Alert, Channel, Phase, Severity
from supportops.alerts.escalation import Decision, Entry, Why
from supportops.alerts.text import storable
from supportops.db.schema import alerts, messages, notification_log
from supportops.db.statements import insert_new

URGENCY = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}
# Clocks of two dispatchers may differ, and one may wait its turn after it read its own. What lies
# further ahead of `now` was written before the clock jumped back.
CLOCK_TOLERANCE = timedelta(minutes=2)
# What a digest that nobody could send for days may grow to; the rest goes in the next.
MOST_IN_DIGEST = 2000


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
    digest: bool = False

    @property
    def key(self) -> str:
        return f"{self.alert}/{self.target}/{self.phase}/{self.step}/{self.reminder}"


def queue(
    connection: Connection, decided: Iterable[tuple[Alert, Iterable[Decision]]], now: datetime
) -> int:
    """Puts every decision that sends into the outbox; one that is there already stays as it is."""
    rows = [
        _row(alert, decision, now)
        for alert, decisions in decided
        for decision in decisions
        if decision.sends
    ]
    return insert_new(connection, messages, rows)


def _row(alert: Alert, decision: Decision, now: datetime) -> dict[str, Any]:
    return {
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
        "digest": decision.digest,
    }


def entries(connection: Connection, *, only_resolved: bool = False) -> dict[str, list[Entry]]:
    """What was done about each unsettled alert, message by message: what `decide` reads."""
    c = messages.c
    failures = (
        select(func.count())
        .where(notification_log.c.message == c.id, notification_log.c.outcome != "handed_over")
        .correlate(messages)
        .scalar_subquery()
    )
    columns = (c.alert, c.target, c.phase, c.step, c.reminder, c.why, c.state, c.maybe_sent)
    statement = (
        select(*columns, c.finished_at, c.claimed_at, failures.label("failures"))
        .join(alerts, alerts.c.key == c.alert)
        .where(alerts.c.settled_at.is_(None), c.state != MessageState.SUPERSEDED.value)
        .order_by(c.id)
    )
    if only_resolved:
        statement = statement.where(alerts.c.resolved_at.is_not(None))
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
            why=Why(row.why),
        )
        found[row.alert].append(entry)
    return found


def supersede(connection: Connection, now: datetime) -> int:
    """Takes back what was queued and never went out, where its alert no longer calls for it.

    A resolved alert takes back its alarms; an acknowledged one its reminders, its later steps
    and what the fallback was to hear. So does the end of one that lasts.
    """
    c = messages.c
    unsettled = select(alerts.c.key).where(alerts.c.settled_at.is_(None))
    over, lasts = alerts.c.resolved_at.is_not(None), _lasts()
    resolved = unsettled.where(over, not_(lasts))
    taken = unsettled.where(or_(and_(over, lasts), alerts.c.acknowledged_at.is_not(None)))
    beyond_the_first = or_(c.reminder > 0, c.step > 0, c.why == Why.FALLBACK.value)
    result = connection.execute(
        update(messages)
        .where(c.finished_at.is_(None), c.state == MessageState.WAITING.value)
        .where(c.phase == Phase.FIRING.value)
        .where(or_(c.alert.in_(resolved), and_(c.alert.in_(taken), beyond_the_first)))
        .values(
            # An attempt that may have arrived is no message that never went out.
            state=case(
                (c.maybe_sent, MessageState.UNKNOWN.value), else_=MessageState.SUPERSEDED.value
            ),
            finished_at=now,
        )
    )
    return result.rowcount


def _lasts() -> ColumnElement[bool]:
    """What `Alert.lasts` is, in SQL. SQLite reads a JSON true as 1."""
    retracted = cast(alerts.c.facts["retracted"].as_string(), Text)
    kinds = [kind.value for kind in LASTING_KINDS]
    return and_(alerts.c.kind.in_(kinds), func.coalesce(retracted, "").not_in(["true", "1"]))


def claim(
    connection: Connection,
    now: datetime,
    who: str,
    lease: timedelta,
    most: int,
    waiting_targets: Iterable[str] = (),
) -> list[Message]:
    """Takes up to `most` messages that are due, the urgent first, for `lease`.

    A message of a digest brings along all that are due to its target in digests, beyond `most`
    but at most MOST_IN_DIGEST. Nobody else gets them meanwhile. A claim that ran out is taken
    over, and its message counts as perhaps sent. So is one from a future that the clock has since
    jumped back from.
    `waiting_targets` have used up their storm limit and are left out. What may have arrived
    already comes after what of the same urgency has not.
    """
    c = messages.c
    due = and_(_due(now), c.target.not_in(list(waiting_targets)))
    taken = _take(connection, due, now, who, lease, most)
    for target in sorted({message.target for message in taken if message.digest}):
        have = sum(message.digest and message.target == target for message in taken)
        rest = and_(_due(now), c.digest, c.target == target)
        taken += _take(connection, rest, now, who, lease, MOST_IN_DIGEST - have)
    return sorted(taken, key=lambda m: (m.urgency, m.maybe_sent, m.queued_at, m.id))


def _take(
    connection: Connection,
    due: ColumnElement[bool],
    now: datetime,
    who: str,
    lease: timedelta,
    most: int,
) -> list[Message]:
    c = messages.c
    wanted = (
        select(c.id)
        .where(due)
        .order_by(c.urgency, c.maybe_sent, c.queued_at, c.id)
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
        .returning(*_columns().selected_columns)
    )
    return [_message(row) for row in connection.execute(statement)]


def held_back(connection: Connection, now: datetime, targets: Sequence[str]) -> int:
    """How many messages to `targets` are due and wait for the storm limit."""
    if not targets:
        return 0
    statement = select(func.count()).where(_due(now), messages.c.target.in_(targets))
    return connection.execute(statement).scalar_one()


def _due(now: datetime) -> ColumnElement[bool]:
    c = messages.c
    future = now + CLOCK_TOLERANCE
    orphaned = and_(
        c.state == MessageState.CLAIMED.value, or_(c.claimed_until <= now, c.claimed_at > future)
    )
    waiting = and_(
        c.state == MessageState.WAITING.value,
        or_(c.next_attempt_at <= now, c.claimed_at > future, c.queued_at > future),
    )
    return and_(c.finished_at.is_(None), or_(waiting, orphaned))


def _columns() -> Select[Any]:
    c = messages.c
    key = (c.id, c.alert, c.target, c.channel, c.phase, c.step, c.reminder)
    return select(*key, c.urgency, c.attempts, c.maybe_sent, c.queued_at, c.digest)


def _message(row: Any) -> Message:
    return Message(
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
        digest=row.digest,
    )


def release(connection: Connection, taken: Sequence[Message], who: str, until: datetime) -> None:
    """Gives claimed messages back unsent, to be tried from `until` on."""
    connection.execute(
        update(messages)
        .where(messages.c.id.in_([message.id for message in taken]))
        .where(messages.c.claimed_by == who, messages.c.state == MessageState.CLAIMED.value)
        .values(
            state=MessageState.WAITING.value,
            attempts=messages.c.attempts - 1,
            next_attempt_at=until,
        )
    )


def hurry(connection: Connection, target: str, now: datetime) -> None:
    """A target that failed works again: what waits for its retry goes now."""
    c = messages.c
    connection.execute(
        update(messages)
        .where(c.finished_at.is_(None), c.state == MessageState.WAITING.value)
        .where(c.target == target, c.next_attempt_at > now)
        .values(next_attempt_at=now)
    )


def record(
    connection: Connection,
    message: Message,
    who: str,
    *,
    outcome: str,
    detail: str,
    bundle: str,
    started_at: datetime,
    seconds: float,
    state: MessageState,
    next_attempt_at: datetime,
    now: datetime,
) -> None:
    """Writes one attempt into the ledger and moves its message on, if the claim is still ours.

    Messages with the same `bundle` shared one attempt.
    """
    row = {
        "message": message.id,
        "attempt": message.attempt,
        "alert": message.alert,
        "target": message.target,
        "channel": message.channel.value,
        "outcome": outcome,
        "detail": storable(detail),
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


def in_flight(connection: Connection, now: datetime) -> dict[str, int]:
    """How many letters to each target are claimed and not yet recorded; a digest is one."""
    c = messages.c
    alone = func.count(case((not_(c.digest), c.id)))
    digests = func.count(distinct(case((c.digest, c.claimed_at))))
    statement = (
        select(c.target, (alone + digests).label("n"))
        .where(c.state == MessageState.CLAIMED.value)
        .where(c.claimed_until > now, c.claimed_at <= now + CLOCK_TOLERANCE)
        .group_by(c.target)
    )
    return {row.target: row.n for row in connection.execute(statement)}
