"""One dispatcher at work: it queues what is missing, claims what is due, sends and records it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine

from supportops.alerts import claims, notification_log, outbox, store
from supportops.alerts.acts import log as acts_log
from supportops.alerts.alert import Alert, Kind
from supportops.alerts.rate_limit import allowance
from supportops.alerts.routing.decision import MessageStatus, Reason
from supportops.alerts.routing.one_cause import decide_all
from supportops.alerts.routing.succession import Histories, predecessors, with_inherited
from supportops.alerts.silencing import log as silence_log
from supportops.alerts.silencing.silence import aliased
from supportops.config.configuration import Configuration, File
from supportops.context import Secrets
from supportops.db.engine import reading, writing
from supportops.db.locks import Lock, advisory_lock
from supportops.db.schema import messages
from supportops.flows.alerts.dispatching.batch import Batch, Room, grouped
from supportops.flows.alerts.dispatching.composing import Composer, is_lack_of_address
from supportops.flows.alerts.dispatching.document_contents import document_contents
from supportops.flows.alerts.dispatching.hand_over import queue_hand_overs
from supportops.flows.alerts.dispatching.posting import Poster, Send, extra_time
from supportops.flows.alerts.dispatching.prepared import NOT_SENT, PreparedMessage
from supportops.flows.alerts.dispatching.recording import Recorder, address_is_set
from supportops.flows.alerts.dispatching.time_limit import TimeLimit
from supportops.flows.alerts.watching.unreadable import watch_unreadable
from supportops.notify.outgoing import Delivery, Outcome
from supportops.notify.send_pool import send_all

Clock = Callable[[], datetime]
# What one round takes for a target that no rate limit bounds.
BATCH = 32
# At once, one to each target: so many hung ones hold up nobody else.
WORKERS = 32
LONGEST_DISPATCH = timedelta(minutes=4)
# How often a dispatch with a long outbox looks for new alerts, and for whom a slow target made
# wait: what a round has not begun by then goes back to the outbox.
LOOK_AGAIN = timedelta(seconds=10)
# Until the next round decides anew whether somebody is to have an alarm that waits.
WITHHELD = timedelta(minutes=2)
# For reading and composing thousands of messages, beside what sending them takes.
LONGEST_PREPARATION = timedelta(minutes=1)
_WAITS = frozenset({Reason.OUTSIDE_HOURS, Reason.NOT_YET, Reason.SILENCED})


@dataclass(slots=True)
class Summary:
    """What a dispatch did, by outcome; it is logged and pushed to XCom, without addresses.

    `held_back` are the messages that still waited for a rate limit at its end.
    """

    queued: int = 0
    superseded: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    held_back: int = 0

    def count(self, prepared: PreparedMessage, delivery: Delivery) -> None:
        """Counts the messages of one attempt; those that were not sent are none."""
        if delivery is not NOT_SENT:
            outcome = delivery.outcome.value
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + len(prepared.queued)

    def to_json(self) -> dict[str, Any]:
        """As a flat mapping, with a count for each outcome that occurred."""
        return {
            "queued": self.queued,
            "superseded": self.superseded,
            "held_back": self.held_back,
            **self.outcomes,
        }


class Dispatcher:
    """One dispatcher at work: what it was given, and the steps of a round.

    `only`: the key of the alert whose messages it sends, None for all. `limited`: within the
    targets' rate limits.
    """

    def __init__(
        self,
        engine: Engine,
        configuration: Configuration,
        secrets: Secrets,
        clock: Clock,
        send: Send,
        name: str,
        folder: Path | None = None,
        only: str | None = None,
        limited: bool = True,
    ) -> None:
        self.engine = engine
        self.folder = folder
        self.only = only
        self.limited = limited
        self.policy = configuration.alerts
        if not configuration.has(File.SERVICE_LEVELS):
            self.policy = self.policy.at_any_hour()
        # Of other files that cannot be used the usual values count: alerts go out all the same.
        configuration = configuration.displayed()
        self.configuration = configuration
        self.office = configuration.office
        book = configuration.promises
        self.promised = {} if book is None else book.hours_of_promises()
        self.customers = configuration.customers
        self.attach_at_most = configuration.reports.attach_at_most
        self.rota = configuration.rota if configuration.has(File.ROTA) else None
        self.clock = clock
        self.name = name
        self.summary = Summary()
        self.targets = self.policy.targets()
        self.unreadable: frozenset[str] = frozenset()
        self.watched = False  # what cannot be read, once in a dispatch
        self.composer = Composer(self.policy, self.office, secrets, clock, self.promised)
        self.poster = Poster(send, clock, self.policy.retry.timeout.total_seconds())
        self.recorder = Recorder(self.policy, name)

    def queue(self) -> None:
        """Queues every message that should have gone out by now, withdraws what is superseded."""
        now = self.clock()
        corrected = [] if self.watched else self._corrected()
        with writing(self.engine) as connection:
            advisory_lock(connection, Lock.DISPATCH_ALERTS)
            outbox.set_back(connection, now)
            acts_log.end_expired(connection, now)
            for target in corrected:
                address_is_set(connection, target, now)
            for alert in store.list_open(connection, Kind.DELIVERY):
                if alert.subject not in self.targets:  # no message goes there any more
                    over = "no receiver of this name is configured any more"
                    end = {"ending": "no_longer_configured", "over": over}
                    store.resolve_alert(connection, Kind.DELIVERY, alert.subject, now, end)
            stored = store.read_unsettled(connection)
            self.unreadable = frozenset(each.key for each in stored.unreadable)
            changed = not self.watched and watch_unreadable(connection, stored.unreadable, now)
            self.watched = True
            self.summary.superseded += outbox.supersede(connection, now)
            claims.slow_down_lost(connection, now, self.policy.retry)
            outbox.reopen(connection, self.targets, now)
            unsettled = stored.alerts if not changed else store.unsettled(connection)
            known = self._histories(connection, unsettled, outbox.history(connection))
            self._decide_and_queue(connection, unsettled, known, now)
            if self.rota is not None:
                new = queue_hand_overs(
                    connection, self.policy, self.rota, now, self.office, self.promised
                )
                self.summary.queued += new

    def _corrected(self) -> list[str]:
        """The targets that failed for lack of an address and have one by now."""
        with reading(self.engine) as connection:
            failing = {alert.subject for alert in store.list_open(connection, Kind.DELIVERY)}
            known = [self.targets[name] for name in sorted(failing) if name in self.targets]
            last = notification_log.last_attempts(connection, [each.name for each in known])
        lacking = [
            target
            for target in known
            if target.name in last and is_lack_of_address(last[target.name].detail, target)
        ]
        return [target.name for target in lacking if self.composer.has_address(target)]

    def _histories(
        self, connection: Connection, alerts: list[Alert], own: Histories
    ) -> dict[str, list[MessageStatus]]:
        """What each alert's receivers got of it, and of the alerts that it goes on from."""
        keys = {key for alert in alerts for key in predecessors(alert)}
        earlier = outbox.history(connection, keys=keys) if keys else {}
        return with_inherited(alerts, self.policy, own, earlier)

    def queue_only(self, key: str) -> None:
        """Queues what should have gone out by now about one alert."""
        now = self.clock()
        with writing(self.engine) as connection:
            advisory_lock(connection, Lock.DISPATCH_ALERTS)
            known = outbox.history(connection, keys=[key])
            found = list(store.find_all(connection, [key]).values())
            self._decide_and_queue(connection, found, known, now)

    def _decide_and_queue(
        self, connection: Connection, alerts: list[Alert], known: Histories, now: datetime
    ) -> None:
        silences = aliased(silence_log.for_unsettled(connection), self.customers)
        decided = list(decide_all(alerts, self.policy, known, now, self.office, silences))
        wanted = ((each.alert, each.decisions) for each in decided)
        self.summary.queued += outbox.queue(connection, wanted, now)
        for each in decided:
            if each.withheld:
                until = now + WITHHELD
                outbox.withhold(connection, each.alert.key, each.withheld, now, until)

    def send_for_a_while(self, limit: TimeLimit) -> bool:
        """Sends until nothing is due, something failed, or it is time to look for new alerts.

        Answers whether anything was due. After a failure somebody else may have to be notified.
        """
        look_again = TimeLimit(self.clock, LOOK_AGAIN)
        any_due = False
        while (failures := self.send_batch(limit)) is not None:
            any_due = True
            if failures or look_again.is_over or limit.is_over:
                break
        return any_due

    def send_batch(self, limit: TimeLimit) -> int | None:
        """Claims, sends and records one batch; how many attempts failed, None if none was due."""
        slowest, lease = self._time_limits()
        now = self.clock()
        batch = self._claim(now, lease, until=min(limit.end, now + lease - slowest))
        if not batch.groups:
            return None
        failures = 0
        prepared = self.composer.prepare(batch)
        self.poster.stop_at(TimeLimit(self.clock, LOOK_AGAIN))
        for message, delivery in send_all(
            prepared,
            self.poster.post,
            workers=WORKERS,
            hard_limit=slowest.total_seconds(),
        ):
            failures += delivery.outcome is not Outcome.HANDED_OVER
            self.summary.count(message, delivery)
            with writing(self.engine) as connection:
                self.recorder.record(connection, message, delivery, self.clock())
        return failures

    def _time_limits(self) -> tuple[timedelta, timedelta]:
        """The longest that one attempt may take, and how long a batch is claimed."""
        attachments = timedelta(seconds=extra_time(self.attach_at_most))
        slowest = self.policy.retry.timeout + attachments + timedelta(seconds=10)
        return slowest, LONGEST_PREPARATION + LOOK_AGAIN + slowest

    def _claim(self, now: datetime, lease: timedelta, until: datetime) -> Batch:
        """What is due and within the rate limits, with all that its texts need."""
        with writing(self.engine) as connection:
            advisory_lock(connection, Lock.DISPATCH_ALERTS)
            which = self._which()
            due = claims.due_targets(connection, now, which)
            room = self._room(connection, now, due)
            exhausted = [name for name in due if room[name].is_full]
            most = {
                name: BATCH if room[name].left is None else claims.MOST_TOGETHER
                for name in due
                if name not in exhausted
            }
            claimed = claims.claim(connection, now, self.name, lease, most, which)
            self.summary.held_back = claims.held_back(connection, now, exhausted)
            alerts = store.find_all(connection, [message.alert for message in claimed])
            claimed = [message for message in claimed if message.alert in alerts]
            alerts = store.with_later_ones(connection, alerts)
            groups, waiting = grouped(claimed, alerts, room)
            reports = document_contents(
                connection,
                [alerts[group[0].alert] for group in groups],
                self.configuration,
                self.policy,
                self.attach_at_most,
                self.folder,
            )
        return Batch(groups, waiting, alerts, reports, room, until)

    def _room(self, connection: Connection, now: datetime, names: list[str]) -> dict[str, Room]:
        """How many more messages each of `names` may get now, by its channel's rate limits."""
        limits = self.policy.limits
        periods = [limit.period for found in limits.values() for limit in found]
        if not periods or not self.limited:
            return {name: Room() for name in names}
        sent = notification_log.sent_in(connection, now - max(periods), now)
        in_flight = claims.in_flight(connection, now)
        found = {}
        for name in names:
            target = self.targets.get(name)
            mine = limits.get(target.channel, ()) if target else ()
            left = allowance(mine, sent.get(name, []), in_flight.get(name, 0), now)
            found[name] = Room(left, mine, tuple(sent.get(name, ())))
        return found

    def _which(self) -> ColumnElement[bool]:
        """The messages that this dispatch may send."""
        alert = messages.c.alert
        return alert.not_in(self.unreadable) if self.only is None else alert == self.only

    def settle(self) -> None:
        """Closes the ended alerts of which nobody is to be notified any more."""
        now = self.clock()
        with writing(self.engine) as connection:
            advisory_lock(connection, Lock.DISPATCH_ALERTS)
            own = outbox.history(connection, only_resolved=True)
            over = [a for a in store.unsettled(connection) if a.resolved_at is not None]
            known = self._histories(connection, over, own)
            silences = aliased(silence_log.for_unsettled(connection), self.customers)
            done = [
                each.alert.key
                for each in decide_all(over, self.policy, known, now, self.office, silences)
                if all(entry.finished for entry in own.get(each.alert.key, ()))
                and not any(one.sends or one.reason in _WAITS for one in each.decisions)
            ]
            store.settle(connection, done, now)
