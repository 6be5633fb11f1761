"""Targets that come while others are checked, and servers that hang meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from time import monotonic

import pytest

from sites.probing import MOMENT, policy
from sites.servers import answer, hangs, server
from supportops.sites.check import Reason
from supportops.sites.probe import transfer_pool
from supportops.sites.probe.probe import Target, probe
from supportops.sites.site import Expectation


class Later:
    """Feeds one target after so many seconds."""

    def __init__(self, url: str, seconds: float) -> None:
        self.left = [target(url)]
        self.due = monotonic() + seconds

    def take(self) -> Sequence[Target]:
        if self.wait() != 0.0:
            return []
        taken, self.left = self.left, []
        return taken

    def wait(self) -> float | None:
        return max(0.0, self.due - monotonic()) if self.left else None


def target(url: str) -> Target:
    return Target(url, Expectation(), True)


def test_what_comes_later_is_checked_too(running: ExitStack) -> None:
    site = running.enter_context(server(answer()))
    results = probe([target(site.url())], policy(), lambda: MOMENT, feed=Later(site.url(), 0.2))
    assert [result.reason for result in results] == [Reason.OK, Reason.OK]
    assert site.connections == 2


def test_a_feed_alone_is_enough(running: ExitStack) -> None:
    site = running.enter_context(server(answer()))
    results = probe([], policy(), lambda: MOMENT, feed=Later(site.url(), 0.1))
    assert [result.reason for result in results] == [Reason.OK]


def test_it_does_not_wait_behind_servers_that_hang(
    running: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer_pool, "PATIENCE", 0.2)
    stuck, site = running.enter_context(server(hangs)), running.enter_context(server(answer()))
    begun, ended = monotonic(), dict[int, float]()
    probe(
        [target(stuck.url()) for _ in range(12)],
        policy(deadline=2, in_flight=2),
        lambda: MOMENT,
        on_result=lambda index, _: ended.setdefault(index, monotonic() - begun),
        feed=Later(site.url(), 0.1),
    )
    assert ended[12] < 1
    assert len(ended) == 13


def test_servers_that_hang_take_no_places(
    running: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer_pool, "PATIENCE", 0.1)
    stuck = running.enter_context(server(hangs))
    begun = monotonic()
    probe([target(stuck.url())] * 12, policy(deadline=1, in_flight=2), lambda: MOMENT)
    assert monotonic() - begun < 3, "one after the other it would take 6 seconds"
