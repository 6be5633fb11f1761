"""What goes out together: the messages of one round, grouped within their targets' rate limits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from supportops.alerts.alert import LETTERS, Alert
from supportops.alerts.channels.content import ReportContent
from supportops.alerts.claims import by_urgency
from supportops.alerts.outbox import QueuedMessage
from supportops.alerts.policy import Limit
from supportops.alerts.rate_limit import bundles, free_from

Group = list[QueuedMessage]


@dataclass(frozen=True, slots=True)
class Room:
    """How many messages a target may get now: `left` is None where no limit counts.

    `sent` are the instants of the earlier messages that count for `limits`.
    """

    left: int | None = None
    limits: Sequence[Limit] = ()
    sent: Sequence[datetime] = ()

    @property
    def is_full(self) -> bool:
        """Whether the target has to wait."""
        return self.left is not None and self.left <= 0

    def full_until(self, more: int, now: datetime) -> datetime | None:
        """When the target may be sent the next message after `more` now; None for at once."""
        if self.left is None or more < self.left:
            return None
        until = free_from(self.limits, [*self.sent, *[now] * more])
        return until if until is not None and until > now else None


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages that were claimed together, and what they are about.

    Each of `groups` goes out as one message, in this order; `waiting` are reports and notices for
    which their target's limit leaves no room. `alerts` and `reports`, the contents of reports and
    notices, by the alerts' keys; what is no longer stored is not among `reports`. None may be sent
    from `until` on.
    """

    groups: Sequence[Group]
    waiting: Sequence[QueuedMessage]
    alerts: Mapping[str, Alert]
    reports: Mapping[str, ReportContent]
    room: Mapping[str, Room]
    until: datetime

    def is_report(self, message: QueuedMessage) -> bool:
        """Whether it is a report or a notice, which has its text in the store."""
        return self.alerts[message.alert].kind in LETTERS

    def next_after(self, group: Group, now: datetime) -> datetime | None:
        """When its target may be sent the next message after `group`, where that uses up a limit.

        None for all but the last message to the target, and where another may follow at once.
        """
        mine = [each for each in self.groups if each[0].target == group[0].target]
        if not mine or mine[-1][-1] is not group[-1]:
            return None
        return self.room[group[0].target].full_until(len(mine), now)


def grouped(
    claimed: Sequence[QueuedMessage], alerts: Mapping[str, Alert], room: Mapping[str, Room]
) -> tuple[list[Group], list[QueuedMessage]]:
    """The messages that go out together, and the reports that have to wait.

    Every target's first message comes before any target's second of the same urgency.
    """
    by_target: defaultdict[str, list[QueuedMessage]] = defaultdict(list)
    for message in sorted(claimed, key=by_urgency):
        by_target[message.target].append(message)
    ordered: list[tuple[tuple[int, int, str], Group]] = []
    waiting: list[QueuedMessage] = []
    for target, messages in by_target.items():
        groups, held = _groups_of(messages, alerts, room[target].left)
        groups.sort(key=lambda group: by_urgency(group[0]))
        ordered += [((g[0].urgency, rank, target), g) for rank, g in enumerate(groups)]
        waiting += held
    return [group for _, group in sorted(ordered, key=lambda each: each[0])], waiting


def _groups_of(
    messages: Sequence[QueuedMessage], alerts: Mapping[str, Alert], left: int | None
) -> tuple[list[Group], list[QueuedMessage]]:
    """One target's messages in at most `left` groups, and its reports beyond.

    Its digest is one message; where only one is left, alerts and digest share it. A report is
    never bundled.
    """
    reports, digest, alone = list[QueuedMessage](), list[QueuedMessage](), list[QueuedMessage]()
    for message in messages:
        is_report = alerts[message.alert].kind in LETTERS
        (digest if message.digest else reports if is_report else alone).append(message)
    if alone and digest and left == 1:
        groups = [sorted([*alone, *digest], key=by_urgency)]
    else:
        groups = [digest] if digest else []
        if alone:
            groups += bundles(alone, None if left is None else max(1, left - len(groups)))
    room = len(reports) if left is None else max(0, left - len(groups))
    return [*groups, *([report] for report in reports[:room])], reports[room:]
