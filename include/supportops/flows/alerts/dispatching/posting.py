"""The one attempt that a prepared message gets in a dispatch."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from supportops.flows.alerts.dispatching.prepared import NOT_SENT, NotAttempted, PreparedMessage
from supportops.flows.alerts.dispatching.time_limit import TimeLimit
from supportops.notify.outgoing import Delivery, Outcome, OutgoingMessage

# Files take longer than text: a line carries at least so many bytes a second. But no message may
# hold up a dispatch for so long that its task runs out of time.
SLOWEST_LINE, LONGEST_EXTRA = 250_000, 100.0


class Send(Protocol):
    """What `supportops.notify.send.send` is."""

    def __call__(self, url: str, message: OutgoingMessage, *, timeout: float) -> Delivery: ...


class Poster:
    """Sends the prepared messages of one dispatch. `timeout` in seconds, without attachments."""

    def __init__(self, send: Send, clock: Callable[[], datetime], timeout: float) -> None:
        self._send = send
        self._clock = clock
        self._timeout = timeout
        self._slow: dict[str, NotAttempted] = {}
        self._limit: TimeLimit | None = None

    def stop_at(self, limit: TimeLimit) -> None:
        """Begins no attempt after `limit`: those who wait are not to wait for a slow target."""
        self._limit = limit

    def post(self, prepared: PreparedMessage) -> Delivery:
        """One attempt, or the result that is known without one. Called by several threads.

        A target that just timed out gets no second attempt in this dispatch: forty messages to a
        hung server would delay everybody else's by a quarter of an hour.
        """
        if prepared.result is not None:
            return prepared.result
        if prepared.target in self._slow:
            return self._slow[prepared.target]
        outgoing = prepared.outgoing
        if outgoing is None or self._clock() >= prepared.until:
            return NOT_SENT
        if self._limit is not None and self._limit.is_over:
            return NOT_SENT
        files = (*outgoing.attachments, *outgoing.images)
        timeout = self._timeout + extra_time(sum(len(file.content) for file in files))
        delivery = self._send(prepared.url, outgoing, timeout=timeout)
        if delivery.outcome is not Outcome.HANDED_OVER and delivery.seconds >= self._timeout / 2:
            why = f"not tried, as a moment ago: {delivery.detail}"
            not_attempted = NotAttempted(Outcome.FAILED, why, 0.0, prepared.bundle)
            self._slow[prepared.target] = not_attempted
        return delivery


def extra_time(size: int) -> float:
    """Seconds beyond the timeout that a message with files of `size` bytes has."""
    return min(size / SLOWEST_LINE, LONGEST_EXTRA)
