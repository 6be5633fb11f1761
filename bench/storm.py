"""The first dispatch of a storm: thousands of outages in one run, under the shipped limits.

    python -m bench.storm [--outages 5000]

Each measurement is a process of its own, on SQLite and on PostgreSQL: it starts a PostgreSQL
unless SUPPORTOPS_TEST_POSTGRES names a server. Messages are handed to a service that takes them at
once; the first dispatch tells every target all that is due, the second one that it ended.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.sweep import server
from bench.targets import conclude
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, create_engine, text

from supportops.alerts import hold
from supportops.alerts.alert import Alert, Kind, Severity
from supportops.alerts.store import raise_alert, resolve_alert
from supportops.config.loader import load
from supportops.config.snapshots import save
from supportops.db.engine import make_engine, store_url, writing
from supportops.db.migrate import upgrade
from supportops.flows.alerts import alert_dispatch
from supportops.notify.outgoing import Delivery, Outcome, OutgoingMessage

CONFIG = Path(__file__).parents[1] / "include" / "config"
NOW = datetime(2026, 4, 16, 14, 3, tzinfo=UTC)
DATABASE = "supportops_bench_storm"
MOST_SECONDS, MOST_MEGABYTES = 30.0, 300.0


def outage(number: int) -> Alert:
    name = f"Customer site {number:05}"
    facts = {"words": "connection refused", "reason": "refused", "detail": f"203.0.113.7 {name}"}
    return Alert(
        key=f"outage:{name}:{NOW.isoformat()}",
        kind=Kind.OUTAGE,
        severity=Severity.CRITICAL,
        subject=name,
        headline="connection refused",
        opened_at=NOW,
        site=name,
        customer=f"Customer {number % 400}",
        host=f"web-{number % 97}",
        facts=facts | {"url": f"https://site-{number}.example/", "first_failed_at": str(NOW)},
    )


def measure(address: str, count: int) -> dict[str, Any]:
    """Seconds of the first dispatch and of the one after the end, and the peak memory."""
    engine = make_engine(address)
    upgrade(engine)
    storm = [outage(number) for number in range(count)]
    with writing(engine) as connection:
        hold.release(connection, "bench", NOW)
        save(connection, load(CONFIG), NOW)
        for alert in storm:
            raise_alert(connection, alert, NOW)
    sent: list[str] = []

    def send(_: str, message: OutgoingMessage, **__: float) -> Delivery:
        sent.append(message.title or message.text)
        return Delivery(Outcome.HANDED_OVER, "handed over", 0.0)

    first, summary = dispatched(engine, NOW, send)
    with writing(engine) as connection:
        for alert in storm:
            resolve_alert(connection, alert.kind, alert.subject, NOW + timedelta(minutes=5))
    last, ended = dispatched(engine, NOW + timedelta(minutes=5), send)
    return {
        "first": first,
        "last": last,
        "messages": summary["handed_over"] + ended["handed_over"],
        "sent": len(sent),
        "held_back": summary["held_back"] + ended["held_back"],
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def dispatched(engine: Engine, at: datetime, send: Any) -> tuple[float, dict[str, Any]]:
    started = time.perf_counter()
    summary = alert_dispatch.run(
        engine, lambda name: f"json://{name}", lambda: at, send=send, who="bench"
    )
    return time.perf_counter() - started, summary


def in_a_process(address: str, count: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.storm", "--measure", address, "--outages", str(count)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    """Measures, prints; 1 when a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.storm", description=__doc__)
    parser.add_argument("--outages", type=int, default=5_000)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--smallest", action="store_true", help="smallest sizes, nothing judged")
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, options.outages)))
        return 0
    count = 60 if options.smallest else options.outages
    console = Console()
    console.print(f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}")
    table = Table(title=f"{count:,} outages in one run, shipped routes and limits")
    for name in ("", "first s", "after the end s", "messages due", "sent", "held back", "peak MB"):
        table.add_column(name, justify="left" if not name else "right")
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        found["SQLite"] = in_a_process(f"sqlite:///{folder}/store.db", count)
    with server() as address:
        admin = create_engine(store_url(address), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{DATABASE}"'))
            connection.execute(text(f'CREATE DATABASE "{DATABASE}"'))
        url = store_url(address).set(database=DATABASE).render_as_string(hide_password=False)
        found["PostgreSQL"] = in_a_process(url, count)
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{DATABASE}"'))
        admin.dispose()
    for name, each in found.items():
        table.add_row(
            name,
            f"{each['first']:.1f}",
            f"{each['last']:.1f}",
            f"{each['messages']:,}",
            str(each["sent"]),
            str(each["held_back"]),
            f"{each['peak_mb']:.0f}",
        )
    console.print(table)
    slowest = max(max(each["first"], each["last"]) for each in found.values())
    largest = max(each["peak_mb"] for each in found.values())
    targets = [
        (f"within {MOST_SECONDS:.0f} s", slowest <= MOST_SECONDS),
        (f"within {MOST_MEGABYTES:.0f} MB", largest <= MOST_MEGABYTES),
        ("nothing held back", not any(each["held_back"] for each in found.values())),
    ]
    return conclude(console, targets, smallest=options.smallest)


if __name__ == "__main__":
    raise SystemExit(main())
