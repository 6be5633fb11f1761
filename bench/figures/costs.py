"""What a site, a ticket, an alert and a report cost the store: bytes of PostgreSQL, and CPU.

    python -m bench.figures.costs [--sites 200] [--tickets 20000] [--alerts 4000]

Starts a PostgreSQL of its own unless SUPPORTOPS_TEST_POSTGRES names a server. Fills a store as the
benchmark of the board does and divides each table, with its indexes, by its rows. CPU is that of
this process, which folds checks into summaries, dispatches alerts and reads events; PostgreSQL's
own is not in it. docs/scaling.md multiplies these figures: `python -m bench.figures.scaling`.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable
from datetime import timedelta

from bench.availability import MIDNIGHT, refold
from bench.board_store import NOW, Sizes, fill
from bench.report import emptied
from bench.sweep import server
from bench.targets import conclude, show_figure
from rich.console import Console
from sqlalchemy import Engine, text

from bench import storm
from supportops.alerts import hold
from supportops.alerts.store import raise_alert
from supportops.config.loader import load
from supportops.config.snapshots import save
from supportops.db.engine import make_engine, reading, writing
from supportops.flows.alerts import alert_dispatch
from supportops.notify.outgoing import Delivery, Outcome

TABLES = {
    "check_results": "check",
    "site_days": "site_day",
    "tickets": "ticket",
    "ticket_events": "event",
    "alerts": "alert",
}


def cpu_of(work: Callable[[], object]) -> float:
    """Seconds of this process."""
    began = time.process_time()
    work()
    return time.process_time() - began


def bytes_a_row(engine: Engine, table: str) -> float | None:
    """Of a table with its indexes and what is stored beside it; None where it has no rows."""
    with reading(engine) as connection:
        rows = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
        size = connection.execute(text(f"SELECT pg_total_relation_size('{table}')")).scalar_one()
    return size / rows if rows else None


def dispatch_ms(engine: Engine, outages: int) -> float:
    """Milliseconds of CPU for each outage: raised, routed, composed and sent in digests."""
    alerts = [storm.outage(number) for number in range(outages)]

    def work() -> None:
        with writing(engine) as connection:
            for alert in alerts:
                raise_alert(connection, alert, storm.NOW)
        alert_dispatch.run(
            engine,
            lambda name: f"json://{name}",
            lambda: storm.NOW,
            send=lambda *_, **__: Delivery(Outcome.HANDED_OVER, "handed over", 0.0),
            who="bench",
        )

    with writing(engine) as connection:
        hold.release(connection, "bench", storm.NOW)
        save(connection, load(storm.CONFIG), storm.NOW)
    return cpu_of(work) / outages * 1000


def main() -> int:
    """Measures and prints; there is no target to miss."""
    parser = argparse.ArgumentParser(prog="python -m bench.figures.costs", description=__doc__)
    for name, default in (("sites", 200), ("tickets", 20_000), ("alerts", 4_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--smallest", action="store_true", help="smallest sizes, nothing judged")
    asked = parser.parse_args()
    sizes = Sizes(asked.tickets, asked.alerts, asked.sites, 8)
    if asked.smallest:
        sizes = Sizes(600, 800, 60, 3)
    console = Console()
    console.print(f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}")
    with server() as address:
        with emptied(address, "supportops_bench_costs") as url:
            engine = make_engine(url)
            fill(engine, sizes)
            for table, name in TABLES.items():
                found = bytes_a_row(engine, table)
                if found is not None:
                    show_figure(console, f"store_{name}_bytes", found, f"bytes a row of {table}")
            checks = sizes.sites * ((NOW - (MIDNIGHT - timedelta(days=1))) / timedelta(minutes=5))
            folded = cpu_of(lambda: refold(engine)) / checks * 1000
            show_figure(console, "fold_check_cpu_ms", folded, "ms of CPU a check, into summaries")
            engine.dispose()
        with emptied(address, "supportops_bench_costs") as url:
            engine = make_engine(url)
            outages = 50 if asked.smallest else 1_000
            show_figure(
                console, "alert_cpu_ms", dispatch_ms(engine, outages), "ms of CPU an alert, sent"
            )
            engine.dispose()
    return conclude(console, [], smallest=asked.smallest)


if __name__ == "__main__":
    raise SystemExit(main())
