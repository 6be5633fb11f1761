"""How long it takes to write the status pages of many customers, on PostgreSQL.

    python -m bench.publishing.status_pages [--customers 200] [--sites 1000] [--days 90]

Starts a PostgreSQL of its own unless SUPPORTOPS_TEST_POSTGRES names a server. Everything counts:
the store is read, each page made as HTML, JSON and RSS, and what is another on the disk replaced.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from bench.board_store import CONFIG, NOW, Sizes, fill
from bench.report import emptied
from bench.sweep import server
from bench.targets import conclude
from rich.console import Console
from sqlalchemy import Engine

from supportops.context import Context
from supportops.db.engine import make_engine
from supportops.flows.customers import status_pages

MOST_SECONDS = 5.0
SECRET = "a secret for the pages of a benchmark"


def write(engine: Engine, folder: Path, rounds: int) -> list[tuple[float, float, int]]:
    """Seconds by the wall and of our own processor, and how many pages there were, each time."""
    context = Context(engine, CONFIG, {"status_pages": SECRET}.get, folder)
    found = []
    for number in range(rounds):
        began, busy = time.perf_counter(), time.process_time()
        done = status_pages.write(context, NOW + timedelta(seconds=number))
        found.append((time.perf_counter() - began, time.process_time() - busy, done.pages))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints; 1 when it takes too long."""
    name = "python -m bench.publishing.status_pages"
    parser = argparse.ArgumentParser(prog=name, description=__doc__)
    for name, default in (("customers", 200), ("sites", 1_000), ("days", 90)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--smallest", action="store_true", help="smallest sizes, nothing judged")
    asked = parser.parse_args(arguments)
    if asked.smallest:
        asked.customers, asked.sites, asked.days, asked.rounds = 5, 20, 3, 1
    sizes = Sizes(100, 10, asked.sites, asked.days, asked.customers)
    console = Console()
    console.print(f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}")
    with (
        server() as address,
        emptied(address, "supportops_bench_status") as url,
        tempfile.TemporaryDirectory() as folder,
    ):
        engine = make_engine(url)
        fill(engine, sizes)
        found = write(engine, Path(folder) / "pages", asked.rounds)
        engine.dispose()
    wall, cpu = (statistics.median(each[place] for each in found) for place in (0, 1))
    pages = found[-1][2]
    console.print(
        f"{pages} pages of {asked.sites} sites, {asked.days} days: {wall:.2f} s, CPU {cpu:.2f} s"
    )
    met = {f"{pages} pages in {wall:.2f} s (at most {MOST_SECONDS:.0f})": wall <= MOST_SECONDS}
    return conclude(console, met.items(), smallest=asked.smallest)


if __name__ == "__main__":
    os.nice(5)
    raise SystemExit(main())
