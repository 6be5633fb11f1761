"""An installation with every file of the configuration, and all that is done with them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import Engine, select

from builders import SHIPPED, Clock, configure
from supportops.alerts.alert import Kind
from supportops.alerts.store import list_open
from supportops.config.yaml_source import ConfigurationError
from supportops.context import Context
from supportops.db.engine import make_engine, reading
from supportops.db.schema import incidents, messages, tickets
from supportops.flows.alerts import alert_dispatch
from supportops.flows.reports import daily_report, weekly_report
from supportops.flows.sites import site_check
from supportops.flows.sla import sla_sweep
from supportops.flows.tickets import log_call, ticket_import, ticket_sync, touched_tickets
from supportops.notify.outgoing import Delivery, Outcome
from web.boards import READER, make_board

SITE = {"name": "shop", "url": "http://127.0.0.1:9/"}  # nobody listens there: an outage
REPORTS = """\
audiences:
  - {name: team, title: Team, receivers: [team], reports: [daily, weekly], formats: [],
     sections: [tiers]}
"""


@dataclass
class Installation:
    """A store, a folder with every file, and all that is done with them."""

    engine: Engine
    folder: Path
    clock: Clock = field(default_factory=Clock)
    sent: list[str] = field(default_factory=list)

    @property
    def context(self) -> Context:
        return Context(self.engine, self.folder, lambda name: f"json://{name}")

    def file(self, name: str) -> Path:
        return self.folder / f"{name}.yaml"

    def spoil(self, name: str) -> None:
        with self.file(name).open("a", encoding="utf-8") as file:
            file.write("\ncolour: blue\n")

    def first_check(self) -> None:
        """What happens every five minutes, whether it can or not."""
        with suppress(ConfigurationError):
            self.site_check()

    def site_check(self) -> None:
        self.clock.move(5)
        site_check.run(self.context, self.clock, pause=self.clock.pause)
        with reading(self.engine) as connection:
            assert connection.execute(select(incidents.c.kind)).scalars().all() == ["outage"]

    def alert_dispatch(self) -> None:
        def send(url: str, message: Any, *, timeout: float) -> Delivery:
            self.sent.append(message.title)
            return Delivery(Outcome.HANDED_OVER, "handed over", 0.0)

        alert_dispatch.run(self.engine, self.context.secrets, self.clock, send=send)
        with reading(self.engine) as connection:
            told = set(connection.execute(select(messages.c.alert)).scalars())
            assert {alert.key for alert in list_open(connection)} <= told
        assert self.sent

    def sla_sweep(self) -> None:
        sla_sweep.hourly(self.context, self.clock(), self.clock())

    def touched_tickets(self) -> None:
        touched_tickets.follow(self.context, self.clock())

    def ticket_sync(self) -> None:
        ticket_sync.fetch(self.context, [], self.clock)

    def ticket_import(self) -> None:
        rows = self.folder.parent / "rows.csv"
        rows.write_text(
            "event,ticket,at,kind,author,value,text,subject,requester,priority,site,customer,tags\n"
            "1,7,2026-11-18T09:00,created,customer,,my site is down,Down,ann,,,Acme,\n"
        )
        ticket_import.run(self.engine, self.folder, rows, "generic", self.clock())
        with reading(self.engine) as connection:
            imported = select(tickets.c.tier).where(tickets.c.source == "import")
            assert connection.execute(imported).scalar_one() == "mission_critical"

    def daily_report(self) -> None:
        assert daily_report.run(self.context, self.clock(), self.clock())["reports"]

    def weekly_report(self) -> None:
        assert weekly_report.run(self.context, self.clock(), self.clock())["reports"]

    def log_call(self) -> None:
        call = log_call.Call.checked("Acme", "the site is down", "shop")
        now = self.clock()
        log_call.run(self.engine, self.folder, call, "run", now, now)
        with reading(self.engine) as connection:
            assert list_open(connection, Kind.CALL)

    def board(self) -> None:
        client = TestClient(make_board(self.engine, self.clock), headers=dict(READER))
        for page in ("/", "/alerts", "/reports"):
            assert client.get(page).status_code == 200


ACTS: dict[str, Callable[[Installation], None]] = {
    name: getattr(Installation, name)
    for name in (
        "site_check",
        "alert_dispatch",
        "sla_sweep",
        "touched_tickets",
        "ticket_sync",
        "ticket_import",
        "daily_report",
        "weekly_report",
        "log_call",
        "board",
    )
}


@contextmanager
def installation(migrated: Path, place: Path) -> Iterator[Installation]:
    shutil.copy(migrated, place / "store.db")
    engine = make_engine(f"sqlite+pysqlite:///{place / 'store.db'}")
    folder = configure(place / "config", [SITE], confirm_after=[], deadline="2s")
    (folder / "reports.yaml").write_text(REPORTS, encoding="utf-8")
    shutil.copy(SHIPPED / "triage.yaml", folder)
    shutil.copytree(SHIPPED / "imports", folder / "imports")
    yield Installation(engine, folder)
    engine.dispose()
