"""The availability of many sites over a long time, and the fold that makes it fast, on PostgreSQL.

    python -m bench.availability [--sites 1000] [--days 90]

Starts a PostgreSQL of its own unless SUPPORTOPS_TEST_POSTGRES names a server. The last two days of
all sites are there as single checks; a day of them is asked for with and without summaries, and
folded anew.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from bench.board_store import NOW, Sizes, fill
from bench.report import emptied
from bench.sweep import server
from bench.targets import conclude
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine

from supportops.config import snapshots
from supportops.db.engine import make_engine, reading, writing
from supportops.flows.operations import housekeeping
from supportops.flows.reports.reporting.site_rows import site_and_incident_rows
from supportops.flows.sites.site_availability import of_period
from supportops.sites.summaries import store as summaries

MOST_SECONDS = 2.0
MIDNIGHT = NOW.replace(hour=0)
DAY = timedelta(days=1)


def timed(work: Callable[[], object]) -> float:
    """Seconds of the wall."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@contextmanager
def single_checks() -> Iterator[None]:
    """No summary is used."""
    with patch.object(summaries, "folded_until", return_value={}):
        yield


def report_rows(engine: Engine, days: int) -> None:
    """What a report about the last days reads of sites and incidents."""
    with reading(engine) as connection:
        active = snapshots.newest(connection)
        assert active is not None
        fleet = active.displayed().fleet
        site_and_incident_rows(connection, fleet, MIDNIGHT - days * DAY, MIDNIGHT, NOW)


def refold(engine: Engine) -> None:
    """The last day and what there is of today."""
    with writing(engine) as connection:
        summaries.reopen(connection, MIDNIGHT - DAY)
    for _ in housekeeping.fold(engine):
        pass


def main() -> int:
    """Measures, prints; 1 when a question takes too long."""
    parser = argparse.ArgumentParser(prog="python -m bench.availability", description=__doc__)
    for name, default in (("sites", 1_000), ("days", 90)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--smallest", action="store_true", help="smallest sizes, nothing judged")
    asked = parser.parse_args()
    if asked.smallest:
        asked.sites, asked.days = 60, 9
    console = Console()
    console.print(f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}")
    with server() as address, emptied(address, "supportops_bench_availability") as url:
        engine = make_engine(url)
        fill(engine, Sizes(600, 800, asked.sites, asked.days))
        long = MIDNIGHT - (asked.days - 1) * DAY
        of_period(engine, MIDNIGHT - DAY, MIDNIGHT)  # restores the configuration
        took = {
            f"{asked.days - 1} days": timed(lambda: of_period(engine, long, MIDNIGHT)),
            f"{asked.days} days, until now": timed(lambda: of_period(engine, long - DAY, NOW)),
            "7 days": timed(lambda: of_period(engine, MIDNIGHT - 7 * DAY, MIDNIGHT)),
            "rows of a weekly report": timed(lambda: report_rows(engine, 7)),
        }
        with single_checks():
            others = {
                "1 day, by its checks": timed(lambda: of_period(engine, MIDNIGHT - DAY, MIDNIGHT))
            }
        others["fold a day and 6 hours"] = timed(lambda: refold(engine))
        engine.dispose()
    table = Table("question", "seconds", title=f"{asked.sites} sites", box=None)
    for name, seconds in (took | others).items():
        table.add_row(name, f"{seconds:.2f}")
    console.print(table)
    met = {
        f"{name}: {seconds:.2f} s (at most {MOST_SECONDS:.0f})": seconds <= MOST_SECONDS
        for name, seconds in took.items()
    }
    return conclude(console, met.items(), smallest=asked.smallest)


if __name__ == "__main__":
    os.nice(5)
    raise SystemExit(main())
