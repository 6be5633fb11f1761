"""An XmR chart tells a signal from chance, worked by hand and against a slow reference."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supportops.reports.figures import Point
from supportops.reports.measuring.trend import xmr


def of_hundred(*met: int) -> list[Point]:
    """Weeks in which a hundred promises fell due each."""
    return [Point(f"2026-W{n:02}", 100, each, issued=True) for n, each in enumerate(met, start=1)]


def points(*counts: tuple[int, int]) -> list[Point]:
    return [Point(f"2026-W{n:02}", due, met, True) for n, (due, met) in enumerate(counts, start=1)]


def test_limits_are_the_mean_and_2_66_mean_moving_ranges_to_both_sides() -> None:
    # Mean 540 / 6 = 90 %. Moving ranges 2, 4, 3, 2, 1: their mean is 12 / 5 = 2.4 points.
    # 2.66 x 2.4 = 6.384 points: from 83.616 % to 96.384 %.
    mean, low, high, signals = xmr(of_hundred(90, 92, 88, 91, 89, 90))

    assert (mean, low, high) == pytest.approx((0.90, 0.83616, 0.96384))
    assert signals == ()


def test_a_week_outside_the_limits_is_a_signal() -> None:
    # Mean 610 / 7 = 87.143 %, moving ranges 2, 4, 3, 2, 1, 20 with the mean 5.333, reach 14.187.
    mean, low, high, signals = xmr(of_hundred(90, 92, 88, 91, 89, 90, 70))

    assert (mean, low) == pytest.approx((0.87143, 0.72956), abs=1e-5)
    assert high == 1.0
    assert signals == (6,)


def test_limits_stay_within_nothing_and_everything() -> None:
    _, low, high, signals = xmr(of_hundred(0, 100, 0, 100, 0, 100))

    assert (low, high) == (0.0, 1.0)
    assert signals == ()


def test_eight_weeks_in_a_row_on_one_side_of_the_mean_are_signals() -> None:
    high, low = [91, 90, 91, 90, 91, 90, 91, 90], [86, 87, 86, 87, 86]

    assert xmr(of_hundred(*high, *low))[3] == tuple(range(8))
    assert xmr(of_hundred(*high[1:], *low))[3] == ()


def test_a_week_on_the_mean_ends_a_run() -> None:
    # The mean is 90 % in both; the second has one week more, on it, amid the eight above it.
    whole = xmr(of_hundred(91, 91, 91, 91, 91, 91, 91, 91, 85, 93, 84))
    ended = xmr(of_hundred(91, 91, 91, 91, 90, 91, 91, 91, 91, 85, 93, 84))

    assert (whole[0], ended[0]) == (0.9, 0.9)
    assert whole[3] == tuple(range(8))
    assert ended[3] == ()


@pytest.mark.parametrize("met", [27, 29, 1, 0, 30])
def test_equal_weeks_have_no_signal_whatever_their_share(met: int) -> None:
    mean, low, high, signals = xmr(points(*[(30, met)] * 13))

    assert mean == low == high
    assert signals == ()


def test_a_week_with_few_promises_takes_no_part() -> None:
    steady = of_hundred(90, 92, 88, 91, 89, 90)
    empty, few = points((0, 0), (19, 0))

    mean, low, high, signals = xmr([*steady[:3], few, *steady[3:], empty])

    assert (mean, low, high) == xmr(steady)[:3]
    assert signals == ()


def test_a_week_with_few_promises_does_not_end_a_run() -> None:
    run = of_hundred(91, 90, 91, 90, 91, 90, 91, 90, 86, 87, 86, 87, 86)
    few = points((5, 0))

    assert xmr([*run[:4], *few, *run[4:]])[3] == (0, 1, 2, 3, 5, 6, 7, 8)


def test_twenty_promises_are_enough_and_nineteen_are_few() -> None:
    assert xmr(points(*[(20, 18)] * 6))[0] == 0.9
    assert xmr(points(*[(20, 18)] * 5, (19, 18)))[0] is None


@pytest.mark.parametrize("weeks", [0, 1, 5])
def test_too_few_weeks_have_no_limits_and_no_signals(weeks: int) -> None:
    assert xmr(of_hundred(*[0, 100, 0, 100, 0][:weeks])) == (None, None, None, ())


counts = st.integers(0, 60).flatmap(lambda due: st.tuples(st.just(due), st.integers(0, due)))
near = st.tuples(st.just(40), st.integers(35, 37))


@given(st.lists(counts, max_size=16) | st.lists(near, max_size=16))
def test_it_agrees_with_a_slow_reference(weeks: list[tuple[int, int]]) -> None:
    weeks_shown = points(*weeks)

    mean, low, high, signals = xmr(weeks_shown)
    expected = _slow(weeks_shown)

    assert signals == expected[3]
    if mean is None:
        assert expected[0] is None
    else:
        assert (mean, low, high) == pytest.approx(expected[:3])


def _slow(
    weeks_shown: Sequence[Point],
) -> tuple[float | None, float | None, float | None, tuple[int, ...]]:
    """The rules as one would follow them with pencil and paper."""
    places = [n for n in range(len(weeks_shown)) if weeks_shown[n].due >= 20]
    if len(places) < 6:
        return None, None, None, ()
    share = {n: Fraction(weeks_shown[n].met, weeks_shown[n].due) for n in places}
    mean = sum(share.values()) / Fraction(len(places))
    ranges = [abs(share[places[i]] - share[places[i - 1]]) for i in range(1, len(places))]
    reach = Fraction("2.66") * sum(ranges) / len(ranges)
    signals = {n for n in places if share[n] > mean + reach or share[n] < mean - reach}
    for first in range(len(places) - 7):
        eight = places[first : first + 8]
        if all(share[n] > mean for n in eight) or all(share[n] < mean for n in eight):
            signals.update(eight)
    low, high = max(Fraction(0), mean - reach), min(Fraction(1), mean + reach)
    return float(mean), float(low), float(high), tuple(sorted(signals))
