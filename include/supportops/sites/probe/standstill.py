"""How long this process stood still: stopped, starved of CPU, or suspended with its machine."""

from __future__ import annotations

import time

# Less than this is the noise of a busy machine, in seconds.
_NOTICED = 1.0


def _now() -> float:
    """Seconds on a clock that goes on while the machine is suspended, where there is one."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


class Standstill:
    """Adds up, in `total` seconds, what passes beyond the time that the loop meant to wait."""

    def __init__(self) -> None:
        self.total = 0.0
        self._at = _now()

    def note(self, expected: float = 0.0) -> None:
        """Since the last call no more than `expected` seconds should have passed."""
        now = _now()
        lost = now - self._at - expected
        self._at = now
        if lost >= _NOTICED:
            self.total += lost
