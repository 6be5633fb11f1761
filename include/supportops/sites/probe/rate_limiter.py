"""When the next check may start."""

from __future__ import annotations

import random


class Pace:
    """At most `rate` starts in a second, unevenly spread so that runs do not march in step.

    A rate of zero or less sets no limit. Instants are seconds on a steady clock. Time that was
    lost is not made good by a burst.
    """

    def __init__(self, rate: float) -> None:
        self._gap = 1 / rate if rate > 0 else 0.0
        self._next = 0.0
        self._random = random.Random()  # noqa: S311 - spreads starts, guards no secret

    def due(self, now: float) -> bool:
        return now >= self._next

    def started(self, now: float) -> None:
        """A start was made at `now`: the next is due half a gap to one and a half gaps later."""
        if self._gap:
            gap = self._gap * self._random.uniform(0.5, 1.5)
            self._next = max(self._next, now - self._gap) + gap

    def wait(self, now: float) -> float:
        return max(0.0, self._next - now)
