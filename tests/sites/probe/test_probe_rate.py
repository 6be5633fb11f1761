"""Starts are spread by the rate, with jitter, and lost time is not made up for by a burst."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from supportops.sites.probe.probe import RateLimiter


def starts(limiter: RateLimiter, until: float, step: float) -> list[float]:
    """The instants at which a loop that looks every `step` seconds would start something."""
    made: list[float] = []
    for tick in range(int(until / step)):
        while limiter.due(tick * step):
            limiter.started(tick * step)
            made.append(tick * step)
    return made


@given(st.sampled_from([1.0, 5.0, 40.0]))
def test_a_rate_holds_in_the_long_run(rate: float) -> None:
    made = len(starts(RateLimiter(rate), 100.0, 0.001))
    assert 0.9 * rate * 100 <= made <= 1.1 * rate * 100


def test_starts_are_uneven() -> None:
    made = starts(RateLimiter(10.0), 10.0, 0.001)
    gaps = {round(after - before, 3) for before, after in pairwise(made)}
    assert len(gaps) > 20
    assert 0.049 <= min(gaps) <= max(gaps) <= 0.151


def test_lost_time_is_not_made_up_for_by_a_burst() -> None:
    limiter = RateLimiter(10.0)
    limiter.started(0.0)
    burst = 0
    while limiter.due(60.0):
        limiter.started(60.0)
        burst += 1
    assert burst <= 3


def test_no_rate_means_no_wait() -> None:
    limiter = RateLimiter(0.0)
    for _ in range(1000):
        assert limiter.due(0.0)
        limiter.started(0.0)
    assert limiter.wait(0.0) == 0.0
