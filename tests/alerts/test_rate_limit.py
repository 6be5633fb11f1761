from __future__ import annotations

import pytest

from alert_builders import NOON, minutes
from supportops.alerts.policy import Limit
from supportops.alerts.rate_limit import allowance, bundles

FIVE, ELEVEN = Limit(5, minutes(15)), Limit(11, minutes(60))


@pytest.mark.parametrize(
    ("sent", "in_flight", "left"),
    [
        ([], 0, 5),
        ([0, 0, 0], 0, 2),
        ([0, 0, 0], 2, 0),
        ([14.9] * 5, 0, 0),
        ([15] * 5, 0, 5),
        ([20] * 9, 0, 2),
        ([20] * 11, 0, 0),
        ([60] * 11, 0, 5),
        ([-30], 0, 4),
    ],
)
def test_the_tightest_limit_rules(sent: list[float], in_flight: int, left: int) -> None:
    """`sent` in minutes ago; a negative one was sent before the clock jumped back."""
    at = [NOON - minutes(ago) for ago in sent]
    assert allowance((FIVE, ELEVEN), at, in_flight, NOON, 32) == left


def test_without_a_limit_as_many_go_as_fit() -> None:
    assert allowance((), [NOON] * 100, 100, NOON, 32) == 32


@pytest.mark.parametrize(
    ("count", "most", "found"),
    [
        (0, 3, []),
        (2, 3, [[0], [1]]),
        (3, 3, [[0], [1], [2]]),
        (5, 3, [[0], [1], [2, 3, 4]]),
        (4, 1, [[0, 1, 2, 3]]),
    ],
)
def test_the_overflow_shares_the_last_bundle(count: int, most: int, found: list[list[int]]) -> None:
    assert bundles(list(range(count)), most) == found
