"""What silence means: a job's, our own stop, or the outage of its site."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from flows.sites.pushing.jobs import HOURLY, NOON, Jobs
from supportops.alerts.alert import Kind, Severity
from supportops.alerts.store import find_open
from supportops.db.engine import reading
from supportops.db.schema import pushes
from supportops.flows.active_configuration import active_configuration
from supportops.flows.reports.reporting.site_rows import site_and_incident_rows
from supportops.flows.sites import push_check
from supportops.sites.incident import IncidentKind

# What is judged is the same on every database; test_receiving.py writes on both.
pytestmark = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)


@pytest.fixture
def jobs(store: Engine, tmp_path: Path) -> Jobs:
    return Jobs(store, tmp_path / "config")


def test_a_push_in_time_is_no_incident_and_its_absence_is_one_after_the_grace(jobs: Jobs) -> None:
    jobs.start()
    jobs.minute = 58
    assert jobs.push().status == 200
    jobs.until(127)
    assert (jobs.state(), jobs.open()) == ("late", [])
    jobs.until(129)
    assert jobs.open() == [("push_missing", "no push in time")]
    alert = jobs.alert("push_missing")
    assert (alert.site, alert.customer, alert.host) == ("shop", "Acme", "web-1")
    assert alert.severity is Severity.WARNING
    assert alert.facts["expected_at"] == (NOON + timedelta(minutes=118)).isoformat()
    jobs.minute = 140
    jobs.push()
    jobs.until(141)
    assert jobs.open() == []
    (incident,) = jobs.incidents()
    assert incident.started_at == NOON + timedelta(minutes=118)
    assert incident.ended_at == NOON + timedelta(minutes=140)


def test_a_monitor_that_never_pushed_counts_from_its_first_appearance(jobs: Jobs) -> None:
    jobs.start()
    assert jobs.state() == "waiting"
    jobs.until(69)
    assert jobs.open() == []
    jobs.until(71)
    assert jobs.open() == [("push_missing", "no push has ever come")]


def test_another_schedule_counts_from_when_it_came_into_force(jobs: Jobs) -> None:
    jobs.start(HOURLY | {"every": "1d"})
    jobs.minute = 10
    jobs.push()
    jobs.until(600, every=60)
    jobs.configure(HOURLY)
    jobs.until(605)
    assert jobs.open() == []
    jobs.until(676)
    assert [kind for kind, _ in jobs.open()] == ["push_missing"]


def test_silence_that_ended_between_two_judgements_is_an_incident_that_is_over(jobs: Jobs) -> None:
    jobs.start()
    for jobs.minute in range(2, 186, 2):
        push_check.beat(jobs.context, jobs.now)
        if jobs.minute in (10, 180):
            jobs.push()
    jobs.judge()
    assert jobs.open() == []
    (incident,) = jobs.incidents()
    assert (incident.started_at, incident.ended_at) == (
        NOON + timedelta(minutes=70),
        NOON + timedelta(minutes=180),
    )
    assert jobs.alert("push_missing").resolved_at == incident.ended_at


def test_while_the_site_is_down_there_is_no_second_incident(jobs: Jobs) -> None:
    jobs.start()
    jobs.push()
    jobs.until(50)
    jobs.outage()
    jobs.until(200)
    assert (jobs.state(), jobs.open()) == ("excused", [])
    jobs.outages_end()
    jobs.until(209)
    assert jobs.open() == [], "a push has its grace to come"
    jobs.until(211)
    assert jobs.open() == [("push_missing", "no push in time")]


@pytest.mark.parametrize("kind", [IncidentKind.OUTAGE, IncidentKind.HOST_OUTAGE])
@pytest.mark.parametrize("of", [{"site": "shop"}, {"server": "web-1"}])
def test_a_server_that_is_down_excuses_what_runs_on_it(
    jobs: Jobs, kind: IncidentKind, of: dict[str, str]
) -> None:
    monitor = {key: value for key, value in HOURLY.items() if key != "site"} | of
    jobs.start(monitor)
    jobs.until(60)
    jobs.outage(kind=kind)
    jobs.until(120)
    assert jobs.open() == []


def test_silence_that_is_open_when_its_site_goes_down_is_part_of_the_outage(jobs: Jobs) -> None:
    jobs.start()
    jobs.until(75)
    assert len(jobs.open()) == 1
    jobs.outage()
    jobs.until(80)
    assert jobs.alert("push_missing").covered_by is not None
    jobs.outages_end()
    jobs.until(85)
    assert jobs.alert("push_missing").covered_by is None
    assert len(jobs.open()) == 1


def test_maintenance_excuses_the_push_that_was_due_in_it(jobs: Jobs) -> None:
    window = {"from": "2026-04-07T12:50:00+00:00", "to": "2026-04-07T13:30:00+00:00"}
    site = {"name": "shop", "url": "https://shop.example/", "maintenance": {"once": [window]}}
    jobs.start(sites=[site])
    jobs.until(125)
    assert (jobs.state(), jobs.open()) == ("excused", [])
    jobs.until(131)
    assert [kind for kind, _ in jobs.open()] == ["push_missing"], "the next one was due at 14:00"


def test_our_own_stop_is_not_the_jobs_silence(jobs: Jobs) -> None:
    jobs.start()
    jobs.push()
    jobs.until(50)
    jobs.serves = False
    jobs.until(90)
    assert (jobs.state(), jobs.open()) == ("unknown", [])
    with reading(jobs.engine) as connection:
        alert = find_open(connection, Kind.TASK_FAILED, "public endpoint")
    assert alert is not None
    assert "1 push monitor is unknown" in alert.headline
    jobs.serves = True
    push_check.beat(jobs.context, jobs.now, started=True)
    jobs.until(125)
    assert (jobs.state(), jobs.open()) == ("unknown", []), "the push of 13:00 may have been lost"
    with reading(jobs.engine) as connection:
        assert find_open(connection, Kind.TASK_FAILED, "public endpoint") is None
    jobs.until(131)
    assert [kind for kind, _ in jobs.open()] == ["push_missing"], "that of 14:00 was not"


def test_a_restart_excuses_one_push_and_not_the_next_ones(jobs: Jobs) -> None:
    jobs.start()
    jobs.push()
    for minute in (60, 120, 180):
        jobs.until(minute)
        push_check.beat(jobs.context, jobs.now, started=True)
    jobs.until(185)
    assert [kind for kind, _ in jobs.open()] == ["push_missing"]


def test_a_restart_far_from_the_expected_time_excuses_nothing(jobs: Jobs) -> None:
    jobs.start()
    jobs.push()
    jobs.until(30)
    push_check.beat(jobs.context, jobs.now, started=True)
    jobs.until(71)
    assert [kind for kind, _ in jobs.open()] == ["push_missing"]


def test_an_endpoint_that_never_served_is_missed_and_no_job_is(jobs: Jobs) -> None:
    jobs.serves = False
    jobs.configure(HOURLY)
    jobs.judge()
    jobs.until(300, every=30)
    assert (jobs.state(), jobs.open()) == ("unknown", [])
    with reading(jobs.engine) as connection:
        assert find_open(connection, Kind.TASK_FAILED, "public endpoint") is not None


def test_our_own_connection_that_is_down_excuses_too(jobs: Jobs) -> None:
    jobs.start()
    jobs.until(60)
    jobs.outage("our connection", IncidentKind.BLIND)
    jobs.until(90)
    assert (jobs.state(), jobs.open()) == ("unknown", [])


def test_a_secret_that_is_not_set_is_our_fault_and_no_silence(jobs: Jobs) -> None:
    del jobs.secrets["push_backup"]
    jobs.start()
    jobs.until(200, every=60)
    assert (jobs.state(), jobs.open()) == ("unknown", [])
    alert = jobs.alert("configuration")
    assert alert.facts["errors"] == ["backup: the secret push_backup is not set"]
    jobs.secrets["push_backup"] = "t" * 24
    jobs.until(205)
    assert jobs.alert("configuration").resolved_at is not None
    jobs.until(255)
    assert jobs.open() == [], "it is expected from when a push of it could be taken"
    jobs.until(275)
    assert [kind for kind, _ in jobs.open()] == ["push_missing"]


def test_a_monitor_that_is_removed_ends_without_being_mended_and_comes_back_as_new(
    jobs: Jobs,
) -> None:
    jobs.start()
    jobs.until(75)
    jobs.configure()
    jobs.until(80)
    alert = jobs.alert("push_missing")
    assert alert.facts["ending"] == "monitor_removed"
    with reading(jobs.engine) as connection:
        assert connection.execute(select(pushes)).all() == []
    jobs.configure(HOURLY)
    jobs.until(145)
    assert jobs.open() == []
    assert jobs.state() == "waiting"


def test_a_monitor_that_is_renamed_goes_on(jobs: Jobs) -> None:
    jobs.start()
    jobs.until(75)
    jobs.configure(HOURLY | {"name": "dump"})
    jobs.until(80)
    alert = jobs.alert("push_missing")
    assert (alert.subject, alert.resolved_at) == ("dump", None)
    assert len(alert.facts["follows"]) == 1
    jobs.push()
    jobs.until(85)
    assert jobs.open() == []


def test_a_second_judgement_of_the_same_minute_changes_nothing(jobs: Jobs) -> None:
    jobs.start()
    jobs.until(75)
    before = (jobs.incidents(), jobs.open())
    assert push_check.judge(jobs.context, jobs.now)["changes"] == []
    assert (jobs.incidents(), jobs.open()) == before


def test_a_report_lists_the_silence_of_a_site_and_not_that_of_a_server(jobs: Jobs) -> None:
    of_server = {"name": "disk", "server": "web-1", "token": "push_disk", "every": "1h"}
    jobs.secrets["push_disk"] = "d" * 24
    jobs.start(HOURLY, of_server)
    jobs.until(75)
    assert len(jobs.open()) == 2
    with reading(jobs.engine) as connection:
        fleet = active_configuration(connection).fleet
        day = timedelta(days=1)
        _, rows = site_and_incident_rows(connection, fleet, NOON, NOON + day, jobs.now)
    assert [(row["kind"], row["site"], row["reason"]) for row in rows] == [
        ("push_missing", "shop", "silent")
    ]


def test_a_pause_of_the_endpoint_without_a_restart_is_a_stop_too(jobs: Jobs) -> None:
    jobs.start()
    jobs.until(58)
    jobs.minute = 61
    push_check.beat(jobs.context, jobs.now)
    jobs.until(75)
    assert (jobs.state(), jobs.open()) == ("unknown", [])
