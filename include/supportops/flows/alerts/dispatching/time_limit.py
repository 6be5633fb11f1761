"""How long something may take, whatever happens to the clock meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic


class TimeLimit:
    """Over once `length` has passed since it was made, by `clock` or by a clock that nobody sets.

    A clock that is set back by an hour makes nothing last an hour longer.
    """

    def __init__(self, clock: Callable[[], datetime], length: timedelta) -> None:
        self._clock = clock
        self.end = clock() + length
        self._steady_end = monotonic() + length.total_seconds()

    @property
    def is_over(self) -> bool:
        """Whether the time has passed."""
        return self._clock() >= self.end or monotonic() >= self._steady_end
