"""Days add up to their week and weeks to their month, whatever happens to the tickets."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from flows.gathering import gathered, refill
from flows.reports.reporting.test_gathering import desks
from sla.policies import london
from supportops.db.engine import make_engine, writing
from supportops.flows.reports.reporting.selection import FactsRequest
from supportops.reports.facts import Facts
from supportops.reports.figures import By
from supportops.reports.measuring.response_times import counted, promises
from supportops.reports.measuring.ticket_times import ticket_times
from supportops.reports.measuring.volume import volumes
from supportops.reports.period import Cadence, Period, day, week
from supportops.tickets.log.store import append_events
from supportops.tickets.ticket import Event

LONDON = "Europe/London"
# Four weeks from Monday 23 March 2026: they have Easter in them and the change to summer time.
WEEKS = [week(f"2026-W{number}", LONDON) for number in range(13, 17)]
MONTH = Period(Cadence.WEEKLY, "2026-W13", WEEKS[0].start, WEEKS[-1].end, LONDON)
DAYS = [day(f"{london('2026-03-30 12:00') + timedelta(days=n):%Y-%m-%d}", LONDON) for n in range(7)]
AT_LAST = london("2026-04-20 08:00")
IN_BETWEEN = london("2026-04-06 08:00")


def sums(facts: Facts) -> Counter[tuple[Any, ...]]:
    """Every count of a report's lines that is of a period; those of an instant do not add up."""
    found: Counter[tuple[Any, ...]] = Counter()
    args = (facts.period, facts.as_of)
    for by in (By.TIER, By.CUSTOMER, By.ALL):
        for line in promises(facts.clocks, *args, facts.risk_until, by, {}):
            key = (by, line.name, line.metric)
            found[(*key, "due")] += line.attainment.due
            found[(*key, "met")] += line.attainment.met
            if line.business is not None:
                found[(*key, "started")] += line.business.n
        for moved in volumes(facts.tickets, *args, by):
            for name in ("arrived", "solved", "reopened", "reassigned"):
                found[by, moved.name, name] += getattr(moved, name)
    for times in ticket_times(facts.tickets, *args):
        if times.by is By.TIER:
            for name in ("full_resolution_calendar", "requester_wait_business"):
                found[times.name, name, "n"] += getattr(times, name).n
                found[times.name, name, "unfinished"] += getattr(times, name).unfinished
    return +found  # without zeros


def added(parts: list[Facts]) -> Counter[tuple[Any, ...]]:
    total: Counter[tuple[Any, ...]] = Counter()
    for part in parts:
        total.update(sums(part))
    return total


def facts(store: Engine, periods: list[Period], as_of: datetime) -> list[Facts]:
    return gathered(store, *(FactsRequest(period, as_of) for period in periods))


def late(events: list[Event], after: int) -> tuple[list[Event], list[Event]]:
    """What had come by IN_BETWEEN, and what came later, though some of it had happened before."""
    by_then = [e for e in events if e.happened_at <= IN_BETWEEN]
    known, missed = by_then[:after], by_then[after:]
    rest = [e for e in events if e.happened_at > IN_BETWEEN]
    return known, [replace(e, recorded_at=AT_LAST) for e in (*missed, *rest)]


@pytest.fixture
def store(sqlite_template: Path, tmp_path: Path) -> Iterator[Engine]:
    """On one kind of store: gathering is tested on both."""
    engine = make_engine(f"sqlite+pysqlite:///{shutil.copy(sqlite_template, tmp_path)}")
    yield engine
    engine.dispose()


@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(events=desks(), after=st.integers(0, 40))
def test_days_add_up_to_the_week_and_weeks_to_the_month(
    store: Engine, events: list[Event], after: int
) -> None:
    known, came_late = late(events, after)
    refill(store, known)
    for as_of, more in ((IN_BETWEEN, ()), (IN_BETWEEN, came_late), (AT_LAST, ())):
        with writing(store) as connection:
            append_events(connection, more, AT_LAST)
        week_, *days = facts(store, [WEEKS[1], *DAYS], as_of)
        assert added(days) == sums(week_)
        month, *weeks = facts(store, [MONTH, *WEEKS], as_of)
        assert added(weeks) == sums(month)
        each = pd.concat([counted(f.clocks, f.period, f.as_of) for f in weeks])
        assert not each.duplicated(["source", "number", "metric", "instance"]).any()


def test_the_days_are_the_week() -> None:
    assert (DAYS[0].start, DAYS[-1].end) == (WEEKS[1].start, WEEKS[1].end)
    assert DAYS[0].start.tzinfo is UTC
