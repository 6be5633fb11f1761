"""What lines say of clocks, slowly and obviously, row by row; and random clocks to compare by.

Nothing is shared with the columnar code but the values that it gives.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pandas as pd
from hypothesis import strategies as st
from scipy.stats import binomtest

from reports.frames import MONDAY, clock, clocks
from supportops.reports.figures import Attainment, By, Promises, Quantile, Times
from supportops.reports.period import Period

LIFE = ["first_reply_time", "next_reply_time", "update_time", "resolution_time"]
HOUR = timedelta(hours=1)


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows with None for what is missing."""
    return [
        {name: None if pd.isna(value) else value for name, value in row.items()}
        for row in frame.to_dict("records")
    ]


def falls_due(row: Mapping[str, Any]) -> datetime | None:
    return row["breached_at"] or row["deadline"]


def counts(row: Mapping[str, Any], at: datetime | None, period: Period, as_of: datetime) -> bool:
    if row["state"] in ("merged", "deleted") or at is None:
        return False
    return period.start <= at < period.end and at <= as_of


def slow_promises(
    frame: pd.DataFrame,
    period: Period,
    as_of: datetime,
    risk_until: datetime,
    by: By,
    targets: Mapping[str, float],
) -> list[Promises]:
    rows = rows_of(frame)
    found = []
    for name in sorted({_name(row, by) for row in rows}, key=lambda n: (n is None, n)):
        own = [row for row in rows if _name(row, by) == name]
        target = targets.get(name) if by is By.TIER and name is not None else None
        for metric in [*LIFE, None]:
            chosen = [row for row in own if metric in (None, row["metric"])]
            line = _line(chosen, period, as_of, risk_until, by, name, metric, target)
            if line is not None:
                found.append(line)
    return found


def _name(row: Mapping[str, Any], by: By) -> str | None:
    return None if by is By.ALL else row[by.value]


def _line(
    rows: list[dict[str, Any]],
    period: Period,
    as_of: datetime,
    risk_until: datetime,
    by: By,
    name: str | None,
    metric: str | None,
    target: float | None,
) -> Promises | None:
    due = [row for row in rows if counts(row, falls_due(row), period, as_of)]
    began = [row for row in rows if counts(row, row["started_at"], period, as_of)]
    waiting = [row for row in rows if row["state"] in ("running", "paused")]
    if not (due or began or waiting):
        return None
    promised = [row for row in due + began + waiting if row["target_seconds"] is not None]
    if metric is None:
        waiting = [row for row in waiting if row in promised]
    risky = [
        row
        for row in waiting
        if row["state"] == "running"
        and row["breached_at"] is None
        and row["deadline"] is not None
        and row["deadline"] < risk_until
    ]
    return Promises(
        by,
        name,
        metric,
        slow_kept(due, target),
        slow_times(began, "open_seconds") if metric else None,
        slow_times(began, "calendar_seconds") if metric else None,
        len(waiting),
        len(risky),
        len([row for row in waiting if row["breached_at"] is not None]),
        max((row["calendar_seconds"] for row in waiting), default=None),
        bool(promised),
    )


def slow_kept(due: list[dict[str, Any]], target: float | None) -> Attainment:
    met = len([row for row in due if row["breached_at"] is None])
    if not due:
        return Attainment(0, 0, target=target)
    interval = binomtest(met, len(due)).proportion_ci(method="wilson")
    return Attainment(len(due), met, interval.low, interval.high, target)


def slow_times(rows: list[dict[str, Any]], column: str) -> Times:
    waits = [(row[column], row["state"] == "fulfilled") for row in rows]
    unfinished = len([done for _, done in waits if not done])
    return Times(
        len(waits),
        unfinished,
        slow_quantile(waits, Fraction(1, 2)),
        slow_quantile(waits, Fraction(9, 10)),
    )


def slow_quantile(waits: Iterable[tuple[float, bool]], share: Fraction) -> Quantile:
    """In fractions, so that nothing is rounded: of those still waiting, some are done each time."""
    waits = list(waits)
    surviving = Fraction(1)
    for time in sorted({seconds for seconds, _ in waits}):
        waiting = len([1 for seconds, _ in waits if seconds >= time])
        done = len([1 for seconds, finished in waits if finished and seconds == time])
        surviving *= 1 - Fraction(done, waiting)
        if surviving <= 1 - share:
            return Quantile(time)
    return Quantile(None, over=max((seconds for seconds, _ in waits), default=None))


@st.composite
def clock_frames(draw: st.DrawFn, most: int = 25) -> pd.DataFrame:
    """Clocks as of MONDAY that began up to three weeks before, with few instants and names."""
    return clocks(*(_clock(draw, n) for n in range(draw(st.integers(0, most)))))


def _clock(draw: st.DrawFn, number: int) -> dict[str, Any]:
    age = draw(st.integers(0, 21 * 4))
    started = MONDAY - 6 * age * HOUR
    done = draw(st.one_of(st.none(), st.integers(0, age)))
    ended = None if done is None else started + 6 * done * HOUR
    target = draw(st.one_of(st.none(), st.integers(0, 28)))
    deadline = None if target is None else started + 6 * target * HOUR
    broken = deadline is not None and (deadline < ended if ended else deadline <= MONDAY)
    states = ["fulfilled", "fulfilled", "merged", "deleted"] if ended else ["running", "paused"]
    return clock(
        started=started,
        due=deadline,
        done=ended,
        broken=deadline if broken else None,
        number=str(number),
        metric=draw(st.sampled_from(LIFE)),
        state=draw(st.sampled_from(states)),
        open_seconds=float(draw(st.integers(0, 6))),
        customer=draw(st.sampled_from(["Acme", "Ünï", None])),
        site=draw(st.sampled_from(["shop", None])),
        assignee=draw(st.sampled_from(["bo", "cy", None])),
        tier=draw(st.sampled_from(["bug_fix", "user_support"])),
    )
