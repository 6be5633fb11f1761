"""The site check against real servers and both databases: what it finds, and what it survives."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import OperationalError

from builders import NOON, Clock, checks
from flows.websites import Checks, Websites, websites
from sites.servers import answer, closed_port, hangs, server
from supportops.config import snapshots
from supportops.db.activity import Flow, activities
from supportops.db.engine import make_engine, reading, writing
from supportops.db.schema import alerts, check_runs, incidents, site_status
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.sites import site_check
from supportops.flows.sites.checking import incident_alerts, planning, writer
from supportops.sites import site
from supportops.sites import store as sites_store
from supportops.sites.incident import FleetState, Run
from supportops.sites.judging.fold import fold
from supportops.sites.runs import part_store

DOWN = ("outage", "shop", True)


@pytest.fixture
def web() -> Iterator[Websites]:
    with websites("shop", "blog", "wiki") as them:
        yield them


@pytest.fixture
def desk(store: Engine, tmp_path: Path, web: Websites) -> Checks:
    found = Checks(store, tmp_path / "config")
    found.write(web.entries())
    return found


def test_healthy_sites_are_checked_once_and_raise_nothing(desk: Checks, web: Websites) -> None:
    summary = desk.run()
    assert (summary["sites"], summary["pages"], summary["failing"]) == (3, 3, 0)
    assert (summary["runs"], summary["changes"], summary["faults"]) == (1, [], [])
    assert web.requests() == {"shop": 1, "blog": 1, "wiki": 1}
    assert desk.clock.pauses == [0]
    assert desk.alerts() == []


def test_a_site_that_is_down_becomes_an_incident_and_an_alert(desk: Checks, web: Websites) -> None:
    desk.run()
    web.broken.add("shop")
    summary = desk.run(after=5)
    assert desk.clock.pauses[1:] == [0, 10, 30]
    assert web.requests() == {"shop": 4, "blog": 2, "wiki": 2}
    assert desk.incidents() == desk.alerts() == [DOWN]
    assert [change["what"] for change in summary["changes"]] == ["opened"]
    assert summary["failing"] == 1
    json.dumps(summary)


def test_its_end_resolves_the_alert(desk: Checks, web: Websites) -> None:
    web.broken.add("shop")
    desk.run()
    web.broken.clear()
    desk.run(after=5)
    assert desk.incidents() == desk.alerts() == [("outage", "shop", False)]
    with reading(desk.engine) as connection:
        incident = connection.execute(select(incidents)).mappings().one()
        alert = connection.execute(select(alerts)).mappings().one()
    assert incident["key"] == alert["key"]
    assert incident["ended_at"] == alert["resolved_at"]
    assert incident["closed_at"] - incident["ended_at"] == timedelta(seconds=10)


def test_a_blip_is_checked_again_and_raises_nothing(desk: Checks, web: Websites) -> None:
    web.broken.add("shop")

    def mended_meanwhile(seconds: float) -> None:
        if seconds:
            web.broken.clear()

    site_check.run(desk.place(), desk.clock, pause=mended_meanwhile)
    assert [row[2:] for row in desk.results() if row[0] == "shop"] == [(0, "status"), (1, "ok")]
    assert desk.alerts() == []


def test_a_closed_port_and_a_page_that_fails(desk: Checks, web: Websites) -> None:
    shop = web.servers["shop"].url()
    gone = f"http://127.0.0.1:{closed_port()}/"
    desk.write(
        [
            {"name": "gone", "url": gone, "pages": [{"path": "/basket"}]},
            {"name": "shop", "url": shop, "pages": [{"path": "/b", "expect": {"contains": ["x"]}}]},
        ]
    )
    desk.run()
    assert desk.alerts() == [("fault", "shop /b", True), ("outage", "gone", True)]


def test_sites_on_one_server_are_one_alert(desk: Checks, web: Websites) -> None:
    desk.write([entry | {"host": "web-1"} for entry in web.entries()])
    web.broken |= {"shop", "blog"}
    desk.run()
    assert desk.alerts() == [("host_outage", "web-1", True)]


def test_a_lost_connection_is_one_blind_alert(desk: Checks, web: Websites) -> None:
    port = closed_port()
    sites = [{"name": name, "url": f"http://127.0.0.1:{closed_port()}/"} for name in "abc"]
    desk.write(sites, vantage=[f"http://127.0.0.1:{port}/"])
    desk.run()
    assert desk.alerts() == [("blind", "our connection", True)]
    desk.write(web.entries(), vantage=[web.servers["wiki"].url()])
    desk.run(after=5)
    assert desk.alerts() == [("blind", "our connection", False)]


def test_a_hostile_name_goes_the_whole_way(desk: Checks, web: Websites) -> None:
    name = 'O\'Brien "&" <script>alert(1)</script>\r\nSubject: x \N{PILE OF POO}'
    web.broken.add("shop")
    desk.write([{"name": name, "url": web.servers["shop"].url()}])
    desk.run()
    assert desk.alerts() == [("outage", name, True)]
    assert {row[0] for row in desk.results()} == {name}


def test_the_longest_names_and_paths_fit_into_both_stores(desk: Checks, web: Websites) -> None:
    """PostgreSQL's keys end at 2,704 bytes; no compression helps against these."""
    luck = random.Random(1)
    name = "".join(chr(luck.randrange(0x10000, 0x1F000)) for _ in range(200))
    path = "/" + "".join(chr(luck.randrange(0x10000, 0x1F000)) for _ in range(399))
    page = {"path": path, "expect": {"contains": ["nobody says this"]}}
    desk.write([{"name": name, "url": web.servers["shop"].url(), "host": name, "pages": [page]}])
    desk.run()
    assert desk.alerts() == [("fault", f"{name} {path}", True)]


class TestInOneTransaction:
    def test_cause_and_alert_are_committed_together_or_not_at_all(
        self, desk: Checks, web: Websites, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        web.broken.add("shop")

        def fails(*_: Any) -> None:
            raise RuntimeError("the disk is full")

        with monkeypatch.context() as patch:
            patch.setattr(incident_alerts, "raise_alert", fails)
            with pytest.raises(RuntimeError, match="disk"):
                desk.run()
        assert desk.incidents() == desk.alerts() == []
        with reading(desk.engine) as connection:
            assert connection.execute(select(site_status)).all() == []
            assert len(sites_store.unjudged(connection)) == 1
        summary = desk.run(after=5)
        assert summary["runs"] == 2
        assert desk.incidents() == desk.alerts() == [DOWN]

    def test_judging_twice_does_nothing_twice(self, desk: Checks, web: Websites) -> None:
        web.broken.add("shop")
        desk.run()
        assert site_check.judge(desk.engine, NOON, desk.clock())["runs"] == 0
        assert desk.alerts() == [DOWN]


class TestShards:
    def test_each_site_is_in_one_shard_and_each_shard_has_a_small_spec(
        self, desk: Checks, web: Websites
    ) -> None:
        desk.write(web.entries(), shard=2)
        specs = desk.plan()
        assert [spec["shard"] for spec in specs] == [0, 1]
        assert [desk.check(spec)["pages"] for spec in specs] == [2, 1]
        assert web.requests() == {"shop": 1, "blog": 1, "wiki": 1}

    def test_what_is_recorded_is_not_checked_again(self, desk: Checks, web: Websites) -> None:
        web.broken.add("shop")
        specs = desk.plan()
        for _ in range(2):
            assert desk.check(specs[0])["attempts"] == 5
        assert web.requests() == {"shop": 3, "blog": 1, "wiki": 1}

    def test_planning_twice_finds_the_first_plan(self, desk: Checks, web: Websites) -> None:
        first = desk.plan()
        desk.write(web.entries()[:1])
        assert desk.plan() == first
        assert desk.check(first[0])["pages"] == 3

    def test_a_missing_shard_fails_the_run_but_the_others_are_judged(
        self, desk: Checks, web: Websites
    ) -> None:
        desk.write(web.entries(), shard=2)
        web.broken.add("shop")
        specs = desk.plan()
        done = [desk.check(specs[0])]
        with pytest.raises(site_check.IncompleteRunError, match="1 of 2"):
            site_check.finish(desk.place(), specs, done, NOON, desk.clock())
        assert desk.alerts() == [DOWN]

    def test_there_are_never_more_shards_than_airflow_maps(
        self, desk: Checks, web: Websites, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(site, "MOST_SHARDS", 2)
        desk.write(web.entries(), shard=1)
        specs = desk.plan()
        assert [desk.check(spec)["pages"] for spec in specs] == [2, 1]
        assert web.requests() == {"shop": 1, "blog": 1, "wiki": 1}

    def test_how_long_a_run_took_is_noted_with_its_wait_for_a_place(self, desk: Checks) -> None:
        specs = desk.plan()
        desk.clock.move(4)
        done = [desk.check(spec) for spec in specs]
        site_check.finish(desk.place(), specs, done, NOON, desk.clock())
        with reading(desk.engine) as connection:
            assert activities(connection)[Flow.SITE_CHECK].took == timedelta(minutes=4)
        # What checked nothing, and what is cleared later, say nothing of how long a run takes.
        site_check.finish(desk.place(), [], [], NOON + timedelta(minutes=5), desk.clock())
        desk.clock.move(600)
        site_check.finish(desk.place(), specs, done, NOON, desk.clock())
        with reading(desk.engine) as connection:
            assert activities(connection)[Flow.SITE_CHECK].took == timedelta(minutes=4)

    def test_a_spec_that_was_not_planned_is_refused(self, desk: Checks) -> None:
        spec = {"slot": NOON.isoformat(), "ahead_seconds": 0, "shard": 0}
        with pytest.raises(LookupError, match="no run was planned"):
            desk.check(spec)

    def test_a_fleet_without_sites_has_no_shards_and_no_findings(self, desk: Checks) -> None:
        desk.write([])
        assert desk.run()["pages"] == 0

    def test_a_slot_long_past_checks_nothing(self, desk: Checks, web: Websites) -> None:
        late = NOON + planning.LATEST_START + timedelta(seconds=1)
        plan = site_check.plan(desk.engine, desk.folder, NOON, late)
        assert (plan.shards, plan.sites) == (0, 0)
        assert "past" in plan.note
        summary = site_check.finish(desk.place(), plan.specs(), [], NOON, late)
        assert summary["runs"] == 0
        assert web.requests() == {"shop": 0, "blog": 0, "wiki": 0}

    def test_a_judged_run_takes_no_more_results(self, desk: Checks, web: Websites) -> None:
        web.broken.add("shop")
        spec = desk.plan()[0]

        def judged_meanwhile(seconds: float) -> None:
            desk.clock.pause(seconds)
            if seconds == 30:
                site_check.judge(desk.engine, NOON, desk.clock())

        site_check.check(desk.engine, spec, desk.clock, pause=judged_meanwhile)
        assert [row[2] for row in desk.results() if row[0] == "shop"] == [0, 1]
        before = web.requests()
        desk.check(spec)
        assert web.requests() == before


class TestDue:
    def test_a_site_with_a_long_interval_is_checked_whatever_the_phase_of_the_runs(
        self, desk: Checks, web: Websites
    ) -> None:
        desk.write([entry | {"interval": "10m"} for entry in web.entries()])
        desk.clock.move(5)
        desk.run()
        desk.run(after=10)
        assert web.requests() == {"shop": 2, "blog": 2, "wiki": 2}
        assert desk.run(after=5)["sites"] == 0
        assert web.requests() == {"shop": 2, "blog": 2, "wiki": 2}

    def test_what_a_killed_run_did_not_check_the_next_one_checks(
        self, desk: Checks, web: Websites
    ) -> None:
        desk.write([entry | {"interval": "1h"} for entry in web.entries()], shard=1)
        desk.check(desk.plan()[0])
        desk.clock.move(5)
        assert [desk.check(spec)["pages"] for spec in desk.plan()] == [1, 1]
        assert web.requests() == {"shop": 1, "blog": 1, "wiki": 1}

    def test_what_a_run_checks_does_not_change_while_it_runs(
        self, desk: Checks, web: Websites
    ) -> None:
        desk.write([entry | {"interval": "1h"} for entry in web.entries()])
        first = desk.plan()
        desk.clock.move(1)
        second = desk.plan()
        desk.check(first[0])
        assert desk.check(second[0])["pages"] == 3
        assert desk.check(first[0])["pages"] == 3


CHILD = """
import sys, time
from datetime import datetime
from supportops.db.engine import make_engine
from supportops.flows.sites import site_check

address, stop_at = sys.argv[1:]
from pathlib import Path
import json
spec = json.loads(sys.stdin.readline())
now = datetime.fromisoformat(spec["slot"])

def pause(seconds):
    if seconds and stop_at == "pause":
        print("reached", flush=True)
        time.sleep(600)

site_check.check(make_engine(address), spec, lambda: now, pause=pause)
print("reached", flush=True)
time.sleep(600)
"""


def killed_at(where: str, address: str, spec: dict[str, Any]) -> None:
    """A real check in a process of its own, killed with SIGKILL when it has come to `where`."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, address, where],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(site_check.__file__).parents[2])},
    )
    with child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(json.dumps(spec) + "\n")
        child.stdin.flush()
        assert child.stdout.readline() == "reached\n"
        child.send_signal(signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL


class TestKilled:
    def test_a_check_killed_half_way_is_completed_and_not_repeated(
        self, desk: Checks, web: Websites, store_address: str
    ) -> None:
        web.broken.add("shop")
        spec = desk.plan()[0]
        killed_at("pause", store_address, spec)
        half = desk.results()
        assert [row for row in half if row[0] == "shop"] == [("shop", "", 0, "status")]
        assert len(half) == 3
        desk.check(spec)
        assert web.requests() == {"shop": 3, "blog": 1, "wiki": 1}
        assert desk.results() == sorted(
            [*half, ("shop", "", 1, "status"), ("shop", "", 2, "status")]
        )
        site_check.judge(desk.engine, NOON, desk.clock())
        assert desk.alerts() == [DOWN]

    def test_a_check_killed_before_its_judgement_is_judged_by_the_next_run(
        self, desk: Checks, web: Websites, store_address: str
    ) -> None:
        web.broken.add("shop")
        killed_at("end", store_address, desk.plan()[0])
        assert desk.alerts() == [DOWN], "what was confirmed was judged at once"
        summary = desk.run(after=5)
        assert summary["runs"] == 2
        assert desk.incidents() == desk.alerts() == [DOWN]
        with reading(desk.engine) as connection:
            assert connection.execute(select(incidents.c.started_at)).scalar_one() == NOON

    def test_failures_of_a_killed_run_date_the_outage_that_the_next_confirms(
        self, desk: Checks, web: Websites, store_address: str
    ) -> None:
        web.broken.add("shop")
        killed_at("pause", store_address, desk.plan()[0])
        desk.run(after=5)
        assert desk.alerts() == [DOWN]
        with reading(desk.engine) as connection:
            assert connection.execute(select(incidents.c.started_at)).scalar_one() == NOON


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """Runs the jobs in threads that start together; their answers, or the first error."""
    barrier, found = threading.Barrier(len(jobs)), dict[int, Any]()

    def work(number: int, job: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            found[number] = job()
        except Exception as error:
            found[number] = error

    threads = [threading.Thread(target=work, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for outcome in found.values():
        if isinstance(outcome, Exception):
            raise outcome
    return [found[number] for number in range(len(jobs))]


class TestAtOnce:
    def test_two_runs_of_one_slot_double_nothing(
        self, desk: Checks, web: Websites, store_address: str
    ) -> None:
        web.broken.add("shop")
        other = Checks(make_engine(store_address), desk.folder, Clock())
        summaries = at_once(desk.run, other.run)
        other.engine.dispose()
        assert sum(summary["runs"] for summary in summaries) == 1
        rows = desk.results()
        assert len(rows) == len(set(rows)) == 5
        assert desk.incidents() == desk.alerts() == [DOWN]

    def test_two_runs_a_moment_apart_raise_one_alert(
        self, desk: Checks, web: Websites, store_address: str
    ) -> None:
        web.broken.add("shop")
        later = Clock(NOON + timedelta(seconds=1))
        other = Checks(make_engine(store_address), desk.folder, later)
        summaries = at_once(desk.run, other.run)
        other.engine.dispose()
        assert sum(summary["runs"] for summary in summaries) == 2
        assert len(desk.results()) in range(8, 11)
        assert desk.incidents() == desk.alerts() == [DOWN]

    def test_eight_judges_judge_once(self, desk: Checks, web: Websites, store_address: str) -> None:
        web.broken.add("shop")
        desk.check(desk.plan()[0])
        engines = [make_engine(store_address) for _ in range(8)]
        jobs = [
            lambda engine=engine: site_check.judge(engine, NOON, desk.clock()) for engine in engines
        ]
        assert sum(summary["runs"] for summary in at_once(*jobs)) == 1
        for engine in engines:
            engine.dispose()
        assert desk.alerts() == [DOWN]


class TestClock:
    def test_a_clock_that_jumps_back_does_not_take_the_log_with_it(
        self, desk: Checks, web: Websites
    ) -> None:
        desk.run()
        web.broken.add("shop")
        desk.run(after=-60)
        assert desk.alerts()[0] == DOWN or desk.alerts()[1] == DOWN
        assert ("clock", "this machine's clock", True) in desk.alerts()
        with reading(desk.engine) as connection:
            slots = connection.execute(select(check_runs.c.slot)).scalars().all()
            outage = connection.execute(
                select(alerts.c.opened_at).where(alerts.c.kind == "outage")
            ).scalar_one()
        assert min(slots) == NOON
        assert len(slots) == 2
        assert outage <= desk.clock(), "an alert of the future would wait for it"

    def test_the_log_waits_until_the_clock_has_caught_up(self, desk: Checks) -> None:
        desk.run()
        desk.run(after=-60)
        runs = 1
        while ("clock", "this machine's clock", True) in desk.alerts():
            desk.run(after=5)
            runs += 1
        assert runs <= 27, "half an interval in each: two hours for one"
        with reading(desk.engine) as connection:
            slots = connection.execute(select(check_runs.c.slot)).scalars().all()
            states = connection.execute(select(site_status.c.state)).scalars().all()
        assert len(slots) == runs + 1
        assert set(states) == {"up"}
        of_the_clock = [each for each in desk.alerts() if each[0] == "clock"]
        assert of_the_clock == [("clock", "this machine's clock", False)]

    def test_an_outage_is_resolved_while_the_log_runs_ahead(
        self, desk: Checks, web: Websites
    ) -> None:
        desk.run()
        web.broken.add("shop")
        desk.run(after=-60)
        web.broken.clear()
        desk.run(after=5)
        assert ("outage", "shop", False) in desk.alerts()

    def test_a_clock_that_is_set_right_again_is_no_alert_any_more(self, desk: Checks) -> None:
        desk.run()
        desk.run(after=-60)
        desk.run(after=70)
        of_the_clock = [each for each in desk.alerts() if each[0] == "clock"]
        assert of_the_clock == [("clock", "this machine's clock", False)]

    def test_a_clock_that_lags_by_seconds_is_no_jump(self, desk: Checks) -> None:
        desk.run()
        desk.run(after=-0.5)
        assert desk.alerts() == []


@contextmanager
def locked(address: str, seconds: float) -> Iterator[None]:
    """Another process's write lock on a SQLite file, given back after so many seconds."""
    path = address.removeprefix("sqlite+pysqlite:///")
    holder = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(seconds, holder.rollback)
    timer.start()
    try:
        yield
    finally:
        timer.join()
        holder.close()


@pytest.fixture
def sqlite_desk(tmp_path: Path, sqlite_template: Path, web: Websites) -> Iterator[Checks]:
    path = tmp_path / "locked.db"
    path.write_bytes(sqlite_template.read_bytes())
    engine = make_engine(f"sqlite+pysqlite:///{path}")
    found = Checks(engine, tmp_path / "config")
    found.write(web.entries(), deadline="1s")
    yield found
    engine.dispose()


class TestLocked:
    def test_a_store_that_is_locked_for_a_while_is_waited_for(
        self, sqlite_desk: Checks, web: Websites
    ) -> None:
        web.broken.add("shop")
        with locked(str(sqlite_desk.engine.url), 1.5):
            sqlite_desk.run()
        assert sqlite_desk.alerts() == [DOWN]

    def test_a_store_that_makes_us_wait_makes_no_site_look_slow(
        self, sqlite_desk: Checks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(writer, "FLUSH_EVERY", 1)
        spec = sqlite_desk.plan()[0]
        with locked(str(sqlite_desk.engine.url), 2.5):
            sqlite_desk.check(spec)
        assert [row[3] for row in sqlite_desk.results()] == ["ok"] * 3

    def test_a_store_locked_for_longer_is_one_error_and_a_rerun_completes(
        self, sqlite_desk: Checks, web: Websites
    ) -> None:
        web.broken.add("shop")
        address = str(sqlite_desk.engine.url)
        spec = sqlite_desk.plan()[0]
        hasty = make_engine(address, lock_wait=0.2)
        with locked(address, 2), pytest.raises(OperationalError, match="locked"):
            site_check.check(hasty, spec, sqlite_desk.clock, pause=sqlite_desk.clock.pause)
        hasty.dispose()
        sqlite_desk.check(spec)
        site_check.judge(sqlite_desk.engine, NOON, sqlite_desk.clock())
        assert [row[2] for row in sqlite_desk.results() if row[0] == "shop"] == [0, 1, 2]
        assert sqlite_desk.alerts() == [DOWN]


class TestHeartbeat:
    def test_it_is_called_after_each_check(self, desk: Checks, web: Websites) -> None:
        with server(answer()) as outside:
            desk.secrets["beat"] = outside.url("/ping/s3cret")
            desk.write(web.entries(), heartbeat="beat")
            assert desk.run()["heartbeat"] == "ok"
            assert outside.heads[0].startswith(b"GET /ping/s3cret ")

    def test_without_an_address_the_connection_to_set_is_named(
        self, desk: Checks, web: Websites
    ) -> None:
        desk.write(web.entries(), heartbeat="beat")
        assert desk.run()["heartbeat"] == "nobody set the connection beat"

    def test_a_heartbeat_that_fails_fails_no_check_and_shows_no_secret(
        self, desk: Checks, web: Websites
    ) -> None:
        desk.secrets["beat"] = f"http://127.0.0.1:{closed_port()}/ping/s3cret"
        desk.write(web.entries(), heartbeat="beat")
        outcome = desk.run()["heartbeat"]
        assert "no answer" in outcome
        assert "s3cret" not in outcome


def test_a_site_that_hangs_holds_up_no_other(desk: Checks, web: Websites) -> None:
    with server(hangs) as stuck:
        desk.write([*web.entries(), {"name": "stuck", "url": stuck.url()}], deadline="1s")
        desk.run()
    assert desk.alerts() == [("outage", "stuck", True)]
    assert {row[3] for row in desk.results() if row[0] != "stuck"} == {"ok"}


def recorded(engine: Engine, run: Run, digest: str) -> None:
    """A run as a check leaves it, judged."""
    with writing(engine) as connection:
        sites_store.begin_run(connection, run.slot, digest, run.slot, 1)
        sites_store.append_results(connection, run.slot, run.attempts)
    site_check.judge(engine, run.slot, run.slot + timedelta(minutes=1))


def replayed(engine: Engine) -> tuple[FleetState, dict[str, Any]]:
    """The log folded from nothing, each judgement by its configuration: state and incidents."""
    state, found = FleetState(), dict[str, Any]()
    with reading(engine) as connection:
        for judgement in part_store.judgements(connection):
            fleet = snapshots.get(connection, judgement.configuration).fleet
            run = part_store.judged_run(connection, judgement, fleet)
            state, changes = fold(state, run, fleet)
            found |= {change.incident.key: change.incident for change in changes}
    return state, found


def test_a_replay_of_the_log_gives_the_same_incidents_and_standings(desk: Checks) -> None:
    """With a page, a server, a blind hour, a late judgement, and sites that come and go."""
    control = "https://control.example/"
    full = [
        {"name": "shop", "url": "https://shop.example/", "pages": [{"path": "/basket"}]},
        *({"name": name, "url": f"https://{name}.example/", "host": "web-1"} for name in "abcd"),
    ]
    digests = []
    for sites in (full, full[:-1], full[1:]):
        desk.write(sites, vantage=[control])
        configuration = load_or_last_good(desk.engine, desk.folder, desk.clock())[0]
        digests.append(configuration.digest)
        desk.clock.move(1)
    beat = {("@vantage", control): "."}
    dead = {("@vantage", control): "xxx"}
    stories = [
        (0, {"shop": ".", ("shop", "/basket"): "555", "a": ".", "b": ".", "c": ".", "d": "."}),
        (0, {"shop": "sss", ("shop", "/basket"): "..", "a": "xxx", "b": "xxx", "c": "xxx"}),
        (0, {"shop": "xx", "a": "x", "b": "x", "c": "..", "d": "."}),
        (0, {"shop": "xxx", "a": "..", "b": "x", "c": "."}),
        (1, {"shop": "xxx", "a": "xxx", "b": "xxx", "c": "xxx"} | dead),
        (1, {"shop": "..", "a": ".", "b": "..", "c": "xxx"}),
        (2, {"a": "xxx", "b": "xxx", "c": "..", "d": "."}),
        (0, {"shop": ".", "a": ".", "b": "..", "c": "."}),
    ]
    for number, (config, answers) in enumerate(stories):
        recorded(desk.engine, checks(5 * number, beat | answers), digests[config])
    state, found = replayed(desk.engine)
    with reading(desk.engine) as connection:
        stored = sites_store.load_state(connection)
        listed = sites_store.list_incidents(connection, NOON, NOON + timedelta(days=1))
        folds = connection.execute(select(site_status)).mappings().all()
    assert stored == state
    assert {incident.key: incident for incident in listed} == found
    assert len(listed) >= 6
    written = {
        (r["site"], r["page"], r["track"]): json.dumps(r["fold"], sort_keys=True) for r in folds
    }
    again = {
        (*key[:2], key[2].value): json.dumps(sites_store.to_json(standing), sort_keys=True)
        for key, standing in state.standings.items()
    }
    assert written == again
