"""Storm limits: how many letters a target gets, and what is told together once they run out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from supportops.alerts.policy import Limit

T = TypeVar("T")


def allowance(
    limits: Sequence[Limit], sent: Sequence[datetime], flying: int, now: datetime, most: int
) -> int:
    """How many letters a target may get now, `most` where nothing limits it; not above 0: none.

    `sent` are the instants of earlier letters, `flying` how many are on their way.
    """
    left = [limit.count - flying - sum(at > now - limit.period for at in sent) for limit in limits]
    return min(left, default=most)


def bundles(messages: Sequence[T], letters: int) -> list[list[T]]:
    """`messages`, the most urgent first, in at most `letters` (from 1) letters.

    The first ones get a letter each, the overflow goes together in the last.
    """
    if len(messages) <= letters:
        return [[message] for message in messages]
    alone = [[message] for message in messages[: letters - 1]]
    return [*alone, list(messages[letters - 1 :])]
