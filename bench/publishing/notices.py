"""What a storm of outages costs in notices: 1,000 sites of 200 customers go down at once.

    python -m bench.publishing.notices [--customers 200] [--sites 1000]

Measures, on PostgreSQL, the round of the DAG `notices` that drafts the first notice of every
customer, the one an hour later that drafts the updates, and the one that says that all is over.
No notice needs approval, so each is queued for the customer's contact in the same round.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bench.report import emptied
from bench.storm import CONFIG, NOW
from bench.sweep import server
from bench.targets import conclude
from rich.console import Console
from sqlalchemy import Connection, Engine, func, select, update

from supportops.config.configuration import Configuration
from supportops.config.documents import restore
from supportops.config.loader import load
from supportops.config.snapshots import newest_digest, save
from supportops.context import Context, no_secrets
from supportops.db.engine import make_engine, reading, writing
from supportops.db.schema import alert_hold
from supportops.db.schema import notices as table
from supportops.flows.customers import notices
from supportops.flows.sites.checking.incident_alerts import raise_or_resolve
from supportops.sites.ending import Ending
from supportops.sites.incident import Change, ChangeKind, Incident, IncidentKind, closed
from supportops.sites.store import begin_run, mark_judged, save_changes

MOST_SECONDS = 60.0
"""Of each round: the DAG runs every minute, and a first notice is due after ten."""


@dataclass(frozen=True, slots=True)
class Round:
    """One round: what it is called, seconds by the wall and of our processor, rows afterwards."""

    name: str
    wall: float
    cpu: float
    rows: int


def configuration(customers: int, sites: int) -> Configuration:
    """The shipped files, with so many customers who get notices and so many sites of theirs."""
    shipped = load(CONFIG).document
    entries = [
        {
            "name": f"site {n}",
            "customer": f"Customer {n % customers}",
            "url": f"https://site-{n}.example/",
        }
        for n in range(sites)
    ]
    named = [{"name": f"Customer {n}", "contacts": ["team"]} for n in range(customers)]
    rules = {"approval": "none", "every": "1h", "signature": "Example Agency"}
    return restore(
        {
            **shipped,
            "sites": {"sites": entries},
            "customers": {"notices": rules, "customers": named},
        }
    )


def incident(number: int, customers: int) -> Incident:
    """An outage that was confirmed at NOW."""
    facts = {"words": "connection refused", "first_failed_at": NOW.isoformat(), "page": ""}
    return Incident(
        IncidentKind.OUTAGE,
        f"site {number}",
        "refused",
        NOW - timedelta(seconds=41),
        NOW,
        site=f"site {number}",
        page="",
        customer=f"Customer {number % customers}",
        facts=facts,
    )


def measured(engine: Engine, customers: int, sites: int) -> list[Round]:
    """The three rounds."""
    context = Context(engine, Path("/nowhere"), no_secrets)
    storm = [incident(n, customers) for n in range(sites)]
    with writing(engine) as connection:
        connection.execute(update(alert_hold).values(released_at=NOW, released_by="bench"))
        save(connection, configuration(customers, sites), NOW)
        apply(connection, [Change(ChangeKind.OPENED, each, "confirmed") for each in storm], NOW)
    found = [round_at(context, "first notices", NOW + timedelta(minutes=1))]
    found.append(round_at(context, "updates", NOW + timedelta(minutes=61)))
    over = NOW + timedelta(minutes=70)
    ended = [closed(each, over, over, Ending.RECOVERED, "answers again") for each in storm]
    with writing(engine) as connection:
        apply(connection, ended, over)
    found.append(round_at(context, "ends", over + timedelta(minutes=6)))
    return found


def apply(connection: Connection, changes: Sequence[Change], now: datetime) -> None:
    save_changes(connection, changes)
    for change in changes:
        raise_or_resolve(connection, change, now)


def round_at(context: Context, name: str, now: datetime) -> Round:
    """A round right after a check of the sites, by which it is sure of what it says."""
    with writing(context.engine) as connection:
        digest = newest_digest(connection)
        assert digest is not None
        begin_run(connection, now, digest, now, 0)
        mark_judged(connection, now, now, {"blind": False})
    began, busy = time.perf_counter(), time.process_time()
    notices.run(context, lambda: now)
    wall, cpu = time.perf_counter() - began, time.process_time() - busy
    with reading(context.engine) as connection:
        rows = connection.execute(select(func.count()).select_from(table)).scalar_one()
    return Round(name, wall, cpu, rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints; 1 when a round takes too long."""
    name = "python -m bench.publishing.notices"
    parser = argparse.ArgumentParser(prog=name, description=__doc__)
    parser.add_argument("--customers", type=int, default=200)
    parser.add_argument("--sites", type=int, default=1_000)
    parser.add_argument("--smallest", action="store_true", help="smallest sizes, nothing judged")
    asked = parser.parse_args(arguments)
    if asked.smallest:
        asked.customers, asked.sites = 3, 6
    console = Console()
    console.print(f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}")
    with server() as address, emptied(address, "supportops_bench_notices") as url:
        engine = make_engine(url)
        found = measured(engine, asked.customers, asked.sites)
        engine.dispose()
    for each in found:
        console.print(
            f"{each.name}: {each.wall:.1f} s, CPU {each.cpu:.1f} s; {each.rows} notices so far"
        )
    met = {
        f"{each.name} of {asked.customers} customers in at most {MOST_SECONDS:.0f} s": each.wall
        <= MOST_SECONDS
        for each in found
    }
    met["a first notice, an update and an end for each customer"] = (
        found[-1].rows >= 3 * asked.customers
    )
    return conclude(console, met.items(), smallest=asked.smallest)


if __name__ == "__main__":
    os.nice(5)
    raise SystemExit(main())
