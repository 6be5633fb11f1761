"""Time as rechecks count it: by the clock, and by pauses that the clock did not show."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

Clock = Callable[[], datetime]
NOTHING = timedelta(0)


class Timer:
    """A clock that a pause moves on by at least its length.

    A clock that is set back during a run then puts off no check, and a simulated one need not move
    by itself. `pause` takes seconds.
    """

    def __init__(self, clock: Clock, pause: Callable[[float], None]) -> None:
        self._clock = clock
        self._pause = pause
        self._skew = NOTHING

    def now(self) -> datetime:
        """Aware UTC; never shown to anybody."""
        return self._clock() + self._skew

    def pause(self, wait: timedelta) -> None:
        """Waits; for nothing or less than nothing not at all."""
        wait, before = max(wait, NOTHING), self._clock()
        self._pause(wait.total_seconds())
        self._skew += max(NOTHING, wait - (self._clock() - before))
