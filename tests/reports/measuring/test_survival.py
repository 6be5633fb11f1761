"""How long things take while some are not done, and how sure a share is."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import CensoredData, binomtest, ecdf

from reports.slow_measuring import slow_quantile
from supportops.reports.figures import Attainment, Quantile
from supportops.reports.measuring.proportion import attainment, wilson
from supportops.reports.measuring.survival import kaplan_meier, quantile

WAITS = st.lists(st.tuples(st.integers(0, 12).map(float), st.booleans()), min_size=1, max_size=40)


def taken(*waits: tuple[float, bool]) -> tuple[Quantile, Quantile]:
    """Median and p90."""
    curve = kaplan_meier([seconds for seconds, _ in waits], [done for _, done in waits])
    return quantile(curve, 0.5), quantile(curve, 0.9)


def test_with_all_done_it_is_the_plain_share() -> None:
    ten = [(float(n), True) for n in range(1, 11)]
    assert taken(*ten) == (Quantile(5), Quantile(9))


def test_who_waits_still_counts_as_longer_than_so_far() -> None:
    # Of 4 one is done after 1 s (3/4 left). One leaves sight at 2 s; of the 2 left one is done
    # after 3 s (3/8 left), the other never was until 9 s.
    assert taken((1, True), (2, False), (3, True), (9, False)) == (
        Quantile(3),
        Quantile(None, over=9),
    )


def test_where_nobody_is_done_only_the_longest_wait_is_known() -> None:
    assert taken((5, False), (7, False)) == (Quantile(None, over=7), Quantile(None, over=7))


def test_where_nobody_waited_nothing_is_known() -> None:
    assert taken() == (Quantile(None), Quantile(None))


def test_one_that_is_done_is_median_and_p90() -> None:
    assert taken((0, True)) == (Quantile(0), Quantile(0))


def test_one_who_is_done_when_another_leaves_sight_was_waiting_with_it() -> None:
    assert taken((4, False), (4, True)) == (Quantile(4), Quantile(None, over=4))


@pytest.mark.parametrize("bad", [-1.0, float("nan"), float("inf"), -1e-9])
def test_a_wait_that_cannot_be_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="a wait is a number of seconds from 0, not"):
        kaplan_meier([1.0, bad], [True, True])


def test_every_wait_needs_its_answer() -> None:
    with pytest.raises(ValueError, match="as many waits as answers"):
        kaplan_meier([1.0, 2.0], [True])


@given(WAITS)
def test_the_curve_is_scipys(waits: list[tuple[float, bool]]) -> None:
    seconds, done = np.array([s for s, _ in waits]), np.array([d for _, d in waits])
    curve = kaplan_meier(seconds, done)
    theirs = ecdf(CensoredData.right_censored(seconds, ~done)).sf
    assert curve.seconds.tolist() == theirs.quantiles.tolist()
    assert curve.surviving == pytest.approx(theirs.probabilities, abs=1e-12)


@given(WAITS, st.integers(1, 20))
@example([(float(n), True) for n in range(10)], 18)
def test_quantiles_are_those_of_exact_fractions(
    waits: list[tuple[float, bool]], twentieths: int
) -> None:
    curve = kaplan_meier([seconds for seconds, _ in waits], [done for _, done in waits])
    assert quantile(curve, twentieths / 20) == slow_quantile(waits, Fraction(twentieths, 20))


@given(WAITS, st.randoms(use_true_random=False))
def test_the_order_of_waits_does_not_matter(waits: list[tuple[float, bool]], chance) -> None:
    mixed = list(waits)
    chance.shuffle(mixed)
    assert taken(*mixed) == taken(*waits)


def test_a_share_of_a_million_waits_is_not_missed_by_rounding() -> None:
    curve = kaplan_meier(np.arange(1, 1_000_001), np.ones(1_000_000))
    assert quantile(curve, 0.9) == Quantile(900_000)


@given(st.integers(1, 2_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
@example((0, 1))
@example((3, 3))
def test_the_interval_is_wilsons(counted: tuple[int, int]) -> None:
    met, due = counted
    theirs = binomtest(met, due).proportion_ci(method="wilson")
    ours = attainment(due, met)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert 0 <= ours.low <= met / due <= ours.high <= 1


def test_intervals_of_many_shares_are_those_of_each() -> None:
    met, due = np.array([0, 11, 5, 0]), np.array([3, 12, 5, 0])
    low, high = wilson(met, due)
    for n in range(3):
        assert (low[n], high[n]) == (
            attainment(due[n], met[n]).low,
            attainment(due[n], met[n]).high,
        )
    assert np.isnan(low[3])
    assert np.isnan(high[3])


def test_nothing_due_has_no_interval() -> None:
    assert attainment(0, 0, 0.95) == Attainment(0, 0, None, None, 0.95)


@pytest.mark.parametrize(("due", "met"), [(1, 2), (1, -1), (-1, 0)])
def test_counts_that_cannot_be_are_refused(due: int, met: int) -> None:
    with pytest.raises(ValueError, match="met of"):
        attainment(due, met)
