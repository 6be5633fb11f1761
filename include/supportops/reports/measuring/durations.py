"""How long things took that are all over: the same median and p90 as of things that may not be."""

from __future__ import annotations

import numpy as np
import pandas as pd

from supportops.reports.measuring.survival import kaplan_meier, quantile


def middle(seconds: pd.Series[float], share: float = 0.5) -> float | None:
    """The earliest time by which that share was over, None where nothing was.

    Always one that was measured: of 5 and 42 minutes the median is 5, for by then half was over.
    A negative time, of two clocks that disagree, counts as none at all.
    """
    times = seconds.clip(lower=0.0)
    return quantile(kaplan_meier(times, np.ones(len(times), dtype=np.bool_)), share).seconds
