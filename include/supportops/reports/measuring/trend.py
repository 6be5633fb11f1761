"""Whether a week differs from those before it by more than chance: an XmR chart of attainment.

The natural limits are the mean +- 2.66 x the mean moving range (Wheeler and Chambers, Understanding
Statistical Process Control; 2.66 = 3 / 1.128, the expected range of two). Fractions, not floats:
equal weeks lie on their mean and not beside it by a last digit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import groupby, pairwise

from supportops.reports.figures import Point

WEEKS = 13
"""A quarter of a year, this week included."""
ENOUGH = 6
"""Limits out of fewer weeks say more about those weeks than about the work."""
RUN = 8
"""So many in a row on one side of the mean are no chance (1 in 128)."""
NATURAL = Fraction(266, 100)

Limits = tuple[float | None, float | None, float | None, tuple[int, ...]]


def xmr(points: Sequence[Point]) -> Limits:
    """Mean, low and high limit (shares, within 0 and 1), and the places of signals in `points`.

    A signal lies outside the limits, or belongs to a run of at least RUN on one side of the mean.
    Points with few promises take no part: they neither set limits nor break a run. All None, and
    no signal, while fewer than ENOUGH take part.
    """
    told = [(n, Fraction(p.met, p.due)) for n, p in enumerate(points) if not p.few]
    if len(told) < ENOUGH:
        return None, None, None, ()
    shares = [share for _, share in told]
    mean = sum(shares, Fraction()) / len(shares)
    reach = NATURAL * sum((abs(b - a) for a, b in pairwise(shares)), Fraction()) / (len(shares) - 1)
    low, high = max(Fraction(0), mean - reach), min(Fraction(1), mean + reach)
    outside = {n for n, share in told if not low <= share <= high}
    signals = outside.union(_in_runs(told, mean))
    return float(mean), float(low), float(high), tuple(sorted(signals))


def _in_runs(told: Sequence[tuple[int, Fraction]], mean: Fraction) -> Iterator[int]:
    """Places in long runs beside the mean; what lies on it is on neither side and ends a run."""
    for side, run in groupby(told, key=lambda each: (each[1] > mean) - (each[1] < mean)):
        places = [n for n, _ in run]
        if side and len(places) >= RUN:
            yield from places
