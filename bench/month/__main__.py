"""A month of an agency in fast time, through every flow."""

from __future__ import annotations

import argparse
import os
import pickle
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.month.agency import configure
from bench.month.helpdesk import fake_zendesk, quick
from bench.month.prober import Answers, Clock, answering, websites
from bench.month.running import Month
from bench.month.script import Script, month, weekend
from bench.month.sink import sink
from bench.report import emptied
from bench.sweep import server
from rich.console import Console

from supportops.db.engine import make_engine
from supportops.db.migrate import upgrade
from supportops.flows import active_configuration
from config.remembering import remembered

active_configuration.check = remembered(active_configuration.check)


@contextmanager
def running(script: Script, address: str, folder: Path, console: Console) -> Iterator[Month]:
    clock = Clock(script.start)
    engine = make_engine(address)
    upgrade(engine)
    with sink(clock) as ends, fake_zendesk() as fake, websites(script, clock) as sites:
        quick(fake)
        fake.now = script.start.timestamp()
        configure(folder / "config", script, sites)
        made = Month(engine, address, folder, script, clock, ends, fake)
        with answering(Answers(script, clock)):
            yield made
    engine.dispose()


def main() -> int:
    console = Console()
    kind, address, folder = sys.argv[1:4]
    script = weekend() if kind == "weekend" else month(days=float(kind), every=int(os.environ.get("EVERY", "5")), real_minutes=int(os.environ.get("REAL", "120")))
    with running(script, address, Path(folder), console) as made:
        began = [time.perf_counter(), time.process_time()]

        def on_day(day: int) -> None:
            console.print(f"day {day}: {time.perf_counter() - began[0]:.0f} s, {time.process_time() - began[1]:.0f} s CPU, {len(made.sink.arrivals)} arrivals")
            with open(Path(folder) / "arrivals.pickle.new", "wb") as f:
                pickle.dump((script, made.sink.arrivals, made.people.numbers, dict(made.meter.costs), made.notes, made.clock.now), f)
            os.replace(Path(folder) / "arrivals.pickle.new", Path(folder) / "arrivals.pickle")
        made.on_day = on_day
        made.run()
        on_day(-1)
        for flow in made.meter.costs:
            c = made.meter.total(flow)
            console.print(f"{flow:20} {c.runs:6} {c.cpu:8.1f} {c.mean*1000:7.1f} ms {c.longest:.2f}")
    return 0


raise SystemExit(main())
