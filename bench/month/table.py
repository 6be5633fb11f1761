"""What a month comes to: sizes of tables, times of pages, and what each flow costs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.board import PageTime, measured
from bench.month.record import Record
from bench.month.verdict import Verdict, doubled
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, func, select, text
from starlette.testclient import TestClient

from supportops.config.snapshots import LastConfiguration
from supportops.context import Context, no_secrets
from supportops.db.engine import reading
from supportops.db.schema import alerts, metadata, reports, tickets
from supportops.web.app import make_app
from supportops.web.page import Viewer, link
from supportops.web.pages.registry import PAGES

ROUNDS = 5
LARGEST = 14
FEW_DAYS = 3


def show(console: Console, record: Record, engine: Engine, verdict: Verdict) -> None:
    """Prints the tables."""
    script = record.script
    console.print(
        f"{script.start:%d %b %H:%M} to {record.now:%d %b %H:%M} UTC: {len(script.sites)} sites, "
        f"{len(script.stories):,} tickets, {len(record.arrivals):,} messages, of them "
        f"{doubled(record.arrivals)} that may be repeated and say so; {record.deaths} processes "
        f"killed; PostgreSQL used {record.postgres_seconds:.0f} s of CPU"
    )
    _show_verdict(console, verdict)
    _show_costs(console, record)
    _show_tables(console, engine)


def _show_verdict(console: Console, verdict: Verdict) -> None:
    table = Table("compared with the script", "compared", "otherwise", box=None)
    for what, count in verdict.compared.items():
        table.add_row(what, f"{count:,}", str(len(verdict.wrong[what])))
    console.print(table)
    for what, wrong in verdict.wrong.items():
        for each in wrong[:20]:
            console.print(f"{what}: {each}", markup=False)


def _show_costs(console: Console, record: Record) -> None:
    """Also of the first days and of the last, which shows what grows with the history."""
    names = ("flow", "runs", "CPU s", "ms a run", "first days", "last days", "longest s")
    table = Table(*names, box=None)
    for flow, days in sorted(record.costs.items()):
        runs = sum(each.runs for each in days.values())
        cpu = sum(each.cpu for each in days.values())
        means = [1000 * each.mean for _, each in sorted(days.items())]
        first, last = means[:FEW_DAYS], means[-FEW_DAYS:]
        longest = max(each.longest for each in days.values())
        table.add_row(
            flow,
            f"{runs:,}",
            f"{cpu:.1f}",
            f"{1000 * cpu / runs:.1f}",
            f"{sum(first) / len(first):.1f}",
            f"{sum(last) / len(last):.1f}",
            f"{longest:.2f}",
        )
    console.print(table)


def _show_tables(console: Console, engine: Engine) -> None:
    postgres = engine.dialect.name == "postgresql"
    table = Table("table", "rows", "MB with indexes", box=None)
    found = []
    with reading(engine) as connection:
        for each in metadata.sorted_tables:
            rows = connection.execute(select(func.count()).select_from(each)).scalar_one()
            size = 0
            if postgres:
                asked = text("SELECT pg_total_relation_size(CAST(:name AS regclass))")
                size = connection.execute(asked, {"name": each.name}).scalar_one()
            found.append((size, rows, each.name))
    found.sort(reverse=True)
    for size, rows, name in found[:LARGEST]:
        table.add_row(name, f"{rows:,}", f"{size / 1e6:.1f}" if postgres else "")
    total = sum(size for size, *_ in found)
    table.add_row("all", f"{sum(rows for _, rows, _ in found):,}", f"{total / 1e6:.1f}")
    console.print(table)


def show_pages(console: Console, record: Record, engine: Engine, config: Path) -> None:
    """Prints how long each page of the board takes at the month's end."""
    pages = board_times(engine, config, record)
    table = Table("page", "median ms", "CPU ms", "slowest ms", "KB", "queries", box=None)
    for each in sorted(pages, key=lambda page: -page.median):
        figures = (each.median, each.cpu, each.slowest, each.size / 1000, each.queries)
        table.add_row(each.name, *(f"{figure:.0f}" for figure in figures))
    console.print(table)


def board_times(engine: Engine, config: Path, record: Record) -> list[PageTime]:
    """Each page of the board at the month's end."""

    @contextmanager
    def open_context() -> Iterator[Context]:
        yield Context(engine, config, no_secrets)

    viewer = Viewer("ada", may_act=True)
    now = record.now
    app = make_app(open_context, LastConfiguration(), lambda: now, viewer=lambda: viewer)
    client = TestClient(app)
    found, queries = [], _queries(engine, record)
    for page in PAGES:
        if page.name in _ASKED and page.name not in queries:
            continue  # nothing to show
        address = link(page.path, **queries.get(page.name, {}))
        found.append(measured(engine, client, page.name, address, ROUNDS))
    return found


_ASKED = ("incident", "report", "site", "ticket")


def _queries(engine: Engine, record: Record) -> dict[str, dict[str, str]]:
    """Something of each kind that a page is about."""
    found: dict[str, dict[str, str]] = {"site": {"name": next(iter(record.script.sites))}}
    with reading(engine) as connection:
        a, r, t = alerts.c, reports.c, tickets.c
        key = connection.execute(select(a.key).order_by(a.opened_at.desc(), a.key).limit(1))
        if (name := key.scalar()) is not None:
            found["incident"] = {"key": name}
        row = connection.execute(select(r.cadence, r.period, r.audience).order_by(r.id.desc()))
        if (last := row.first()) is not None:
            found["report"] = dict(last._mapping)
        one = connection.execute(select(t.source, t.ticket).order_by(t.id.desc()).limit(1)).first()
        if one is not None:
            found["ticket"] = {"source": one.source, "id": one.ticket}
    return found
