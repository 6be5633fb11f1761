"""A store with a past as large as the board is to be fast on, filled in by SQL on PostgreSQL.

Every site is checked each five minutes. The results of the last two days are those of all sites;
before that, for every twentieth site: rows of others would only make the index a level deeper.
All is folded into summaries of days, up to two hours ago.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.report import FILL
from sqlalchemy import Engine, text

from supportops.config import snapshots
from supportops.config.configuration import Configuration
from supportops.config.loader import load
from supportops.db.engine import writing
from supportops.reports import store as reports
from supportops.reports.formats.file import PAGE, File
from supportops.reports.period import Cadence, parse

CONFIG = Path(__file__).parents[1] / "include" / "config"
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
WEEKS_OF_REPORTS = 26

FILL_SITES = """
INSERT INTO check_runs (slot, configuration, started_at, sites, judged_at, judged_order)
SELECT :now - (:runs - n) * interval '5 minutes', :digest,
       :now - (:runs - n) * interval '5 minutes', :sites,
       :now - (:runs - n) * interval '5 minutes' + interval '45 s', n
FROM generate_series(0, :runs - 1) n;
INSERT INTO check_results (slot, site, page, attempt, checked_at, url, state, reason, detail,
                           status, dns_ms, connect_ms, tls_ms, first_byte_ms, total_ms, address,
                           bytes, redirects)
SELECT :now - (:runs - n) * interval '5 minutes', 'site-' || site, '', 0,
       :now - (:runs - n) * interval '5 minutes' + interval '1 s',
       'https://site-' || site || '.example/', 'up', 'ok', '', 200, 4, 19, 46, 70,
       80 + (n * 7 + site) % 40, '192.0.2.10', 18400, 0
FROM generate_series(0, :runs - 1) n
JOIN generate_series(1, :sites) site ON site % 20 = 1 OR n >= :runs - 576;
INSERT INTO site_status (site, page, track, state, reason, since, checked_at, total_ms,
                         certificate_expires, fold)
SELECT 'site-' || site, '', 'outage', CASE WHEN site % 50 = 0 THEN 'down' ELSE 'up' END,
       CASE WHEN site % 50 = 0 THEN 'timeout' ELSE 'ok' END, :now - site * interval '1 hour',
       :now - interval '4 minutes', 85, :now + interval '61 days', '{}'
FROM generate_series(1, :sites) site;
INSERT INTO incidents (key, kind, subject, site, page, customer, reason, started_at, opened_at,
                       ended_at, closed_at, flapping, facts)
SELECT 'outage:site-' || n % :sites + 1 || ':' || n, 'outage', 'site-' || n % :sites + 1,
       'site-' || n % :sites + 1, '', 'Customer ' || (n % :sites + 1) % :customers, 'timeout',
       :now - n * interval '30 minutes', :now - n * interval '30 minutes',
       CASE WHEN n <= :sites / 50 THEN NULL ELSE :now - n * interval '30 minutes'
            + interval '12 minutes' END,
       CASE WHEN n <= :sites / 50 THEN NULL ELSE :now - n * interval '30 minutes'
            + interval '12 minutes' END, false, '{"words": "no answer within 10 s"}'
FROM generate_series(1, :runs / 6) n
"""
FILL_DAYS = """
INSERT INTO site_folds (site, until)
SELECT 'site-' || site, :now - interval '2 hours' FROM generate_series(1, :sites) site;
WITH days AS (
    SELECT day, GREATEST(day, :now - :runs * interval '5 minutes') AS first,
           LEAST(day + interval '1 day', :now - interval '2 hours') AS last
    FROM generate_series(date_trunc('day', :now - :runs * interval '5 minutes'), :now,
                         interval '1 day') day),
hours AS (
    SELECT day, string_agg(CASE WHEN at >= first AND at < last THEN '12' ELSE '0' END, ' '
                           ORDER BY at) AS hours
    FROM days CROSS JOIN LATERAL
         generate_series(day, day + interval '23 hours', interval '1 hour') at
    GROUP BY day),
outages AS (
    SELECT site, date_trunc('day', started_at) AS day, min(started_at) AS began
    FROM incidents WHERE kind = 'outage' AND ended_at IS NOT NULL
         AND started_at < date_trunc('day', started_at) + interval '23 hours'
    GROUP BY site, date_trunc('day', started_at))
INSERT INTO site_days (day, site, customer, up, degraded, down, maintenance, checks, hours,
                       timeline, known_at)
SELECT days.day, 'site-' || n, 'Customer ' || n % :customers,
       extract(epoch FROM last - first) * 1000000
           - CASE WHEN began IS NULL THEN 0 ELSE 720000000 END,
       0, CASE WHEN began IS NULL THEN 0 ELSE 720000000 END, 0,
       extract(epoch FROM last - first) / 300, hours,
       CASE WHEN first > days.day
            THEN 'n ' || (extract(epoch FROM first - days.day) * 1000000)::bigint || 'u'
            ELSE 'u' END ||
       CASE WHEN began IS NULL OR began < first THEN '' ELSE
            ' ' || (extract(epoch FROM began - days.day) * 1000000)::bigint || 'd '
            || (extract(epoch FROM began - days.day) * 1000000 + 720000000)::bigint || 'u' END,
       last + interval '30 minutes'
FROM days JOIN hours ON hours.day = days.day
CROSS JOIN generate_series(1, :sites) n
LEFT JOIN outages ON outages.day = days.day AND outages.site = 'site-' || n
WHERE first < last
"""
FILL_ALERTS = """
INSERT INTO alerts (key, kind, severity, subject, headline, site, customer, facts, opened_at,
                    last_seen_at, resolved_at, settled_at)
SELECT 'sla_breach:' || n, 'sla_breach', CASE WHEN n % 20 = 0 THEN 'critical' ELSE 'warning' END,
       'bench ' || n || ' first_reply_time 1', 'First reply is overdue', NULL,
       'Customer ' || n % 60,
       jsonb_build_object('source', 'bench', 'ticket', n::text, 'tier', 'bug_fix', 'metric',
           'first_reply_time', 'title', 'Ticket ' || n || ' about the website', 'instance', 1,
           'deadline', :now - n * interval '1 minute'),
       :now - n * interval '1 minute', :now - interval '5 minutes',
       CASE WHEN n > :alerts THEN :now - n * interval '1 minute' + interval '40 s' END,
       CASE WHEN n > :alerts THEN :now END
FROM generate_series(1, :alerts * 2) n;
INSERT INTO messages (alert, target, channel, phase, step, reminder, why, urgency, due_at,
                      queued_at, state, attempts, next_attempt_at, maybe_sent, finished_at)
SELECT 'sla_breach:' || n, target, 'email', 'firing', 0, 0, 'a route', 1,
       :now - n * interval '1 minute', :now - n * interval '1 minute',
       CASE WHEN n > 500 THEN 'handed_over' ELSE 'queued' END, CASE WHEN n > 500 THEN 1 ELSE 0 END,
       :now - n * interval '1 minute', false,
       CASE WHEN n > 500 THEN :now - n * interval '1 minute' END
FROM generate_series(1, :alerts * 2) n
CROSS JOIN (VALUES ('manager_email'), ('team_chat')) t (target);
INSERT INTO notification_log (message, attempt, alert, target, channel, outcome, detail, started_at,
                              seconds)
SELECT id, 1, alert, target, channel, 'handed_over', '', queued_at, 0.4
FROM messages WHERE attempts = 1 ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much a store holds: tickets (a fifth of them open), open alerts (and as many that
    ended), sites, days of checks, and customers with sites."""

    tickets: int = 100_000
    alerts: int = 20_000
    sites: int = 1_000
    days: int = 90
    customers: int = 60


def fill(engine: Engine, sizes: Sizes) -> None:
    """Fills an empty store."""
    configuration = _configuration(sizes.sites, sizes.customers)
    values = {
        "now": NOW,
        "digest": configuration.digest,
        "sites": sizes.sites,
        "customers": sizes.customers,
        "runs": sizes.days * 288,
        "alerts": sizes.alerts,
        "last": sizes.tickets,
        "week": max(sizes.tickets // 26, 1),
        "open": sizes.tickets // 5,
    }
    with writing(engine) as connection:
        snapshots.save(connection, configuration, NOW - timedelta(days=sizes.days))
        for script in (FILL_SITES, FILL_DAYS, FILL_ALERTS, FILL):
            for statement in script.split(";\n"):
                named = text(statement)
                own = {name: values[name] for name in named.compile().params}
                connection.execute(named, own)
        for week in range(WEEKS_OF_REPORTS):
            _keep_report(connection, configuration, week)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _configuration(sites: int, customers: int) -> Configuration:
    """The project's own configuration with so many sites of so many customers, on fifty servers."""
    entries = [
        {
            "name": f"site-{n}",
            "customer": f"Customer {n % customers}",
            "url": f"https://site-{n}.example/",
            "host": f"server-{n % 50}",
        }
        for n in range(1, sites + 1)
    ]
    with tempfile.TemporaryDirectory() as folder:
        for name in ("alerts", "service_levels", "reports"):
            (Path(folder) / f"{name}.yaml").write_text((CONFIG / f"{name}.yaml").read_text())
        (Path(folder) / "sites.yaml").write_text(json.dumps({"sites": entries}))
        return load(Path(folder))


def _keep_report(connection: Any, configuration: Configuration, weeks_ago: int) -> None:
    monday = NOW - timedelta(weeks=weeks_ago + 1)
    year, week, _ = monday.isocalendar()
    label = f"{year}-W{week:02}"
    period = parse(Cadence.WEEKLY, label, "Europe/London")
    draft = reports.Draft(
        cadence=Cadence.WEEKLY,
        period=label,
        audience="managers",
        customer=None,
        starts_at=period.start,
        ends_at=period.end,
        as_of=period.end + timedelta(hours=8),
        data_until=period.end,
        made_at=period.end + timedelta(hours=8),
        configuration=configuration.digest,
        code="bench",
        subject=f"SLA {label}",
        figures={},
    )
    reports.keep(connection, draft, [File(PAGE, "text/html", b"<p>A report.</p>" * 10_000)])
