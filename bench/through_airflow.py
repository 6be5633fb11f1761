"""From the five-minute tick to the delivered alert, through a whole Airflow on this machine.

    python -m bench.through_airflow [--sites 200]

Copies the project to a scratch folder, starts it there as `make up` does on 200 farm sites of
which one begins to refuse connections just before a tick. Prints the seconds from tick to
delivery, and the CPU seconds that the run costs above what an idle Airflow burns. Takes about
eight minutes: the tick is Airflow's own.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
from bench.farm import farm
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
PARTS = ("dags", "plugins", "include")
INTERVAL = 300
IDLE_SECONDS = 60
BUSY_SECONDS = 100

ALERTS = """
receivers: {team: [{name: team_chat, channel: chat, secret: apprise_bench}]}
routes: [{name: all, match: {kind: [outage, host_outage, blind]}, steps: [{receivers: [team]}]}]
"""


class Local:
    """A website that answers until it is closed, and a receiver that notes when first told."""

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


def sites_yaml(urls: list[str]) -> str:
    lines = ["servers: {min_sites: 1000}", "sites:"]
    for number, url in enumerate(urls):
        lines.append(
            f"  - {{name: site {number}, customer: farm, url: '{url}', allow_private: true}}"
        )
    return "\n".join(lines) + "\n"


@contextlib.contextmanager
def installation(urls: list[str], receiver: Local) -> Iterator[psutil.Process]:
    """The project in a scratch folder, up on these sites; ended and removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="supportops-bench-") as scratch:
        for part in PARTS:
            shutil.copytree(ROOT / part, Path(scratch, part))
        Path(scratch, "include/config/sites.yaml").write_text(sites_yaml(urls))
        Path(scratch, "include/config/alerts.yaml").write_text(ALERTS)
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
            yield psutil.Process(started.pid)
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sites", type=int, default=200)
    wanted = parser.parse_args().sites
    console = Console()
    receiver, site = Local(), Local()
    with farm() as grown:
        urls = grown.urls(wanted, scheme="http", hanging=0.0)
        urls[wanted // 2] = site.url("http")
        with installation(urls, receiver) as top:
            tick = (time.time() // INTERVAL + 1) * INTERVAL
            # A tick that is about to come would fall into the start; the next one is clean.
            tick += INTERVAL if tick - time.time() < IDLE_SECONDS + 30 else 0
            sleep_until(tick - IDLE_SECONDS - 5)
            before, idle_from = cpu_seconds(top), time.time()
            sleep_until(tick - 5)
            idle = (cpu_seconds(top) - before) / (time.time() - idle_from)
            site.close()
            at_tick, busy_from = cpu_seconds(top), time.time()
            with console.status(
                f"waiting for the run of {datetime.fromtimestamp(tick, UTC):%H:%M}"
            ):
                sleep_until(tick + BUSY_SECONDS)
            used = cpu_seconds(top) - at_tick - idle * (time.time() - busy_from)
            memory = memory_mb(top)
    table = Table("what", "figure", title=f"{wanted} sites, one down, through Airflow")
    delivered = None if receiver.arrived is None else receiver.arrived - tick
    shown = "not within the wait" if delivered is None else f"{delivered:.1f} s"
    table.add_row("tick to delivered alert (40 s of it confirmation)", shown)
    table.add_row("CPU of one run with its dispatch, above idle", f"{used:.1f} s")
    table.add_row("CPU of an idle Airflow", f"{100 * idle:.0f} % of one core")
    table.add_row("memory of the whole installation (proportional)", f"{memory:.0f} MB")
    console.print(table)
    return 0 if delivered is not None and delivered <= 90 else 1


if __name__ == "__main__":
    sys.exit(main())
