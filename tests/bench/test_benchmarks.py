"""Every benchmark runs, at its smallest size: a figure in the docs comes from code that works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from bench.every import Verdict, _verdict, names

ROOT = Path(__file__).parents[2]
BENCHMARKS = names()


def test_make_bench_runs_every_benchmark() -> None:
    recipe = (ROOT / "Makefile").read_text().split("\nbench:")[1].split("\n\n")[0]
    assert "-m bench.every" in recipe
    assert {"probe", "clocks", "report", "board"} < set(BENCHMARKS)


def test_a_target_met_on_a_busy_machine_is_not_judged_and_a_missed_one_stays_missed() -> None:
    met, missed = "\x1b[32mmet   \x1b[0m under 6 s", "MISSED under 6 s"
    assert list(_verdict("clocks", met, 3.0)) == [Verdict("clocks", "under 6 s", "met", 3.0)]
    assert [v.verdict for v in _verdict("clocks", met, 80.0)] == ["not judged"]
    assert [v.verdict for v in _verdict("clocks", missed, 80.0)] == ["missed"]
    assert [v.verdict for v in _verdict("clocks", "not judged: under 6 s", 0.0)] == ["not judged"]
    assert list(_verdict("clocks", "1,000 tickets", 0.0)) == []


def test_every_benchmark_that_was_run_is_in_the_file_whatever_became_of_it(tmp_path: Path) -> None:
    asked = ["--smallest", "--only", "clocks", "--to", str(tmp_path / "found.json")]
    done = subprocess.run(
        [sys.executable, "-m", "bench.every", *asked],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT / "include"), str(ROOT)))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["machine"]["cores"] == os.cpu_count()
    assert {each["benchmark"] for each in found["results"]} == {"clocks"}
    assert {each["verdict"] for each in found["results"]} == {"not judged"}


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
