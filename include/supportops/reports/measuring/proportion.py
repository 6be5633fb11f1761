"""The uncertainty of a share out of so many: the Wilson score interval.

E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of
the American Statistical Association 22 (1927). It stays within 0 and 1, also for 0 of 3.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from supportops.reports.figures import Attainment

Z = 1.959963984540054
"""The normal distribution's 97.5 % quantile, for an interval of 95 %."""


def wilson(met: ArrayLike, due: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The 95 % intervals' lower and upper ends, float64 of the arrays' shape; NaN of none due."""
    n = np.asarray(due, dtype=np.float64)
    n = np.where(n > 0, n, np.nan)
    share = np.asarray(met, dtype=np.float64) / n
    whole = 1 + Z**2 / n
    centre = (share + Z**2 / (2 * n)) / whole
    half = Z * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2)) / whole
    # Rounding must not put the share itself outside.
    return np.clip(centre - half, 0.0, share), np.clip(centre + half, share, 1.0)


def attainment(due: int, met: int, target: float | None = None) -> Attainment:
    """Counts with their interval. Raises ValueError unless 0 <= met <= due."""
    if not 0 <= met <= due:
        raise ValueError(f"{met} met of {due} due: expected from 0 to as many as were due")
    if not due:
        return Attainment(0, 0, target=target)
    low, high = wilson(met, due)
    return Attainment(due, met, float(low), float(high), target)
