"""When a page is checked again in the same run."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import tries
from supportops.sites.recheck import pause_before_next
from supportops.sites.site import CheckPolicy
from supportops.sites.standing import Track

POLICY = CheckPolicy()
OUTAGE, FAULT = Track.OUTAGE, Track.FAULT


def pause(marks: str, *down: Track, page: str = "", policy: CheckPolicy = POLICY) -> float | None:
    found = pause_before_next(tries(("shop", page), marks), down, policy)
    return None if found is None else found.total_seconds()


def test_a_page_is_checked_at_once_and_a_good_one_only_once() -> None:
    assert pause("") == 0
    assert pause(".") is None


def test_a_failure_is_confirmed_after_ten_and_thirty_seconds() -> None:
    assert [pause("x"), pause("xx"), pause("xxx")] == [10, 30, None]


def test_a_blip_is_checked_until_it_answers() -> None:
    assert pause("x.") is None
    assert pause("xx.") is None


def test_a_site_that_is_known_to_be_down_is_checked_once_while_it_fails() -> None:
    assert pause("x", OUTAGE) is None


def test_a_site_that_answers_again_is_checked_until_that_is_confirmed() -> None:
    assert [pause(".", OUTAGE), pause("..", OUTAGE)] == [10, None]
    assert pause(".x", OUTAGE) is None
    assert pause(".", OUTAGE, policy=CheckPolicy(recovery_checks=1)) is None


def test_recovery_has_a_pause_also_without_confirmations() -> None:
    assert pause(".", OUTAGE, policy=CheckPolicy(confirm_after=())) == 10


def test_a_slow_site_that_stops_answering_is_confirmed_at_once() -> None:
    assert [pause("x", FAULT), pause("xx", FAULT), pause("xxx", FAULT)] == [10, 30, None]


def test_a_site_that_comes_back_slow_is_back_and_its_fault_is_confirmed() -> None:
    assert pause("s", OUTAGE) == 10
    assert pause("ss", OUTAGE) == 30
    assert pause("sss", OUTAGE) is None


@pytest.mark.parametrize(
    ("marks", "seconds"),
    [("i", 10), ("ii", 30), ("iii", None), ("i.", None), ("ix", 10), ("xi", 10), ("xix", 30)],
)
def test_a_check_that_failed_on_our_side_is_made_again_and_counts_for_nothing(
    marks: str, seconds: int | None
) -> None:
    assert pause(marks) == seconds


def test_a_page_is_judged_on_its_fault_alone() -> None:
    assert [pause("x", page="/basket"), pause("x", FAULT, page="/basket")] == [10, None]


@given(
    st.text(".x5s", min_size=60, max_size=60),
    st.sets(st.sampled_from([OUTAGE, FAULT])),
    st.integers(0, 4),
    st.integers(1, 4),
)
def test_a_run_always_ends(
    answers: str, down: Collection[Track], confirmations: int, recovery: int
) -> None:
    policy = CheckPolicy(
        confirm_after=(timedelta(seconds=1),) * confirmations, recovery_checks=recovery
    )
    checked = ""
    while pause_before_next(_many(checked), down, policy) is not None:
        checked += answers[len(checked)]
    assert 1 <= len(checked) <= 2 * (confirmations + 1) + 2 * recovery


def _many(marks: str) -> list:
    return [attempt for mark in marks for attempt in tries("shop", mark)]


@pytest.mark.parametrize("marks", ["x", "5", "s"])
def test_every_kind_of_failure_is_confirmed(marks: str) -> None:
    assert pause(marks) == 10
