"""Where no push of any job comes while the endpoint serves, what is before it is the one cause."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from flows.sites.pushing.jobs import NOON, Jobs
from supportops.alerts.alert import Alert, Severity
from supportops.alerts.store import find_all
from supportops.db.engine import reading
from supportops.db.schema import alerts
from supportops.flows.sites import push_check

pytestmark = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)

SITES = [{"name": name, "url": f"https://{name}.example/", "host": f"web-{name}"} for name in "abc"]
MONITORS = [
    {"name": f"job {n}", "site": n, "token": f"push_{n}", "every": "1h", "grace": "10m"}
    for n in "abc"
]


@pytest.fixture
def jobs(store: Engine, tmp_path: Path) -> Jobs:
    found = Jobs(store, tmp_path / "config")
    found.secrets |= {f"push_{name}": name * 24 for name in "abc"}
    return found


def push(jobs: Jobs, names: str = "abc") -> None:
    for name in names:
        assert jobs.push(token=name * 24).status == 200


def the_alert(jobs: Jobs) -> Alert:
    with reading(jobs.engine) as connection:
        rows = connection.execute(select(alerts.c.key).where(alerts.c.subject == "pushes of jobs"))
        (found,) = find_all(connection, [row.key for row in rows]).values()
    return found


def states(jobs: Jobs) -> list[str]:
    return [each.state for each in push_check.standing_of(jobs.context, jobs.now)]


def test_a_proxy_that_is_down_is_one_alert_and_no_job_is_silent(jobs: Jobs) -> None:
    jobs.start(*MONITORS, sites=SITES)
    for minute, name in ((10, "a"), (12, "b"), (14, "c")):
        jobs.until(minute)
        push(jobs, name)
    jobs.until(81)
    assert jobs.open() == [("push_missing", "no push in time")], "one alone is that job's"
    jobs.until(130)
    assert len(jobs.open()) <= 2, "what was said before is not said again of the others"
    alert = the_alert(jobs)
    assert (alert.subject, alert.severity) == ("pushes of jobs", Severity.WARNING)
    assert alert.headline == "none has come for 1 h 56 min, though 3 were due"
    assert alert.facts["explanation"].endswith("each of these: job a, job b, job c.")
    assert jobs.alert("push_missing").covered_by == alert.key
    assert states(jobs)[2] == "unknown"
    push(jobs)
    jobs.until(135)
    assert jobs.open() == []
    over = the_alert(jobs)
    assert (over.resolved_at, over.facts["over"]) == (jobs.now, "pushes come again")


def test_all_that_are_due_at_once_are_no_incident_and_what_was_lost_is_none_later(
    jobs: Jobs,
) -> None:
    jobs.start(*MONITORS, sites=SITES)
    push(jobs)
    jobs.until(300)
    assert (jobs.open(), states(jobs)) == ([], ["unknown"] * 3)
    push(jobs, "a")
    jobs.until(305)
    assert jobs.open() == [], "those of the others were lost on the way"
    jobs.until(345)
    assert the_alert(jobs).resolved_at is not None
    push(jobs, "a")
    jobs.until(380)
    assert [headline for _, headline in jobs.open()] == ["no push in time"] * 2
    assert {each.subject for each in jobs.incidents()} == {"job b", "job c"}


def test_jobs_of_one_server_or_few_of_many_are_silent_themselves(jobs: Jobs) -> None:
    one = [site | {"host": "web-1"} for site in SITES]
    jobs.start(*MONITORS, sites=one)
    jobs.until(75)
    assert len(jobs.open()) == 3
    jobs.configure(*MONITORS, sites=SITES)
    push(jobs)
    jobs.until(130)
    push(jobs, "c")
    jobs.until(150)
    assert len(jobs.open()) == 2, "a push of another came since they were due to come"


def test_jobs_that_never_pushed_are_one_alert_and_an_urgent_one_makes_it_urgent(
    jobs: Jobs,
) -> None:
    first, *others = MONITORS
    jobs.start(first | {"severity": "critical"}, *others, sites=SITES)
    jobs.until(75)
    assert jobs.open() == []
    alert = the_alert(jobs)
    assert (alert.severity, alert.opened_at) == (Severity.CRITICAL, NOON + timedelta(minutes=70))
    jobs.configure(sites=SITES)
    jobs.until(80)
    assert the_alert(jobs).facts["over"] == "no monitor is configured"


def test_an_endpoint_that_stops_meanwhile_and_a_second_judgement_change_nothing(
    jobs: Jobs,
) -> None:
    jobs.start(*MONITORS, sites=SITES)
    push(jobs)
    jobs.until(75)
    before = the_alert(jobs)
    push_check.judge(jobs.context, jobs.now)
    assert the_alert(jobs) == before
    jobs.serves = False
    jobs.until(120)
    assert (jobs.open(), states(jobs)) == ([], ["unknown"] * 3)
    jobs.serves = True
    push_check.beat(jobs.context, jobs.now, started=True)
    push(jobs)
    jobs.until(125)
    assert (jobs.open(), states(jobs)) == ([], ["up"] * 3)
