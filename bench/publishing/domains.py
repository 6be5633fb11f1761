"""What the daily check of the domains of 200 sites takes.

    python -m bench.publishing.domains [--domains 200]

A name server and a registry's HTTPS server on this machine answer at once, so that the time is this
program's own: the look-ups of each domain's registration, records and mail, and what it records in
PostgreSQL. Then the same again when nothing is due.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from bench.report import emptied
from bench.storm import CONFIG
from bench.sweep import server
from bench.targets import conclude, show_figure
from rich.console import Console

from supportops.context import Context
from supportops.db.engine import make_engine
from supportops.flows.sites import domain_check
from supportops.local.demo import registry

NOW = datetime(2026, 4, 7, 5, 20, tzinfo=UTC)
MOST_SECONDS, MOST_IDLE = 60.0, 2.0


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind((registry.ADDRESS, 0))
        return int(sock.getsockname()[1])


@contextmanager
def answering(folder: Path, names: int, https: int) -> Iterator[None]:
    """The name server and the registry, in a thread."""
    loop = asyncio.new_event_loop()
    serving = loop.create_task(registry.serve(folder, names, https, lambda: ()))

    def run() -> None:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(serving)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        while not _listens(https):
            time.sleep(0.05)
        yield
    finally:
        loop.call_soon_threadsafe(serving.cancel)
        thread.join()
        loop.close()


def _listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex((registry.ADDRESS, port)) == 0


def configure(folder: Path, domains: int, names: int, https: int) -> None:
    """So many sites, each with a domain of its own, and the servers of this machine."""
    for name in ("service_levels", "alerts", "triage"):
        (folder / f"{name}.yaml").write_text((CONFIG / f"{name}.yaml").read_text())
    found = [f"agency-{n}.com" for n in range(domains)]
    sites = [
        {"name": f"site {n}", "customer": f"Customer {n % 200}", "url": f"https://www.{name}/"}
        for n, name in enumerate(found)
    ]
    checked = {
        "resolvers": [f"{registry.ADDRESS}:{names}"],
        "registries": {
            "list": f"https://{registry.ADDRESS}:{https}/dns.json",
            "authorities": registry.CERTIFICATE,
            "allow_private": True,
        },
    }
    (folder / "sites.yaml").write_text(yaml.safe_dump({"sites": sites, "domains": checked}))
    registry.write_files(folder, (), datetime.now(UTC))
    ends = {name: (NOW + timedelta(days=400)).isoformat() for name in found}
    (folder / registry.ENDS).write_text(json.dumps(ends))


def measured(context: Context, at: datetime, words: str, console: Console) -> dict[str, Any]:
    """One run; its summary with its `seconds` by the wall and of CPU."""
    began, busy = time.perf_counter(), time.process_time()
    summary = domain_check.run(context, lambda: at)
    wall, cpu = time.perf_counter() - began, time.process_time() - busy
    console.print(
        f"{words}: {wall:.1f} s, {cpu:.1f} s of CPU, {summary['checked']} checked, "
        f"{len(summary['changes'])} changes"
    )
    return summary | {"seconds": wall, "cpu": cpu}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints; 1 when a target was missed."""
    name = "python -m bench.publishing.domains"
    parser = argparse.ArgumentParser(prog=name, description=__doc__)
    parser.add_argument("--domains", type=int, default=200)
    parser.add_argument("--smallest", action="store_true", help="smallest sizes, nothing judged")
    asked = parser.parse_args(arguments)
    if asked.smallest:
        asked.domains = 4
    console = Console()
    console.print(f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}")
    with (
        server() as address,
        emptied(address, "supportops_bench_domains") as url,
        tempfile.TemporaryDirectory() as place,
    ):
        folder = Path(place)
        names, https = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_STREAM)
        configure(folder, asked.domains, names, https)
        engine = make_engine(url)
        context = Context(engine, folder, {}.get)
        with answering(folder, names, https):
            first = measured(context, NOW, f"{asked.domains} domains", console)
            idle = measured(context, NOW + timedelta(hours=1), "nothing due", console)
        engine.dispose()
    show_figure(console, "domain_check_ms_of_cpu", 1000 * first["cpu"] / asked.domains, "ms/domain")
    met = {
        f"{asked.domains} domains in at most {MOST_SECONDS:.0f} s": first["seconds"] <= MOST_SECONDS
        and first["checked"] == asked.domains,
        f"nothing due in at most {MOST_IDLE:.0f} s": idle["seconds"] <= MOST_IDLE,
    }
    return conclude(console, met.items(), smallest=asked.smallest)


if __name__ == "__main__":
    os.nice(5)
    raise SystemExit(main())
