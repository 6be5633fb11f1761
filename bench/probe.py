"""The probe against its peers: CPU per check, wall time and peak memory, from one run.

    python -m bench.probe            the table, in about eight minutes
    python -m bench.probe --quick    a taste, in about a minute
    python -m bench.probe --brief    without sites that hang, in about four minutes
    python -m bench.probe --full     also 10,000 http sites of which some hang, and the paced run
    python -m bench.probe --sizes 500,2000

Every engine gets the same list, deadline (10 s), number in flight (64) and farm, on a fresh
connection each. Ratios are engine / ours: above 1 means that the peer costs more.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from bench.probing import blackbox, handshakes
from bench.probing.farm import Farm, farm
from bench.probing.prober import Job, Measured
from bench.targets import conclude, show_figure
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
OURS = "supportops"
HANDSHAKES = "openssl s_time -new"
PEERS = (("blackbox_exporter", 0.7), ("requests, made safe", 0.5), (HANDSHAKES, 1.3))
"""At most so many times the CPU of each, over https."""
GROWTH = 1.15
"""At most so many times the CPU a check over http, at ten times the sites."""


@dataclass(frozen=True)
class Case:
    """One line of the comparison. `dead`: the share of names whose DNS query is never answered."""

    sites: int
    scheme: str
    hanging: float = 0.0
    dead: float = 0.0
    rate: float = 0.0

    def job(self, grown: Farm) -> Job:
        if not self.dead:
            urls = grown.urls(self.sites, scheme=self.scheme, hanging=self.hanging)
            return Job(urls, grown.authority, rate=self.rate)
        urls = grown.named_urls(self.sites, scheme=self.scheme, dead=self.dead)
        return Job(urls, grown.authority, nameservers=(f"127.0.0.1:{grown.dns}",))

    @property
    def words(self) -> str:
        words = f"{self.sites:,} {self.scheme}"
        words += f", {self.hanging:.0%} hang" if self.hanging else ""
        words += f", {self.dead:.0%} dead names" if self.dead else ""
        return words + (f", paced {self.rate:.0f}/s" if self.rate else "")


@dataclass(frozen=True)
class Row:
    case: Case
    engine: str
    found: Measured


def cases(
    sizes: list[int], *, quick: bool, full: bool, brief: bool = False
) -> Iterator[tuple[Case, bool]]:
    """The cases, and whether the peers run too."""
    for size in sizes:
        for scheme in ("http", "https"):
            yield Case(size, scheme), True
            if not brief and (scheme == "https" or size <= 2000 or full):
                yield Case(size, scheme, hanging=0.05), not quick
    yield Case(min(sizes), "http", dead=0.14), False
    if full:
        yield Case(max(sizes), "https", hanging=0.05, rate=40.0), False


def measure(engine: str, job: Job) -> Measured:
    """One run in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'include'}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-m", "bench.probing.prober", engine],
        input=json.dumps(asdict(job)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=environment,
        cwd=ROOT,
    )
    return Measured(**json.loads(done.stdout))


def run(case: Case, grown: Farm, *, peers: bool) -> Iterator[Row]:
    """Each engine on the case; short cases three times in turn, of which the median CPU counts."""
    job = case.job(grown)
    if case.sites <= 100:  # only shows that it works
        job = replace(job, deadline=2.0)
    engines: dict[str, Callable[[], Measured]] = {OURS: lambda: measure("ours", job)}
    if peers:
        engines["requests, made safe"] = lambda: measure("requests", job)
        if blackbox.installed():
            engines["blackbox_exporter"] = lambda: blackbox.run(job)
        if handshakes.installed() and case.scheme == "https" and not case.hanging:
            engines[HANDSHAKES] = lambda: handshakes.run(job, 3 if case.sites > 100 else 1)
    short = case.sites <= 2000 and not case.hanging and not case.dead
    rounds = [{name: run() for name, run in engines.items()} for _ in range(3 if short else 1)]
    for name in engines:
        found = sorted((each[name] for each in rounds), key=lambda one: one.cpu_ms)
        yield Row(case, name, found[len(found) // 2])


def table(rows: list[Row]) -> Table:
    shown = Table(title="One check, by engine")
    for name in ("sites", "engine"):
        shown.add_column(name)
    for name in ("CPU ms/check", "ratio", "wall s", "ratio", "peak MB", "ratio", "called down"):
        shown.add_column(name, justify="right")
    base = rows[0]
    for row in rows:
        if row.engine == OURS:
            base = row
            shown.add_section()
        shown.add_row(row.case.words if row is base else "", row.engine, *_figures(row, base))
    return shown


def _figures(row: Row, base: Row) -> list[str]:
    found, ours = row.found, base.found
    return [
        f"{found.cpu_ms:.2f}",
        f"{found.cpu_ms / ours.cpu_ms:.2f}",
        f"{found.wall:.1f}",
        f"{found.wall / ours.wall:.2f}",
        f"{found.peak_mb:.0f}",
        f"{found.peak_mb / ours.peak_mb:.2f}",
        str(found.down),
    ]


def verdicts(rows: list[Row]) -> Iterator[tuple[str, bool]]:
    """Each target, and whether this run met it."""
    ours = {row.case: row.found for row in rows if row.engine == OURS}
    for engine, most in PEERS:
        for row in rows:
            if row.engine == engine and row.case.scheme == "https" and not row.case.hanging:
                ratio = ours[row.case].cpu_ms / row.found.cpu_ms
                words = f"{row.case.words}: CPU {ratio:.2f} x {engine} (at most {most})"
                yield words, ratio <= most
    for case, found in ours.items():
        yield f"{case.words}: {found.down} healthy called down (0)", found.down == 0
        if case.sites >= 10_000:
            most = 300 if case.rate else 150
            words = (
                f"{case.words}: {found.wall:.0f} s (at most {most}), {found.peak_mb:.0f} MB (300)"
            )
            yield words, found.wall <= most and found.peak_mb <= 300
    yield from _linear(ours)


def _linear(ours: dict[Case, Measured]) -> Iterator[tuple[str, bool]]:
    for case, found in ours.items():
        more = ours.get(replace(case, sites=case.sites * 10))
        if more is not None and not case.hanging and case.scheme == "http":
            growth = more.cpu_ms / found.cpu_ms
            words = f"http: CPU a check at ten times the sites {growth:.2f} x (at most {GROWTH})"
            yield words, growth <= GROWTH


def main() -> int:
    """Measures, prints; 1 when a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.probe", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="500 sites, peers without hanging")
    parser.add_argument("--smallest", action="store_true", help="smallest sizes, nothing judged")
    parser.add_argument("--brief", action="store_true", help="without sites that hang")
    parser.add_argument("--full", action="store_true", help="also the longest cases")
    parser.add_argument("--sizes", help="numbers of sites, for example 1000,10000")
    options = parser.parse_args()
    default = "10" if options.smallest else "500" if options.quick else "1000,10000"
    sizes = [int(size) for size in (options.sizes or default).split(",")]
    console = Console()
    console.print(
        f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    )
    if not blackbox.installed():
        console.print(f"{blackbox.PROGRAM} is not installed: left out")
    rows: list[Row] = []
    quick = options.quick or options.smallest
    chosen = {"quick": quick, "full": options.full, "brief": options.brief}
    with farm() as grown:
        for case, peers in cases(sizes, **chosen):
            for row in run(case, grown, peers=peers):
                rows.append(row)
                console.print(f"[dim]{case.words}: {row.engine}, {row.found.wall:.1f} s[/]")
    console.print(table(rows))
    for row in rows:
        if row.engine == OURS and not row.case.hanging and not row.case.dead:
            name = f"probe_{row.case.scheme}_{row.case.sites}_cpu_ms"
            show_figure(console, name, row.found.cpu_ms, "ms of CPU a check")
    return conclude(console, verdicts(rows), smallest=options.smallest)


if __name__ == "__main__":
    raise SystemExit(main())
