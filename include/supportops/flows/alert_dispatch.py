"""Tells everybody who should have been told of an alert by now and was not.

Level-triggered: each round looks at every unsettled alert as it stands, queues what is missing,
takes back what is overtaken, and sends what is due. Nothing depends on who called, or how often.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine

from supportops.alerts import notification_log, outbox, store
from supportops.alerts.alert import Alert, Kind
from supportops.alerts.escalation import Entry, Why, decide
from supportops.alerts.operations import operations_alert
from supportops.alerts.outbox import Message, MessageState
from supportops.alerts.rate_limit import allowance
from supportops.alerts.sending import send_all
from supportops.config.loader import Configuration
from supportops.context import Secrets
from supportops.db.engine import writing
from supportops.db.locks import Lock, advisory_lock
from supportops.flows.active_configuration import active_configuration
from supportops.flows.dispatching.messages import (
    NOT_SENT,
    Letters,
    NotTried,
    Sealed,
    Send,
    extra_time,
)
from supportops.flows.dispatching.report_watch import watch_reports
from supportops.flows.dispatching.self_watch import watch
from supportops.flows.reporting.messages import parcels
from supportops.notify.send import Delivery, Outcome, send

Clock = Callable[[], datetime]

BATCH = 32
WORKERS = 8
LONGEST_DISPATCH = timedelta(minutes=4)
# New alerts are looked for so often while a long outbox is being worked off.
LOOK_AGAIN = timedelta(seconds=10)
MOST_UNSURE = 3
_REPEATED = ", marked as perhaps repeated"


@dataclass(slots=True)
class Summary:
    """What a dispatch did, by outcome; it lands in the log and in XCom, without addresses.

    `held_back` are the messages that wait for a storm limit at its end.
    """

    queued: int = 0
    superseded: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    held_back: int = 0

    def count(self, outcome: str) -> None:
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1

    def to_json(self) -> dict[str, Any]:
        return {
            "queued": self.queued,
            "superseded": self.superseded,
            "held_back": self.held_back,
            **self.outcomes,
        }


def run(
    engine: Engine,
    secrets: Secrets,
    clock: Clock,
    *,
    send: Send = send,
    who: str | None = None,
) -> dict[str, Any]:
    """One dispatch: watches the watcher, then queues and sends until nothing is due.

    `who` names this dispatcher in its claims. Before the first configuration was taken up nobody
    is known who could be told: what was raised by then waits, and `note` says so.
    """
    me = who or f"{socket.gethostname()}:{os.getpid()}"
    with writing(engine) as connection:
        watch(connection, clock())
        try:
            configuration = active_configuration(connection)
        except LookupError as nothing_yet:
            return Summary().to_json() | {"note": str(nothing_yet)}
        watch_reports(connection, configuration, clock())
    dispatch = _Dispatch(engine, configuration, secrets, clock, send, me)
    end = clock() + LONGEST_DISPATCH
    while clock() < end:
        dispatch.queue()
        if not dispatch.send_for_a_while(end):
            break
    dispatch.settle()
    return dispatch.summary.to_json()


class _Dispatch:
    """One dispatcher at work: what it was given, and the steps of a round."""

    def __init__(
        self,
        engine: Engine,
        configuration: Configuration,
        secrets: Secrets,
        clock: Clock,
        send: Send,
        me: str,
    ) -> None:
        self.engine = engine
        self.policy = configuration.alerts
        self.office = configuration.office
        self.clock = clock
        self.me = me
        self.summary = Summary()
        self.targets = self.policy.targets()
        most = configuration.reports.attach_at_most
        self.heaviest = timedelta(seconds=extra_time(most))
        self.letters = Letters(self.policy, self.office, secrets, send, clock, most)

    def queue(self) -> None:
        """Queues what should have been said by now, takes back what is overtaken."""
        now = self.clock()
        with writing(self.engine) as connection:
            advisory_lock(connection, Lock.DISPATCH_ALERTS)
            for alert in store.list_open(connection, Kind.DELIVERY):
                if alert.subject not in self.targets:  # nobody waits for messages there any more
                    store.resolve_alert(connection, Kind.DELIVERY, alert.subject, now)
            self.summary.superseded += outbox.supersede(connection, now)
            known = outbox.entries(connection)
            decided = [
                (alert, decide(alert, self.policy, known.get(alert.key, ()), now, self.office))
                for alert in store.unsettled(connection)
            ]
            self.summary.queued += outbox.queue(connection, decided, now)

    def send_for_a_while(self, end: datetime) -> bool:
        """Sends until nothing is due, something failed, or it is time to look for new alerts.

        Answers whether anything was tried. After a failure somebody else may have to hear.
        """
        until = min(end, self.clock() + LOOK_AGAIN)
        tried = False
        while (failed := self.send_batch(end)) is not None:
            tried = True
            if failed or self.clock() >= until:
                break
        return tried

    def send_batch(self, end: datetime) -> int | None:
        """Claims, sends and records one batch; how many letters failed, None if none was due.

        No letter is posted after `end`, nor so late that its claim would run out under way.
        """
        now = self.clock()
        slowest = self.policy.retry.timeout + self.heaviest + timedelta(seconds=10)
        lease = self.policy.retry.timeout * (BATCH // WORKERS + 2) + timedelta(minutes=1)
        lease += self.heaviest
        with writing(self.engine) as connection:
            advisory_lock(connection, Lock.DISPATCH_ALERTS)
            allowances = self._allowances(connection, now)
            exhausted = [name for name, left in allowances.items() if left <= 0]
            taken = outbox.claim(connection, now, self.me, lease, BATCH, exhausted)
            alerts = store.find_all(connection, [message.alert for message in taken])
            reports = parcels(connection, alerts.values(), self.policy.board_url)
            self.summary.held_back = outbox.held_back(connection, now, exhausted)
        if not taken:
            return None
        until = min(end, now + lease - slowest)
        sealed = self.letters.seal(taken, alerts, reports, allowances, until)
        failed = 0
        for letter, delivery in send_all(
            sealed, self.letters.post, workers=WORKERS, hard_limit=slowest.total_seconds()
        ):
            failed += delivery.outcome is not Outcome.HANDED_OVER
            self._record(letter, delivery)
        return failed

    def settle(self) -> None:
        """Closes the books on alerts of which nobody will hear any more."""
        now = self.clock()
        with writing(self.engine) as connection:
            advisory_lock(connection, Lock.DISPATCH_ALERTS)
            known = outbox.entries(connection, only_resolved=True)
            done = [
                alert.key
                for alert in store.unsettled(connection)
                if alert.resolved_at is not None
                and all(entry.finished for entry in known.get(alert.key, ()))
                and not self._somebody_waits(alert, known.get(alert.key, []), now)
            ]
            store.settle(connection, done, now)

    def _somebody_waits(self, alert: Alert, known: list[Entry], now: datetime) -> bool:
        waits = (Why.OUTSIDE_HOURS, Why.NOT_YET)
        decisions = decide(alert, self.policy, known, now, self.office)
        return any(decision.sends or decision.why in waits for decision in decisions)

    def _allowances(self, connection: Connection, now: datetime) -> dict[str, int]:
        """How many more letters each target may get now, by its channel's storm limits."""
        limits = self.policy.limits
        periods = [limit.period for found in limits.values() for limit in found]
        if not periods:
            return dict.fromkeys(self.targets, BATCH)
        sent = notification_log.sent_in(connection, now - max(periods), now)
        flying = outbox.in_flight(connection, now)
        return {
            name: allowance(
                limits.get(target.channel, ()),
                sent.get(name, []),
                flying.get(name, 0),
                now,
                BATCH,
            )
            for name, target in self.targets.items()
        }

    def _record(self, letter: Sealed, delivery: Delivery) -> None:
        now = self.clock()
        if delivery is NOT_SENT:
            with writing(self.engine) as connection:
                outbox.release(connection, letter.messages, self.me, now)
            return
        with writing(self.engine) as connection:
            for message in letter.messages:
                # A digest stays together: the pauses of its messages have one jitter.
                whose = letter.messages[0] if message.digest else message
                state, pause = self._next(connection, message, whose, delivery.outcome, now)
                self.summary.count(delivery.outcome.value)
                outbox.record(
                    connection,
                    message,
                    self.me,
                    outcome=delivery.outcome.value,
                    detail=delivery.detail + (_REPEATED if message.maybe_sent else ""),
                    bundle=delivery.bundle if isinstance(delivery, NotTried) else letter.bundle,
                    started_at=now - timedelta(seconds=delivery.seconds),
                    seconds=delivery.seconds,
                    state=state,
                    next_attempt_at=now + pause,
                    now=now,
                )
            if letter.target in self.targets:
                self._tell_of_target(connection, letter.target, delivery, now)

    def _next(
        self,
        connection: Connection,
        message: Message,
        whose: Message,
        outcome: Outcome,
        now: datetime,
    ) -> tuple[MessageState, timedelta]:
        """How a message goes on after an attempt, and how long it waits if it is tried again.

        `whose` key and attempt give the length of the pause.
        """
        retry = self.policy.retry
        if outcome is Outcome.HANDED_OVER:
            return MessageState.HANDED_OVER, timedelta(0)
        too_late = now - message.queued_at > retry.give_up_after
        if too_late or message.target not in self.targets:
            return MessageState.GIVEN_UP, timedelta(0)
        if outcome is Outcome.NOBODY:
            # Useless until somebody sets the address right; then the open alert is still told.
            return MessageState.WAITING, retry.longest
        if outcome is Outcome.UNKNOWN:
            unsure = 1 + notification_log.unsure_attempts(connection, message.id)
            if unsure >= MOST_UNSURE:
                # Each of them may have arrived; one more would only annoy whoever has them all.
                return MessageState.UNKNOWN, timedelta(0)
        return MessageState.WAITING, retry.pause(whose.key, whose.attempt)

    def _tell_of_target(
        self, connection: Connection, target: str, delivery: Delivery, now: datetime
    ) -> None:
        """A target that fails for good is shown and told through another channel."""
        if delivery.outcome is Outcome.HANDED_OVER:
            if store.resolve_alert(connection, Kind.DELIVERY, target, now):
                outbox.hurry(connection, target, now)
            return
        most = self.policy.retry.alarm_after
        outcomes = notification_log.last_outcomes(connection, target, most)
        in_a_row = len(outcomes) >= most and Outcome.HANDED_OVER.value not in outcomes
        if in_a_row or delivery.outcome is Outcome.NOBODY:
            alert = operations_alert(
                Kind.DELIVERY,
                target,
                f"messages to {target} do not arrive: {delivery.detail}",
                now,
                facts={"target": target, "detail": delivery.detail, "attempts": len(outcomes)},
            )
            store.raise_alert(connection, alert, now)
