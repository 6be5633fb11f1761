"""A faulty file stops what needs it, from the very first start; everything else works."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from flows.installations import ACTS, REPORTS, Installation, installation
from supportops.alerts.alert import Kind
from supportops.alerts.store import list_open
from supportops.config.yaml_source import ConfigurationError
from supportops.db.engine import reading
from web.boards import READER, make_board

FILES = ("sites", "alerts", "service_levels", "reports", "triage", "imports/generic")
STOPPED = {
    "sites": {"site_check", "daily_report", "weekly_report"},
    "alerts": {"alert_dispatch", "daily_report", "weekly_report"},
    "service_levels": {"sla_sweep", "touched_tickets", "daily_report", "weekly_report"},
    "reports": {"daily_report", "weekly_report"},
    "triage": {"ticket_sync", "ticket_import"},
    "imports/generic": {"ticket_import"},
}


@pytest.fixture
def here(sqlite_template: Path, tmp_path: Path) -> Iterator[Installation]:
    with installation(sqlite_template, tmp_path) as found:
        yield found


@pytest.fixture(scope="module", params=FILES)
def spoilt(
    request: pytest.FixtureRequest, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Installation]]:
    """An installation that started with one faulty file."""
    with installation(sqlite_template, tmp_path_factory.mktemp("spoilt")) as found:
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
