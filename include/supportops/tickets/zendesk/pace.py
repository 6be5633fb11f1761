"""When to ask Zendesk again: ten exports a minute, and pauses that outlast its rate window."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

EXPORTS_A_MINUTE = 10
WINDOW_SECONDS = 60.0
# 1 + 2 + 4 + 8 + 16 + 30 + 30: a minute's rate window is over before we are at our end.
PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0)
# A task must end within its eight minutes; who is told to wait longer comes back another time.
LONGEST_RETRY_AFTER = 120.0


@dataclass(slots=True)
class Pace:
    """At most `most` requests in any `window` seconds; `wait` sleeps where the next is too soon."""

    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    most: int = EXPORTS_A_MINUTE
    window: float = WINDOW_SECONDS
    _asked: deque[float] = field(default_factory=deque)

    def wait(self) -> None:
        if len(self._asked) >= self.most:
            early = self._asked.popleft() + self.window - self.monotonic()
            if early > 0:
                self.sleep(early)
        self._asked.append(self.monotonic())


def retry_after(header: str | None) -> float | None:
    """The seconds that a `Retry-After` asks for; None where it is missing or no number."""
    text = (header or "").strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) < 7 else None


def pause(attempt: int, asked: float | None) -> float | None:
    """How long to wait after the `attempt`-th failure (from 0), None to give up.

    What the server asks for is honoured, and a second more, since its clock has its own second.
    """
    if attempt >= len(PAUSES):
        return None
    if asked is None:
        return PAUSES[attempt]
    return None if asked > LONGEST_RETRY_AFTER else max(asked + 1.0, PAUSES[attempt])
