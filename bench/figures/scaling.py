"""What so many sites and tickets need, from the measured figures in docs/benchmarks.json.

    python -m bench.figures.scaling [--sites 1000 10000 100000] [--tickets 100000 1000000 10000000]

Prints the tables of docs/scaling.md. Nothing is measured here: where the file lacks a figure, the
one of MEASURED is used, and named.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

FILE = Path(__file__).parents[2] / "docs" / "benchmarks.json"
# Of 26 November 2026, two busy cores; docs/benchmarks.md and `python -m bench.figures.costs`.
MEASURED = {
    "probe_https_10000_cpu_ms": 1.52,
    "fold_check_cpu_ms": 0.027,
    "store_check_bytes": 301.0,
    "store_site_day_bytes": 355.0,
    "store_ticket_bytes": 428.0,
    "store_event_bytes": 249.0,
    "alert_cpu_ms": 1.36,
}
CHECKS_A_DAY = 288
"""One every five minutes."""
DAYS_OF_CHECKS, DAYS_OF_SUMMARIES = 45, 730
"""How long single checks are stored, as shipped, and two years of summaries of days."""
EVENTS_A_TICKET = 6
RUN_SECONDS = 300.0
# A run's other work, per check: Airflow's task, plan, results written, incidents judged. From
# `python -m bench.through_airflow`: 3 to 6 s of CPU for 200 sites, of which 0.3 s are the probe and
# 3 s do not grow with the sites.
CHECK_OVERHEAD_MS = 10.0


@dataclass(frozen=True, slots=True)
class OfSites:
    """`cores`: of CPU for all checks; `core_share`: of the 300 s between two runs on one core."""

    sites: int
    checks_a_day: int
    cores: float
    rows_a_second: float
    store_gigabytes: float
    year_gigabytes: float


@dataclass(frozen=True, slots=True)
class OfTickets:
    tickets: int
    events: int
    store_gigabytes: float


def of_sites(sites: int, cost: Mapping[str, float]) -> OfSites:
    day = sites * CHECKS_A_DAY
    milliseconds = cost["probe_https_10000_cpu_ms"] + cost["fold_check_cpu_ms"] + CHECK_OVERHEAD_MS
    single = day * DAYS_OF_CHECKS * cost["store_check_bytes"]
    return OfSites(
        sites,
        day,
        sites * milliseconds / 1000 / RUN_SECONDS,
        sites / RUN_SECONDS,
        (single + sites * DAYS_OF_SUMMARIES * cost["store_site_day_bytes"]) / 1e9,
        day * 365 * cost["store_check_bytes"] / 1e9,
    )


def of_tickets(tickets: int, cost: Mapping[str, float]) -> OfTickets:
    events = tickets * EVENTS_A_TICKET
    size = tickets * cost["store_ticket_bytes"] + events * cost["store_event_bytes"]
    return OfTickets(tickets, events, size / 1e9)


def costs(file: Path = FILE) -> tuple[dict[str, float], set[str]]:
    """The figures, and which of them are not in `file`."""
    try:
        results = json.loads(file.read_text(encoding="utf-8"))["results"]
    except FileNotFoundError:
        results = []
    read = {
        name: float(figure["value"]) for ran in results for name, figure in ran["figures"].items()
    }
    return {name: read.get(name, usual) for name, usual in MEASURED.items()}, set(MEASURED) - set(
        read
    )


def main() -> int:
    """Prints both tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.figures.scaling", description=__doc__)
    parser.add_argument("--sites", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--tickets", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    asked = parser.parse_args()
    cost, usual = costs()
    sites = Table("sites", "checks a day", "cores", "rows a second", "GB, as pruned", "GB a year")
    for each in (of_sites(count, cost) for count in asked.sites):
        sites.add_row(
            f"{each.sites:,}",
            f"{each.checks_a_day:,}",
            f"{each.cores:.2f}",
            f"{each.rows_a_second:.0f}",
            f"{each.store_gigabytes:.1f}",
            f"{each.year_gigabytes:.0f}",
        )
    tickets = Table("tickets", "events", "GB")
    for held in (of_tickets(count, cost) for count in asked.tickets):
        tickets.add_row(f"{held.tickets:,}", f"{held.events:,}", f"{held.store_gigabytes:.1f}")
    console = Console()
    console.print(sites, tickets)
    for name in sorted(usual):
        console.print(
            f"not in {FILE.name}: {name}, {MEASURED[name]} of bench/figures/scaling.py is used"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
