"""From the five-minute tick to the delivered alert, through a whole Airflow on this machine.

    python -m bench.through_airflow [--sites 200]

Copies the project to a scratch folder, starts it there as `make up` does on 200 farm sites of
which one begins to refuse connections just before a tick. Prints the seconds from tick to
delivery, and the CPU seconds that the run costs above what an idle Airflow uses. Takes about
eight minutes: the tick is Airflow's own. `--smallest` proves that the benchmark still runs: six
sites, and a run that is triggered instead of waited for.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
from bench.probing.farm import farm
from rich.console import Console
from rich.table import Table

from supportops.local.supervisor.airflow_api import AirflowApi

ROOT = Path(__file__).parents[1]
PARTS = ("dags", "plugins", "include")
INTERVAL = 300
IDLE_SECONDS = 60
BUSY_SECONDS = 100
SITES = 200
SMALLEST = 6

ALERTS = """
receivers: {team: [{name: team_chat, channel: chat, secret: apprise_bench}]}
routes: [{name: all, match: {kind: [outage, host_outage, blind]}, steps: [{receivers: [team]}]}]
"""


class Local:
    """A website that answers until it is closed, and a receiver that notes its first message."""

    def __init__(self) -> None:
        self.arrived: float | None = None
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()

            def do_POST(self) -> None:
                receiver.arrived = receiver.arrived or time.time()
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, scheme: str) -> str:
        return f"{scheme}://127.0.0.1:{self.server.server_port}/bench"

    def close(self) -> None:
        """Nobody listens there any more: connections are refused."""
        self.server.shutdown()
        self.server.server_close()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def sites_yaml(urls: list[str], confirm_after: str) -> str:
    lines = [f"check: {{confirm_after: {confirm_after}}}", "servers: {min_sites: 1000}", "sites:"]
    for number, url in enumerate(urls):
        lines.append(
            f"  - {{name: site {number}, customer: farm, url: '{url}', allow_private: true}}"
        )
    return "\n".join(lines) + "\n"


@contextlib.contextmanager
def installation(sites: str, receiver: Local) -> Iterator[tuple[psutil.Process, Path]]:
    """The project in a scratch folder, up on these sites; ended and removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="supportops-bench-") as scratch:
        for part in PARTS:
            shutil.copytree(ROOT / part, Path(scratch, part))
        Path(scratch, "include/config/sites.yaml").write_text(sites)
        Path(scratch, "include/config/alerts.yaml").write_text(ALERTS)
        # The shipped one sends reports to receivers that these alerts do not name.
        Path(scratch, "include/config/reports.yaml").unlink()
        environment = os.environ | {
            "PYTHONPATH": str(Path(scratch, "include")),
            "SUPPORTOPS_PORT": str(free_port()),
            "AIRFLOW_CONN_APPRISE_BENCH": receiver.url("json"),
        }
        started = subprocess.Popen(
            [sys.executable, "-m", "supportops.local", "up"],
            cwd=scratch,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert started.stdout is not None
            for line in started.stdout:
                if "Ctrl-C ends everything" in line:
                    break
            else:
                raise SystemExit("the installation did not come up; run `make up` to see why")
            go_live = [sys.executable, "-m", "supportops.cli.main", "go-live", "--yes"]
            subprocess.run(go_live, cwd=scratch, env=environment, check=True, capture_output=True)
            yield psutil.Process(started.pid), Path(scratch)
        finally:
            started.terminate()
            started.wait()


def cpu_seconds(top: psutil.Process) -> float:
    """CPU that the process tree has used, finished children of live parents included."""
    total = 0.0
    for process in [top, *top.children(recursive=True)]:
        with contextlib.suppress(psutil.Error):
            used = process.cpu_times()
            total += used.user + used.system + used.children_user + used.children_system
    return total


def memory_mb(top: psutil.Process) -> float:
    """Proportional memory of the tree: pages shared by forks are counted once."""
    total = 0
    for process in [top, *top.children(recursive=True)]:
        with contextlib.suppress(psutil.Error):
            total += process.memory_full_info().pss
    return total / 1e6


def sleep_until(instant: float) -> None:
    time.sleep(max(0.0, instant - time.time()))


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds from tick to delivery (None: not within the wait), CPU seconds, MB."""

    delivered: float | None
    cpu: float
    idle: float
    memory: float


def measured(top: psutil.Process, site: Local, receiver: Local, console: Console) -> Figures:
    """One run at Airflow's own tick, above what an idle Airflow uses in the minute before."""
    tick = (time.time() // INTERVAL + 1) * INTERVAL
    # A tick that is about to come would fall into the start; the next one is clean.
    tick += INTERVAL if tick - time.time() < IDLE_SECONDS + 30 else 0
    sleep_until(tick - IDLE_SECONDS - 5)
    before, idle_from = cpu_seconds(top), time.time()
    sleep_until(tick - 5)
    idle = (cpu_seconds(top) - before) / (time.time() - idle_from)
    site.close()
    at_tick, busy_from = cpu_seconds(top), time.time()
    with console.status(f"waiting for the run of {datetime.fromtimestamp(tick, UTC):%H:%M}"):
        sleep_until(tick + BUSY_SECONDS)
    used = cpu_seconds(top) - at_tick - idle * (time.time() - busy_from)
    delivered = None if receiver.arrived is None else receiver.arrived - tick
    return Figures(delivered, used, idle, memory_mb(top))


def triggered(top: psutil.Process, scratch: Path, site: Local, receiver: Local) -> Figures:
    """One run that is asked for, until its alert arrives."""
    running = json.loads((scratch / ".local/running.json").read_text())
    secrets = json.loads((scratch / ".local/secrets.json").read_text())
    site.close()
    asked, before = time.time(), cpu_seconds(top)
    AirflowApi(running["url"], secrets["admin_password"]).trigger("site_check")
    while receiver.arrived is None and time.time() < asked + BUSY_SECONDS:
        time.sleep(0.2)
    delivered = None if receiver.arrived is None else receiver.arrived - asked
    return Figures(delivered, cpu_seconds(top) - before, 0.0, memory_mb(top))


def main() -> int:
    """Measures, prints; 1 when the alert came too late."""
    parser = argparse.ArgumentParser(prog="python -m bench.through_airflow", description=__doc__)
    parser.add_argument("--sites", type=int)
    parser.add_argument("--smallest", action="store_true", help="six sites, no wait for a tick")
    options = parser.parse_args()
    count = options.sites or (SMALLEST if options.smallest else SITES)
    console = Console()
    receiver, site = Local(), Local()
    with farm() as grown:
        urls = grown.urls(count, scheme="http", hanging=0.0)
        urls[count // 2] = site.url("http")
        confirm_after = "[1s]" if options.smallest else "[10s, 30s]"
        with installation(sites_yaml(urls, confirm_after), receiver) as (top, scratch):
            if options.smallest:
                figures = triggered(top, scratch, site, receiver)
            else:
                figures = measured(top, site, receiver, console)
    console.print(shown(figures, count))
    return 0 if figures.delivered is not None and figures.delivered <= 90 else 1


def shown(figures: Figures, sites: int) -> Table:
    table = Table("what", "figure", title=f"{sites} sites, one down, through Airflow")
    delivered = figures.delivered
    arrival = "not within the wait" if delivered is None else f"{delivered:.1f} s"
    table.add_row("tick to delivered alert (40 s of it confirmation)", arrival)
    table.add_row("CPU of one run with its dispatch, above idle", f"{figures.cpu:.1f} s")
    table.add_row("CPU of an idle Airflow", f"{100 * figures.idle:.0f} % of one core")
    table.add_row("memory of the whole installation (proportional)", f"{figures.memory:.0f} MB")
    return table


if __name__ == "__main__":
    sys.exit(main())
