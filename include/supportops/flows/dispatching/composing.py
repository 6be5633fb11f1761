"""From claimed messages of the outbox to messages with a text and an address."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from supportops.alerts.alert import Alert, Kind
from supportops.alerts.channels.content import ReportContent, ReportUnavailable
from supportops.alerts.channels.registry import CHANNELS
from supportops.alerts.description import Notification
from supportops.alerts.digest import compose_digest
from supportops.alerts.message import compose
from supportops.alerts.outbox import QueuedMessage
from supportops.alerts.policy import AlertPolicy, OfficeHours, Target
from supportops.alerts.rate_limit import bundles
from supportops.context import Secrets
from supportops.flows.dispatching.prepared import NOT_SENT, PreparedMessage, failed, nobody
from supportops.notify.outgoing import OutgoingMessage


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages that were claimed together, the most urgent first, and what they are about.

    `alerts` and `reports` by the alerts' keys; a report that is no longer stored is not among
    `reports`. `allowances`: how many messages each target may get now. None may be sent from
    `until` on.
    """

    messages: Sequence[QueuedMessage]
    alerts: Mapping[str, Alert]
    reports: Mapping[str, ReportContent]
    allowances: Mapping[str, int]
    until: datetime

    def is_report(self, message: QueuedMessage) -> bool:
        """Whether it announces a report."""
        return self.alerts[message.alert].kind is Kind.REPORT


class Composer:
    """Groups the messages of a batch, renders each group and looks up its address."""

    def __init__(
        self,
        policy: AlertPolicy,
        office: OfficeHours,
        secrets: Secrets,
        clock: Callable[[], datetime],
    ) -> None:
        self._policy = policy
        self._office = office
        self._secrets = secrets
        self._clock = clock
        self._targets = policy.targets()

    def prepare(self, batch: Batch) -> list[PreparedMessage]:
        """What to send for a batch, the most urgent first, and at the end what has to wait.

        One message for a target's digest, one for each other while its allowance lasts, then one
        for all the rest. A report is never bundled: without an allowance of its own it waits.
        """
        groups, waiting = _grouped(batch)
        place = {message.id: number for number, message in enumerate(batch.messages)}
        groups.sort(key=lambda group: place[group[0].id])
        return [self._prepared(group, batch) for group in groups] + [
            PreparedMessage(message.target, [message], batch.until, result=NOT_SENT)
            for message in waiting
        ]

    def _prepared(self, group: list[QueuedMessage], batch: Batch) -> PreparedMessage:
        """A message that cannot be rendered or addressed fails alone, not the batch with it."""
        name = group[0].target
        unsent = PreparedMessage(name, group, batch.until)
        target = self._targets.get(name)
        if target is None:
            why = "no receiver of this name is configured any more"
            return replace(unsent, result=nobody(why))
        try:
            url = self._secrets(target.secret)
        except Exception as error:  # its text may hold a secret, its type does not
            why = f"connection {target.secret} could not be read: {type(error).__name__}"
            return replace(unsent, result=failed(why))
        if not url:
            return replace(unsent, result=nobody(f"nobody set the connection {target.secret}"))
        try:
            outgoing = self._composed(group, batch, target)
        except ReportUnavailable as error:
            return replace(unsent, result=failed(str(error)))
        except Exception as error:
            why = f"could not be put into words: {type(error).__name__}"
            return replace(unsent, result=failed(why))
        return replace(unsent, url=url, outgoing=outgoing)

    def _composed(
        self, group: Sequence[QueuedMessage], batch: Batch, target: Target
    ) -> OutgoingMessage:
        channel, first = CHANNELS[target.channel], group[0]
        if batch.is_report(first):
            report = batch.reports.get(first.alert)
            if report is None:
                raise ReportUnavailable("the report is not stored any more")
            return channel.report(replace(report, repeated=first.maybe_sent))
        notifications = [_notification(message, batch) for message in group]
        zone, board = self._policy.timezone, self._policy.board_url
        if all(message.digest for message in group):
            now = self._clock()
            return compose_digest(notifications, channel, zone, board, now, self._office)
        return compose(notifications, channel, zone, board)


def _grouped(batch: Batch) -> tuple[list[list[QueuedMessage]], list[QueuedMessage]]:
    """The messages that go out together, and the reports that have to wait."""
    digests: defaultdict[str, list[QueuedMessage]] = defaultdict(list)
    reports: defaultdict[str, list[QueuedMessage]] = defaultdict(list)
    single: defaultdict[str, list[QueuedMessage]] = defaultdict(list)
    for message in batch.messages:
        kind = digests if message.digest else reports if batch.is_report(message) else single
        kind[message.target].append(message)
    groups = list(digests.values())
    for target, messages in single.items():
        left = batch.allowances.get(target, 1) - (target in digests)
        groups += bundles(messages, max(1, left))
    used = Counter(group[0].target for group in groups)
    waiting: list[QueuedMessage] = []
    for target, messages in reports.items():
        left = max(0, batch.allowances.get(target, 1) - used[target])
        groups += [[message] for message in messages[:left]]
        waiting += messages[left:]
    return groups, waiting


def _notification(message: QueuedMessage, batch: Batch) -> Notification:
    return Notification(
        alert=batch.alerts[message.alert],
        phase=message.phase,
        step=message.step,
        reminder=message.reminder > 0,
        repeated=message.maybe_sent,
    )
