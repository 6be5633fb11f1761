"""How long things take where some are not done yet: the Kaplan-Meier estimator.

E. L. Kaplan and P. Meier, "Nonparametric estimation from incomplete observations", Journal of the
American Statistical Association 53 (1958). What is still waiting counts as "longer than so far",
which is lost where it is left out, or where the wait so far is taken for the answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from supportops.reports.figures import Quantile

Floats = NDArray[np.float64]
# A product of many fractions misses a share such as 0.1 by far less than one of a million waits.
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """`surviving[i]` is the share not done just after `seconds[i]`; float64, `seconds` ascend.

    Times at which nothing was done are steps too, of no height: the last is the longest wait seen.
    """

    seconds: Floats
    surviving: Floats


def kaplan_meier(seconds: ArrayLike, finished: ArrayLike) -> Curve:
    """The curve of waits in seconds, some of them not `finished` (bool) after that time.

    Raises ValueError for a wait that is negative or no number.
    """
    waits, done = np.asarray(seconds, dtype=np.float64), np.asarray(finished, dtype=np.bool_)
    if waits.ndim != 1 or waits.shape != done.shape:
        raise ValueError(f"as many waits as answers are needed: {waits.shape} and {done.shape}")
    wrong = waits[~(np.isfinite(waits) & (waits >= 0))]
    if len(wrong):
        raise ValueError(f"a wait is a number of seconds from 0, not {wrong[0]}")
    order = np.lexsort((~done, waits))  # who is done at an instant was waiting until then
    waits, done = waits[order], done[order]
    waiting = np.arange(len(waits), 0, -1)
    surviving = np.cumprod((waiting - done) / waiting)
    last = np.append(waits[1:] != waits[:-1], True)[: len(waits)]
    return Curve(waits[last], surviving[last])


def quantile(curve: Curve, share: float) -> Quantile:
    """The earliest time by which that share (above 0, at most 1) was done."""
    if not len(curve.seconds):
        return Quantile(None)
    reached = curve.surviving <= 1 - share + ROUNDING
    if reached[-1]:
        return Quantile(float(curve.seconds[reached.argmax()]))
    return Quantile(None, over=float(curve.seconds[-1]))


def quantile_seconds(seconds: pd.Series[float], share: float) -> float | None:
    """The earliest time by which that share of things that are all over was done; None of nothing.

    Always one that was measured: of 5 and 42 minutes the median is 5, for by then half was done. A
    negative time, of two clocks that disagree, counts as 0.
    """
    times = seconds.clip(lower=0.0)
    return quantile(kaplan_meier(times, np.ones(len(times), dtype=np.bool_)), share).seconds
