"""How long the board takes to make each page, on a store of a large desk on PostgreSQL.

    python -m bench.board [--tickets 100000] [--alerts 20000] [--sites 1000] [--days 90]

Starts a PostgreSQL of its own unless SUPPORTOPS_TEST_POSTGRES names a server. Pages are requested
one after another from the app itself, without a network, and the medians compared: a page is to
take at most 100 ms, of which all is spent on this machine. Every page of the board is measured, and
the metrics; one whose address must have a query gets it in `QUERIES`.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from bench.board_store import CONFIG, NOW, Sizes, fill
from bench.report import emptied
from bench.sweep import server
from bench.targets import conclude
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, event
from starlette.testclient import TestClient

from supportops.config.snapshots import LastConfiguration
from supportops.context import Context, no_secrets
from supportops.db.engine import make_engine
from supportops.flows.operations.scraping import SECRET
from supportops.web.app import make_app
from supportops.web.page import Viewer, link
from supportops.web.pages.registry import PAGES

MOST_MILLISECONDS = 100.0
TOKEN = "the-token-of-the-metrics-of-this-bench"
QUERIES: Mapping[str, Mapping[str, str]] = {
    "incident": {"key": "sla_breach:700"},
    "report": {"cadence": "weekly", "period": "2026-W47", "audience": "managers"},
    "site": {"name": "site-1"},
    "ticket": {"source": "bench", "id": "500"},
}


@dataclass(frozen=True, slots=True)
class PageTime:
    """Milliseconds of one page, those of our own processor (medians both), the slowest, its size in
    bytes, and how many queries it made."""

    name: str
    median: float
    cpu: float
    slowest: float
    size: int
    queries: int


def measure(engine: Engine, rounds: int) -> list[PageTime]:
    """Every page, after a first request that reads templates and configuration."""
    client = board(engine)
    pages = [
        measured(engine, client, page.name, address_of(page.name, page.path), rounds)
        for page in PAGES
    ]
    return [*pages, measured(engine, client, "metrics", "/metrics", rounds)]


def board(engine: Engine) -> TestClient:
    """The board over a store that `fill` filled, for somebody who may act."""

    @contextmanager
    def open_context() -> Iterator[Context]:
        yield Context(engine, CONFIG, no_secrets)

    viewer = Viewer("ada", may_act=True)
    app = make_app(
        open_context,
        LastConfiguration(),
        lambda: NOW,
        viewer=lambda: viewer,
        secrets=lambda name: TOKEN if name == SECRET else None,
    )
    return TestClient(app, headers={"authorization": f"Bearer {TOKEN}"})


def address_of(name: str, path: str) -> str:
    """The address of a page, with its query."""
    return link(path, **QUERIES.get(name, {}))


def measured(engine: Engine, client: TestClient, name: str, address: str, rounds: int) -> PageTime:
    """One page, after a first request that counts its queries."""
    statements: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", count)
    first = client.get(address)
    event.remove(engine, "before_cursor_execute", count)
    assert first.status_code == 200, f"{address}: {first.status_code} {first.text[:500]}"
    took, cpu = [], []
    for _ in range(rounds):
        began, busy = time.perf_counter(), time.process_time()
        client.get(address)
        took.append((time.perf_counter() - began) * 1000)
        cpu.append((time.process_time() - busy) * 1000)
    middle = (statistics.median(took), statistics.median(cpu))
    return PageTime(name, *middle, max(took), len(first.content), len(statements))


def main() -> int:
    """Measures, prints; 1 when a page takes too long."""
    parser = argparse.ArgumentParser(prog="python -m bench.board", description=__doc__)
    for name, default in (("tickets", 100_000), ("alerts", 20_000), ("sites", 1_000), ("days", 90)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--smallest", action="store_true", help="smallest sizes, nothing judged")
    asked = parser.parse_args()
    sizes = Sizes(asked.tickets, asked.alerts, asked.sites, asked.days)
    if asked.smallest:
        sizes, asked.rounds = Sizes(600, 800, 60, 3), 1
    console = Console()
    console.print(f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}")
    with server() as address, emptied(address, "supportops_bench_board") as url:
        engine = make_engine(url)
        began = time.perf_counter()
        fill(engine, sizes)
        console.print(f"{sizes} filled in {time.perf_counter() - began:.0f} s")
        pages = measure(engine, asked.rounds)
        engine.dispose()
    names = ("page", "median ms", "CPU ms", "slowest ms", "KB", "queries")
    table = Table(*names, title="The board", box=None)
    for each in pages:
        figures = (each.median, each.cpu, each.slowest, each.size / 1000, each.queries)
        table.add_row(each.name, *(f"{figure:.0f}" for figure in figures))
    console.print(table)
    met = {
        f"{each.name}: {each.median:.0f} ms (at most {MOST_MILLISECONDS:.0f})": each.median
        <= MOST_MILLISECONDS
        for each in pages
    }
    return conclude(console, met.items(), smallest=asked.smallest)


if __name__ == "__main__":
    os.nice(5)
    raise SystemExit(main())
