"""Two weeks of a real service desk: what its answers look like, and what they were.

The incident log that the demo ships (see its ATTRIBUTION.md), a first answer promised within eight
hours of office time or of the calendar. Each week is measured as it stood at its end, as a weekly
report would. Run with `-s` to see the figures.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import Engine

from builders import SHIPPED
from reports.frames import LONDON
from reports.slow_measuring import counts, falls_due, rows_of, slow_times
from sla.policies import book, minutes, version
from supportops.config.loader import load_mapping
from supportops.db.engine import make_engine, reading
from supportops.local.demo.tickets import UCI_LOG as DEMO_FILE
from supportops.reports.figures import By, Quantile, Times
from supportops.reports.measuring.response_times import promises
from supportops.reports.period import Period, week
from supportops.sla.history import History, prepare
from supportops.sla.judging import judge
from supportops.sla.policy import Metric, PolicyBook, Promise, Target
from supportops.tickets.imports.file_import import import_file
from supportops.tickets.log.event_reading import event_columns

HOUR = 3600
WEEKS = ("2016-W09", "2016-W10")
NOW = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass(frozen=True)
class Measured:
    """A week by answers alone (naive), and by every promise. Per cent and hours.

    `p90`: on the promise's clock, `felt_p90` on the calendar.
    """

    naive: float
    answered: int
    true: float
    due: int
    naive_p90: float
    p90: Quantile
    naive_felt_p90: float
    felt_p90: Quantile


@pytest.fixture(scope="module")
def log(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    path = tmp_path_factory.mktemp("log") / "store.db"
    shutil.copy(sqlite_template, path)
    engine = make_engine(f"sqlite+pysqlite:///{path}")
    summary = import_file(engine, DEMO_FILE, load_mapping(SHIPPED, "uci"), NOW)
    assert (summary.new_tickets, summary.bad) == (3931, 0)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def history(log: Engine) -> History:
    with reading(log) as connection:
        return prepare(event_columns(connection))


def within_eight_hours(calendar: str) -> PolicyBook:
    targets = (Target(Metric.FIRST_REPLY, minutes(8 * 60)),)
    tiers = ("user_support", "bug_fix", "mission_critical")
    return book(version([Promise(tier, tier, calendar, targets) for tier in tiers]))


def measured(history: History, calendar: str, label: str) -> Measured:
    """A week as of its end. Naive: of its tickets that have an answer, how many came in time."""
    period = week(label, LONDON)
    clocks = judge(history, within_eight_hours(calendar), period.end).frame()
    answered = clocks[_began(clocks, period) & (clocks["state"] == "fulfilled")]
    times, over_all = promises(clocks, period, period.end, period.end, By.ALL, {})
    assert times.business is not None
    assert times.calendar is not None
    assert over_all.attainment.share is not None
    return Measured(
        naive=round(100 * float(answered["breached_at"].isna().mean()), 1),
        answered=len(answered),
        true=round(100 * over_all.attainment.share, 1),
        due=over_all.attainment.due,
        naive_p90=_hours(answered["open_seconds"].quantile(0.9)),
        p90=_in_hours(times.business),
        naive_felt_p90=_hours(answered["calendar_seconds"].quantile(0.9)),
        felt_p90=_in_hours(times.calendar),
    )


def _began(clocks: pd.DataFrame, period: Period) -> pd.Series[bool]:
    return (clocks["started_at"] >= period.start) & (clocks["started_at"] < period.end)


def _hours(seconds: float) -> float:
    return round(float(seconds) / HOUR, 1)


def _in_hours(times: Times) -> Quantile:
    return Quantile(
        *(None if each is None else _hours(each) for each in (times.p90.seconds, times.p90.over))
    )


EXPECTED = {
    ("office", "2016-W09"): Measured(
        80.0, 1463, 63.8, 1427, 14.0, Quantile(23.7), 46.2, Quantile(None, over=157.0)
    ),
    ("office", "2016-W10"): Measured(
        85.6, 1720, 71.4, 2181, 10.6, Quantile(39.7), 27.9, Quantile(None, over=163.2)
    ),
    ("always", "2016-W09"): Measured(
        65.6,
        1463,
        51.7,
        1832,
        46.2,
        Quantile(None, over=157.0),
        46.2,
        Quantile(None, over=157.0),
    ),
    ("always", "2016-W10"): Measured(
        76.7,
        1720,
        63.5,
        2091,
        27.9,
        Quantile(None, over=163.2),
        27.9,
        Quantile(None, over=163.2),
    ),
}


@pytest.mark.parametrize(("calendar", "label"), EXPECTED)
def test_who_looks_at_answers_alone_is_flattered(
    history: History, calendar: str, label: str
) -> None:
    found = measured(history, calendar, label)
    print(
        f"\n{label}, a first answer within 8 h ({calendar})"
        f"\n  naive: {found.naive} % of {found.answered} answered in time,"
        f" p90 {found.naive_p90} h, {found.naive_felt_p90} h on the calendar"
        f"\n  true:  {found.true} % of {found.due} due kept,"
        f" p90 {_said(found.p90)}, {_said(found.felt_p90)} on the calendar"
    )
    assert found == EXPECTED[calendar, label]
    assert found.naive - found.true > 10  # points of a hundred
    longer = found.felt_p90.seconds or found.felt_p90.over
    assert longer is not None
    assert longer > 3 * found.naive_felt_p90


def _said(p90: Quantile) -> str:
    return f"not reached, over {p90.over} h" if p90.seconds is None else f"{p90.seconds} h"


def test_both_weeks_together_are_what_each_of_them_was(history: History) -> None:
    first, last = (week(label, LONDON) for label in WEEKS)
    clocks = judge(history, within_eight_hours("office"), last.end).frame()
    both = replace(first, end=last.end)
    kept = [
        promises(clocks, each, last.end, last.end, By.ALL, {})[-1].attainment
        for each in (first, last, both)
    ]
    assert [(each.due, each.met) for each in kept] == [(1427, 911), (2181, 1558), (3608, 2469)]


def test_a_loop_over_the_log_counts_the_same(history: History) -> None:
    period = week(WEEKS[1], LONDON)
    clocks = judge(history, within_eight_hours("office"), period.end).frame()
    rows = rows_of(clocks)
    due = [row for row in rows if counts(row, falls_due(row), period, period.end)]
    met = [row for row in due if row["breached_at"] is None]
    began = [row for row in rows if counts(row, row["started_at"], period, period.end)]
    times, over_all = promises(clocks, period, period.end, period.end, By.ALL, {})
    assert (over_all.attainment.due, over_all.attainment.met) == (len(due), len(met))
    assert times.business == slow_times(began, "open_seconds")
