"""Daily and weekly reports over a long history on PostgreSQL: time, CPU and memory.

    python -m bench.report [--tickets 1000000] [--weeks 52]

Starts a PostgreSQL of its own unless SUPPORTOPS_TEST_POSTGRES names a server. Fills in a quarter of
the history and then the whole, with the same load a week and the same number of open tickets,
so that what grows with the history alone is seen. Each report is made in a process of its own, kept
on one core, with all that belongs to it: facts, figures, trend, mail, PDF, workbook and rows kept.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import resource
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.context import BaseContext
from pathlib import Path

from bench.sweep import server
from bench.targets import conclude
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, create_engine, text

from supportops.config.loader import load
from supportops.db.engine import make_engine, reading, store_url, writing
from supportops.db.migrate import upgrade
from supportops.flows.reports.reporting.gathering import gather
from supportops.flows.reports.reporting.pipeline import make_reports
from supportops.flows.reports.reporting.selection import (
    WEEKS_SHOWN,
    FactsRequest,
    ReportRequest,
    labels_between,
    working_days,
)
from supportops.reports.period import Cadence, earlier, parse, report_instant

CONFIG = Path(__file__).parents[1] / "include" / "config"
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
A_WEEK = 9_600
OPEN = 20_000
DATABASE = "supportops_bench_report"
MOST_SECONDS = {Cadence.WEEKLY: 12.0, Cadence.DAILY: 10.0}
MOST_MEGABYTES = 2_000
MOST_TIMES = 20

# Each ticket has six events: it is created, gets a tier, a customer and an assignee, is answered
# and solved. Every tenth is answered late; every third of the newest is open, half of those unread.
FILL = """
CREATE TEMPORARY TABLE filled ON COMMIT DROP AS
SELECT n, :now - (:last - n) * interval '1 week' / :week AS at,
       CASE WHEN n % 20 = 0 THEN 'mission_critical' WHEN n % 4 = 0 THEN 'bug_fix'
            ELSE 'user_support' END AS tier,
       CASE WHEN n % 20 = 0 THEN 1 ELSE 30 END * (1 + n * 7919 % 13) * interval '1 minute'
           + CASE WHEN n % 10 = 7 THEN interval '4 days' ELSE interval '0' END AS answered,
       (6 + n * 31 % 90) * interval '1 hour' AS solved,
       n > :last - 3 * :open AND n % 3 = 0 AS open, n % 6 = 0 AS silent
FROM generate_series(CAST(1 AS bigint), :last) n;
INSERT INTO tickets (id, source, ticket, created_at, subject, requester, status, tier, assignee,
                     customer, tags, solved_at, updated_at, open, touched_at)
SELECT n, 'bench', n::text, at, 'Ticket ' || n || ' about the website', 'somebody',
       CASE WHEN open THEN 'new' ELSE 'solved' END, tier, 'agent ' || n % 25,
       'customer ' || n % 60, '', CASE WHEN open THEN NULL ELSE at + answered + solved END,
       at + CASE WHEN open AND silent THEN interval '2 minutes' WHEN open THEN answered
                 ELSE answered + solved END, open, at
FROM filled;
INSERT INTO ticket_events (source, source_event, ticket, kind, author, happened_at, recorded_at,
                           value)
SELECT 'bench', n || '-' || e.number, n, e.kind, e.author, at + e.after, at + e.after,
       CASE e.kind WHEN 'tier' THEN tier WHEN 'customer' THEN 'customer ' || n % 60
                   WHEN 'assignee' THEN 'agent ' || n % 25 WHEN 'status' THEN 'solved' END
FROM filled
CROSS JOIN LATERAL (VALUES
    (1, 'created', 'customer', interval '0'), (2, 'tier', 'automatic', interval '0'),
    (3, 'customer', 'automatic', interval '0'), (4, 'assignee', 'agent', interval '2 minutes'),
    (5, 'comment', 'agent', answered), (6, 'status', 'agent', answered + solved))
    AS e (number, kind, author, after)
WHERE NOT (open AND (e.number = 6 OR e.number = 5 AND silent))
ORDER BY at, e.number
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took to make `reports`: seconds by the wall, of its CPU, and its peak."""

    reports: int
    wall: float
    cpu: float
    megabytes: float


@contextmanager
def emptied(address: str, name: str = DATABASE) -> Iterator[str]:
    """An empty database of our own, dropped at the end."""
    admin = create_engine(store_url(address), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}"'))
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    url = store_url(address).set(database=name).render_as_string(hide_password=False)
    engine = make_engine(url)
    upgrade(engine)
    engine.dispose()
    try:
        yield url
    finally:
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        admin.dispose()


def fill(address: str, count: int) -> None:
    """A history of `count` tickets; the last one was raised just now."""
    engine = make_engine(address)
    asked = {"now": NOW, "last": count, "week": A_WEEK, "open": OPEN}
    with writing(engine) as connection:
        for statement in FILL.split(";\n"):
            connection.execute(text(statement), asked)
    _vacuum(engine)
    engine.dispose()


def _vacuum(engine: Engine) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _warm() -> BaseContext:
    """Forks processes from one that has imported everything, which takes longer than a report."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["supportops.config.loader", "supportops.flows.reports.report"])
    return context


def apart(address: str, cadence: Cadence, labels: Sequence[str]) -> Cost:
    """Makes these reports for one audience in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=_warm()) as pool:
        return pool.submit(timed_reports, address, cadence, tuple(labels)).result()


def timed_reports(address: str, cadence: Cadence, labels: tuple[str, ...]) -> Cost:
    """Makes these reports for the first audience, in this process."""
    _stay_on_one_core()
    engine, configuration = make_engine(address), load(CONFIG)
    first = configuration.reports.of(cadence)[0]
    request = ReportRequest(cadence, labels, audiences=(first.name,), bare=len(labels) > 1)
    began, cpu = time.perf_counter(), time.process_time()
    reports = make_reports(engine, configuration, request, NOW, NOW)
    assert not any(each.troubles for each in reports), reports
    return _cost(len(reports), began, cpu)


def _stay_on_one_core() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def _cost(reports: int, began: float, cpu: float) -> Cost:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Cost(reports, time.perf_counter() - began, time.process_time() - cpu, peak)


def facts_apart(address: str, labels: Sequence[str]) -> Cost:
    """Gathers what these weekly reports and their trends are made from, in one reading."""
    with ProcessPoolExecutor(1, mp_context=_warm()) as pool:
        return pool.submit(timed_facts, address, tuple(labels)).result()


def timed_facts(address: str, labels: tuple[str, ...]) -> Cost:
    """Gathers the facts of these weeks and of the weeks before them, in this process."""
    _stay_on_one_core()
    engine, configuration = make_engine(address), load(CONFIG)
    opens = working_days(configuration.office)
    weeks = [parse(Cadence.WEEKLY, label, "Europe/London") for label in labels]
    past = earlier(weeks[0], WEEKS_SHOWN - 1, opens)
    needed = [FactsRequest(each, report_instant(each, opens), due_only=True) for each in past]
    needed += [FactsRequest(each, report_instant(each, opens)) for each in weeks]
    began, cpu = time.perf_counter(), time.process_time()
    with reading(engine) as connection:
        gather(connection, configuration, needed)
    return _cost(len(weeks), began, cpu)


def main() -> int:
    """Measures, prints; 1 when a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.report", description=__doc__)
    parser.add_argument("--tickets", type=int, default=1_000_000)
    parser.add_argument("--weeks", type=int, default=52)
    parser.add_argument("--smallest", action="store_true", help="smallest sizes, nothing judged")
    asked = parser.parse_args()
    if asked.smallest:
        asked.tickets, asked.weeks = 2_000, 2
    console = Console()
    console.print(f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}")
    opens = working_days(load(CONFIG).office)
    first = (NOW - timedelta(weeks=asked.weeks)).isocalendar()
    weeks = labels_between(Cadence.WEEKLY, f"{first.year}-W{first.week:02}", "2026-W47", opens)
    costs: dict[str, Cost] = {}
    with server() as address:
        for share in (4, 1):
            count = asked.tickets // share
            with emptied(address) as url:
                began = time.perf_counter()
                fill(url, count)
                console.print(f"{count:,} tickets filled in {time.perf_counter() - began:.0f} s")
                costs[f"weekly, {count:,} tickets"] = apart(url, Cadence.WEEKLY, ["2026-W47"])
                if share == 1:
                    costs["daily"] = apart(url, Cadence.DAILY, ["2026-11-20"])
                    costs[f"{len(weeks)} weeks"] = apart(url, Cadence.WEEKLY, weeks)
                    costs["facts of one week"] = facts_apart(url, weeks[-1:])
                    costs[f"facts of {len(weeks)} weeks"] = facts_apart(url, weeks)
    console.print(_table(costs))
    targets = _targets(*list(costs.values())[:4])
    return conclude(console, targets.items(), smallest=asked.smallest)


def _table(costs: dict[str, Cost]) -> Table:
    table = Table("reports", "wall s", "CPU s", "peak MB", title="Reports", box=None)
    for name, cost in costs.items():
        table.add_row(name, f"{cost.wall:.1f}", f"{cost.cpu:.1f}", f"{cost.megabytes:.0f}")
    return table


def _targets(quarter: Cost, weekly: Cost, daily: Cost, many: Cost) -> dict[str, bool]:
    return {
        f"weekly under {MOST_SECONDS[Cadence.WEEKLY]:.0f} s": weekly.wall
        < MOST_SECONDS[Cadence.WEEKLY],
        f"daily under {MOST_SECONDS[Cadence.DAILY]:.0f} s": daily.wall
        < MOST_SECONDS[Cadence.DAILY],
        f"under {MOST_MEGABYTES:,} MB": max(weekly.megabytes, many.megabytes) < MOST_MEGABYTES,
        "four times the history, at most a tenth more memory": weekly.megabytes
        <= 1.1 * quarter.megabytes,
        f"{many.reports} weeks in at most {MOST_TIMES} x one": many.wall
        <= MOST_TIMES * weekly.wall,
    }


if __name__ == "__main__":
    os.nice(5)
    raise SystemExit(main())
