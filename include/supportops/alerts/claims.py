"""Claims on messages of the outbox: taken before a message is sent, and recorded after.

A dispatcher that dies in between leaves a claim that runs out: the message is then sent again,
marked as one that may be repeated. A crash may repeat a message; it never loses one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    distinct,
    func,
    literal,
    not_,
    or_,
    select,
    update,
)

from supportops.alerts.alert import Phase
from supportops.alerts.notification_log import CLOCK_TOLERANCE, Attempt, append
from supportops.alerts.outbox import MessageState, QueuedMessage
from supportops.db.schema import messages
from supportops.notify.outgoing import Outcome

# What a digest that nobody could send for days may grow to; the rest goes in the next.
MOST_IN_DIGEST = 2000


def claim(
    connection: Connection,
    now: datetime,
    claimed_by: str,
    lease: timedelta,
    most: int,
    limited_targets: Iterable[str] = (),
) -> list[QueuedMessage]:
    """Claims up to `most` messages that are due, the most urgent first, for the time `lease`.

    A message of a digest brings along all that are due to its target in digests, beyond `most`
    but at most MOST_IN_DIGEST. No other dispatcher gets them meanwhile. A claim that ran out is
    taken over, and its message may have been sent. The same goes for a claim from a future that
    the clock has since jumped back from.
    `limited_targets` have reached their rate limit and are left out. Within one urgency what may
    have arrived already comes last.
    """
    c = messages.c
    due = and_(_due(now), c.target.not_in(list(limited_targets)))
    taken = _take(connection, due, now, claimed_by, lease, most)
    for target in sorted({message.target for message in taken if message.digest}):
        have = sum(message.digest and message.target == target for message in taken)
        rest = and_(_due(now), c.digest, c.target == target)
        taken += _take(connection, rest, now, claimed_by, lease, MOST_IN_DIGEST - have)
    return sorted(taken, key=lambda m: (m.urgency, m.maybe_sent, m.queued_at, m.id))


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
    )
    statement = (
        update(messages)
        .where(c.id.in_(chosen))
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


def retry_now(connection: Connection, target: str, now: datetime) -> None:
    """Ends the pauses before the next attempts at `target`, which works again."""
    c = messages.c
    connection.execute(
        update(messages)
        .where(c.finished_at.is_(None), c.state == MessageState.WAITING.value)
        .where(c.target == target, c.next_attempt_at > now)
        .values(next_attempt_at=now)
    )


def record(
    connection: Connection,
    message: QueuedMessage,
    claimed_by: str,
    attempt: Attempt,
    state: MessageState,
    next_attempt_at: datetime,
    now: datetime,
) -> None:
    """Logs one attempt and moves its message on to `state`, if the claim is still ours.

    `next_attempt_at` counts where the message is WAITING again.
    """
    append(connection, message, attempt)
    connection.execute(
        update(messages)
        .where(messages.c.id == message.id, messages.c.claimed_by == claimed_by)
        .where(messages.c.attempts == message.attempt)
        .where(messages.c.state == MessageState.CLAIMED.value)
        .values(
            state=state.value,
            next_attempt_at=next_attempt_at,
            maybe_sent=or_(messages.c.maybe_sent, literal(attempt.outcome is Outcome.UNKNOWN)),
            finished_at=None if state is MessageState.WAITING else now,
        )
    )


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
