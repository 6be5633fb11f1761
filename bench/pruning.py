"""How fast old checks are removed, and how long a check waits meanwhile, on both databases.

    python -m bench.pruning [--sites 1000] [--days 2]

Starts a PostgreSQL of its own unless SUPPORTOPS_TEST_POSTGRES names a server. While checks are
removed, another connection writes results as a run does, 200 at a time under the lock of the
judgement, and notes how long each transaction took; before that it does so alone.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

from bench.report import emptied
from bench.sweep import server
from bench.targets import conclude
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, insert

from supportops.config.of_store.retention import Retention
from supportops.db import schema
from supportops.db.engine import make_engine, reading, writing
from supportops.db.locks import Lock, advisory_lock
from supportops.db.migrate import upgrade
from supportops.flows.operations import housekeeping
from supportops.sites.summaries import store as summaries

START = datetime(2026, 10, 1, tzinfo=UTC)
SLOT = timedelta(minutes=5)
DAY = timedelta(days=1)
LONGEST_WAIT = 1.0
ROWS_A_SECOND = 2_000


def results(slot: datetime, sites: int, first: int = 0) -> list[dict[str, object]]:
    """The results of one run."""
    return [
        {
            "slot": slot,
            "site": f"site-{number}",
            "page": "",
            "attempt": 0,
            "checked_at": slot,
            "url": f"https://site-{number}.example/",
            "state": "up",
            "reason": "ok",
            "detail": "",
            "status": 200,
            "total_ms": 80.0,
            "bytes": 18_400,
            "redirects": 0,
        }
        for number in range(first, first + sites)
    ]


def fill(engine: Engine, sites: int, days: int) -> None:
    """Runs and results, all of them folded."""
    with writing(engine) as connection:
        connection.execute(
            insert(schema.configurations).values(digest="bench", loaded_at=START, document={})
        )
    for number in range(288 * days):
        slot = START + number * SLOT
        run = {
            "slot": slot,
            "configuration": "bench",
            "started_at": slot,
            "sites": sites,
            "judged_at": slot,
            "judged_order": number,
        }
        with writing(engine) as connection:
            connection.execute(insert(schema.check_runs), [run])
            connection.execute(insert(schema.check_results), results(slot, sites))
    with writing(engine) as connection:
        names = [f"site-{number}" for number in range(sites)]
        summaries.add_sites(connection, [(name, START + (days + 30) * DAY) for name in names])


class Writer(Thread):
    """Writes as a run does until it is stopped; how long each transaction took, in seconds."""

    def __init__(self, engine: Engine, start: datetime) -> None:
        super().__init__()
        self.engine, self.start_at = engine, start
        self.over = Event()
        self.took: list[float] = []

    def run(self) -> None:
        for number in range(1_000_000):
            if self.over.is_set():
                return
            began = time.perf_counter()
            with writing(self.engine) as connection:
                advisory_lock(connection, Lock.JUDGE_SITES)
                rows = results(self.start_at + number * SLOT, 200)
                connection.execute(insert(schema.check_results), rows)
            self.took.append(time.perf_counter() - began)
            time.sleep(0.05)


def written(engine: Engine, start: datetime, meanwhile: Callable[[], None]) -> list[float]:
    """How long each write took while something else was done."""
    writer = Writer(engine, start)
    writer.start()
    try:
        meanwhile()
    finally:
        writer.over.set()
        writer.join()
    return writer.took


def measure(engine: Engine, sites: int, days: int) -> Iterator[tuple[str, float]]:
    """Names and figures."""
    fill(engine, sites, days)
    later = START + (days + 20) * DAY
    alone = written(engine, later, lambda: time.sleep(3 if sites > 100 else 0.2))
    longest = rows = 0.0
    now = START + (days + 14) * DAY
    with reading(engine) as connection:
        assert summaries.furthest(connection) is not None

    def prune() -> None:
        nonlocal longest, rows
        for done in housekeeping.prune(engine, Retention(14 * DAY, None, None), now):
            longest, rows = done.longest, sum(done.rows.values())

    began = time.perf_counter()
    beside = written(engine, later + DAY, prune)
    seconds = time.perf_counter() - began
    yield "rows removed", rows
    yield "rows a second, pauses included", rows / seconds
    yield "longest batch, s", longest
    yield "a write alone, median s", statistics.median(alone)
    yield "a write alone, longest s", max(alone)
    yield "a write while checks are removed, median s", statistics.median(beside)
    yield "a write while checks are removed, longest s", max(beside)


def main() -> int:
    """Measures, prints; 1 when a check waits too long."""
    parser = argparse.ArgumentParser(prog="python -m bench.pruning", description=__doc__)
    for name, default in (("sites", 1_000), ("days", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--smallest", action="store_true", help="smallest sizes, nothing judged")
    asked = parser.parse_args()
    if asked.smallest:
        asked.sites, asked.days = 20, 1
    console = Console()
    console.print(f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}")
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(f"sqlite+pysqlite:///{Path(folder) / 'store.db'}")
        upgrade(engine)
        found["SQLite"] = dict(measure(engine, asked.sites, asked.days))
        engine.dispose()
    with server() as address, emptied(address, "supportops_bench_pruning") as url:
        engine = make_engine(url)
        found["PostgreSQL"] = dict(measure(engine, asked.sites, asked.days))
        engine.dispose()
    table = Table("figure", *found, title=f"{asked.sites} sites, {asked.days} days", box=None)
    for name in found["SQLite"]:
        table.add_row(name, *(f"{figures[name]:,.3f}" for figures in found.values()))
    console.print(table)
    met = {}
    for database, figures in found.items():
        waited = figures["a write while checks are removed, longest s"]
        speed = figures["rows a second, pauses included"]
        met[f"{database}: a write waits {waited:.2f} s (at most {LONGEST_WAIT})"] = (
            waited <= LONGEST_WAIT
        )
        met[f"{database}: {speed:,.0f} rows a second (at least {ROWS_A_SECOND:,})"] = (
            speed >= ROWS_A_SECOND
        )
    return conclude(console, met.items(), smallest=asked.smallest)


if __name__ == "__main__":
    os.nice(5)
    raise SystemExit(main())
