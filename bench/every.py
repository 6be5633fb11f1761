"""Runs every benchmark, the most telling first, and reports all that was missed at the end.

    python -m bench.every [--only probe --only clocks] [--minutes 25] [--to docs/benchmarks.json]

Each benchmark has a time at which it is stopped, and `--minutes` bounds all of them together:
those that were not begun by then are listed as not run. One that crashes or is stopped is listed as
failed, and the next one runs. The file is written anew after each.

It says on which machine, with which versions and at which load each target was met or missed.
What others took of the machine is measured before and after each benchmark: above BUSY no target
is called met, for its figure says nothing about a quiet machine. A missed one stays missed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from threading import Timer
from time import monotonic

import psutil
from bench.figures.machine import machine
from rich.console import Console
from rich.table import Table

BUSY = 15.0
"""Per cent of all cores that others may take before and after a benchmark."""
_SAMPLE = 2.0
_FOLDER = Path(__file__).parent
# What benchmarks start or share, and what computes from their figures.
PARTS = {
    *("board_store", "demo_story", "every", "targets"),
    *("figures.machine", "figures.scaling"),
}
# What takes hours when it is whole: of these `make bench` runs the smallest size.
BY_HAND = {"month"}
# A stopped benchmark ends its database; for so long before it is killed.
_SECONDS_TO_END = 30.0
_LINE = re.compile(r"^(met|MISSED|not judged:)\s+(.*)$")
_FIGURE = re.compile(r"^figure\s+([a-z_0-9]+)\s+([-+.e0-9]+)\s+(.*)$")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Planned:
    """A benchmark, the minutes after which it is stopped, and its arguments."""

    name: str
    minutes: float = 5.0
    arguments: tuple[str, ...] = ()


# Those that are not named here come last.
PLAN = (
    Planned("probe", 7, ("--brief",)),
    Planned("report", 9, ("--weeks", "2")),
    Planned("board", 6),
    Planned("storm", 3),
    Planned("clocks", 5),
    Planned("figures.costs", 3),
    Planned("availability", 5),
    Planned("sweep", 4, ("--rounds", "4")),
    Planned("publishing.status_pages", 4),
    Planned("publishing.monthly", 5),
    Planned("publishing.pushes", 3),
    Planned("publishing.notices", 4),
    Planned("publishing.domains", 3),
    Planned("hanging_server", 4),
    Planned("pruning", 4),
    Planned("mailbox", 5, ("--messages", "150", "--kills", "6")),
    Planned("tickets", 5),
    Planned("through_airflow", 12),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`verdict`: "met", "missed", "not judged", "failed" or "not run", the latter two of the
    benchmark as a whole."""

    benchmark: str
    target: str
    verdict: str


@dataclass(slots=True)
class Ran:
    """What one benchmark gave. `busy`: per cent of all cores that others took, the larger of
    before and after; `load`: that of the last minute, before and after; `figures`: by name."""

    benchmark: str
    seconds: float = 0.0
    busy: float = 0.0
    load: tuple[float, float] = (0.0, 0.0)
    verdicts: list[Verdict] = field(default_factory=list)
    figures: dict[str, dict[str, object]] = field(default_factory=dict)


def names() -> list[str]:
    """The benchmarks, by name, in the order in which they run."""
    found = {path.stem for path in _FOLDER.glob("*.py")}
    found |= {path.parent.name for path in _FOLDER.glob("*/__main__.py")}
    for folder in ("publishing", "figures"):
        found |= {f"{folder}.{path.stem}" for path in _FOLDER.glob(f"{folder}/*.py")}
    found -= PARTS
    first = [each.name for each in PLAN if each.name in found]
    return [*first, *sorted(found - set(first))]


def planned(name: str) -> Planned:
    return next((each for each in PLAN if each.name == name), Planned(name))


def command_of(plan: Planned, *, smallest: bool) -> list[str]:
    arguments = ("--smallest",) if smallest or plan.name in BY_HAND else plan.arguments
    return [sys.executable, "-m", f"bench.{plan.name}", *arguments]


def run(name: str, command: list[str], seconds: float) -> Ran:
    """Runs one benchmark, shows its output, and reads its verdicts. Never raises for its sake."""
    ran = Ran(name)
    before, load, started = psutil.cpu_percent(_SAMPLE), os.getloadavg()[0], monotonic()
    environment = {**os.environ, "COLUMNS": "200"}  # Rich would break a verdict's line
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, start_new_session=True, env=environment
    ) as child:
        assert child.stdout is not None
        with _stopped_after(child, seconds) as was_stopped:
            for line in child.stdout:
                print(line, end="", flush=True)
                _take(ran, _COLOURS.sub("", line).strip())
            child.wait()
    ran.seconds = round(monotonic() - started, 1)
    ran.busy = max(before, psutil.cpu_percent(_SAMPLE))
    ran.load = (round(load, 2), round(os.getloadavg()[0], 2))
    if ran.busy > BUSY:
        ran.verdicts = [
            replace(each, verdict="not judged") if each.verdict == "met" else each
            for each in ran.verdicts
        ]
    if was_stopped():
        ran.verdicts.append(Verdict(name, f"stopped after {seconds / 60:.1f} minutes", "failed"))
    elif child.returncode and not any(each.verdict == "missed" for each in ran.verdicts):
        ran.verdicts.append(Verdict(name, f"exit code {child.returncode}", "failed"))
    return ran


@contextmanager
def _stopped_after(child: subprocess.Popen[str], seconds: float) -> Iterator[Callable[[], bool]]:
    """Interrupts `child` after `seconds`, and kills its session if it goes on all the same."""
    stopped: list[bool] = []

    def stop(number: int) -> None:
        if child.poll() is None:
            stopped.append(True)
            os.killpg(child.pid, number)

    timers = [
        Timer(seconds, stop, [signal.SIGINT]),
        Timer(seconds + _SECONDS_TO_END, stop, [signal.SIGKILL]),
    ]
    for timer in timers:
        timer.daemon = True
        timer.start()
    try:
        yield lambda: bool(stopped)
    finally:
        for timer in timers:
            timer.cancel()


def _take(ran: Ran, line: str) -> None:
    if found := _FIGURE.match(line):
        ran.figures[found[1]] = {"value": float(found[2]), "unit": found[3]}
    elif found := _LINE.match(line):
        verdict = {"MISSED": "missed", "met": "met"}.get(found[1], "not judged")
        ran.verdicts.append(Verdict(ran.benchmark, found[2], verdict))


def run_all(
    plans: list[Planned], minutes: float, write: Callable[[list[Ran]], None], *, smallest: bool
) -> list[Ran]:
    """Runs them in turn for at most `minutes` together, and writes after each."""
    until = monotonic() + minutes * 60
    found: list[Ran] = []
    for plan in plans:
        left = until - monotonic()
        if left < 1:
            verdict = Verdict(plan.name, f"the {minutes:g} minutes were over", "not run")
            found.append(Ran(plan.name, verdicts=[verdict]))
        else:
            seconds = min(left, plan.minutes * 60)
            found.append(run(plan.name, command_of(plan, smallest=smallest), seconds))
        write(found)
    return found


def main() -> int:
    """1 when a target was missed or a benchmark failed."""
    parser = argparse.ArgumentParser(prog="python -m bench.every", description=__doc__)
    parser.add_argument("--only", action="append", choices=names(), default=[])
    parser.add_argument("--minutes", type=float, default=60.0, help="for all together")
    parser.add_argument("--to", type=Path, default=_FOLDER.parent / "docs" / "benchmarks.json")
    parser.add_argument("--smallest", action="store_true", help="smallest sizes, nothing judged")
    asked = parser.parse_args()

    def write(found: list[Ran]) -> None:
        written = {"machine": machine(), "results": [asdict(each) for each in found]}
        text = json.dumps(written, indent=1, ensure_ascii=False) + "\n"
        asked.to.write_text(text, encoding="utf-8")

    plans = [planned(name) for name in names() if name in (asked.only or names())]
    found = run_all(plans, asked.minutes, write, smallest=asked.smallest)
    show(Console(), found)
    verdicts = [each.verdict for ran in found for each in ran.verdicts]
    return 1 if {"missed", "failed"} & set(verdicts) else 0


def show(console: Console, found: list[Ran]) -> None:
    """A table of all, then what was missed, failed or not run."""
    table = Table("benchmark", "target", "verdict", "others took", "load", "seconds", box=None)
    for ran in found:
        for each in ran.verdicts:
            load = f"{ran.load[0]:.1f} to {ran.load[1]:.1f}"
            words = (each.benchmark, each.target, each.verdict)
            table.add_row(*words, f"{ran.busy:.0f} %", load, f"{ran.seconds:.0f}")
    console.print(table)
    verdicts = [each for ran in found for each in ran.verdicts]
    for each in verdicts:
        if each.verdict in ("missed", "failed", "not run"):
            console.print(f"{each.verdict}: {each.benchmark}: {each.target}", soft_wrap=True)
    if any(each.verdict == "not judged" for each in verdicts):
        console.print(f"not judged: others took over {BUSY:.0f} % of the cores, or smallest sizes")


if __name__ == "__main__":
    raise SystemExit(main())
