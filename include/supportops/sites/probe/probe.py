"""Checks many addresses at once, each exactly once, and gives one result for each.

libcurl makes the requests, `resolve` looks up the names, one loop drives both. A rate and a number
in flight limit the run, so that latency measures the sites and not this machine.
"""

from __future__ import annotations

import logging
import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from time import monotonic
from typing import Protocol

import pycares
import pycurl

from supportops.sites.check import ProbeResult
from supportops.sites.probe.dns_queue import DnsQueue
from supportops.sites.probe.local_limits import requests_at_once
from supportops.sites.probe.request_state import RequestState, Target
from supportops.sites.probe.sockets import SocketWatcher
from supportops.sites.probe.standstill import Standstill
from supportops.sites.probe.transfer_pool import TransferPool
from supportops.sites.probe.trust import Trust, trusted
from supportops.sites.site import CheckPolicy

__all__ = ["Target", "probe"]

log = logging.getLogger(__name__)

_LOOKUPS_PER_SLOT = 4
_LONGEST_WAIT = 1.0


class Feed(Protocol):
    """Targets that come while others are being checked, such as those to be checked again."""

    def take(self) -> Sequence[Target]:
        """The targets that are due now and were not taken yet. Called all the time: be quick."""

    def wait(self) -> float | None:
        """Seconds until `take` should be called again; None: nothing will come."""


class _Nothing:
    """Where no targets come later."""

    def take(self) -> Sequence[Target]:
        return ()

    def wait(self) -> float | None:
        return None


def probe(
    targets: Sequence[Target],
    policy: CheckPolicy,
    clock: Callable[[], datetime],
    *,
    on_result: Callable[[int, ProbeResult], None] | None = None,
    trust: str | None = None,
    nameservers: Sequence[str] | None = None,
    feed: Feed | None = None,
) -> list[ProbeResult]:
    """One result for each target, in their order. Nothing that a server sends raises.

    What `feed` brings follows the targets in number and goes before those that have not started:
    a hundred that hang put off no confirmation.

    `clock` gives aware UTC. `on_result(index, result)` is called as each result comes in; it must
    return quickly, for the loop waits for it. `trust` is a PEM file of certificate authorities to
    trust beside the system's; OSError when it cannot be opened. `nameservers` (`address` or
    `address:port`) replace the system's. `policy.rate` <= 0 means no limit.
    """
    if not targets and feed is None:
        return []
    with trusted(trust) as authorities:
        feed = feed or _Nothing()
        try:
            run = _Run(targets, policy, clock, authorities, nameservers, feed)
        except (OSError, MemoryError, pycares.AresError, pycurl.error) as error:
            log.exception("no check could be made")
            return _without_checks(targets, feed, clock, on_result or _ignore, error)
        try:
            return run.results(on_result or _ignore)
        finally:
            run.close()


def _without_checks(
    targets: Sequence[Target],
    feed: Feed,
    clock: Callable[[], datetime],
    on_result: Callable[[int, ProbeResult], None],
    error: Exception,
) -> list[ProbeResult]:
    """The results where this machine lacks what every check needs: nothing is known of any site."""
    found: list[ProbeResult] = []
    why = str(error) or type(error).__name__
    due = list(targets)
    while True:
        for target in due:
            request = RequestState(len(found), target, 0.0, clock())
            request.not_made(why)
            if request.result is not None:
                found.append(request.result)
                on_result(request.index, request.result)
        due = list(feed.take())
        if not due:
            wait = feed.wait()
            if wait is None:
                return found
            time.sleep(min(wait, _LONGEST_WAIT))


def _ignore(_index: int, _result: ProbeResult) -> None:
    """Where nobody wants results before the end."""


class _Run:
    """One run over a list of targets: start, look up, request, finish, until none is left."""

    def __init__(
        self,
        targets: Sequence[Target],
        policy: CheckPolicy,
        clock: Callable[[], datetime],
        trust: Trust,
        nameservers: Sequence[str] | None,
        feed: Feed,
    ) -> None:
        self._targets = list(targets)
        self._known = len(targets)
        self._first = deque(range(self._known))
        self._fed: deque[int] = deque()
        self._feed = feed
        self._clock = clock
        self._seconds = policy.deadline.total_seconds()
        self._in_flight = requests_at_once(policy.in_flight)
        self._limiter = RateLimiter(policy.rate)
        self._ready: deque[RequestState] = deque()
        self._finished: list[RequestState] = []
        self._standstill = Standstill()
        self._stood_still_before: dict[int, float] = {}
        self._watcher = SocketWatcher()
        self._dns = DnsQueue(self._watcher, deadline=self._seconds, nameservers=nameservers)
        self._transfers = TransferPool(
            self._watcher, most=self._in_flight, user_agent=policy.user_agent, trust=trust
        )

    def results(self, on_result: Callable[[int, ProbeResult], None]) -> list[ProbeResult]:
        found: dict[int, ProbeResult] = {}
        while True:
            self._standstill.note()
            for request in self._finished:
                before = self._stood_still_before.pop(request.index)
                request.stood_still(self._standstill.total - before)
                if request.result is not None:
                    found[request.index] = request.result
                    on_result(request.index, request.result)
            self._finished.clear()
            self._take()
            if len(found) == len(self._targets) and self._feed.wait() is None:
                return [found[index] for index in range(len(found))]
            self._start()
            self._request()
            if not self._finished:
                self._wait()

    def _take(self) -> None:
        for target in self._feed.take():
            self._fed.append(len(self._targets))
            self._targets.append(target)

    def _start(self) -> None:
        """Starts what is due, but no more than the look-ups and slots can take."""
        while self._may_start() and self._limiter.due(monotonic()):
            self._limiter.started(monotonic())
            index = self._fed.popleft() if self._fed else self._first.popleft()
            request = RequestState(index, self._targets[index], self._seconds, self._clock())
            self._stood_still_before[index] = self._standstill.total
            self._forward(request)

    def _may_start(self) -> bool:
        if not self._fed and (not self._first or len(self._ready) >= self._in_flight):
            return False
        return self._dns.open < _LOOKUPS_PER_SLOT * self._in_flight

    def _forward(self, request: RequestState) -> None:
        """Passes `request` to its next step. One that was redirected or fed goes first."""
        if request.result is not None:
            self._finished.append(request)
        elif not request.addresses:
            self._dns.add(request)
        elif request.redirects or request.index >= self._known:
            self._ready.appendleft(request)
        else:
            self._ready.append(request)

    def _request(self) -> None:
        while self._ready and self._transfers.has_room:
            self._transfers.start(self._ready.popleft())

    def _wait(self) -> None:
        now = monotonic()
        waits = [self._dns.wait(now), self._transfers.wait(now)]
        waits.append(self._feed.wait())
        if self._may_start():
            waits.append(self._limiter.wait(now))
        if self._ready:
            waits.append(self._transfers.wait_for_room(now))
        self._standstill.note()
        longest = min((wait for wait in waits if wait is not None), default=None)
        self._standstill.note(self._watcher.wait(longest))
        for request in self._dns.done():
            self._forward(request)
        for request in self._transfers.done():
            self._forward(request)

    def close(self) -> None:
        self._transfers.close()
        self._dns.close()
        self._watcher.close()


class RateLimiter:
    """At most `rate` starts in a second, unevenly spread so that runs do not synchronise.

    A rate of zero or less sets no limit. Instants are seconds on a steady clock. Time that was
    lost is not made up for by a burst.
    """

    def __init__(self, rate: float) -> None:
        self._gap = 1 / rate if rate > 0 else 0.0
        self._next = 0.0
        self._random = random.Random()  # noqa: S311 - spreads starts, guards no secret

    def due(self, now: float) -> bool:
        """Whether the next start may be made at `now` (seconds)."""
        return now >= self._next

    def started(self, now: float) -> None:
        """A start was made at `now`: the next is due half a gap to one and a half gaps later."""
        if self._gap:
            gap = self._gap * self._random.uniform(0.5, 1.5)
            self._next = max(self._next, now - self._gap) + gap

    def wait(self, now: float) -> float:
        """Seconds until the next start is due."""
        return max(0.0, self._next - now)
