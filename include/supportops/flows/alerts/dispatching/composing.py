"""From claimed messages of the outbox to messages with a text and an address."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from supportops.alerts.acts.link import SECRET, Links, link_to
from supportops.alerts.channels.content import ReportUnavailable
from supportops.alerts.channels.registry import CHANNELS
from supportops.alerts.digest import compose_digest
from supportops.alerts.message import compose
from supportops.alerts.outbox import QueuedMessage
from supportops.alerts.policy import AlertPolicy, OfficeHours, Target
from supportops.alerts.routing.narrowing import for_target
from supportops.alerts.ticket_clock import NOTHING, as_of
from supportops.alerts.words.notification import Notification
from supportops.context import Secrets
from supportops.flows.alerts.dispatching.batch import Batch, Group
from supportops.flows.alerts.dispatching.prepared import (
    NOT_SENT,
    NotComposed,
    PreparedMessage,
    bundle_of,
    failed,
    nobody,
)
from supportops.notify.outgoing import Outcome, OutgoingMessage

log = logging.getLogger(__name__)

# How the notification log begins about a message that raised an error when it was composed.
NOT_WORDED = "could not be put into words"


def is_lack_of_address(detail: str, target: Target) -> bool:
    """Whether an attempt that was logged with `detail` had no address to go to."""
    return detail.startswith(_not_set(target))


def _not_set(target: Target) -> str:
    return f"nobody set the connection {target.secret}"


def _links(secrets: Secrets) -> Links | None:
    """What makes the addresses by which alerts are taken; None where the secret is not usable: the
    message matters more."""
    try:
        secret = secrets(SECRET)
        return Links(secret) if secret else None
    except Exception as error:  # its text may hold the secret, its type does not
        log.warning("messages have no link to take an alert: %s", type(error).__name__)
        return None


class Composer:
    """Renders each group of a batch and looks up its address."""

    def __init__(
        self,
        policy: AlertPolicy,
        office: OfficeHours,
        secrets: Secrets,
        clock: Callable[[], datetime],
        promised: Mapping[str, OfficeHours] = NOTHING,
    ) -> None:
        """`promised`: the hours that promises count in, see `as_of`."""
        self._policy = policy
        self._office = office
        self._promised = promised
        self._secrets = secrets
        self._clock = clock
        self._targets = policy.targets()
        self._links = _links(secrets) if policy.public_url else None

    def prepare(self, batch: Batch) -> list[PreparedMessage]:
        """What to send for a batch, in its order, and at the end what has to wait.

        A message that cannot be put into words fails alone, not what was to go with it.
        """
        found = [each for group in batch.groups for each in self._prepared(group, batch)]
        return found + [
            PreparedMessage(message.target, [message], batch.until, result=NOT_SENT)
            for message in batch.waiting
        ]

    def has_address(self, target: Target) -> bool:
        """Whether the secret of `target` is set; no where it cannot be read."""
        try:
            return bool(self._secrets(target.secret))
        except Exception:  # its text may hold a secret
            return False

    def _prepared(self, group: Group, batch: Batch) -> list[PreparedMessage]:
        """The group as one message; where some of it cannot be composed, that part apart."""
        name = group[0].target
        unsent = PreparedMessage(name, group, batch.until)
        target = self._targets.get(name)
        if target is None:
            why = "no receiver of this name is configured any more"
            return [replace(unsent, result=nobody(why))]
        try:
            url = self._secrets(target.secret)
        except Exception as error:  # its text may hold a secret, its type does not
            why = f"connection {target.secret} could not be read: {type(error).__name__}"
            return [replace(unsent, result=failed(why))]
        if not url:
            return [replace(unsent, result=nobody(_not_set(target)))]
        try:
            outgoing = self._composed(group, batch, target)
        except ReportUnavailable as error:
            return [replace(unsent, result=failed(str(error)))]
        except Exception as error:
            faulty = self._faulty(group, batch, target)
            sound = [message for message in group if message not in faulty]
            result = NotComposed(Outcome.FAILED, f"{NOT_WORDED}: {type(error).__name__}", 0.0)
            if not faulty or not sound:
                return [replace(unsent, result=result)]
            return [
                *self._prepared(sound, batch),
                PreparedMessage(name, faulty, batch.until, result=result),
            ]
        return [replace(unsent, url=url, outgoing=outgoing)]

    def _faulty(self, group: Group, batch: Batch, target: Target) -> Group:
        """Those of `group` that cannot be composed, found by halves: there may be thousands."""
        try:
            self._composed(group, batch, target)
        except Exception:
            if len(group) == 1:
                return group
            middle = len(group) // 2
            halves = group[:middle], group[middle:]
            return [each for half in halves for each in self._faulty(half, batch, target)]
        return []

    def _composed(self, group: Group, batch: Batch, target: Target) -> OutgoingMessage:
        channel, first = CHANNELS[target.channel], group[0]
        if batch.is_report(first):
            report = batch.reports.get(first.alert)
            if report is None:
                kind = batch.alerts[first.alert].kind.value
                raise ReportUnavailable(f"the {kind} is not stored any more")
            return channel.report(replace(report, repeated=first.maybe_sent))
        zone, board, now = self._policy.timezone, self._policy.board_url, self._clock()
        notifications = [self._notification(message, batch, now) for message in group]
        next_at = batch.next_after(group, now)
        together = bundle_of(group).replace("/", "-")
        if all(message.digest for message in group):
            return compose_digest(
                notifications, channel, zone, board, now, self._office, next_at, together
            )
        take = self._take(notifications, target, now)
        return compose(notifications, channel, zone, board, next_at, take, together)

    def _take(self, notifications: list[Notification], target: Target, now: datetime) -> str | None:
        """Where `target` can take the one alert of a message that nobody has."""
        first, public = notifications[0], self._policy.public_url
        alert = first.alert.at(now)
        taken = alert.acknowledged_at is not None or alert.resolved_at is not None
        if self._links is None or public is None or len(notifications) > 1 or taken:
            return None
        return link_to(public, self._links.token(alert.key, target.name, now))

    def _notification(self, message: QueuedMessage, batch: Batch, now: datetime) -> Notification:
        alert = for_target(batch.alerts[message.alert], message.target, self._policy)
        return Notification(
            alert=as_of(alert, now, self._office, self._promised),
            phase=message.phase,
            step=message.step,
            reminder=message.reminder > 0,
            repeated=message.maybe_sent,
            at=now,
        )
