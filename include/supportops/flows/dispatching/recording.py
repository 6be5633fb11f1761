"""What an attempt means for its messages, and for the alert about a target that fails."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import assert_never

from sqlalchemy import Connection

from supportops.alerts import claims, notification_log, store
from supportops.alerts.alert import Kind
from supportops.alerts.notification_log import Attempt
from supportops.alerts.operations import operations_alert
from supportops.alerts.outbox import MessageState, QueuedMessage
from supportops.alerts.policy import AlertPolicy
from supportops.flows.dispatching.prepared import (
    NOT_SENT,
    NotAttempted,
    NotComposed,
    PreparedMessage,
)
from supportops.notify.outgoing import Delivery, Outcome

MOST_UNKNOWN = 3
_REPEATED = ", marked as perhaps repeated"
_ENDED = timedelta(0)


class Recorder:
    """Records what became of the messages that the dispatcher `name` claimed."""

    def __init__(self, policy: AlertPolicy, name: str) -> None:
        self._policy = policy
        self._name = name
        self._targets = policy.targets()

    def record(
        self, connection: Connection, prepared: PreparedMessage, delivery: Delivery, now: datetime
    ) -> None:
        """Logs the attempt, moves its messages on, and opens or ends the alert on its target."""
        if delivery is NOT_SENT:
            claims.release(connection, prepared.queued, self._name, now)
            return
        ids = [message.id for message in prepared.queued]
        unknown = Counter[int]()
        if delivery.outcome is Outcome.UNKNOWN:
            unknown = notification_log.unknown_attempts(connection, ids)
        results = []
        for message in prepared.queued:
            state, pause = self._next(message, prepared, delivery.outcome, unknown, now)
            attempt = _attempt(prepared, message, delivery, now)
            results.append(claims.Result(message, attempt, state, now + pause))
        claims.record(connection, results, self._name, now)
        if prepared.target in self._targets and not isinstance(delivery, NotComposed):
            self._judge_target(connection, prepared.target, delivery, now)

    def _next(
        self,
        message: QueuedMessage,
        prepared: PreparedMessage,
        outcome: Outcome,
        unknown: Counter[int],
        now: datetime,
    ) -> tuple[MessageState, timedelta]:
        """The message's state after an attempt, and the pause before the next one if it waits.

        What was sent together stays together: all pause as long as the first message.
        `unknown` counts the earlier attempts that may have arrived, by message.
        """
        if outcome is Outcome.HANDED_OVER:
            return MessageState.HANDED_OVER, _ENDED
        retry = self._policy.retry
        too_late = now - message.queued_at > retry.give_up_after
        if too_late or message.target not in self._targets:
            return MessageState.GIVEN_UP, _ENDED
        paced_by = prepared.queued[0]
        pause = retry.pause(paced_by.key, paced_by.attempt)
        match outcome:
            case Outcome.NOBODY:
                # Useless until somebody corrects the address; then the open alert still goes out.
                return MessageState.WAITING, retry.longest
            case Outcome.UNKNOWN:
                if 1 + unknown[message.id] >= MOST_UNKNOWN:
                    # Each may have arrived; one more would only annoy whoever has them all.
                    return MessageState.UNKNOWN, _ENDED
                return MessageState.WAITING, pause
            case Outcome.FAILED:
                return MessageState.WAITING, pause
            case _:
                assert_never(outcome)

    def _judge_target(
        self, connection: Connection, target: str, delivery: Delivery, now: datetime
    ) -> None:
        """A target that keeps failing raises an alert, which reaches people another way."""
        if delivery.outcome is Outcome.HANDED_OVER:
            if store.resolve_alert(connection, Kind.DELIVERY, target, now):
                claims.retry_now(connection, target, now)
            return
        most = self._policy.retry.alarm_after
        outcomes = notification_log.last_outcomes(connection, target, most)
        in_a_row = len(outcomes) >= most and Outcome.HANDED_OVER not in outcomes
        if in_a_row or delivery.outcome is Outcome.NOBODY:
            alert = operations_alert(
                Kind.DELIVERY,
                target,
                f"messages to {target} do not arrive: {delivery.detail}",
                now,
                facts={"target": target, "detail": delivery.detail, "attempts": len(outcomes)},
            )
            store.raise_alert(connection, alert, now)


def _attempt(
    prepared: PreparedMessage, message: QueuedMessage, delivery: Delivery, now: datetime
) -> Attempt:
    return Attempt(
        outcome=delivery.outcome,
        detail=delivery.detail + (_REPEATED if message.maybe_sent else ""),
        bundle=delivery.bundle if isinstance(delivery, NotAttempted) else prepared.bundle,
        started_at=now - timedelta(seconds=delivery.seconds),
        seconds=delivery.seconds,
    )
