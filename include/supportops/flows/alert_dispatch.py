"""Tells everybody who should have been told of an alert by now and was not.

Level-triggered: each round looks at every unsettled alert as it stands, queues what is missing,
takes back what is overtaken, and sends what is due. Nothing depends on who called, or how often.
"""

from __future__ import annotations

import os
import socket
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Connection, Engine

from supportops.alerts import outbox, store
from supportops.alerts.alert import Alert, Kind, Severity
from supportops.alerts.escalation import AlertPolicy, Limit, Why, decide
from supportops.alerts.message import Notice, compose
from supportops.alerts.outbox import Message, MessageState
from supportops.alerts.sending import Job, send_all
from supportops.config.loader import Configuration
from supportops.db.engine import DISPATCHING, take_turns, writing
from supportops.flows.in_force import in_force
from supportops.notify import Delivery, Letter, Outcome, send
from supportops.sites.site import FIVE_MINUTES
from supportops.sites.store import last_run

Clock = Callable[[], datetime]
Secrets = Callable[[str], str | None]


class Send(Protocol):
    """What `supportops.notify.send` is."""

    def __call__(self, url: str, letter: Letter, *, timeout: float) -> Delivery: ...


BATCH = 32
WORKERS = 8
LONGEST_DISPATCH = timedelta(minutes=4)
MOST_UNSURE = 3
STALE_AFTER = 2 * FIVE_MINUTES
# An import error is seen again at each parse; one that was not seen for so long is mended.
IMPORT_ERROR_GONE = timedelta(minutes=15)


@dataclass(slots=True)
class Summary:
    """What a dispatch did, by outcome; it lands in the log and in XCom, without addresses."""

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

    `who` names this dispatcher in its claims. Before the first configuration was taken up
    nobody is known who could be told; what is raised by then waits.
    """
    me = who or f"{socket.gethostname()}:{os.getpid()}"
    summary = Summary()
    with writing(engine) as connection:
        watch(connection, clock())
        try:
            configuration = in_force(connection)
        except LookupError as nothing_yet:
            return summary.to_json() | {"note": str(nothing_yet)}
    dispatch = _Dispatch(engine, configuration, secrets, clock, send, me, summary)
    started = clock()
    while clock() - started < LONGEST_DISPATCH:
        dispatch.queue()
        if not dispatch.send_batch():
            break
    dispatch.settle()
    return summary.to_json()


def watch(connection: Connection, now: datetime) -> None:
    """Raises or resolves what the system must say of itself: the age of the last check."""
    run = last_run(connection, judged=True)
    age = None if run is None or run.judged_at is None else now - run.judged_at
    if age is None or age <= STALE_AFTER:
        store.resolve_alert(connection, Kind.CHECK_STALE, "site check", now)
    else:
        alert = Alert(
            key=f"{Kind.CHECK_STALE}:site check:{now.isoformat()}",
            kind=Kind.CHECK_STALE,
            severity=Severity.CRITICAL,
            subject="site check",
            headline="no site was checked for more than two intervals",
            opened_at=now,
            facts={"age_seconds": age.total_seconds()},
        )
        store.raise_alert(connection, alert, now)
    gone = store.not_seen_since(connection, Kind.IMPORT_ERROR, now - IMPORT_ERROR_GONE)
    for alert in gone:
        store.resolve_alert(connection, Kind.IMPORT_ERROR, alert.subject, now)


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
        summary: Summary,
    ) -> None:
        self.engine = engine
        self.policy = configuration.alerts
        self.office = configuration.office
        self.secrets = secrets
        self.clock = clock
        self.send = send
        self.me = me
        self.summary = summary
        self.targets = self.policy.targets()

    def queue(self) -> None:
        """Queues what should have been said by now, takes back what is overtaken."""
        now = self.clock()
        with writing(self.engine) as connection:
            take_turns(connection, DISPATCHING)
            alerts = store.unsettled(connection)
            for alert in alerts:
                if alert.resolved_at is not None or alert.acknowledged_at is not None:
                    self.summary.superseded += outbox.supersede(connection, alert, now)
            known = outbox.entries(connection, [alert.key for alert in alerts])
            for alert in alerts:
                decisions = decide(alert, self.policy, known.get(alert.key, []), now, self.office)
                self.summary.queued += outbox.queue(connection, alert, decisions, now)

    def send_batch(self) -> bool:
        """Claims, sends and records one batch; answers whether there was anything to send."""
        now = self.clock()
        with writing(self.engine) as connection:
            take_turns(connection, DISPATCHING)
            allowances = self._allowances(connection, now)
            exhausted = [name for name, left in allowances.items() if left <= 0]
            lease = self.policy.retry.timeout * (BATCH // WORKERS + 2) + timedelta(minutes=1)
            taken = outbox.claim(connection, now, self.me, lease, BATCH, exhausted)
            alerts = {m.alert: store.find(connection, m.alert) for m in taken}
        jobs = self._jobs(taken, alerts, allowances)
        timeout = self.policy.retry.timeout.total_seconds()
        for job, delivery in send_all(
            jobs, self._attempt, workers=WORKERS, hard_limit=timeout + 10
        ):
            self._record(job.about, delivery)
        return bool(taken)

    def settle(self) -> None:
        """Closes the books on alerts of which nobody will hear any more."""
        now = self.clock()
        with writing(self.engine) as connection:
            take_turns(connection, DISPATCHING)
            resolved = [a for a in store.unsettled(connection) if a.resolved_at is not None]
            known = outbox.entries(connection, [alert.key for alert in resolved])
            for alert in resolved:
                decisions = decide(alert, self.policy, known.get(alert.key, []), now, self.office)
                waits = any(d.sends or d.why is Why.OUTSIDE_HOURS for d in decisions)
                if not waits and not outbox.unfinished(connection, alert.key):
                    store.settle(connection, alert.key, now)

    def _allowances(self, connection: Connection, now: datetime) -> dict[str, int]:
        """How many more messages each target may get now, by its channel's storm limits."""
        limits = [limit for found in self.policy.limits.values() for limit in found]
        longest = max((limit.period for limit in limits), default=timedelta(0))
        sent = outbox.sent_in(connection, now - longest, now)
        flying = outbox.in_flight(connection, now)
        return {
            name: _allowance(
                self.policy.limits.get(target.channel, ()),
                sent.get(name, []),
                flying.get(name, 0),
                now,
            )
            for name, target in self.targets.items()
        }

    def _jobs(
        self,
        taken: Sequence[Message],
        alerts: Mapping[str, Alert | None],
        allowances: Mapping[str, int],
    ) -> list[Job[list[Message]]]:
        """One job a letter: a message each while the target's allowance lasts, then a bundle."""
        by_target: defaultdict[str, list[Message]] = defaultdict(list)
        for message in taken:
            by_target[message.target].append(message)
        letters = [
            group
            for target, messages in by_target.items()
            for group in _bundles(messages, max(1, allowances.get(target, 1)))
        ]
        letters.sort(key=lambda group: (group[0].urgency, group[0].queued_at, group[0].id))
        return [self._job(group, alerts) for group in letters]

    def _job(self, group: list[Message], alerts: Mapping[str, Alert | None]) -> Job[list[Message]]:
        notices = [
            Notice(
                alert=alert,
                phase=message.phase,
                step=message.step,
                reminder=message.reminder > 0,
                repeated=message.maybe_sent,
            )
            for message in group
            if (alert := alerts[message.alert]) is not None
        ]
        target = self.targets.get(group[0].target)
        channel = group[0].channel if target is None else target.channel
        letter = compose(notices, channel, self.policy.timezone, self.policy.board_url)
        url = self.secrets(target.secret) if target else None
        return Job(group[0].target, url or "", letter, group)

    def _attempt(self, job: Job[list[Message]]) -> Delivery:
        if not job.url:
            target = self.targets.get(job.target)
            why = (
                f"nobody set the connection {target.secret}"
                if target
                else "no receiver of this name is configured any more"
            )
            return Delivery(Outcome.NOBODY, why, 0.0)
        timeout = self.policy.retry.timeout.total_seconds()
        return self.send(job.url, job.letter, timeout=timeout)

    def _record(self, group: list[Message], delivery: Delivery) -> None:
        now = self.clock()
        bundle = f"{group[0].id}/{group[0].attempt}" if len(group) > 1 else None
        with writing(self.engine) as connection:
            for message in group:
                state, pause = _next_state(message, delivery.outcome, self.policy, now)
                self.summary.count(delivery.outcome.value)
                outbox.record(
                    connection,
                    message,
                    self.me,
                    outcome=delivery.outcome.value,
                    detail=delivery.detail,
                    bundle=bundle,
                    started_at=now - timedelta(seconds=delivery.seconds),
                    seconds=delivery.seconds,
                    state=state,
                    next_attempt_at=now + pause,
                    now=now,
                )
            self._tell_of_target(connection, group[0].target, delivery, now)

    def _tell_of_target(
        self, connection: Connection, target: str, delivery: Delivery, now: datetime
    ) -> None:
        """A target that fails for good is shown and told through another channel."""
        if delivery.outcome is Outcome.HANDED_OVER:
            store.resolve_alert(connection, Kind.DELIVERY, target, now)
            return
        most = self.policy.retry.alarm_after
        outcomes = outbox.last_outcomes(connection, target, most)
        in_a_row = len(outcomes) >= most and Outcome.HANDED_OVER.value not in outcomes
        if in_a_row or delivery.outcome is Outcome.NOBODY:
            alert = Alert(
                key=f"{Kind.DELIVERY}:{target}:{now.isoformat()}",
                kind=Kind.DELIVERY,
                severity=Severity.WARNING,
                subject=target,
                headline=f"messages to {target} do not arrive: {delivery.detail}",
                opened_at=now,
                facts={"target": target, "detail": delivery.detail, "attempts": len(outcomes)},
            )
            store.raise_alert(connection, alert, now)


def _allowance(
    limits: Sequence[Limit], sent: Sequence[datetime], flying: int, now: datetime
) -> int:
    left = [limit.count - flying - sum(at > now - limit.period for at in sent) for limit in limits]
    return min(left, default=BATCH)


def _bundles(messages: Sequence[Message], allowance: int) -> list[list[Message]]:
    """At most `allowance` letters: the most urgent alone, the overflow together in the last."""
    if len(messages) <= allowance:
        return [[message] for message in messages]
    alone = [[message] for message in messages[: allowance - 1]]
    return [*alone, list(messages[allowance - 1 :])]


def _next_state(
    message: Message, outcome: Outcome, policy: AlertPolicy, now: datetime
) -> tuple[MessageState, timedelta]:
    """How a message goes on after an attempt, and how long it waits if it is tried again."""
    if outcome is Outcome.HANDED_OVER:
        return MessageState.HANDED_OVER, timedelta(0)
    if outcome is Outcome.NOBODY or now - message.queued_at > policy.retry.give_up_after:
        return MessageState.GIVEN_UP, timedelta(0)
    if outcome is Outcome.UNKNOWN and message.attempt >= MOST_UNSURE:
        # Each of the three may have arrived; a fourth would only annoy whoever has them all.
        return MessageState.UNKNOWN, timedelta(0)
    return MessageState.WAITING, policy.retry.pause(message.key, message.attempt)
