"""What a check of pushes reads of the past: no further back than it matters, with one result."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, insert

from flows.sites.pushing.jobs import HOURLY, NOON, Jobs
from supportops.db.engine import writing
from supportops.db.schema import endpoint_stops
from supportops.flows.sites import push_check
from supportops.flows.sites.push_check import LOOK_BACK, Monitored
from supportops.sites.incident import IncidentKind

pytestmark = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)

TWO_SITES = (
    {"name": "shop", "url": "https://shop.example/", "host": "web-1"},
    {"name": "blog", "url": "https://blog.example/", "host": "web-1"},
)
OF_SERVER = {"name": "disk", "server": "web-1", "token": "push_disk", "every": "30m", "grace": "5m"}
NIGHTLY = {"name": "night", "site": "blog", "token": "push_night", "cron": "*/40 * * * *"}


@pytest.fixture
def jobs(store: Engine, tmp_path: Path) -> Jobs:
    return Jobs(store, tmp_path / "config")


def test_months_of_stops_are_not_read_where_all_pushes_are_new(store: Engine, jobs: Jobs) -> None:
    past = [NOON - timedelta(hours=hours) for hours in range(2, 600)]
    with writing(store) as connection:
        rows = [{"since": at, "until": at + timedelta(minutes=1)} for at in past]
        connection.execute(insert(endpoint_stops), rows)
    jobs.start()
    jobs.push()
    read: list[int] = []
    stops = push_check.store.stops

    def counted(connection: object, since: datetime) -> object:
        found = stops(connection, since)  # type: ignore[arg-type]
        read.append(len(found))
        return found

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(push_check.store, "stops", counted)
        jobs.until(30)
    assert read
    assert max(read) <= 1


def test_a_check_does_as_many_statements_for_fifty_monitors_as_for_one(
    store: Engine, jobs: Jobs
) -> None:
    def statements() -> int:
        found: list[str] = []
        listen = (store, "before_cursor_execute", lambda *args: found.append(args[2]))
        event.listen(*listen)
        jobs.judge()
        event.remove(*listen)
        return len(found)

    jobs.start()
    one = statements()
    tokens = [f"push_{number}" for number in range(50)]
    jobs.secrets |= {token: token * 4 for token in tokens}
    jobs.start(*({**HOURLY, "name": token, "token": token} for token in tokens))
    assert statements() == one


@pytest.mark.parametrize("seed", range(3))
def test_it_finds_what_a_look_at_a_whole_month_finds(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    jobs.secrets |= {"push_disk": "d" * 24, "push_night": "n" * 24}
    jobs.start(HOURLY, OF_SERVER, NIGHTLY, sites=TWO_SITES)
    down: set[str] = set()
    seen = set()
    for _ in range(40):
        act = chance.choice(["push", "push", "stop", "outage", "server", "over", "wait"])
        if act == "push":
            jobs.push(
                token=chance.choice(["t", "d", "n"]) * 24, ending=chance.choice(["", "", "1"])
            )
        elif act == "stop":
            jobs.serves = not jobs.serves
        elif act == "outage" and not down:
            jobs.outage(site := chance.choice(["shop", "blog"]))
            down.add(site)
        elif act == "server" and not down:
            jobs.outage("shop", IncidentKind.HOST_OUTAGE)
            down.add("server")
        elif act == "over" and down:
            jobs.outages_end()
            down.clear()
        jobs.until(jobs.minute + chance.choice([1, 7, 25, 70]), every=20)
        found = push_check.standing_of(jobs.context, jobs.now)
        with monkeypatch.context() as patched:
            patched.setattr(push_check, "_looks_back", lambda _m, _k, now: now - LOOK_BACK)
            expected: list[Monitored] = push_check.standing_of(jobs.context, jobs.now)
        assert found == expected
        seen |= {each.state for each in found}
    assert len(seen) >= 3
