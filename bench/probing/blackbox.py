"""prometheus-blackbox-exporter on the same list: called over its own HTTP interface.

The CPU is the exporter's alone, from its first probe to its last; the client that calls it is
not counted.
"""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import local
from urllib.parse import quote

import psutil
from bench.probing.farm import TEXT
from bench.probing.prober import Job, Measured, measured

PROGRAM = "prometheus-blackbox-exporter"
CONFIGURATION = """
modules:
  site:
    prober: http
    timeout: {deadline}s
    http:
      preferred_ip_protocol: ip4
      follow_redirects: true
      enable_http2: false
      fail_if_body_not_matches_regexp: ["{text}"]
      tls_config: {{ca_file: {authority}}}
"""


def installed() -> bool:
    return shutil.which(PROGRAM) is not None


def run(job: Job) -> Measured:
    with tempfile.TemporaryDirectory(prefix="blackbox-") as folder:
        configuration = Path(folder) / "blackbox.yml"
        configuration.write_text(
            CONFIGURATION.format(deadline=job.deadline, text=TEXT, authority=job.authority)
        )
        port = _free_port()
        command = [
            PROGRAM,
            f"--config.file={configuration}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--timeout-offset=0",
            "--log.level=error",
        ]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            return _measure(process.pid, port, job)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)


def _measure(pid: int, port: int, job: Job) -> Measured:
    _wait_for(port)
    exporter = psutil.Process(pid)
    client = _Client(port, job.deadline)
    client.check(job.urls[-1])
    before, started = _cpu(exporter), time.monotonic()
    with ThreadPoolExecutor(job.in_flight) as pool:
        good = list(pool.map(client.check, job.urls))
    wall = time.monotonic() - started
    return measured(job, good, _cpu(exporter) - before, wall, _peak_mb(pid))


def _cpu(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system)


def _peak_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


class _Client:
    """Calls the exporter over persistent connections, one a thread, as Prometheus does."""

    def __init__(self, port: int, deadline: float) -> None:
        self._port = port
        self._timeout = deadline + 5
        self._own = local()

    def check(self, url: str) -> bool:
        if not hasattr(self._own, "connection"):
            self._own.connection = http.client.HTTPConnection(
                "127.0.0.1", self._port, timeout=self._timeout
            )
        connection: http.client.HTTPConnection = self._own.connection
        connection.request("GET", f"/probe?module=site&target={quote(url, safe='')}")
        return b"\nprobe_success 1\n" in connection.getresponse().read()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def _wait_for(port: int) -> None:
    for _ in range(100):
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise OSError(f"{PROGRAM} did not start (pid {os.getpid()})")
