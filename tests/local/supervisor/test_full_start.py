"""The whole of it, once: what `make demo` starts, in a checkout of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Timer

import psutil
import pytest

from supportops.local.supervisor.airflow_api import AirflowApi
from supportops.local.supervisor.port import free_from

ROOT = Path(__file__).parents[3]
PARTS = ("dags", "plugins", "include")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for part in PARTS:
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / part, tmp_path / part, ignore=ignore)
    return tmp_path


def command(checkout: Path, port: int) -> tuple[list[str], dict[str, str]]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW_")}
    environment = inherited | {
        "PYTHONPATH": str(checkout / "include"),
        "HOME": str(checkout),
        "SUPPORTOPS_PORT": str(port),
    }
    return [sys.executable, "-m", "supportops.local", "up", "--demo"], environment


@pytest.fixture
def demo(checkout: Path) -> Iterator[subprocess.Popen[str]]:
    argv, environment = command(checkout, free_from(28080))
    process = subprocess.Popen(
        argv,
        cwd=checkout,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    yield process
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)


def output_until(process: subprocess.Popen[str], words: str, seconds: float = 240) -> str:
    """What it printed until `words` stood in a line."""
    assert process.stdout is not None
    lines: list[str] = []
    too_late = Timer(seconds, process.terminate)  # which ends what it prints
    too_late.start()
    try:
        for line in process.stdout:
            lines.append(line)
            if words in line:
                return "".join(lines)
    finally:
        too_late.cancel()
    raise AssertionError(
        f"no {words!r} within {seconds:.0f} s, or before it ended:\n" + "".join(lines)
    )


def of_this_checkout(checkout: Path) -> set[psutil.Process]:
    """Processes that carry the checkout's address, in their environment or command line."""
    found = set()
    for process in psutil.process_iter():
        try:
            words = [*process.environ().values(), *process.cmdline()]
        except psutil.Error:
            continue
        if process.pid != os.getpid() and any(str(checkout) in word for word in words):
            found.add(process)
    return found


def backfill_sends_nothing(api: AirflowApi, store: Path) -> None:
    """A Monday a year ago, through Airflow's own backfill: drafts, as of that Monday."""
    before = reports(store)
    backfill = {
        "dag_id": "weekly_report",
        "from_date": "2025-11-10T00:00:00Z",
        "to_date": "2025-11-11T00:00:00Z",
    }
    made = api._call("POST", "/backfills", json=backfill)
    deadline = time.monotonic() + 120
    while api._call("GET", f"/backfills/{made['id']}")["completed_at"] is None:
        assert time.monotonic() < deadline, "the backfill did not end"
        time.sleep(1)
    new = [row for row in reports(store) if row not in before]
    found = {row[:2] for row in new if row[0].startswith("2025")}
    assert found == {("2025-W45", "2025-11-10 08:00:00")}
    assert not any(issued for *_, issued in new)


def reports(store: Path) -> list[tuple[str, str, str, bool]]:
    """Period, as of when, audience, and whether it was issued."""
    query = (
        "SELECT period, datetime(as_of / 1000000, 'unixepoch'), audience, issued_at IS NOT NULL "
        "FROM reports ORDER BY id"
    )
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
        return [(*row[:3], bool(row[3])) for row in connection.execute(query)]


# It takes three minutes beside another worker's tests on two cores.
@pytest.mark.timeout(420)
def test_everything_starts_is_green_and_leaves_nothing_behind(
    checkout: Path, demo: subprocess.Popen[str]
) -> None:
    output = output_until(demo, "Ctrl-C ends everything.")
    running = json.loads((checkout / ".local/demo" / "running.json").read_text())
    secrets = json.loads((checkout / ".local/demo" / "secrets.json").read_text())
    api = AirflowApi(running["url"], secrets["admin_password"])

    assert api.unhealthy() == []
    assert api.import_errors() == {}
    dags = api.dags()
    assert dags.keys() == {path.stem for path in (checkout / "dags").glob("*.py")}
    assert not any(dag["is_paused"] for dag in dags.values())
    assert "First check of the demo sites: success." in output
    assert "First sweep of the demo tickets: success." in output
    assert re.search(r"Demo tickets: \d{3} new tickets", output)
    assert running["url"] in output
    assert f"admin / {secrets['admin_password']}" in output

    assert "First daily report, to the inbox: success." in output
    assert "First weekly report, to the inbox: success." in output
    if "Bluebird Books, SLA week" not in output:
        output_until(demo, "Bluebird Books, SLA week")
    backfill_sends_nothing(api, checkout / ".local/demo/supportops.db")

    argv, environment = command(checkout, free_from(28080))
    second = subprocess.run(argv, cwd=checkout, env=environment, capture_output=True, text=True)
    assert second.returncode == 2
    assert f"it runs here already, at {running['url']}" in second.stdout

    family = set(psutil.Process(demo.pid).children(recursive=True))
    assert len(family) > 6
    demo.send_signal(signal.SIGTERM)
    demo.communicate(timeout=60)  # reads on: what arrives in the inbox must not fill the pipe
    assert demo.returncode == 0
    assert [p for p in family | of_this_checkout(checkout) if p.is_running()] == []
