"""The inquiries that wait for a name, each no longer than its own deadline."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from time import monotonic

from supportops.sites.probe.request_state import Inquiry
from supportops.sites.probe.resolve import Resolver
from supportops.sites.probe.response import Answer
from supportops.sites.probe.sockets import Watch


class Naming:
    """Asks the resolver for inquiries' hosts and hands them back when answered or too late."""

    def __init__(self, watch: Watch, *, deadline: float, nameservers: Sequence[str] | None) -> None:
        self._open: dict[int, Inquiry] = {}
        self._due: list[tuple[float, int, int]] = []
        self._done: list[Inquiry] = []
        self._watch = watch
        self._resolver = Resolver(deadline=deadline, watch=self._want, nameservers=nameservers)

    @property
    def open(self) -> int:
        return len(self._open)

    def _want(self, fd: int, read: bool, write: bool) -> None:
        self._watch.want(fd, read, write, self._resolver.ready)

    def ask(self, inquiry: Inquiry) -> None:
        index, hop, started = inquiry.index, inquiry.redirects, monotonic()

        def named(answer: Answer) -> None:
            if self._waits(index, hop):
                self._open.pop(index).named(answer, monotonic() - started)
                self._done.append(inquiry)

        self._open[index] = inquiry
        heapq.heappush(self._due, (started + inquiry.seconds_left, index, hop))
        self._resolver.resolve(inquiry.host, named)

    def _waits(self, index: int, hop: int) -> bool:
        return index in self._open and self._open[index].redirects == hop

    def wait(self, now: float) -> float | None:
        """Seconds until something is due; None: nothing is."""
        if self._done:
            return 0.0
        waits = [self._due[0][0] - now] if self._due else []
        pause = self._resolver.pause()
        if pause is not None:
            waits.append(pause)
        return max(0.0, min(waits)) if waits else None

    def done(self) -> list[Inquiry]:
        """The inquiries whose names are answered, or too late, since the last call."""
        self._resolver.tick()
        now = monotonic()
        while self._due and (self._due[0][0] <= now or not self._waits(*self._due[0][1:])):
            _, index, hop = heapq.heappop(self._due)
            if self._waits(index, hop):
                late = self._open.pop(index)
                late.unnamed()
                self._done.append(late)
        done, self._done = self._done, []
        return done

    def close(self) -> None:
        self._resolver.close()
