"""Which clocks of a period are due, met, open and so on, and how many by group."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from supportops.reports.measuring.grouping import Groups
from supportops.reports.period import Period

Bools = NDArray[np.bool_]
Counted = NDArray[np.int64]

OPEN = ("running", "paused")
REMOVED = ("merged", "deleted")


def due_at(clocks: pd.DataFrame) -> pd.Series[pd.Timestamp]:
    """When each promise falls due: when it was broken, else at its deadline, NaT without one."""
    return clocks["breached_at"].fillna(clocks["deadline"])


def fell_due(clocks: pd.DataFrame, period: Period, as_of: datetime) -> pd.Series[bool]:
    """In the period and by `as_of`."""
    return _within(due_at(clocks), period, as_of) & ~clocks["state"].isin(REMOVED)


def taken_back(clocks: pd.DataFrame, period: Period, as_of: datetime) -> int:
    """How many promises were broken in the period and by `as_of`, of tickets removed after that."""
    broken = _within(clocks["breached_at"], period, as_of) & clocks["state"].isin(REMOVED)
    return int(broken.sum())


def endangered(clocks: pd.DataFrame, risk_until: datetime) -> pd.Series[bool]:
    """Running, not broken, and due before `risk_until`."""
    running = (clocks["state"] == "running") & clocks["breached_at"].isna()
    return running & (clocks["deadline"] < risk_until)


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """What each clock counts as: one bool a row. `ran`: seconds on the calendar, float64."""

    due: Bools
    met: Bools
    started: Bools
    open: Bools
    at_risk: Bools
    overdue: Bools
    promised: Bools
    ran: NDArray[np.float64]

    def of_promises(self) -> Self:
        """The same, but that open is only what a deadline is promised for."""
        return replace(self, open=self.open & self.promised)

    @classmethod
    def of(
        cls, clocks: pd.DataFrame, period: Period, as_of: datetime, risk_until: datetime
    ) -> Self:
        """`clocks`: CLOCK_COLUMNS, as of `as_of`; at risk is what is due before `risk_until`."""
        due = fell_due(clocks, period, as_of).to_numpy(np.bool_)
        broken = clocks["breached_at"].notna().to_numpy(np.bool_)
        waits = clocks["state"].isin(OPEN).to_numpy(np.bool_)
        began = _within(clocks["started_at"], period, as_of) & ~clocks["state"].isin(REMOVED)
        started = began.to_numpy(np.bool_)
        return cls(
            due=due,
            met=due & ~broken,
            started=started,
            open=waits,
            at_risk=endangered(clocks, risk_until).to_numpy(np.bool_),
            overdue=waits & broken,
            promised=(due | started | waits) & clocks["target_seconds"].notna().to_numpy(np.bool_),
            ran=clocks["calendar_seconds"].to_numpy(np.float64),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """How many clocks of each group count as what. `oldest`: of the open ones, seconds."""

    due: Counted
    met: Counted
    started: Counted
    open: Counted
    at_risk: Counted
    overdue: Counted
    promised: Counted
    oldest: NDArray[np.float64]

    @classmethod
    def of(cls, groups: Groups, marks: Marks) -> Self:
        """Adds the marks up; `groups` and `marks` have the same rows."""
        return cls(
            due=groups.count(marks.due),
            met=groups.count(marks.met),
            started=groups.count(marks.started),
            open=groups.count(marks.open),
            at_risk=groups.count(marks.at_risk),
            overdue=groups.count(marks.overdue),
            promised=groups.count(marks.promised),
            oldest=groups.greatest(marks.ran, marks.open),
        )

    def any_of(self, group: int) -> bool:
        """Whether anything counts."""
        return bool(self.due[group] or self.started[group] or self.open[group])


def _within(at: pd.Series[Any], period: Period, as_of: datetime) -> pd.Series[bool]:
    return (at >= period.start) & (at < period.end) & (at <= as_of)
