"""The requests whose host is being looked up, each no longer than its own deadline."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from time import monotonic

from supportops.sites.probe.request_state import DnsAnswer, RequestState
from supportops.sites.probe.resolve import Resolver
from supportops.sites.probe.sockets import SocketWatcher


class DnsQueue:
    """Looks up the hosts of requests and returns each request when answered or too late."""

    def __init__(
        self, watcher: SocketWatcher, *, deadline: float, nameservers: Sequence[str] | None
    ) -> None:
        self._open: dict[int, RequestState] = {}
        self._due: list[tuple[float, int, int]] = []
        self._done: list[RequestState] = []
        self._watcher = watcher
        self._resolver = Resolver(
            deadline=deadline, on_socket=self._watch_socket, nameservers=nameservers
        )

    @property
    def open(self) -> int:
        """How many requests wait for their host."""
        return len(self._open)

    def _watch_socket(self, fd: int, read: bool, write: bool) -> None:
        self._watcher.watch(fd, read, write, self._resolver.ready)

    def add(self, request: RequestState) -> None:
        """Looks up the request's host."""
        index, redirects, started = request.index, request.redirects, monotonic()

        def answered(answer: DnsAnswer) -> None:
            if self._is_open(index, redirects):
                self._open.pop(index).resolved(answer, monotonic() - started)
                self._done.append(request)

        self._open[index] = request
        heapq.heappush(self._due, (started + request.seconds_left, index, redirects))
        self._resolver.resolve(request.host, answered)

    def _is_open(self, index: int, redirects: int) -> bool:
        return index in self._open and self._open[index].redirects == redirects

    def wait(self, now: float) -> float | None:
        """Seconds until something is due; None: nothing is."""
        if self._done:
            return 0.0
        waits = [self._due[0][0] - now] if self._due else []
        pause = self._resolver.pause()
        if pause is not None:
            waits.append(pause)
        return max(0.0, min(waits)) if waits else None

    def done(self) -> list[RequestState]:
        """The requests whose look-up was answered, or too late, since the last call."""
        self._resolver.tick()
        now = monotonic()
        while self._due and (self._due[0][0] <= now or not self._is_open(*self._due[0][1:])):
            _, index, redirects = heapq.heappop(self._due)
            if self._is_open(index, redirects):
                late = self._open.pop(index)
                late.resolve_timed_out(local=self._resolver.is_unheard(late.host))
                self._done.append(late)
        done, self._done = self._done, []
        return done

    def close(self) -> None:
        """Drops all look-ups."""
        self._resolver.close()
