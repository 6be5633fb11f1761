"""How soon an outage is known while a server with many sites hangs: one shard, real time.

    python -m bench.hanging_server [--sites 500 --hanging 150]

A shard of so many sites under the shipped options, on a new SQLite store: most answer, those of one
server hang, one refuses connections. Prints when each incident was confirmed, in seconds after the
first check of its sites failed and after the run began, and how long the run took. Takes about two
minutes, which are the pauses and deadlines.
"""

from __future__ import annotations

import argparse
import json
import platform
import socket
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.probing.farm import farm
from bench.targets import conclude
from rich.console import Console
from rich.table import Table

from supportops.db.engine import make_engine
from supportops.db.migrate import upgrade
from supportops.flows.sites import site_check
from supportops.sites.incident import Change, failed_since

MOST_SECONDS = 90.0
QUICK = {"deadline": "1s", "confirm_after": ["1s", "1s"], "rate": 200}
Told = dict[str, tuple[float, float]]


def sites_yaml(urls: Sequence[str], hanging: int, refusing: str, **check: Any) -> str:
    """The first `hanging` of the sites are on one server."""
    sites: list[dict[str, Any]] = [{"name": "shop", "url": refusing}]
    for number, url in enumerate(urls):
        host = {"host": "web-1"} if number < hanging else {}
        sites.append({"name": f"site {number:03}", "url": url} | host)
    known = {"customer": "farm", "allow_private": True}
    return json.dumps({"check": check, "sites": [site | known for site in sites]})


def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def measured(folder: Path) -> tuple[Told, float]:
    """Seconds from the first failed check, and from the start, to each incident; the run's own."""
    engine = make_engine(f"sqlite:///{folder / 'support.db'}")
    upgrade(engine)
    began, told = datetime.now(UTC), Told()

    def note(changes: Sequence[Change]) -> None:
        now = datetime.now(UTC)
        for change in changes:
            since = (now - failed_since(change.incident)).total_seconds()
            told.setdefault(change.incident.subject, (since, (now - began).total_seconds()))

    (spec,) = site_check.plan(engine, folder, began, began).specs()
    site_check.check(engine, spec, lambda: datetime.now(UTC), on_changes=note)
    seconds = (datetime.now(UTC) - began).total_seconds()
    site_check.judge(engine, began, datetime.now(UTC))
    engine.dispose()
    return told, seconds


def main() -> int:
    """Measures, prints; 1 where an outage was known too late."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sites", type=int, default=500)
    options.add_argument("--hanging", type=int, default=150)
    options.add_argument("--smallest", action="store_true")
    chosen = options.parse_args()
    count, hanging, check = chosen.sites, chosen.hanging, {}
    if chosen.smallest:
        count, hanging, check = 10, 4, QUICK
    with farm() as there, tempfile.TemporaryDirectory() as scratch:
        urls = [
            f"http://127.0.0.1:{there.http}/{'hang' if n < hanging else 'site'}/{n}"
            for n in range(count - 1)
        ]
        refusing = f"http://127.0.0.1:{closed_port()}/"
        Path(scratch, "sites.yaml").write_text(sites_yaml(urls, hanging, refusing, **check))
        told, seconds = measured(Path(scratch))
    table = Table(title=f"{count} sites, {hanging} of them hang ({platform.platform()})")
    for name in ("incident", "after its first failed check s", "after the start s"):
        table.add_column(name)
    for subject, (since, after) in sorted(told.items()):
        table.add_row(subject, f"{since:.1f}", f"{after:.1f}")
    console = Console()
    console.print(table)
    console.print(f"the shard took {seconds:.1f} s")
    late = (float("inf"), 0.0)
    targets = [
        (f"{name} within {MOST_SECONDS:.0f} s", told.get(name, late)[0] <= MOST_SECONDS)
        for name in ("shop", "web-1")
    ]
    return conclude(console, targets, smallest=chosen.smallest)


if __name__ == "__main__":
    sys.exit(main())
