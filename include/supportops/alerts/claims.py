"""Claims on messages of the outbox: taken before a message is sent, and recorded after.

A dispatcher that dies in between leaves a claim that runs out: the message is then sent again,
marked as one that may be repeated. A crash may repeat a message; it never loses one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    case,
    distinct,
    func,
    not_,
    or_,
    select,
    true,
    update,
)

from supportops.alerts.alert import Phase
from supportops.alerts.notification_log import Attempt, append
from supportops.alerts.outbox import (
    CLOCK_TOLERANCE,
    PHASES,
    MessageState,
    QueuedMessage,
    called_off,
    claim_lost,
    is_wanted,
)
from supportops.alerts.policy import Retry
from supportops.db.schema import messages, notification_log
from supportops.notify.outgoing import Outcome

# What one claim takes for a target at most; the rest goes out with the next.
MOST_TOGETHER = 10_000
# So many attempts at a message may have arrived before it slows down, or ends.
MOST_UNKNOWN = 3
ALL = true()


@dataclass(frozen=True, slots=True)
class Result:
    """What an attempt came to for one message. `next_attempt_at` counts where it is WAITING."""

    message: QueuedMessage
    attempt: Attempt
    state: MessageState
    next_attempt_at: datetime


def due_targets(
    connection: Connection, now: datetime, which: ColumnElement[bool] = ALL
) -> list[str]:
    """The targets to which one of the messages `which` is due."""
    target = messages.c.target
    due = and_(_due(now), which)
    statement = select(target).where(due).group_by(target).order_by(target)
    return list(connection.execute(statement).scalars())


def waiting_since() -> ColumnElement[datetime]:
    """Since when a message could have been sent: a deadline may have passed long before anybody
    knew, and the message be queued only then."""
    c = messages.c
    return case((c.queued_at > c.due_at, c.queued_at), else_=c.due_at)


def oldest_due(
    connection: Connection, now: datetime, which: ColumnElement[bool] = ALL
) -> dict[str, datetime]:
    """Since when the oldest of the messages `which` to each target has been due."""
    c = messages.c
    since = case((c.state == MessageState.CLAIMED.value, c.claimed_until), else_=c.next_attempt_at)
    statement = (
        select(c.target, func.min(since).label("since")).where(_due(now), which).group_by(c.target)
    )
    return {row.target: min(row.since, now) for row in connection.execute(statement)}


def claim(
    connection: Connection,
    now: datetime,
    claimed_by: str,
    lease: timedelta,
    most: Mapping[str, int],
    which: ColumnElement[bool] = ALL,
) -> list[QueuedMessage]:
    """Claims for each target of `most` what is due to it, for the time `lease`.

    `most` is how many at most by the target's name, so that no target waits for another's.
    Messages of a digest come along beyond that. Of each target at most MOST_TOGETHER are claimed.
    No other dispatcher gets them meanwhile. A claim that ran out is taken over, and its message
    may have been sent. The same goes for a claim from a future that the clock has since jumped
    back from. Only the messages `which` are claimed.

    The answer has the most urgent first; within one urgency what may have arrived comes last.
    """
    c, taken = messages.c, list[QueuedMessage]()
    for target, count in most.items():
        mine = and_(_due(now), c.target == target, which)
        if count >= MOST_TOGETHER:
            taken += _take(connection, mine, now, claimed_by, lease, MOST_TOGETHER)
            continue
        taken += _take(connection, and_(mine, not_(c.digest)), now, claimed_by, lease, count)
        taken += _take(connection, and_(mine, c.digest), now, claimed_by, lease, MOST_TOGETHER)
    return sorted(taken, key=by_urgency)


def by_urgency(message: QueuedMessage) -> tuple[int, bool, datetime, int]:
    """Sorts the most urgent first, and within one urgency what may have arrived last."""
    return message.urgency, message.maybe_sent, message.queued_at, message.id


def _take(
    connection: Connection,
    due: ColumnElement[bool],
    now: datetime,
    claimed_by: str,
    lease: timedelta,
    most: int,
) -> list[QueuedMessage]:
    c = messages.c
    chosen = (
        select(c.id)
        .where(due)
        .order_by(c.urgency, c.maybe_sent, c.queued_at, c.id)
        .limit(most)
        .with_for_update(skip_locked=True)
        # As a subquery PostgreSQL may run it once for each row, and take more than `most`.
        .cte("chosen")
    )
    statement = (
        update(messages)
        .where(c.id.in_(select(chosen.c.id)))
        .values(
            state=MessageState.CLAIMED.value,
            maybe_sent=or_(c.maybe_sent, c.state == MessageState.CLAIMED.value),
            attempts=c.attempts + 1,
            claimed_by=claimed_by,
            claimed_at=now,
            claimed_until=now + lease,
        )
        .returning(*_columns().selected_columns)
    )
    return [_message(row) for row in connection.execute(statement)]


def held_back(connection: Connection, now: datetime, targets: Sequence[str]) -> int:
    """How many messages to `targets` are due and wait for the rate limit."""
    if not targets:
        return 0
    statement = select(func.count()).where(_due(now), messages.c.target.in_(targets))
    return connection.execute(statement).scalar_one()


def _due(now: datetime) -> ColumnElement[bool]:
    """What is to be sent: not what its alert called off since, which `supersede` withdraws."""
    c = messages.c
    future = now + CLOCK_TOLERANCE
    waiting = and_(
        c.state == MessageState.WAITING.value,
        or_(c.next_attempt_at <= now, c.claimed_at > future, c.queued_at > future),
    )
    ours = and_(c.finished_at.is_(None), c.phase.in_(PHASES))
    return and_(ours, or_(waiting, claim_lost(now)), not_(called_off()))


def _columns() -> Select[Any]:
    c = messages.c
    key = (c.id, c.alert, c.target, c.channel, c.phase, c.step, c.reminder)
    return select(*key, c.urgency, c.attempts, c.maybe_sent, c.queued_at, c.digest, c.due_at)


def _message(row: Any) -> QueuedMessage:
    return QueuedMessage(
        id=row.id,
        alert=row.alert,
        target=row.target,
        channel=row.channel,
        phase=Phase(row.phase),
        step=row.step,
        reminder=row.reminder,
        urgency=row.urgency,
        attempt=row.attempts,
        maybe_sent=row.maybe_sent,
        queued_at=row.queued_at,
        digest=row.digest,
        due_at=row.due_at,
    )


def release(
    connection: Connection, taken: Sequence[QueuedMessage], claimed_by: str, until: datetime
) -> None:
    """Gives claimed messages back without an attempt, to be sent from `until` on."""
    connection.execute(
        update(messages)
        .where(messages.c.id.in_([message.id for message in taken]))
        .where(messages.c.claimed_by == claimed_by, messages.c.state == MessageState.CLAIMED.value)
        .values(
            state=MessageState.WAITING.value,
            attempts=messages.c.attempts - 1,
            next_attempt_at=until,
        )
    )


def slow_down_lost(connection: Connection, now: datetime, retry: Retry) -> None:
    """Bounds the repeats of what dispatchers may have sent that died before they recorded it.

    After MOST_UNKNOWN such attempts it goes on at the pace of `retry.while_open` where its alert is
    open and nobody took it, and ends as UNKNOWN elsewhere. What was claimed together stays
    together.
    """
    c, log = messages.c, notification_log.c
    certain = select(func.count()).where(log.message == c.id, log.outcome != Outcome.UNKNOWN.value)
    often = c.attempts - certain.correlate(messages).scalar_subquery() >= MOST_UNKNOWN
    lost = _columns().where(c.finished_at.is_(None), claim_lost(now), often, c.phase.in_(PHASES))
    lost = lost.add_columns(c.claimed_at, is_wanted().label("goes_on"))
    rows, pauses = [], dict[tuple[str, datetime], timedelta]()
    for row in connection.execute(lost.order_by(c.urgency, c.maybe_sent, c.queued_at, c.id)).all():
        message, together = _message(row), (row.target, row.claimed_at)
        if together not in pauses:
            pauses[together] = retry.slow_pause(message.key, message.attempt)
        rows.append(
            {
                "of": message.id,
                "moved_to": (MessageState.WAITING if row.goes_on else MessageState.UNKNOWN).value,
                "next_at": now + pauses[together],
                "ended_at": None if row.goes_on else now,
            }
        )
    if rows:
        moved = update(messages).where(c.id == bindparam("of"), claim_lost(now))
        statement = moved.values(
            state=bindparam("moved_to"),
            next_attempt_at=bindparam("next_at"),
            finished_at=bindparam("ended_at"),
            maybe_sent=true(),
        )
        connection.execute(statement, rows)


def retry_now(connection: Connection, target: str, now: datetime) -> None:
    """Ends the pauses before the next attempts at `target`, which works again.

    A digest that waits for its hour goes on waiting.
    """
    c = messages.c
    connection.execute(
        update(messages)
        .where(c.finished_at.is_(None), c.state == MessageState.WAITING.value)
        .where(c.target == target, c.next_attempt_at > now)
        .where(or_(c.attempts > 0, c.due_at <= now))
        .values(next_attempt_at=now)
    )


def record(
    connection: Connection, results: Sequence[Result], claimed_by: str, now: datetime
) -> None:
    """Logs an attempt at each message and moves it on, if its claim is still ours."""
    if not results:
        return
    append(connection, [(result.message, result.attempt) for result in results])
    c = messages.c
    statement = (
        update(messages)
        .where(c.id == bindparam("of"), c.attempts == bindparam("number"))
        .where(c.claimed_by == claimed_by, c.state == MessageState.CLAIMED.value)
        .values(
            state=bindparam("moved_to"),
            next_attempt_at=bindparam("next_at"),
            maybe_sent=or_(c.maybe_sent, bindparam("unknown", type_=Boolean)),
            finished_at=bindparam("ended_at"),
        )
    )
    connection.execute(statement, [_moved(result, now) for result in results])


def _moved(result: Result, now: datetime) -> dict[str, Any]:
    return {
        "of": result.message.id,
        "number": result.message.attempt,
        "moved_to": result.state.value,
        "next_at": result.next_attempt_at,
        "unknown": result.attempt.outcome is Outcome.UNKNOWN,
        "ended_at": None if result.state is MessageState.WAITING else now,
    }


def in_flight(connection: Connection, now: datetime) -> dict[str, int]:
    """How many messages to each target are claimed and not yet recorded; a digest is one."""
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
