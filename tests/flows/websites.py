"""Websites that a test breaks and mends while they run, and a workplace that checks them."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select

from builders import Clock, configure
from sites.servers import Server, answer, server
from supportops.bootstrap import Context
from supportops.db.engine import reading
from supportops.db.schema import alerts, check_results, incidents
from supportops.flows.sites import site_check

GOOD, BROKEN = answer(), answer(b"sorry", status="503 Service Unavailable")


@dataclass
class Websites:
    """Running servers by name; the names in `broken` answer 503."""

    servers: dict[str, Server] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)

    def entries(self) -> list[dict[str, Any]]:
        return [{"name": name, "url": it.url()} for name, it in self.servers.items()]

    def requests(self) -> dict[str, int]:
        return {name: it.connections for name, it in self.servers.items()}


@contextmanager
def websites(*names: str) -> Iterator[Websites]:
    with ExitStack() as stack:
        found = Websites()
        for name in names:
            found.servers[name] = stack.enter_context(server(_talk(found, name)))
        yield found


def _talk(them: Websites, name: str) -> Any:
    def talk(connection: socket.socket, running: Server) -> None:
        (BROKEN if name in them.broken else GOOD)(connection, running)

    return talk


@dataclass
class Checks:
    """A store, a configuration folder and a clock: everything a site check needs."""

    engine: Engine
    folder: Path
    clock: Clock = field(default_factory=Clock)
    secrets: dict[str, str] = field(default_factory=dict)

    def place(self) -> Context:
        return Context(self.engine, self.folder, self.secrets.get)

    def write(self, sites: Sequence[Mapping[str, Any]], **check: Any) -> None:
        configure(self.folder, sites, **check)

    def run(self, after: float = 0) -> dict[str, Any]:
        """The whole check, `after` minutes from now."""
        self.clock.move(after)
        return site_check.run(self.place(), self.clock, pause=self.clock.pause)

    def plan(self) -> list[dict[str, Any]]:
        """The specs of a run that begins now."""
        return site_check.plan(self.engine, self.folder, self.clock(), self.clock()).specs()

    def check(self, spec: dict[str, Any]) -> dict[str, Any]:
        return site_check.check(self.engine, spec, self.clock, pause=self.clock.pause)

    def results(self) -> list[tuple[str, str, int, str]]:
        """(site, page, try, reason) of every recorded check, in the order of time and name."""
        c = check_results.c
        statement = select(c.site, c.page, c.attempt, c.reason)
        with reading(self.engine) as connection:
            rows = connection.execute(statement.order_by(c.slot, c.site, c.page, c.attempt))
            return [tuple(row) for row in rows]

    def incidents(self) -> list[tuple[str, str, bool]]:
        """(kind, subject, still open) of every incident, the oldest first."""
        c = incidents.c
        with reading(self.engine) as connection:
            rows = connection.execute(select(incidents).order_by(c.opened_at, c.key)).mappings()
            return [(row["kind"], row["subject"], row["closed_at"] is None) for row in rows]

    def alerts(self) -> list[tuple[str, str, bool]]:
        """(kind, subject, still firing) of every alert, the oldest first."""
        c = alerts.c
        with reading(self.engine) as connection:
            rows = connection.execute(select(alerts).order_by(c.opened_at, c.key)).mappings()
            return [(row["kind"], row["subject"], row["resolved_at"] is None) for row in rows]
