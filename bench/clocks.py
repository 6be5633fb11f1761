"""The service-level engine: arithmetic against its peers, and clocks over a million tickets.

    python -m bench.clocks            everything, in a few minutes
    python -m bench.clocks --quick    a tenth of it

businesstimedelta is measured if it is installed (`pip install businesstimedelta pytz`). Peers
answer a sample, at their own speed; the ratios are per operation, from one run. Each size of the
clocks is measured in a process of its own, so that peak memory is that size's.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import holidays
import numpy as np
import pandas as pd
from bench.targets import conclude
from rich.console import Console
from rich.table import Table

from supportops.sla.calendar.business_hours import BusinessHours
from supportops.sla.history import prepare
from supportops.sla.judging import judge
from supportops.sla.policy import (
    Amount,
    Calendar,
    Metric,
    PolicyBook,
    PolicyVersion,
    Promise,
    Target,
)
from supportops.tickets.columns import AUTHOR_CODES, KIND_CODES, EventColumns, order_of

ROOT = Path(__file__).resolve().parent.parent
WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
FIRST = 1_735_689_600  # 1 January 2025
YEAR = 365 * 86_400
AS_OF = datetime(2026, 2, 1, tzinfo=UTC)
TIERS = ["user_support", "bug_fix", "mission_critical"]
POLICIES = 20
# For a million tickets: of one policy, and of all.
MOST_SECONDS, MOST_MEGABYTES, MOST_SECONDS_OF_ALL = 6, 1_200, 30


def bank_holidays() -> list[date]:
    return sorted(holidays.country_holidays("GB", subdiv="ENG", years=range(1990, 2050)))


def office() -> BusinessHours:
    return BusinessHours.from_spec(
        {
            "tz": "Europe/London",
            "hours": {day: [["09:00", "17:00"]] for day in WEEK[:5]},
            "holidays": [day.isoformat() for day in bank_holidays()],
        }
    )


def always() -> BusinessHours:
    hours = {day: [["00:00", "24:00"]] for day in WEEK}
    return BusinessHours.from_spec({"tz": "Europe/London", "hours": hours})


# --- arithmetic -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Speed:
    """Nanoseconds per operation."""

    question: str
    engine: str
    nanoseconds: float


def arithmetic(size: int, sample: int) -> Iterator[Speed]:
    """Deadlines of 24 open hours, and elapsed times of up to two weeks, 9-17 London."""
    draw = np.random.default_rng(1)
    start = draw.integers(FIRST, FIRST + YEAR, size)
    end = start + draw.integers(0, 14 * 86_400, size)
    hours = office()
    hours.elapsed(start, end)  # tables warm for everybody
    yield Speed("deadline", "columns", _timed(lambda: hours.deadline(start, 86_400), size))
    yield Speed("elapsed", "columns", _timed(lambda: hours.elapsed(start, end), size))
    begins = [datetime.fromtimestamp(int(s), UTC) for s in start[: sample * 50]]
    ends = [datetime.fromtimestamp(int(s), UTC) for s in end[: sample * 50]]
    pairs = list(zip(begins, ends, strict=True))
    single = partial(_each, lambda a, _: hours.deadline(a, 86_400), pairs)
    yield Speed("deadline", "one at a time", _timed(single, len(pairs)))
    single = partial(_each, hours.elapsed, pairs)
    yield Speed("elapsed", "one at a time", _timed(single, len(pairs)))
    yield from _pandas(pairs[:sample])
    yield from _businesstimedelta(pairs[:sample])


def _each(
    answer: Callable[[datetime, datetime], object], pairs: list[tuple[datetime, datetime]]
) -> None:
    for start, end in pairs:
        answer(start, end)


def _pandas(pairs: list[tuple[datetime, datetime]]) -> Iterator[Speed]:
    """CustomBusinessHour adds hours; it has no elapsed time, so hours between are counted."""
    zone = ZoneInfo("Europe/London")
    closed = [pd.Timestamp(day) for day in bank_holidays()]
    day = pd.offsets.CustomBusinessHour(24, start="09:00", end="17:00", holidays=closed)
    hour = pd.offsets.CustomBusinessHour(1, start="09:00", end="17:00", holidays=closed)
    local = [tuple(pd.Timestamp(t).tz_convert(zone) for t in pair) for pair in pairs]
    deadline = partial(_each, lambda a, _: a + day, local)
    yield Speed("deadline", "pandas CustomBusinessHour", _timed(deadline, len(local)))
    few = local[: max(len(local) // 20, 10)]
    elapsed = partial(_each, lambda a, b: len(pd.date_range(a, b, freq=hour)), few)
    yield Speed("elapsed", "pandas CustomBusinessHour", _timed(elapsed, len(few)))


def _businesstimedelta(pairs: list[tuple[datetime, datetime]]) -> Iterator[Speed]:
    try:
        import businesstimedelta as bt
        import pytz
    except ImportError:
        return
    from datetime import time as clock

    zone = pytz.timezone("Europe/London")
    england = holidays.country_holidays("GB", subdiv="ENG", years=range(2024, 2028))
    workday = bt.WorkDayRule(
        start_time=clock(9), end_time=clock(17), working_days=[0, 1, 2, 3, 4], tz=zone
    )
    rules = bt.Rules([workday, bt.HolidayRule(england, tz=zone)])
    promise = bt.BusinessTimeDelta(rules, hours=24)
    deadline = partial(_each, lambda a, _: a + promise, pairs)
    yield Speed("deadline", "businesstimedelta", _timed(deadline, len(pairs)))
    elapsed = partial(_each, lambda a, b: rules.difference(a, b), pairs)
    yield Speed("elapsed", "businesstimedelta", _timed(elapsed, len(pairs)))


def _timed(work: Callable[[], object], operations: int) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1e9 / operations


# --- clocks ---------------------------------------------------------------------------------------


def histories(tickets: int, seed: int = 7) -> EventColumns:
    """About six events a ticket over a year, shuffled: created, sorted into a tier, answered, put
    to wait for the customer, asked again, answered, solved; some reopen, change tier or merge.
    """
    draw = np.random.default_rng(seed)
    created = FIRST + draw.integers(0, YEAR, tickets)
    values = (None, *TIERS, "open", "pending", "solved", "vip", "vip,press")
    code = {text: number for number, text in enumerate(values)}
    tier = 1 + draw.choice(3, tickets, p=[0.6, 0.35, 0.05])
    steps: list[tuple[np.ndarray, str, str, str | np.ndarray | None, float]] = []
    at = created
    steps.append((at, "created", "customer", None, 1.0))
    steps.append((at, "tier", "automatic", tier, 1.0))
    at = at + draw.exponential(20 * 3600, tickets).astype(np.int64)
    steps.append((at, "comment", "agent", None, 0.95))
    steps.append((at, "status", "agent", "pending", 0.45))
    at = at + draw.exponential(30 * 3600, tickets).astype(np.int64)
    steps.append((at, "comment", "customer", None, 0.45))
    steps.append((at, "status", "automatic", "open", 0.45))
    steps.append((at, "tier", "agent", "bug_fix", 0.04))
    at = at + draw.exponential(20 * 3600, tickets).astype(np.int64)
    steps.append((at, "comment", "agent", None, 0.55))
    steps.append((at, "status", "agent", "solved", 0.92))
    at = at + draw.exponential(60 * 3600, tickets).astype(np.int64)
    steps.append((at, "status", "customer", "open", 0.06))
    steps.append((at, "comment", "customer", None, 0.06))
    at = at + draw.exponential(20 * 3600, tickets).astype(np.int64)
    steps.append((at, "status", "agent", "solved", 0.06))
    steps.append((at, "merged", "agent", None, 0.01))
    parts = []
    for when, kind, author, value, share in steps:
        row = np.flatnonzero(draw.random(tickets) < share)
        codes = value[row] if isinstance(value, np.ndarray) else np.full(len(row), code[value])
        known = (np.full(len(row), KIND_CODES[kind]), np.full(len(row), AUTHOR_CODES[author]))
        parts.append((row, when[row] * 1_000_000, *known, codes))
    ticket, instant, kinds, authors, worth = (np.concatenate(p) for p in zip(*parts, strict=True))
    mixed = draw.permutation(len(ticket))
    return EventColumns(
        ticket[mixed].astype(np.int64),
        instant[mixed],
        order_of(kinds[mixed].astype(np.int8)),
        kinds[mixed].astype(np.int8),
        authors[mixed].astype(np.int8),
        worth[mixed].astype(np.int32),
        values,
    )


def book(days: int = 3) -> PolicyBook:
    """The published promises, with user support answered within `days` working days."""
    waiting = frozenset({"pending"})

    def day(number: int) -> Amount:
        return Amount(working_days=number)

    def minute(number: int) -> Amount:
        return Amount(seconds=60 * number)

    support = (
        Target(Metric.FIRST_REPLY, day(days)),
        Target(Metric.NEXT_REPLY, day(days)),
        Target(Metric.RESOLUTION, pauses=waiting),
    )
    fix = (
        Target(Metric.FIRST_REPLY, day(1)),
        Target(Metric.NEXT_REPLY, day(1)),
        Target(Metric.UPDATE, day(1), pauses=waiting),
        Target(Metric.RESOLUTION, day(2), day(1), waiting),
    )
    critical = (
        Target(Metric.FIRST_REPLY, minute(15)),
        Target(Metric.NEXT_REPLY, minute(30)),
        Target(Metric.UPDATE, minute(60), pauses=waiting),
        Target(Metric.RESOLUTION, pauses=waiting),
    )
    promises = (
        Promise("user_support", "user_support", "office", support),
        Promise("bug_fix", "bug_fix", "office", fix),
        Promise("mission_critical", "mission_critical", "always", critical),
    )
    calendars = {
        "office": Calendar("office", office(), 8 * 3600),
        "always": Calendar("always", always(), 86_400),
    }
    version = PolicyVersion("2000", datetime(2000, 1, 1, tzinfo=UTC), promises)
    return PolicyBook((version,), calendars, "user_support")


def varied(first: PolicyBook, number: int) -> PolicyBook:
    """Another policy on the same calendars: other amounts for every reply."""

    def changed(target: Target) -> Target:
        if target.deadline is None:
            return target
        return replace(target, deadline=Amount(seconds=3600 * (number + 2)), aim=None)

    promises = tuple(
        replace(p, targets=tuple(changed(t) for t in p.targets)) for p in first.versions[0].promises
    )
    return replace(first, versions=(replace(first.versions[0], promises=promises),))


def measure(tickets: int, policies: int) -> dict[str, float]:
    """One size, in this process."""
    events = histories(tickets)
    count = len(events)
    rules = book()
    began = time.process_time()
    history = prepare(events)
    prepared = time.process_time()
    del events  # a caller needs the history alone
    found = judge(history, rules, AS_OF)
    judged = time.process_time()
    rows, breaches = len(found), int((found.breached_at > 0).sum())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    del found
    replayed = time.process_time()
    for number in range(policies - 1):
        judge(history, varied(rules, number), AS_OF + timedelta(0))
    return {
        "tickets": tickets,
        "events": count,
        "clocks": rows,
        "breaches": breaches,
        "prepare": prepared - began,
        "judge": judged - prepared,
        "more": time.process_time() - replayed,
        "peak": peak,
    }


def measured_apart(tickets: int, policies: int) -> dict[str, float]:
    """One size, in a process of its own on one core."""
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT / 'include'}{os.pathsep}{ROOT}",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "bench.clocks", "--one", str(tickets), str(policies)]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, env=environment, cwd=ROOT
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


# --- the report -----------------------------------------------------------------------------------


def speeds_table(speeds: list[Speed]) -> Table:
    shown = Table(title="Business time, 9-17 London with England's bank holidays")
    for name in ("question", "engine"):
        shown.add_column(name)
    for name in ("ns each", "x columns", "x one at a time"):
        shown.add_column(name, justify="right")
    base = {(s.question, s.engine): s.nanoseconds for s in speeds}
    for speed in speeds:
        ratios = (
            speed.nanoseconds / base[speed.question, engine]
            for engine in ("columns", "one at a time")
        )
        figures = (f"{speed.nanoseconds:,.0f}", *(f"{ratio:,.1f}" for ratio in ratios))
        shown.add_row(speed.question, speed.engine, *figures)
    return shown


def clocks_table(sizes: list[dict[str, float]]) -> Table:
    shown = Table(title="Clocks, all metrics, one core (CPU seconds)")
    names = ("tickets", "events", "clocks", "breaches")
    for name in (*names, "prepare", "judge", "both", "20 policies", "x one", "peak MB"):
        shown.add_column(name, justify="right")
    for one in sizes:
        both = one["prepare"] + one["judge"]
        figures = [f"{one[name]:,.0f}" for name in names]
        figures += [f"{value:.2f}" for value in (one["prepare"], one["judge"], both)]
        figures += [
            f"{both + one['more']:.1f}",
            f"{1 + one['more'] / both:.2f}",
            f"{one['peak']:.0f}",
        ]
        shown.add_row(*figures)
    return shown


def verdicts(speeds: list[Speed], sizes: list[dict[str, float]]) -> Iterator[tuple[str, bool]]:
    """Each target, and whether this run met it."""
    own = {(s.question, s.engine): s.nanoseconds for s in speeds}
    for speed in speeds:
        for engine, least in (("columns", 1000), ("one at a time", 50)):
            if speed.engine not in ("columns", "one at a time"):
                ratio = speed.nanoseconds / own[speed.question, engine]
                words = f"{speed.question}, {engine}: {ratio:,.0f} x {speed.engine} (at least "
                yield f"{words}{least:,})", ratio >= least
    least_size, most_size = sizes[0], sizes[-1]
    both, peak = most_size["prepare"] + most_size["judge"], most_size["peak"]
    yield (
        f"{most_size['tickets']:,.0f} tickets in {both:.1f} s ({MOST_SECONDS})",
        both <= MOST_SECONDS,
    )
    yield f"at most {most_size['peak']:.0f} MB ({MOST_MEGABYTES:,})", peak <= MOST_MEGABYTES
    growth = both / (least_size["prepare"] + least_size["judge"])
    growth /= most_size["tickets"] / least_size["tickets"]
    # Events come shuffled: sorting them is n log n, and outgrows the processor's caches.
    yield f"per ticket {growth:.2f} x at ten times the tickets (at most 2)", growth <= 2
    all_of_them = both + most_size["more"]
    words = f"{POLICIES} policies in {all_of_them:.1f} s ({MOST_SECONDS_OF_ALL})"
    yield words, all_of_them <= MOST_SECONDS_OF_ALL


def main() -> int:
    """Measures, prints; 1 when a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.clocks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the tickets")
    parser.add_argument("--smallest", action="store_true", help="smallest sizes, nothing judged")
    parser.add_argument("--one", nargs=2, type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(*options.one)))
        return 0
    console = Console()
    console.print(
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()},"
        f" Python {platform.python_version()}, numpy {np.__version__}"
    )
    scale = 500 if options.smallest else 10 if options.quick else 1
    speeds = list(arithmetic(1_000_000 // scale, 2000 // scale))
    console.print(speeds_table(speeds))
    sizes = [measured_apart(n // scale, POLICIES) for n in (100_000, 300_000, 1_000_000)]
    console.print(clocks_table(sizes))
    return conclude(console, verdicts(speeds, sizes), smallest=options.smallest)


if __name__ == "__main__":
    raise SystemExit(main())
