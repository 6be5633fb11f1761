"""What an attempt means for its messages, and for the alert about a target that fails."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import Connection

from supportops.alerts import claims, notification_log, store
from supportops.alerts.alert import TEST_KEYS, Alert, Kind, Phase
from supportops.alerts.notification_log import Attempt
from supportops.alerts.operations import operations_alert
from supportops.alerts.outbox import MessageState, QueuedMessage
from supportops.alerts.policy import AlertPolicy
from supportops.flows.alerts.dispatching.prepared import (
    NOT_SENT,
    NotAttempted,
    NotComposed,
    PreparedMessage,
)
from supportops.notify.outgoing import Delivery, Outcome

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
        certain = Counter[int]()
        if delivery.outcome is Outcome.UNKNOWN:
            certain = notification_log.certain_attempts(connection, ids)
        alerts: dict[str, Alert] = {}
        if delivery.outcome is not Outcome.HANDED_OVER:
            alerts = store.find_all(connection, [message.alert for message in prepared.queued])
        results = []
        for message in prepared.queued:
            state, pause = self._next(message, prepared, delivery.outcome, certain, alerts, now)
            attempt = _attempt(prepared, message, delivery, now)
            results.append(claims.Result(message, attempt, state, now + pause))
        claims.record(connection, results, self._name, now)
        if prepared.target in self._targets and not isinstance(delivery, NotComposed):
            only_tests = all(is_test(message) for message in prepared.queued)
            self._judge_target(connection, prepared.target, delivery, now, only_tests)

    def _next(
        self,
        message: QueuedMessage,
        prepared: PreparedMessage,
        outcome: Outcome,
        certain: Counter[int],
        alerts: dict[str, Alert],
        now: datetime,
    ) -> tuple[MessageState, timedelta]:
        """The message's state after an attempt, and the pause before the next one if it waits.

        What was sent together stays together: all pause as long as the first message.
        `certain` counts the earlier attempts with a known end, by message; every other one, such
        as that of a dispatcher that died, may have arrived.
        """
        if outcome is Outcome.HANDED_OVER:
            return MessageState.HANDED_OVER, _ENDED
        if message.target not in self._targets:
            return MessageState.GIVEN_UP, _ENDED
        if is_test(message):  # somebody waits for this outcome, and asks again
            ended_as = MessageState.UNKNOWN if outcome is Outcome.UNKNOWN else MessageState.GIVEN_UP
            return ended_as, _ENDED
        retry, first = self._policy.retry, prepared.queued[0]
        # Useless until somebody corrects the address; then the open alert still goes out.
        pause = retry.pause(first.key, first.attempt)
        pause = retry.longest if outcome is Outcome.NOBODY else pause
        unknown = message.attempt - certain[message.id]
        often_unknown = outcome is Outcome.UNKNOWN and unknown >= claims.MOST_UNKNOWN
        if not often_unknown and now - message.waits_since <= retry.give_up_after:
            return MessageState.WAITING, pause
        alert = alerts.get(message.alert)
        if alert is not None and _is_wanted(alert, message):
            return MessageState.WAITING, max(pause, retry.slow_pause(first.key, first.attempt))
        if often_unknown:
            # Each may have arrived; one more would only annoy whoever has them all.
            return MessageState.UNKNOWN, _ENDED
        ended = None if alert is None else alert.resolved_at
        if now - max(message.waits_since, ended or message.waits_since) <= retry.give_up_after:
            return MessageState.WAITING, pause
        return MessageState.GIVEN_UP, _ENDED

    def _judge_target(
        self,
        connection: Connection,
        target: str,
        delivery: Delivery,
        now: datetime,
        only_tests: bool,
    ) -> None:
        """A target that keeps failing raises an alert, which reaches people another way.

        The failure of a test raises none: whoever asked for it sees the outcome.
        """
        if delivery.outcome is Outcome.HANDED_OVER:
            if store.resolve_alert(connection, Kind.DELIVERY, target, now):
                claims.retry_now(connection, target, now)
            return
        if only_tests:
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


def address_is_set(connection: Connection, target: str, now: datetime) -> None:
    """What waited for the address of `target` is tried at once; with nothing to try its alert ends.

    Otherwise the alert ends with the first message that is taken.
    """
    claims.retry_now(connection, target, now)
    if target not in claims.due_targets(connection, now):
        over = {"over": "its address is set now"}
        store.resolve_alert(connection, Kind.DELIVERY, target, now, over)


def is_test(message: QueuedMessage) -> bool:
    """Whether it is a test message."""
    return message.alert.startswith(TEST_KEYS)


def _is_wanted(alert: Alert, message: QueuedMessage) -> bool:
    """Whether it is an alarm that somebody must have before the alert ends.

    Once somebody acknowledged the alert, it is in hand.
    """
    in_hand = alert.resolved_at is not None or alert.acknowledged_at is not None
    return message.phase is Phase.FIRING and not in_hand


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
