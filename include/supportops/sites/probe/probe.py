"""Asks many sites at once, each exactly once, and says what came of it.

libcurl does the asking, c-ares the names, one loop turns both. A rate and a number in flight
pace the run, so that latency measures the sites and not this machine.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from time import monotonic

from supportops.sites.check import ProbeResult
from supportops.sites.probe.dns_queue import Naming
from supportops.sites.probe.fetching import Fetching
from supportops.sites.probe.rate_limiter import Pace
from supportops.sites.probe.request_state import Inquiry, Target
from supportops.sites.probe.sockets import Watch
from supportops.sites.probe.trust import trust_file
from supportops.sites.site import CheckPolicy

__all__ = ["Target", "probe"]

_NAMES_PER_SLOT = 4


def probe(
    targets: Sequence[Target],
    policy: CheckPolicy,
    clock: Callable[[], datetime],
    *,
    on_result: Callable[[int, ProbeResult], None] | None = None,
    trust: str | None = None,
    nameservers: Sequence[str] | None = None,
) -> list[ProbeResult]:
    """One result a target, in the order asked. Nothing that a server sends raises.

    `clock` tells aware UTC. `on_result(index, result)` is called as each result comes in; it
    must return quickly, for the loop stands still meanwhile. `trust` is a PEM file of
    certificate authorities taken besides the system's; OSError when it cannot be read.
    `nameservers` (`address` or `address:port`) replace the system's. `policy.rate` <= 0 means
    unpaced.
    """
    if not targets:
        return []
    with trust_file(trust) as authorities:
        run = _Run(targets, policy, clock, authorities, nameservers)
        try:
            return run.results(on_result or _nobody)
        finally:
            run.close()


def _nobody(_index: int, _result: ProbeResult) -> None:
    """Hears results where nobody else does."""


class _Run:
    """One run over a list of targets: begin, name, fetch, settle, until none is left."""

    def __init__(
        self,
        targets: Sequence[Target],
        policy: CheckPolicy,
        clock: Callable[[], datetime],
        trust: str,
        nameservers: Sequence[str] | None,
    ) -> None:
        self._targets = targets
        self._clock = clock
        self._seconds = policy.deadline.total_seconds()
        self._in_flight = max(1, policy.in_flight)
        self._begun = 0
        self._pace = Pace(policy.rate)
        self._ready: deque[Inquiry] = deque()
        self._settled: list[Inquiry] = []
        self._watch = Watch()
        self._naming = Naming(self._watch, deadline=self._seconds, nameservers=nameservers)
        self._fetching = Fetching(
            self._watch, most=self._in_flight, user_agent=policy.user_agent, trust=trust
        )

    def results(self, tell: Callable[[int, ProbeResult], None]) -> list[ProbeResult]:
        found: dict[int, ProbeResult] = {}
        while True:
            for inquiry in self._settled:
                if inquiry.result is not None:
                    found[inquiry.index] = inquiry.result
                    tell(inquiry.index, inquiry.result)
            self._settled.clear()
            if len(found) == len(self._targets):
                return [found[index] for index in range(len(found))]
            self._begin()
            self._fetch()
            if not self._settled:
                self._turn()

    def _begin(self) -> None:
        """Starts what is due, but never more than names and slots can serve."""
        while self._may_begin() and self._pace.due(monotonic()):
            self._pace.started(monotonic())
            target = self._targets[self._begun]
            inquiry = Inquiry(self._begun, target, self._seconds, self._clock())
            self._begun += 1
            self._forward(inquiry)

    def _may_begin(self) -> bool:
        return (
            self._begun < len(self._targets)
            and len(self._ready) < self._in_flight
            and self._naming.open < _NAMES_PER_SLOT * self._in_flight
        )

    def _forward(self, inquiry: Inquiry) -> None:
        """Sends `inquiry` where it has to go next. One that is on its way goes first."""
        if inquiry.result is not None:
            self._settled.append(inquiry)
        elif not inquiry.addresses:
            self._naming.ask(inquiry)
        elif inquiry.redirects:
            self._ready.appendleft(inquiry)
        else:
            self._ready.append(inquiry)

    def _fetch(self) -> None:
        while self._ready and self._fetching.has_room:
            self._fetching.start(self._ready.popleft())

    def _turn(self) -> None:
        now = monotonic()
        waits = [self._naming.wait(now), self._fetching.wait(now)]
        if self._may_begin():
            waits.append(self._pace.wait(now))
        self._watch.wait(min((wait for wait in waits if wait is not None), default=None))
        for inquiry in self._naming.done():
            self._forward(inquiry)
        for inquiry in self._fetching.done():
            self._forward(inquiry)

    def close(self) -> None:
        self._fetching.close()
        self._naming.close()
        self._watch.close()
