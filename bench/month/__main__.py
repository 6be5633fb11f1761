"""A month of an agency in simulated time, through the flows of every DAG, on PostgreSQL.

    python -m bench.month [--days 32.5 --sites 200 --tickets 100 --every 5]

Runs October 2026: a fake help desk in which people work, an answerphone, jobs that push, three
outages, one of them across the change of the clock, and a crash in which a check, a dispatch and a
sync are killed in their middle. Messages go through Apprise to servers on this machine. Then
everything is compared with the script: each page and its end, each breach, each report made again,
availability, and every figure of service levels. `--every`: minutes between two checks of a site,
and between two turns of the other flows in quiet hours. `--folder` and `--store` (an empty
database) keep what was run, and `--judge` judges it again.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.month.agency import configure
from bench.month.helpdesk import fake_zendesk, quick
from bench.month.meter import postgres_seconds
from bench.month.prober import Answers, Clock, answering, websites
from bench.month.record import Record, load, of_month, save
from bench.month.running import Month
from bench.month.script import Script, month, weekend
from bench.month.sink import sink
from bench.month.table import show, show_pages
from bench.month.verdict import Found, Verdict, compare_pruned, judge, notices_faults
from bench.report import emptied
from bench.sweep import server
from bench.targets import conclude
from rich.console import Console

from config.remembering import remembered
from supportops.db.engine import make_engine
from supportops.db.migrate import upgrade
from supportops.flows import active_configuration

DATABASE = "supportops_bench_month"


@contextmanager
def prepared(script: Script, address: str, folder: Path) -> Iterator[Month]:
    """An installation on an empty store, with all that it talks to."""
    clock, engine = Clock(script.start), make_engine(address)
    upgrade(engine)
    with sink(clock) as ends, fake_zendesk() as fake, websites(script, clock) as sites:
        quick(fake)
        fake.now = script.start.timestamp()
        configure(folder / "config", script, sites)
        made = Month(engine, address, folder, script, clock, ends, fake)
        # The files stay the same: a task reads them once, a month of them would read little else.
        whole = active_configuration.check
        active_configuration.check = remembered(whole)
        try:
            with answering(Answers(script, clock)):
                yield made
        finally:
            active_configuration.check = whole
            engine.dispose()


def run(script: Script, address: str, folder: Path, console: Console) -> Record:
    """Runs the script from its start to its end, with a line a day."""
    began, servers = time.perf_counter(), postgres_seconds()
    with prepared(script, address, folder) as made:

        def on_day(day: int) -> None:
            at = script.start + timedelta(days=day)
            seconds, cpu = time.perf_counter() - began, time.process_time()
            messages = len(made.sink.arrivals)
            console.print(f"{at:%a %d %b}: {seconds:.0f} s, {cpu:.0f} s CPU, {messages} messages")
            save(of_month(made, postgres_seconds() - servers), folder)

        made.on_day = on_day
        made.run()
        record = of_month(made, postgres_seconds() - servers)
    save(record, folder)
    return record


def main() -> int:
    """Runs, compares, prints; 1 when anything is otherwise than in the script."""
    parser = argparse.ArgumentParser(prog="python -m bench.month", description=__doc__)
    parser.add_argument("--days", type=float, default=32.5)
    parser.add_argument("--sites", type=int, default=200)
    parser.add_argument("--tickets", type=int, default=100, help="a day")
    parser.add_argument("--every", type=int, default=5, choices=(5, 10, 15, 30))
    parser.add_argument("--real-minutes", type=int, default=120, help="of really asked sites")
    parser.add_argument("--folder", type=Path, help="keep configuration, pages and record here")
    parser.add_argument("--store", help="the address of an empty database, on either kind")
    parser.add_argument("--judge", action="store_true", help="what an earlier run left")
    parser.add_argument("--prune", action="store_true", help="at the end, and compare again")
    parser.add_argument("--smallest", action="store_true", help="the weekend of the change alone")
    asked = parser.parse_args()
    script = month(
        days=asked.days,
        sites=asked.sites,
        tickets=asked.tickets,
        every=asked.every,
        real_minutes=asked.real_minutes,
    )
    if asked.smallest:
        script = weekend()
    console = Console(width=120 if not sys.stdout.isatty() else None)
    console.print(f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}")
    with ExitStack() as stack:
        folder = asked.folder or Path(stack.enter_context(TemporaryDirectory()))
        address = asked.store
        if address is None:
            address = stack.enter_context(emptied(stack.enter_context(server()), DATABASE))
        record = load(folder) if asked.judge else run(script, address, folder, console)
        engine = make_engine(address)
        found = Found(record, engine, folder / "config")
        verdict = judge(found, Verdict())
        noticed = notices_faults(found)
        if asked.prune:
            removed = compare_pruned(found, verdict)
            console.print(f"{removed:,} checks removed")
        show(console, record, engine, verdict)
        if not asked.smallest:
            show_pages(console, record, engine, folder / "config")
        engine.dispose()
    targets = [
        (f"{what}: all {count:,} as in the script", not verdict.wrong[what])
        for what, count in verdict.compared.items()
    ]
    targets.append(("what is lost, doubled, unknown or late would be noticed", noticed))
    # Whether something was lost does not depend on how large the month is.
    return conclude(console, targets, smallest=False)


if __name__ == "__main__":
    os.nice(5)
    raise SystemExit(main())
