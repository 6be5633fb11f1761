"""Rate limits: how many messages a target gets, and what is bundled once they run out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Protocol, TypeVar

from supportops.alerts.policy import Limit

T = TypeVar("T", bound="Urgent")


class Urgent(Protocol):
    """Anything with an urgency, a smaller number being more urgent."""

    @property
    def urgency(self) -> int: ...


def allowance(
    limits: Sequence[Limit], sent: Sequence[datetime], in_flight: int, now: datetime
) -> int | None:
    """How many messages a target may get now, None where nothing limits it; none at 0 or below.

    `sent` are the instants of earlier messages, `in_flight` how many are being sent.
    """
    left = [
        limit.count - in_flight - sum(at > now - limit.period for at in sent) for limit in limits
    ]
    return min(left, default=None)


def free_from(limits: Sequence[Limit], sent: Iterable[datetime]) -> datetime | None:
    """The instant from which a target that was `sent` messages may get one more.

    None where it never was at its limit; an instant that is past says when it last left it.
    """
    newest = sorted(sent, reverse=True)
    return max(
        (
            newest[limit.count - 1] + limit.period
            for limit in limits
            if 0 < limit.count <= len(newest)
        ),
        default=None,
    )


def bundles(messages: Sequence[T], count: int | None) -> list[list[T]]:
    """`messages`, the most urgent first, in at most `count` (from 1, None for any) bundles.

    Where not all can stay alone, those of the highest urgencies do as long as all of one urgency
    can; the others go in one bundle. So a storm is a single message with the whole count, and
    leaves the target room for what comes after it.
    """
    if count is None or len(messages) <= count:
        return [[message] for message in messages]
    alone = 0
    for _, alike in groupby(messages, key=lambda message: message.urgency):
        of_one_urgency = len(list(alike))
        if alone + of_one_urgency > count - 1:
            break
        alone += of_one_urgency
    return [*([message] for message in messages[:alone]), list(messages[alone:])]
