"""The monthly reports of 200 customers on PostgreSQL: time by the wall, CPU and memory.

    python -m bench.publishing.monthly [--customers 200] [--sites 200] [--tickets 8000]

Starts a PostgreSQL of its own unless SUPPORTOPS_TEST_POSTGRES names a server. Fills in a month of
checks every five minutes, with an outage of each twentieth site, and a month of tickets, folds the
days of sites as the hourly housekeeping does, and makes every customer's report with its mail, page
and PDF, kept in the store.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from bench.report import DATABASE, emptied
from bench.sweep import server
from bench.targets import conclude
from rich.console import Console
from sqlalchemy import text

from supportops.config.loader import load
from supportops.config.snapshots import fleet_of, save
from supportops.db.engine import make_engine, writing
from supportops.flows.reports.reporting.pipeline import make_reports
from supportops.flows.reports.reporting.selection import ReportRequest
from supportops.reports.formats.file import PDF
from supportops.reports.period import Cadence
from supportops.sites.summaries import fold

CONFIG = Path(__file__).parents[2] / "include" / "config"
MONTH = "2026-11"
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
MOST_SECONDS = 60.0
MOST_MEGABYTES = 2_000

CHECKS = """
INSERT INTO check_runs (slot, configuration, started_at, sites, judged_at, judged_order, summary)
SELECT slot, :digest, slot, :sites, slot + interval '1 minute',
       row_number() OVER (ORDER BY slot), '{}'
FROM generate_series(CAST('2026-10-31 00:00Z' AS timestamptz), '2026-12-01 08:00Z',
                     interval '5 minutes') slot;
INSERT INTO check_results (slot, site, page, attempt, checked_at, url, state, reason, detail,
                           status, total_ms, certificate_expires, bytes, redirects)
SELECT r.slot, 'site ' || n, '', a.attempt, r.slot + interval '5 seconds' * (1 + a.attempt), '',
       CASE WHEN down THEN 'down' ELSE 'up' END, CASE WHEN down THEN 'status' ELSE 'ok' END, '',
       200, 80, r.slot + (20 + n % 70) * interval '1 day', 1000, 0
FROM check_runs r CROSS JOIN generate_series(0, :last) n
CROSS JOIN LATERAL (SELECT n % 20 = 0 AND r.slot >= '2026-11-12 10:00Z'
                           AND r.slot < '2026-11-12 10:30Z' AS down) d
JOIN generate_series(0, 2) a (attempt) ON down OR a.attempt = 0;
INSERT INTO incidents (key, kind, subject, reason, started_at, opened_at, ended_at, closed_at, site,
                       customer, facts, flapping)
SELECT 'outage-' || n, 'outage', 'site ' || n, 'status',
       '2026-11-12 10:00:05Z', '2026-11-12 10:01Z', '2026-11-12 10:30:05Z',
       '2026-11-12 10:35:05Z', 'site ' || n, 'Customer ' || n % :customers, '{}', false
FROM generate_series(0, :last, 20) n
"""
TICKETS = """
CREATE TEMPORARY TABLE filled ON COMMIT DROP AS
SELECT n, CAST('2026-12-01 08:00Z' AS timestamptz) - n * interval '30 days' / :tickets AS at,
       CASE WHEN n % 4 = 0 THEN 'bug_fix' ELSE 'user_support' END AS tier,
       (30 + n * 7919 % 400) * interval '1 minute' AS answered,
       (6 + n * 31 % 90) * interval '1 hour' AS solved, n % 12 = 0 AS open
FROM generate_series(1, :tickets) n;
INSERT INTO tickets (id, source, ticket, created_at, subject, requester, status, tier, customer,
                     tags, updated_at, open, touched_at)
SELECT n, 'bench', n::text, at, 'Question ' || n || ' about the website and its newsletter',
       'somebody', CASE WHEN open THEN 'new' ELSE 'solved' END, tier, 'Customer ' || n % :customers,
       '', at + answered + solved, open, at
FROM filled;
INSERT INTO ticket_events (source, source_event, ticket, kind, author, happened_at, recorded_at,
                           value)
SELECT 'bench', n || '-' || e.number, n, e.kind, e.author, at + e.after, at + e.after,
       CASE e.kind WHEN 'tier' THEN tier WHEN 'customer' THEN 'Customer ' || n % :customers
                   WHEN 'status' THEN 'solved' END
FROM filled
CROSS JOIN LATERAL (VALUES
    (1, 'created', 'customer', interval '0'), (2, 'tier', 'automatic', interval '0'),
    (3, 'customer', 'automatic', interval '0'), (4, 'comment', 'agent', answered),
    (5, 'status', 'agent', answered + solved)) AS e (number, kind, author, after)
WHERE NOT (open AND e.number = 5)
ORDER BY at, e.number
"""


def configure(folder: Path, customers: int, sites: int) -> None:
    """The shipped files, with so many customers and sites."""
    for name in ("service_levels", "alerts", "reports", "triage"):
        (folder / f"{name}.yaml").write_text((CONFIG / f"{name}.yaml").read_text())
    entries = [
        {"name": f"site {n}", "customer": f"Customer {n % customers}", "url": "https://a.example/"}
        for n in range(sites)
    ]
    (folder / "sites.yaml").write_text(yaml.safe_dump({"sites": entries}))
    named = [
        {
            "name": f"Customer {n}",
            "contacts": ["team"],
            "reports": ["monthly"],
            "language": ("en-GB", "de-DE", "fr-FR")[n % 3],
        }
        for n in range(customers)
    ]
    (folder / "customers.yaml").write_text(yaml.safe_dump({"customers": named}))


def main() -> int:
    """Measures, prints; 1 when a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.publishing.monthly", description=__doc__)
    parser.add_argument("--customers", type=int, default=200)
    parser.add_argument("--sites", type=int, default=200)
    parser.add_argument("--tickets", type=int, default=8_000)
    parser.add_argument("--smallest", action="store_true", help="smallest sizes, nothing judged")
    asked = parser.parse_args()
    if asked.smallest:
        asked.customers, asked.sites, asked.tickets = 2, 4, 40
    console = Console()
    console.print(f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}")
    with TemporaryDirectory() as place, server() as address, emptied(address, DATABASE) as url:
        folder = Path(place)
        configure(folder, asked.customers, asked.sites)
        configuration, engine = load(folder), make_engine(url)
        values = {
            "sites": asked.sites,
            "last": asked.sites - 1,
            "tickets": asked.tickets,
            "customers": asked.customers,
            "digest": configuration.digest,
        }
        with writing(engine) as connection:
            save(connection, configuration, datetime(2026, 10, 1, tzinfo=UTC))
            for statement in (*CHECKS.split(";\n"), *TICKETS.split(";\n")):
                connection.execute(text(statement), values)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
        began = time.perf_counter()
        folded = list(fold.fold(engine, fleet_of))
        console.print(
            f"{len(folded)} batches of days folded in {time.perf_counter() - began:.0f} s"
        )
        pdfs = 0

        def count(_: object, files: object) -> None:
            nonlocal pdfs
            pdfs += sum(file.name == PDF for file in files)  # type: ignore[attr-defined]

        began, cpu = time.perf_counter(), time.process_time()
        request = ReportRequest(Cadence.MONTHLY, (MONTH,), send=True)
        made = make_reports(engine, configuration, request, NOW, NOW, on_report=count)
        wall, cpu = time.perf_counter() - began, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        assert not any(each.troubles for each in made), made
        assert pdfs == len(made) == asked.customers
        engine.dispose()
    console.print(f"{pdfs} reports: {wall:.1f} s, {cpu:.1f} s of CPU, {peak:.0f} MB at the peak")
    targets = {
        f"{asked.customers} customers' reports in at most {MOST_SECONDS:.0f} s": wall
        <= MOST_SECONDS,
        f"under {MOST_MEGABYTES:,} MB": peak < MOST_MEGABYTES,
    }
    return conclude(console, targets.items(), smallest=asked.smallest)


if __name__ == "__main__":
    os.nice(5)
    raise SystemExit(main())
