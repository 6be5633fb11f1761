"""How promises were kept and how long answers took: clocks in, lines, rows and lists out.

Every promise falls due once: when it was broken, else at its deadline, be it met long before. So
the weeks of a month add up to it, and what nobody has answered yet is a breach as soon as it is
late. Times are of clocks that started in the period, also those still open: without them the
figures would be of the quick answers alone. Clocks of merged and deleted tickets count nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from supportops.reports.figures import By, Clock, Promises, Quantile, Times
from supportops.reports.measuring.clock_counts import (
    OPEN,
    Counts,
    Marks,
    due_at,
    endangered,
    fell_due,
)
from supportops.reports.measuring.grouping import Groups, grouped, named
from supportops.reports.measuring.proportion import attainment
from supportops.reports.measuring.survival import kaplan_meier, quantile
from supportops.reports.period import Period

METRICS = ("first_reply_time", "next_reply_time", "update_time", "resolution_time")
"""Metrics in the order of reports, that of a ticket's life."""

COUNTED_COLUMNS = ("source", "number", "metric", "instance", "tier", "customer", "due_at", "met")


def promises(
    clocks: pd.DataFrame,
    period: Period,
    as_of: datetime,
    risk_until: datetime,
    by: By,
    targets: Mapping[str, float],
) -> tuple[Promises, ...]:
    """A line per name and metric in which anything counts, and after each name's one over all.

    `clocks`: CLOCK_COLUMNS, as of `as_of`. `targets`: the share to keep by tier, set on lines by
    tier alone. By.ALL has its line over all metrics even if there is no clock. Raises ValueError
    where a clock has run a negative time or none is known.
    """
    marks = Marks.of(clocks, period, as_of, risk_until)
    groups, metrics = grouped(clocks, by), named(clocks["metric"], METRICS)
    cells = _crossed(groups, metrics)
    own, whole = Counts.of(cells, marks), Counts.of(groups, marks.of_promises())
    times = _times(clocks, marks.started, cells)
    found: list[Promises] = []
    for number, name in enumerate(groups.names):
        target = targets.get(name) if by is By.TIER and name is not None else None
        line = _Line(by, name, target)
        before = len(found)
        for cell, metric in enumerate(metrics.names, start=number * len(metrics)):
            if own.any_of(cell):
                found.append(line.of(own, cell, metric, times[cell]))
        if len(found) > before or by is By.ALL:
            found.append(line.of(whole, number))
    return tuple(found)


def counted(clocks: pd.DataFrame, period: Period, as_of: datetime) -> pd.DataFrame:
    """The promises that fell due in the period, one row each, by when they did.

    source, number, metric, instance, tier, customer: as in `clocks`, together they name a promise.
    due_at: datetime64[us, UTC], when it was broken, else its deadline. met: bool.
    """
    due = clocks[fell_due(clocks, period, as_of)]
    due = due.assign(due_at=due_at(due), met=due["breached_at"].isna())
    return _sorted(due, "due_at")[list(COUNTED_COLUMNS)]


def breaches(clocks: pd.DataFrame, period: Period, as_of: datetime) -> tuple[Clock, ...]:
    """The promises that were broken in the period, by when they were; some are answered by now."""
    broken = clocks["breached_at"].notna() & fell_due(clocks, period, as_of)
    return _listed(_sorted(clocks[broken], "breached_at"))


def open_breaches(clocks: pd.DataFrame) -> tuple[Clock, ...]:
    """The broken promises of open clocks, the most overdue first."""
    waiting = clocks[clocks["state"].isin(OPEN) & clocks["breached_at"].notna()]
    return _listed(_sorted(waiting, "left_seconds"))


def at_risk(clocks: pd.DataFrame, risk_until: datetime) -> tuple[Clock, ...]:
    """The promises that fall due before `risk_until` and are not broken, the soonest first."""
    return _listed(_sorted(clocks[endangered(clocks, risk_until)], "deadline"))


@dataclass(frozen=True, slots=True)
class _Line:
    """Whose line it is."""

    by: By
    name: str | None
    target: float | None

    def of(
        self,
        counts: Counts,
        group: int,
        metric: str | None = None,
        times: tuple[Times | None, Times | None] = (None, None),
    ) -> Promises:
        return Promises(
            by=self.by,
            name=self.name,
            metric=metric,
            attainment=attainment(int(counts.due[group]), int(counts.met[group]), self.target),
            business=times[0],
            calendar=times[1],
            open=int(counts.open[group]),
            at_risk=int(counts.at_risk[group]),
            overdue=int(counts.overdue[group]),
            oldest=float(counts.oldest[group]) if counts.open[group] else None,
            promised=bool(counts.promised[group]),
        )


def _crossed(groups: Groups, metrics: Groups) -> Groups:
    """Each group's each metric is a group."""
    return Groups(groups.names * len(metrics), groups.code * len(metrics) + metrics.code)


def _times(
    clocks: pd.DataFrame, started: NDArray[np.bool_], cells: Groups
) -> list[tuple[Times, Times]]:
    """How long the clocks of each group took, on the promise's time and on the calendar."""
    code = cells.code[started]
    done = (clocks["state"] == "fulfilled").to_numpy(np.bool_)[started]
    business, calendar = (
        times_of_groups(clocks[name].to_numpy(np.float64)[started], done, code, len(cells))
        for name in ("open_seconds", "calendar_seconds")
    )
    return list(zip(business, calendar, strict=True))


def times_of_groups(
    seconds: NDArray[np.float64],
    finished: NDArray[np.bool_],
    code: NDArray[np.int64],
    groups: int,
) -> list[Times]:
    """How long things took, of each group: `code` is each thing's, from 0. Those that are not
    `finished` count as longer than their seconds.
    """
    if not groups:
        return []
    order = np.argsort(code, kind="stable")
    ends = np.cumsum(np.bincount(code, minlength=groups))[:-1]
    parts = (np.split(column[order], ends) for column in (seconds, finished))
    return [_taken(took, done) for took, done in zip(*parts, strict=True)]


def _taken(seconds: NDArray[np.float64], finished: NDArray[np.bool_]) -> Times:
    if not len(seconds):
        return Times(0, 0, Quantile(None), Quantile(None))
    curve = kaplan_meier(seconds, finished)
    unfinished = len(seconds) - int(finished.sum())
    return Times(len(seconds), unfinished, quantile(curve, 0.5), quantile(curve, 0.9))


def _sorted(clocks: pd.DataFrame, first: str) -> pd.DataFrame:
    """By one column, then by what names a clock; the same whatever order rows come in."""
    life = named(clocks["metric"], METRICS).code
    keys = [first, "source", "number", "_life", "instance"]
    return clocks.assign(_life=life).sort_values(keys, ignore_index=True).drop(columns="_life")


def _listed(clocks: pd.DataFrame) -> tuple[Clock, ...]:
    """Rows as values: missing ones None, instants aware datetimes."""
    own = clocks.assign(overdue_by=-clocks["left_seconds"])
    columns = (_plain(own[each.name]) for each in fields(Clock) if each.name in own)
    return tuple(Clock(*row) for row in zip(*columns, strict=True))


def _plain(column: pd.Series[Any]) -> list[Any]:
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        read = column.dt.tz_convert(None).to_numpy("datetime64[us]").tolist()
        return [None if each is None else each.replace(tzinfo=UTC) for each in read]
    return column.astype(object).where(column.notna(), None).tolist()
