"""Calendars that are read into the rota: what counts then, later, and when one is not to be had."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from builders import NOON, configure
from supportops.alerts.alert import Kind
from supportops.alerts.store import list_open
from supportops.config import snapshots
from supportops.config.configuration import Configuration
from supportops.config.loader import check
from supportops.context import Context
from supportops.db.engine import reading
from supportops.download import DownloadError
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.rota import rota_calendars
from supportops.flows.rota.known_duties import known_duties
from supportops.flows.rota.rota import who

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ADDRESS = "https://calendar.example/private-0123456789.ics"
only_sqlite = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)


def event(summary: str, since: datetime, until: datetime, *more: str) -> str:
    times = (f"DTSTART:{since:%Y%m%dT%H%M%SZ}", f"DTEND:{until:%Y%m%dT%H%M%SZ}")
    uid = f"UID:{summary}{since:%d%H}"
    return "\r\n".join(["BEGIN:VEVENT", uid, f"SUMMARY:{summary}", *times, *more, "END:VEVENT"])


def calendar(*events: str) -> bytes:
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *events, "END:VCALENDAR", ""]).encode()


ANNA = calendar(event("Anna Berg on call", NOON - DAY, NOON + DAY))
BEN = calendar(event("Ben", NOON - DAY, NOON + DAY))


class Desk:
    """A team `web` whose duties are at ADDRESS, which answers `content`, or raises it."""

    def __init__(self, store: Engine, folder: Path, **team: Any) -> None:
        self.store, self.folder = store, configure(folder, [{"name": "shop", "url": "https://x/"}])
        self.content: bytes | Exception = ANNA
        self.asked: list[tuple[str, bool]] = []
        self.secrets = {"duty_calendar": ADDRESS}
        self.team = {"calendar": {"secret": "duty_calendar"}} | team
        self.write()

    def write(self) -> None:
        people = {
            "anna": {"name": "Anna Berg", "receivers": ["engineers"]},
            "ben": {"receivers": ["team"]},
            "cleo": {"receivers": ["manager"]},
        }
        written = {"people": people, "teams": {"web": self.team}}
        (self.folder / "rota.yaml").write_text(json.dumps(written))

    def fetch(self, url: str, *, allow_private: bool) -> bytes:
        self.asked.append((url, allow_private))
        if isinstance(self.content, Exception):
            raise self.content
        return self.content

    def read(self, at: datetime = NOON, content: bytes | Exception | None = None) -> dict[str, Any]:
        self.content = self.content if content is None else content
        context = Context(self.store, self.folder, self.secrets.get)
        return rota_calendars.run(context, at, self.fetch)

    def active(self) -> Configuration:
        with reading(self.store) as connection:
            found = snapshots.newest(connection)
        assert found is not None
        return found

    def on_duty(self, at: datetime = NOON) -> tuple[str, ...]:
        return who(self.active(), "web", at)[0].people

    def alerts(self) -> list[tuple[str, str]]:
        with reading(self.store) as connection:
            found = list_open(connection, Kind.CONFIGURATION)
        return [(alert.subject, alert.headline) for alert in found]


@pytest.fixture
def desk(store: Engine, tmp_path: Path) -> Desk:
    return Desk(store, tmp_path / "config")


def test_who_is_on_duty_is_in_the_calendar_and_others_are_the_teams(desk: Desk) -> None:
    assert desk.read() == {"read": ["web"], "failed": {}, "unknown": {}}
    assert desk.asked == [(ADDRESS, False)]
    assert desk.on_duty() == ("Anna Berg",)
    assert desk.on_duty(NOON + 2 * DAY) == ()
    policy = desk.active().alerts
    team = desk.active().rota.on_call("web", policy.receivers)
    assert team is not None
    assert [each.name for each in team.targets_at(NOON)] == ["engineer_sms", "engineer_chat"]
    everybody = {each.name for each in team.targets_at(NOON + 2 * DAY)}
    assert everybody == {"engineer_sms", "engineer_chat", "team_email", "manager_email"}


def test_the_same_reading_makes_no_new_configuration_and_another_one_does(desk: Desk) -> None:
    desk.read()
    first = desk.active().digest
    for hours in (1, 30, 24 * 6):
        desk.read(NOON + hours * HOUR)
        assert desk.active().digest == first
    desk.read(NOON + 2 * HOUR, BEN)
    assert desk.active().digest != first
    assert desk.on_duty() == ("ben",)


@only_sqlite
def test_what_is_past_stays_as_it_was_known_then(
    desk: Desk, in_force: Callable[[datetime], None]
) -> None:
    desk.read()
    in_force(NOON)
    desk.read(NOON + HOUR, BEN)
    in_force(NOON + HOUR)
    with reading(desk.store) as connection:
        until = NOON + 3 * HOUR
        found = known_duties(connection, desk.active(), "web", NOON - HOUR, until, until)
    assert [(each.since, each.people) for each in found] == [
        (NOON - HOUR, ("Anna Berg",)),
        (NOON + HOUR, ("ben",)),
    ]


@pytest.fixture
def in_force(desk: Desk) -> Callable[[datetime], None]:
    """Records a run of checks with what is configured then."""
    from supportops.db.engine import writing
    from supportops.sites.store import begin_run

    def record(at: datetime) -> None:
        with writing(desk.store) as connection:
            begin_run(connection, at, desk.active().digest, at, 1)

    return record


@only_sqlite
@pytest.mark.parametrize(
    "broken",
    [b"<html>Sign in", b"", b"\xff\xfe", ANNA[:-20], calendar("BEGIN:VEVENT\r\nEND:VEVENT")],
)
def test_a_broken_calendar_is_an_alert_at_once_and_the_last_good_one_counts(
    desk: Desk, broken: bytes
) -> None:
    desk.read()
    summary = desk.read(NOON + HOUR, broken)
    assert list(summary["failed"]) == ["web"]
    assert desk.on_duty() == ("Anna Berg",)
    assert desk.alerts() == [
        (
            "calendar of web",
            "the address in duty_calendar cannot be read; its last good reading counts",
        )
    ]
    desk.read(NOON + 2 * HOUR, DownloadError("calendar.example: it does not answer in time"))
    assert len(desk.alerts()) == 1
    desk.read(NOON + 3 * HOUR, ANNA)
    assert desk.alerts() == []


@only_sqlite
def test_one_that_does_not_answer_twice_is_an_alert_that_names_no_address(desk: Desk) -> None:
    away = DownloadError("calendar.example: it does not accept a connection")
    desk.read(content=away)
    assert desk.alerts() == []
    desk.read(NOON + HOUR)
    assert desk.alerts() == [
        (
            "calendar of web",
            "the address in duty_calendar cannot be read; nothing was read from it yet",
        )
    ]
    with reading(desk.store) as connection:
        (alert,) = list_open(connection, Kind.CONFIGURATION)
    assert "private-0123456789" not in str(alert)
    assert "does not accept a connection" in str(alert.facts)


@only_sqlite
def test_a_secret_that_is_not_set_is_said(desk: Desk) -> None:
    desk.secrets.clear()
    assert desk.read()["failed"] == {"web": "the connection duty_calendar is not set"}
    assert desk.asked == []


@only_sqlite
def test_events_that_name_nobody_are_named_and_count_for_nobody(desk: Desk) -> None:
    lunch = event("Lunch <b>\u202e", NOON, NOON + HOUR)
    both = event("Anna and Ben", NOON + HOUR, NOON + 2 * HOUR)
    assert desk.read(content=calendar(lunch, both))["unknown"] == {"web": 2}
    assert desk.on_duty() == ()
    found = rota_calendars.findings(desk.active(), rota_calendars.known(desk.store))
    assert ["names nobody" in str(each) for each in found] == [True, True]


@only_sqlite
def test_an_override_of_the_file_counts_before_the_calendar_and_turns_behind_it(
    store: Engine, tmp_path: Path
) -> None:
    turn = {"start": "2026-01-05", "people": ["cleo"]}
    override = {"from": f"{NOON:%Y-%m-%d} 06:00", "until": f"{NOON:%Y-%m-%d} 18:00"}
    desk = Desk(
        store,
        tmp_path / "config",
        timezone="UTC",
        turns=[turn],
        overrides=[override | {"person": "ben"}],
    )
    desk.read()
    assert desk.on_duty(NOON) == ("ben",)
    assert desk.on_duty(NOON - 8 * HOUR) == ("Anna Berg",)
    assert desk.on_duty(NOON + 3 * DAY) == ("cleo",)


@only_sqlite
def test_a_file_beside_the_rota_is_read_and_nothing_outside_the_folder(
    store: Engine, tmp_path: Path
) -> None:
    desk = Desk(store, tmp_path / "config", calendar={"file": "duty.ics"})
    assert desk.read()["failed"] == {"web": "duty.ics: No such file or directory"}
    (desk.folder / "duty.ics").write_bytes(ANNA)
    desk.read(NOON + HOUR)
    assert desk.on_duty() == ("Anna Berg",)
    for outside in ("../duty.ics", "/etc/duty.ics", "a/duty.ics", "..ics", "duty.txt"):
        desk.team = {"calendar": {"file": outside}}
        desk.write()
        assert check(desk.folder).faults["rota"], outside


@only_sqlite
def test_what_was_read_from_elsewhere_counts_no_more_and_its_alert_ends(desk: Desk) -> None:
    desk.read()
    desk.read(NOON + HOUR, b"broken")
    assert len(desk.alerts()) == 1
    desk.team = {"turns": [{"start": "2026-01-05", "people": ["cleo"]}]}
    desk.write()
    load_or_last_good(desk.store, desk.folder, NOON + 2 * HOUR)
    assert desk.on_duty() == ("cleo",)
    assert desk.read(NOON + 3 * HOUR) == {"read": [], "failed": {}, "unknown": {}}
    assert desk.alerts() == []
    assert rota_calendars.known(desk.store) == {}


@only_sqlite
def test_a_person_who_left_the_file_is_on_duty_no_more(desk: Desk) -> None:
    desk.read(content=BEN)
    written = json.loads((desk.folder / "rota.yaml").read_text())
    del written["people"]["ben"]
    (desk.folder / "rota.yaml").write_text(json.dumps(written))
    load_or_last_good(desk.store, desk.folder, NOON + HOUR)
    assert desk.on_duty() == ()


@only_sqlite
def test_a_calendar_of_too_many_duties_is_refused(desk: Desk) -> None:
    many = [
        event("ben", NOON + n * HOUR, NOON + (n + 1) * HOUR)
        for n in range(rota_calendars.MOST_DUTIES + 1)
    ]
    failed = desk.read(content=calendar(*many))["failed"]
    assert failed == {"web": "it has more than 500 duties"}
