"""Rate limits: how many messages a target gets, and what is bundled once they run out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from supportops.alerts.policy import Limit

T = TypeVar("T")


def allowance(
    limits: Sequence[Limit], sent: Sequence[datetime], in_flight: int, now: datetime, most: int
) -> int:
    """How many messages a target may get now, `most` where nothing limits it; none at 0 or below.

    `sent` are the instants of earlier messages, `in_flight` how many are being sent.
    """
    left = [
        limit.count - in_flight - sum(at > now - limit.period for at in sent) for limit in limits
    ]
    return min(left, default=most)


def bundles(messages: Sequence[T], count: int) -> list[list[T]]:
    """`messages`, the most urgent first, in at most `count` (from 1) bundles.

    The first ones stay alone, the overflow goes together in the last.
    """
    if len(messages) <= count:
        return [[message] for message in messages]
    alone = [[message] for message in messages[: count - 1]]
    return [*alone, list(messages[count - 1 :])]
