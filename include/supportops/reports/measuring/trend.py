"""Whether a week differs from those before it by more than chance: an XmR chart of attainment.

The natural limits are the mean +- 2.66 x the mean moving range (Wheeler and Chambers, Understanding
Statistical Process Control; 2.66 = 3 / 1.128, the expected range of two). Fractions, not floats:
equal weeks lie on their mean and not beside it by a last digit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import groupby, pairwise

from supportops.reports.figures import By, Figures, Point, Trend

WEEKS = 13
"""A quarter of a year, this week included."""
ENOUGH = 6
"""Limits out of fewer weeks describe those weeks and not the work."""
RUN = 8
"""So many in a row on one side of the mean are no chance (1 in 128)."""
NATURAL = Fraction(266, 100)

History = Mapping[str | None, Sequence[Point]]
"""Earlier periods, oldest first, by tier; under None all tiers together."""
Limits = tuple[float | None, float | None, float | None, tuple[int, ...]]


def trends(figures: Figures, history: History, targets: Mapping[str, float]) -> tuple[Trend, ...]:
    """A trend by tier, also of one that had promises only earlier; all together last.

    `figures` is this week's, `history` the weeks before it.
    """
    label = figures.period.label
    now = {
        line.name: Point(label, line.attainment.due, line.attainment.met, issued=False)
        for line in figures.promises
        if line.metric is None and (line.by is By.ALL or (line.by is By.TIER and line.name))
    }
    known = {name for name in (*now, *history) if name is not None}
    watched = known.intersection(figures.tiers) if figures.tiers else known
    return tuple(
        _trend(
            name,
            history.get(name, ()),
            now.get(name) or Point(label, 0, 0, issued=False),
            targets.get(name) if name is not None else None,
        )
        for name in (*sorted(watched), None)
    )


def _trend(name: str | None, history: Sequence[Point], point: Point, target: float | None) -> Trend:
    """Of the weeks before this one, whatever has been issued about later ones."""
    earlier = [each for each in history if each.label < point.label]
    points = (*earlier[1 - WEEKS :], point)
    by = By.ALL if name is None else By.TIER
    mean, low, high, signals = xmr(points)
    return Trend(by, name, points, mean, low, high, signals, target)


def xmr(points: Sequence[Point]) -> Limits:
    """Mean, low and high limit (shares, within 0 and 1), and the places of signals in `points`.

    A signal lies outside the limits, or belongs to a run of at least RUN on one side of the mean.
    Points with few promises take no part: they neither set limits nor break a run. All None, and
    no signal, while fewer than ENOUGH take part.
    """
    placed = [(n, Fraction(p.met, p.due)) for n, p in enumerate(points) if not p.few]
    if len(placed) < ENOUGH:
        return None, None, None, ()
    shares = [share for _, share in placed]
    mean = sum(shares, Fraction()) / len(shares)
    reach = NATURAL * sum((abs(b - a) for a, b in pairwise(shares)), Fraction()) / (len(shares) - 1)
    low, high = max(Fraction(0), mean - reach), min(Fraction(1), mean + reach)
    outside = {n for n, share in placed if not low <= share <= high}
    signals = outside.union(_in_runs(placed, mean))
    return float(mean), float(low), float(high), tuple(sorted(signals))


def _in_runs(placed: Sequence[tuple[int, Fraction]], mean: Fraction) -> Iterator[int]:
    """Places in long runs beside the mean; what lies on it is on neither side and ends a run."""
    for side, run in groupby(placed, key=lambda each: (each[1] > mean) - (each[1] < mean)):
        places = [n for n, _ in run]
        if side and len(places) >= RUN:
            yield from places
