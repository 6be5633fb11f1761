"""A faulty file stops what needs it, from the very first start; everything else works."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select

from boards import READER, make_board
from builders import SHIPPED, Clock, configure
from supportops.alerts.alert import Kind
from supportops.alerts.store import list_open
from supportops.config.yaml_source import ConfigurationError
from supportops.context import Context
from supportops.db.engine import make_engine, reading
from supportops.db.migrate import upgrade
from supportops.db.schema import incidents, messages, tickets
from supportops.flows import (
    alert_dispatch,
    daily_report,
    log_call,
    site_check,
    sla_sweep,
    ticket_import,
    ticket_sync,
    touched_tickets,
    weekly_report,
)
from supportops.notify.outgoing import Delivery, Outcome

SITE = {"name": "shop", "url": "http://127.0.0.1:9/"}  # nobody listens there: an outage
REPORTS = """\
audiences:
  - {name: team, title: Team, receivers: [team], reports: [daily, weekly], formats: [],
     sections: [tiers]}
"""
FILES = ("sites", "alerts", "service_levels", "reports", "triage", "imports/generic")
STOPPED = {
    "sites": {"site_check", "daily_report", "weekly_report"},
    "alerts": {"alert_dispatch", "daily_report", "weekly_report"},
    "service_levels": {"sla_sweep", "touched_tickets", "daily_report", "weekly_report"},
    "reports": {"daily_report", "weekly_report"},
    "triage": {"ticket_sync", "ticket_import"},
    "imports/generic": {"ticket_import"},
}


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
        call = log_call.Call.checked("Acme", "nothing works", "shop")
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


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "store.db"
    engine = make_engine(f"sqlite+pysqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    return path


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


@pytest.fixture
def here(migrated: Path, tmp_path: Path) -> Iterator[Installation]:
    with installation(migrated, tmp_path) as found:
        yield found


@pytest.fixture(scope="module", params=FILES)
def spoilt(
    request: pytest.FixtureRequest, migrated: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Installation]]:
    """An installation that started with one faulty file."""
    with installation(migrated, tmp_path_factory.mktemp("spoilt")) as found:
        found.spoil(request.param)
        found.first_check()
        yield request.param, found


@pytest.mark.parametrize("act", ACTS)
def test_at_the_first_start_a_faulty_file_stops_only_what_needs_it(
    spoilt: tuple[str, Installation], act: str
) -> None:
    file, here = spoilt
    if act not in STOPPED[file]:
        ACTS[act](here)
        return
    with pytest.raises(ConfigurationError) as error:
        ACTS[act](here)
    assert [fault.file for fault in error.value.faults] == [f"{Path(file).name}.yaml"]


@pytest.mark.parametrize("file", FILES)
def test_the_last_good_version_of_a_file_stands_in_for_it(here: Installation, file: str) -> None:
    here.first_check()
    here.spoil(file)
    for name, act in ACTS.items():
        if (file, name) in {("imports/generic", "ticket_import"), ("triage", "ticket_import")}:
            continue  # who imports by hand has the files before them: their faults are told
        act(here)
    with reading(here.engine) as connection:
        (alert,) = list_open(connection, Kind.CONFIGURATION)
    assert alert.headline == "1 fault in the configuration; the last good one stays in force"


def _gone(path: Path) -> None:
    path.unlink()


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _locked(path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    path.chmod(0)


DAMAGES: dict[str, Callable[[Path], Any]] = {
    "gone": _gone,
    "a folder": _folder,
    "locked": _locked,
    "no UTF-8": lambda path: path.write_bytes(b"a: \xff\xfe"),
    "no YAML": lambda path: path.write_text("a: [1"),
    "empty": lambda path: path.write_text(""),
    "itself": lambda path: path.write_text("a: &a [*a]"),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("file", FILES)
def test_however_a_file_is_damaged_it_is_an_alert_and_stops_no_other(
    here: Installation, file: str, damage: str
) -> None:
    if damage == "gone" and file in ("reports", "triage", "imports/generic"):
        pytest.skip("an installation may be without it")
    DAMAGES[damage](here.file(file))
    here.first_check()
    with reading(here.engine) as connection:
        (alert,) = list_open(connection, Kind.CONFIGURATION)
    assert alert.facts["errors"][0].startswith(f"{Path(file).name}.yaml")
    here.log_call()
    here.board()
    if file != "sites":
        here.site_check()
    if file != "alerts":
        here.alert_dispatch()


def test_a_report_to_nobody_stops_no_alert(here: Installation) -> None:
    here.file("reports").write_text(REPORTS.replace("[team]", "[taem]"), encoding="utf-8")
    here.site_check()
    here.alert_dispatch()
    assert any("shop" in title for title in here.sent)
    with reading(here.engine) as connection:
        (alert,) = list_open(connection, Kind.CONFIGURATION)
    assert alert.facts["errors"] == [
        "reports.yaml:2 audiences[0].receivers[0]: found 'taem', expected a receiver of "
        "alerts.yaml: engineers, team, support, manager; did you mean team?"
    ]


def test_without_alerts_the_dispatch_fails_and_the_board_shows_why(here: Installation) -> None:
    here.spoil("alerts")
    here.site_check()
    with pytest.raises(ConfigurationError, match="see `supportops config check`"):
        here.alert_dispatch()
    page = TestClient(make_board(here.engine, here.clock), headers=dict(READER)).get("/alerts")
    assert "1 fault in the configuration" in page.text


def test_a_file_that_no_longer_fits_another_stops_what_needs_it(here: Installation) -> None:
    here.first_check()
    alerts = here.file("alerts").read_text(encoding="utf-8")
    here.file("alerts").write_text(alerts.replace("team", "crew"), encoding="utf-8")
    here.site_check()
    here.alert_dispatch()
    with pytest.raises(ConfigurationError, match="found 'team', expected a receiver of"):
        here.weekly_report()
