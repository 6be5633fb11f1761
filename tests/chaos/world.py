"""An installation with real receivers, a help desk and sites, whose flows run in a worker."""

from __future__ import annotations

import json
import os
import random
import select
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import Engine, text

from builders import SHIPPED, configure
from chaos.receivers import (
    HTTP_FAULTS,
    MAIL_FAULTS,
    UNREACHABLE,
    Arrival,
    HttpReceiver,
    MailReceiver,
    unreachable_port,
)
from supportops.db.engine import make_engine
from tickets.fake_zendesk import AGENT, LOGIN, TOKEN, FakeZendesk, Reset, Status, fake_zendesk

TARGETS = ("team_email", "team_chat")
LONGEST_STEP = 25.0
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
HEADER = "event,ticket,at,kind,author,value,text,subject,requester,priority,site,customer,tags\n"
ALERTS = {
    "receivers": {
        "team": [
            {"name": name, "channel": name.rpartition("_")[2], "secret": name} for name in TARGETS
        ]
    },
    "routes": [{"name": "all", "steps": [{"receivers": ["team"]}], "resolved": True}],
    "limits": {channel: [{"count": 1000, "period": "15m"}] for channel in ("email", "chat")},
    "retry": {"first": "30s", "longest": "5m", "give_up_after": "1d", "alarm_after": 1000,
              "timeout": "1s"},
}  # fmt: skip
REPORTS = {
    "audiences": [
        {"name": "team", "title": "Team", "receivers": ["team"], "reports": ["daily"],
         "formats": [], "sections": ["tiers"]},
    ]
}  # fmt: skip


@dataclass
class World:
    """`down` are the sites that answer 503; `tried` counts the faults by name."""

    store: str
    folder: Path
    chance: random.Random
    worker: subprocess.Popen[str]
    zendesk: FakeZendesk
    receivers: dict[str, Any]
    arrivals: list[Arrival]
    down: set[str] = field(default_factory=set)
    now: datetime = START
    tried: Counter[str] = field(default_factory=Counter)
    usual: dict[str, float] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)
    on_step: Callable[[str], None] = lambda _: None

    def step(self, flow: str, *, calm: bool = False, **order: Any) -> bool:
        """Runs a flow, with faults unless `calm`; whether it came to its end."""
        with ExitStack() as faults:
            now, order = self.now, {"full": "", **order}
            ports = {name: each.port for name, each in self.receivers.items()}
            if not calm:
                now, order = self._break(faults, flow, ports, order)
            secrets = {
                "team_email": f"mailto://127.0.0.1:{ports['team_email']}"
                "?from=desk@example.com&to=team@example.com",
                "team_chat": f"json://127.0.0.1:{ports['team_chat']}/",
            }
            order |= {"flow": flow, "now": now.isoformat(), "store": self.store, "calm": calm}
            order |= {"config": str(self.folder / "config"), "secrets": secrets}
            order |= {"zendesk": self.zendesk.address, "login": LOGIN, "token": TOKEN}
            kill = None
            if not calm and self.chance.random() < 0.6:
                self.tried["kill -9"] += 1
                kill = self.chance.uniform(0, 1.2 * self.usual.get(flow, 0.5))
            try:
                return self._carry_out(flow, order, kill)
            finally:
                for each in self.receivers.values():
                    each.fault = ""

    def _break(
        self, faults: ExitStack, flow: str, ports: dict[str, int], order: dict[str, Any]
    ) -> tuple[datetime, dict[str, Any]]:
        now, chance = self.now, self.chance
        if flow == "dispatch":
            for name, kinds in (("team_email", MAIL_FAULTS), ("team_chat", HTTP_FAULTS)):
                if chance.random() < 0.5:
                    continue
                fault = chance.choice((*kinds, *UNREACHABLE))
                if fault in UNREACHABLE:
                    ports[name] = faults.enter_context(unreachable_port(fault))
                    fault = f"{'mail' if name == 'team_email' else 'http'}: {fault}"
                self.receivers[name].fault = fault
                self.tried[fault] += 1
        if flow == "ticket sync" and chance.random() < 0.5:
            self.tried["help desk: reset, 500"] += 1
            self.zendesk.fail("", chance.choice((Reset(), Reset(carried_out=True), Status(500))))
        if chance.random() < 0.15:
            self.tried["store: locked for a second"] += 1
            faults.enter_context(locked(self.store))
        elif self.store.startswith("sqlite") and chance.random() < 0.1:
            self.tried["store: disk full"] += 1
            order = order | {"full": self.store.partition("///")[2]}
        if chance.random() < 0.05:
            hours = chance.choice((-1, 1))
            self.tried[f"clock: {hours:+} h for one run"] += 1
            now += timedelta(hours=hours)
        return now, order

    def _carry_out(self, flow: str, order: dict[str, Any], kill: float | None) -> bool:
        assert self.worker.stdin
        self.worker.stdin.write(json.dumps(order) + "\n")
        self.worker.stdin.flush()
        process = self._answer(30)["process"]
        waiting = LONGEST_STEP if kill is None else kill
        answer = self._answer(waiting, or_kill=process)
        ended = answer["status"] == 0
        if ended:
            self.usual[flow] = (
                0.7 * self.usual.get(flow, answer["seconds"]) + 0.3 * answer["seconds"]
            )
        return ended

    def _answer(self, seconds: float, *, or_kill: int | None = None) -> dict[str, Any]:
        assert self.worker.stdout
        ready, _, _ = select.select([self.worker.stdout], [], [], seconds)
        if not ready and or_kill is None:
            raise RuntimeError("the worker does not answer")
        if not ready and or_kill is not None:
            # It stays a zombie until the worker has waited for it, so the number is its own.
            os.kill(or_kill, signal.SIGKILL)
        found: dict[str, Any] = json.loads(self.worker.stdout.readline())
        return found

    def pass_time(self, amount: timedelta) -> None:
        self.now += amount
        self.zendesk.now = self.now.timestamp()


@contextmanager
def locked(store: str) -> Iterator[None]:
    """Holds the store's write lock for a second, beside whatever runs."""
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        engine = make_engine(store)
        try:
            with engine.begin() as connection:
                if connection.dialect.name == "postgresql":
                    connection.execute(text("LOCK TABLE alerts, messages IN EXCLUSIVE MODE"))
                held.set()
                over.wait(1.0)
        finally:
            held.set()
            engine.dispose()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    try:
        yield
    finally:
        over.set()
        holder.join()


@contextmanager
def world(store: str, folder: Path, chance: random.Random, sites: int) -> Iterator[World]:
    """A world of `sites` sites on the migrated, empty `store`; ends all that it starts."""
    with ExitStack() as stack:
        arrivals: list[Arrival] = []
        receivers = {
            "team_email": MailReceiver("team_email", arrivals),
            "team_chat": HttpReceiver("team_chat", arrivals),
        }
        for each in receivers.values():
            stack.callback(each.close)
        zendesk = stack.enter_context(fake_zendesk())
        down: set[str] = set()
        address = stack.enter_context(_websites(down))
        _configure(folder / "config", address, sites)
        worker = stack.enter_context(_worker())
        made = World(store, folder, chance, worker, zendesk, receivers, arrivals, down)
        made.pass_time(timedelta(0))
        yield made


def _configure(folder: Path, address: str, sites: int) -> None:
    names = [f"Site{number:03}" for number in range(sites)]
    entries = [{"name": name, "url": f"{address}/{name}"} for name in names]
    configure(folder, entries, confirm_after=[], deadline="2s")
    (folder / "alerts.yaml").write_text(yaml.safe_dump(ALERTS))
    (folder / "reports.yaml").write_text(yaml.safe_dump(REPORTS))
    (folder / "triage.yaml").write_bytes((SHIPPED / "triage.yaml").read_bytes())
    (folder / "imports").mkdir()
    (folder / "imports/generic.yaml").write_bytes((SHIPPED / "imports/generic.yaml").read_bytes())


@contextmanager
def _websites(down: set[str]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            # A dropped line and not 503, which would be a fault of a page.
            if self.path.strip("/") in down:
                self.close_connection = True
                return
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@contextmanager
def _worker() -> Iterator[subprocess.Popen[str]]:
    pipe = subprocess.PIPE
    command = [sys.executable, "-m", "chaos.worker"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SUPPORTOPS")}
    environment["PYTHONPATH"] = os.pathsep.join(
        (str(SHIPPED.parents[1] / "include"), str(Path(__file__).parents[1]))
    )
    with subprocess.Popen(
        command, env=environment, stdin=pipe, stdout=pipe, text=True, bufsize=1
    ) as running:
        try:
            yield running
        finally:
            assert running.stdin
            running.stdin.close()
            running.wait(30)


def raise_tickets(made: World, count: int) -> list[int]:
    """New tickets at the help desk, whose first replies are overdue within days."""
    found = [made.zendesk.raise_ticket() for _ in range(count)]
    made.zendesk.comment(found[0], "Looking", by=AGENT)
    return found


def write_file(made: World, count: int) -> Path:
    """A file of new tickets that was exported just now."""
    number = len(made.files)
    path = made.folder / f"log{number}.csv"
    rows = [
        f"e,F{number}x{n},{made.now:%Y-%m-%dT%H:%M:%SZ},created,customer,,help,Help,ann,,,Acme,\n"
        for n in range(count)
    ]
    path.write_text(HEADER + "".join(rows))
    made.files.append(path)
    return path


def engine_of(made: World) -> Engine:
    return make_engine(made.store)
