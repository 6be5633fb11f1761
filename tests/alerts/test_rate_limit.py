from __future__ import annotations

from dataclasses import dataclass

import pytest

from alert_builders import NOON, minutes
from supportops.alerts.policy import Limit
from supportops.alerts.rate_limit import allowance, bundles, free_from

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
    assert allowance((FIVE, ELEVEN), at, in_flight, NOON) == left


def test_without_a_limit_any_number_may_go() -> None:
    assert allowance((), [NOON] * 100, 100, NOON) is None


@pytest.mark.parametrize(
    ("sent", "free"),
    [([], None), ([1] * 4, None), ([1, 2, 3, 4, 9], 6), ([20] * 11, 40), ([14] * 5 + [59] * 6, 1)],
)
def test_a_target_is_free_again_once_every_limit_has_room(
    sent: list[float], free: float | None
) -> None:
    """`sent` in minutes ago, `free` in minutes ahead."""
    at = [NOON - minutes(ago) for ago in sent]
    assert free_from((FIVE, ELEVEN), at) == (None if free is None else NOON + minutes(free))


@dataclass(frozen=True)
class Message:
    urgency: int


@pytest.mark.parametrize(
    ("urgencies", "most", "sizes"),
    [
        ("", 3, []),
        ("00", 3, [1, 1]),
        ("000", 3, [1, 1, 1]),
        ("0000", 3, [4]),
        ("00", 1, [2]),
        ("0111", 3, [1, 3]),
        ("0011", 3, [1, 1, 2]),
        ("0001", 3, [4]),
        ("012222", 4, [1, 1, 4]),
        ("0" * 5000, 5, [5000]),
        ("0" * 5000, None, [1] * 5000),
    ],
)
def test_an_urgency_stays_alone_where_all_of_it_can_and_the_rest_is_one_bundle(
    urgencies: str, most: int | None, sizes: list[int]
) -> None:
    messages = [Message(int(each)) for each in urgencies]
    found = bundles(messages, most)
    assert [len(bundle) for bundle in found] == sizes
    assert [message for bundle in found for message in bundle] == messages
