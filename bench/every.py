"""Runs every benchmark, one after another, and reports all that was missed at the end.

    python -m bench.every [--only probe --only clocks] [--to docs/benchmarks.json]

Writes which target was met on which machine, with which versions, and how busy the machine was by
itself before each benchmark. A target that was met on a busy machine is not judged: its figure says
nothing about a quiet one. A missed one stays missed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

BUSY = 15.0
"""Per cent of all cores that others may take before a benchmark."""
_SAMPLE = 3.0
_FOLDER = Path(__file__).parent
# What benchmarks start or share.
PARTS = {"board_store", "demo_story", "every", "targets"}
# What takes hours when it is whole: of these `make bench` runs the smallest size.
BY_HAND = {"month"}
_PACKAGES = ("apache-airflow", "numpy", "pandas", "sqlalchemy", "psycopg", "pycurl", "typst")
_LINE = re.compile(r"^(met|MISSED|not judged:)\s+(.*)$")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`verdict`: "met", "missed", "not judged" or "failed", of the benchmark as a whole."""

    benchmark: str
    target: str
    verdict: str
    busy: float


def names() -> list[str]:
    """The benchmarks, by name."""
    above = {path.stem for path in _FOLDER.glob("*.py")} - PARTS
    folders = {path.parent.name for path in _FOLDER.glob("*/__main__.py")}
    below = {f"publishing.{path.stem}" for path in _FOLDER.glob("publishing/*.py")}
    return sorted(above | folders | below)


def run(name: str, *, smallest: bool) -> list[Verdict]:
    """Runs one benchmark, shows its output, and reads its verdicts."""
    busy = psutil.cpu_percent(_SAMPLE)
    arguments = ["--smallest"] if smallest or name in BY_HAND else []
    verdicts: list[Verdict] = []
    with subprocess.Popen(
        [sys.executable, "-m", f"bench.{name}", *arguments],
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            print(line, end="", flush=True)
            verdicts += _verdict(name, line, busy)
    if child.returncode and not any(each.verdict == "missed" for each in verdicts):
        verdicts.append(Verdict(name, f"exit code {child.returncode}", "failed", busy))
    return verdicts


def _verdict(name: str, line: str, busy: float) -> Iterator[Verdict]:
    found = _LINE.match(_COLOURS.sub("", line).strip())
    if found is None:
        return
    if found[1] == "MISSED":
        yield Verdict(name, found[2], "missed", busy)
    else:
        judged = found[1] == "met" and busy <= BUSY
        yield Verdict(name, found[2], "met" if judged else "not judged", busy)


def machine() -> dict[str, object]:
    """What the figures depend on."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "processor": platform.machine(),
        "system": platform.platform(),
        "memory_megabytes": psutil.virtual_memory().total // 1_000_000,
        "python": platform.python_version(),
        "versions": {name: version(name) for name in _PACKAGES},
    }


def main() -> int:
    """1 when a target was missed or a benchmark failed."""
    parser = argparse.ArgumentParser(prog="python -m bench.every", description=__doc__)
    parser.add_argument("--only", action="append", choices=names(), default=[])
    parser.add_argument("--to", type=Path, default=_FOLDER.parent / "docs" / "benchmarks.json")
    parser.add_argument("--smallest", action="store_true", help="smallest sizes, nothing judged")
    asked = parser.parse_args()
    found: list[Verdict] = []
    for name in asked.only or names():
        found += run(name, smallest=asked.smallest)
    written = {"machine": machine(), "results": [asdict(each) for each in found]}
    asked.to.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    bad = [each for each in found if each.verdict in ("missed", "failed")]
    _show(found)
    return 1 if bad else 0


def _show(found: list[Verdict]) -> None:
    table = Table("benchmark", "target", "verdict", "machine busy", box=None)
    for each in found:
        table.add_row(each.benchmark, each.target, each.verdict, f"{each.busy:.0f} %")
    Console().print(table)


if __name__ == "__main__":
    raise SystemExit(main())
