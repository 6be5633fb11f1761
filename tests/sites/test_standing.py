"""How one page stands: confirmation, recovery, gaps and flapping."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import MARKS, NOON, tries
from supportops.sites.check import Reason
from supportops.sites.site import FIVE_MINUTES, CheckPolicy
from supportops.sites.standing import (
    SiteState,
    Standing,
    Track,
    advance,
    from_json,
    suspend,
    to_json,
)

POLICY = CheckPolicy()


def after(*runs: str, every: float = 5, policy: CheckPolicy = POLICY) -> Standing:
    """The outage standing after runs at a steady pace; an empty text is a run that was missed."""
    standing = Standing()
    for number, marks in enumerate(runs):
        if marks:
            at = NOON + timedelta(minutes=every * number)
            standing = advance(
                standing, tries("shop", marks, at), Track.OUTAGE, policy, FIVE_MINUTES
            )
    return standing


def test_one_good_check_is_up() -> None:
    standing = after(".")
    assert (standing.state, standing.down, standing.since) == (SiteState.UP, False, NOON)


def test_a_blip_is_not_down() -> None:
    assert after(".", "x.").state is SiteState.UP
    assert after(".", "xx.").state is SiteState.UP


def test_three_failures_in_a_run_are_down_since_the_first() -> None:
    standing = after(".", "xxx")
    assert standing.down
    assert standing.since == NOON + timedelta(minutes=5)
    assert standing.last_good_at == NOON


def test_a_run_that_was_cut_short_is_completed_by_the_next() -> None:
    assert not after(".", "xx").down
    standing = after(".", "xx", "xxx")
    assert standing.since == NOON + timedelta(minutes=5)


def test_failures_on_two_sides_of_a_gap_are_not_in_a_row() -> None:
    assert after(".", "xx", "", "x").down  # not quite ten minutes lie between
    assert not after(".", "xx", "", "", "x").down
    late = after(".", "xx", "", "", "xxx")
    assert late.since == NOON + timedelta(minutes=20)


def test_a_gap_of_exactly_two_intervals_is_none() -> None:
    first = tries("shop", "x")
    second = tries("shop", "xx", NOON + 2 * FIVE_MINUTES)
    standing = Standing()
    for run in (first, second):
        standing = advance(standing, run, Track.OUTAGE, POLICY, FIVE_MINUTES)
    assert standing.since == NOON


def test_good_checks_on_two_sides_of_a_gap_are_no_recovery() -> None:
    assert after("xxx", ".", "", "", ".").down
    assert not after("xxx", ".", ".").down


def test_recovery_dates_from_the_first_good_check() -> None:
    standing = after("xxx", "..")
    assert (standing.down, standing.since) == (False, NOON + timedelta(minutes=5))


def test_one_good_check_is_no_recovery() -> None:
    standing = after("xxx", ".")
    assert standing.down
    assert standing.state is SiteState.DOWN
    assert after("xxx", ".x", ".x").down


def test_without_confirmations_the_first_failure_counts() -> None:
    assert after("x", policy=CheckPolicy(confirm_after=())).down


def test_a_slow_front_page_is_a_fault_and_no_outage() -> None:
    assert after("sss").state is SiteState.UP
    fault = advance(Standing(), tries("shop", "sss"), Track.FAULT, POLICY, FIVE_MINUTES)
    assert fault.down
    assert fault.last_bad is not None
    assert fault.last_bad.reason is Reason.SLOW


def test_an_error_page_is_no_fault_of_the_front_page_but_its_outage() -> None:
    assert after("555").down
    fault = advance(Standing(), tries("shop", "555"), Track.FAULT, POLICY, FIVE_MINUTES)
    assert not fault.down


def test_a_suspension_confirms_nothing_and_forgets_nothing() -> None:
    standing = after("xxx")
    quiet = suspend(
        standing, SiteState.MAINTENANCE, tries("shop", "...", NOON + timedelta(minutes=5))
    )
    assert (quiet.state, quiet.down, quiet.since) == (SiteState.MAINTENANCE, True, NOON)


def test_failures_before_and_after_a_suspension_are_not_in_a_row() -> None:
    standing = after(".", "xx")
    for minute in (10, 15):
        at = NOON + timedelta(minutes=minute)
        standing = suspend(standing, SiteState.UNKNOWN, tries("shop", "xxx", at))
    later = tries("shop", "x", NOON + timedelta(minutes=20))
    assert not advance(standing, later, Track.OUTAGE, POLICY, FIVE_MINUTES).down


def test_a_run_that_a_later_one_has_overtaken_changes_nothing() -> None:
    standing = after(".", ".", ".")
    old = tries("shop", "xxx", NOON + timedelta(minutes=7))
    assert advance(standing, old, Track.OUTAGE, POLICY, FIVE_MINUTES) == standing
    assert suspend(standing, SiteState.UNKNOWN, old) == standing


def test_a_clock_that_jumps_back_within_a_run_still_confirms() -> None:
    run = tries("shop", "x", NOON + FIVE_MINUTES)
    run += tries("shop", " xx", NOON - timedelta(hours=1))
    standing = advance(after("."), run, Track.OUTAGE, POLICY, FIVE_MINUTES)
    assert standing.down
    assert standing.checked_at == NOON + FIVE_MINUTES


def test_flapping_begins_above_thirty_per_cent() -> None:
    assert not after("xxx", "..", "xxx", "..", "xxx").flapping
    sixth = after("xxx", "..", "xxx", "..", "xxx", "..")
    assert sixth.flap_percent == pytest.approx(33.9)  # 5 % weights of 1.18, 1.16 ... 1.08
    assert sixth.flapping


def test_flapping_ends_below_twenty_five_per_cent() -> None:
    storm = ["xxx", ".."] * 3
    counts = [after(*storm, *["."] * calm) for calm in range(16)]
    ends = next(n for n, standing in enumerate(counts) if not standing.flapping)
    assert counts[ends].flap_percent <= 25 < counts[ends - 1].flap_percent < 30
    assert all(not standing.flapping for standing in counts[ends:])


def test_a_site_that_never_changes_does_not_flap() -> None:
    assert after(*["."] * 25).flap_percent == 0
    assert after(*["xxx"] * 25).flap_percent < 30


def icinga(changes: Sequence[bool]) -> float:
    """Icinga 2's percentage, as its documentation has it: twenty checks, weights 0.8 to 1.18."""
    last = ([False] * 20 + list(changes))[-20:]
    return sum(0.8 + 0.02 * i for i, change in enumerate(last) if change) * 100 / 20


@given(st.lists(st.sampled_from(["xxx", "..", "x.", "."]), max_size=60))
def test_flapping_agrees_with_icingas_sum(runs: list[str]) -> None:
    standing, changes, flapping = Standing(), [], False
    for number, marks in enumerate(runs):
        was = standing.down
        run = tries("shop", marks, NOON + number * FIVE_MINUTES)
        standing = advance(standing, run, Track.OUTAGE, POLICY, FIVE_MINUTES)
        changes.append(standing.down != was)
        percent = icinga(changes)
        if abs(percent - (25 if flapping else 30)) > 1e-9:
            flapping = percent > (25 if flapping else 30)
            assert standing.flapping == flapping
        flapping = standing.flapping
        assert standing.flap_percent == pytest.approx(percent)


@given(st.permutations(range(3)), st.text("x.5", min_size=3, max_size=3))
def test_the_order_in_which_tries_arrive_is_irrelevant(order: list[int], marks: str) -> None:
    run = tries("shop", marks, NOON)
    shuffled = [run[i] for i in order]
    assert advance(Standing(), shuffled, Track.OUTAGE, POLICY, FIVE_MINUTES) == advance(
        Standing(), run, Track.OUTAGE, POLICY, FIVE_MINUTES
    )


def test_every_order_of_three_tries_is_tried() -> None:
    run = tries("shop", "x.x")
    found = {
        advance(Standing(), order, Track.OUTAGE, POLICY, FIVE_MINUTES).bad_streak
        for order in permutations(run)
    }
    assert found == {1}


@given(st.lists(st.text("".join(MARKS), min_size=1, max_size=4), max_size=12), st.booleans())
def test_a_standing_comes_back_from_json(runs: list[str], quiet: bool) -> None:
    standing = after(*runs)
    if runs and quiet:
        at = NOON + len(runs) * FIVE_MINUTES
        standing = suspend(standing, SiteState.UNKNOWN, tries("shop", "x", at))
    written = json.dumps(to_json(standing))
    assert from_json(json.loads(written)) == standing
    assert json.dumps(to_json(from_json(json.loads(written)))) == written
