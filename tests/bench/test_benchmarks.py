"""Every benchmark runs, at its smallest size: a figure in the docs comes from code that works."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What a benchmark starts, what two of them share, and what writes the demo's story.
PARTS = {"board_store", "demo_story", "targets"}
BENCHMARKS = sorted({path.stem for path in (ROOT / "bench").glob("*.py")} - PARTS)


def test_make_bench_runs_every_benchmark() -> None:
    recipe = (ROOT / "Makefile").read_text().split("\nbench:")[1].split("\n\n")[0]
    assert {f"bench.{name}" for name in BENCHMARKS} == {
        word for word in recipe.split() if word.startswith("bench.")
    }


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_runs_at_its_smallest_size(name: str, postgres_server: str) -> None:
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join((str(ROOT / "include"), str(ROOT))),
        "SUPPORTOPS_TEST_POSTGRES": postgres_server,
    }
    done = subprocess.run(
        [sys.executable, "-m", f"bench.{name}", "--smallest"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert done.stdout.strip()
