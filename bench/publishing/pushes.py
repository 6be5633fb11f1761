"""How many pushes a second the public endpoint takes, and what judging 1,000 monitors costs.

    python -m bench.publishing.pushes [--monitors 1000] [--pushes 2000]

Each push goes through the endpoint's application, is known by its token among all monitors, and is
recorded in PostgreSQL in a transaction of its own; then all monitors are judged, as every five
minutes: once with a push of each, and once when most have fallen silent.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import yaml
from bench.report import emptied
from bench.storm import CONFIG, NOW
from bench.sweep import server
from bench.targets import conclude
from rich.console import Console

from supportops.config.loader import load
from supportops.context import Context
from supportops.db.engine import make_engine
from supportops.flows.sites import push_check
from supportops.flows.sites.push_check import Request

LEAST_A_SECOND, MOST_SECONDS = 100.0, 30.0


def configure(folder: Path, monitors: int) -> dict[str, str]:
    """The shipped files with so many monitors; returns their secrets."""
    for name in ("service_levels", "alerts", "triage"):
        (folder / f"{name}.yaml").write_text((CONFIG / f"{name}.yaml").read_text())
    sites = [
        {"name": f"site {n}", "customer": f"Customer {n % 200}", "url": "https://a.example/"}
        for n in range(monitors)
    ]
    jobs = [
        {"name": f"job {n}", "site": f"site {n}", "token": f"push_{n}", "every": "5m"}
        for n in range(monitors)
    ]
    (folder / "sites.yaml").write_text(yaml.safe_dump({"sites": sites, "monitors": jobs}))
    return {f"push_{n}": f"a-token-of-a-benchmark-{n:06}" for n in range(monitors)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints; 1 when a target was missed."""
    name = "python -m bench.publishing.pushes"
    parser = argparse.ArgumentParser(prog=name, description=__doc__)
    parser.add_argument("--monitors", type=int, default=1_000)
    parser.add_argument("--pushes", type=int, default=2_000)
    parser.add_argument("--smallest", action="store_true", help="smallest sizes, nothing judged")
    asked = parser.parse_args(arguments)
    if asked.smallest:
        asked.monitors, asked.pushes = 5, 10
    console = Console()
    console.print(f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}")
    with (
        server() as address,
        emptied(address, "supportops_bench_pushes") as url,
        tempfile.TemporaryDirectory() as place,
    ):
        folder = Path(place)
        secrets = configure(folder, asked.monitors)
        engine = make_engine(url)
        context = Context(engine, folder, secrets.get)
        configuration = load(folder)
        push_check.judge(context, NOW)
        push_check.beat(context, NOW, started=True)
        tokens = list(secrets.values())
        began, busy = time.perf_counter(), time.process_time()
        for n in range(asked.pushes):
            request = Request(tokens[n % len(tokens)], body=b'{"message": "done", "disk": 61}')
            at = NOW + timedelta(seconds=5, milliseconds=n)
            answer = push_check.receive(context, configuration, request, at)
            assert answer.status == 200, answer
        wall, cpu = time.perf_counter() - began, time.process_time() - busy
        rate = asked.pushes / wall
        console.print(
            f"{asked.pushes} pushes: {rate:.0f} a second, "
            f"{1000 * cpu / asked.pushes:.2f} ms of CPU each"
        )
        judged = []
        at = 0
        for words, after in (("all reported", 4), ("all silent", 20)):
            while at < after:
                at += 1
                push_check.beat(context, NOW + timedelta(minutes=at))
            began, busy = time.perf_counter(), time.process_time()
            states = push_check.judge(context, NOW + timedelta(minutes=after))["states"]
            took = time.perf_counter() - began
            judged.append(took)
            console.print(
                f"{asked.monitors} monitors, {words}: {took:.1f} s, "
                f"CPU {time.process_time() - busy:.1f} s {states}"
            )
        engine.dispose()
    met = {
        f"at least {LEAST_A_SECOND:.0f} pushes a second": rate >= LEAST_A_SECOND,
        f"{asked.monitors} monitors judged in at most {MOST_SECONDS:.0f} s": max(judged)
        <= MOST_SECONDS,
    }
    return conclude(console, met.items(), smallest=asked.smallest)


if __name__ == "__main__":
    os.nice(5)
    raise SystemExit(main())
