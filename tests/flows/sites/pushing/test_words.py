"""What people read of jobs: in every channel, in a digest, and of each end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from flows.sites.pushing.jobs import HOURLY, Jobs
from supportops.alerts.alert import Kind
from supportops.alerts.channels.counts import counts, in_order
from supportops.alerts.store import list_open
from supportops.alerts.words.notification import Notification
from supportops.db.engine import reading
from supportops.flows.alerts import alert_dispatch
from supportops.notify.outgoing import Delivery, Outcome

pytestmark = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
HOSTILE = b'{"status": "fail", "exit_code": 3, "message": "<b>dump</b> \\u202e*x*\\n[a](http://b)"}'

ALERTS = """
receivers:
  all:
    - {name: engineer_sms, channel: sms, secret: apprise_engineer_sms}
    - {name: engineer_chat, channel: chat, secret: apprise_engineer_chat}
    - {name: team_email, channel: email, secret: apprise_team_email}
routes:
  - name: jobs
    match: {kind: [push_missing, push_failed, push_limit]}
    steps: [{receivers: [all]}]
    resolved: true
"""


class Readers(Jobs):
    """Whoever gets the messages."""

    alerts = ALERTS

    def configure(self, *monitors: Mapping[str, Any], **more: Any) -> None:
        super().configure(*monitors, **more)
        (self.folder / "alerts.yaml").write_text(self.alerts)
        (self.folder / "reports.yaml").unlink()

    def read(self) -> dict[str, str]:
        """The titles of what is sent in the next minute, by channel; bodies in `bodies`."""
        self.bodies: dict[str, str] = {}
        titles: dict[str, str] = {}

        def send(url: str, message: Any, *, timeout: float) -> Delivery:
            name = url.removeprefix("json://")
            titles[name] = "\n".join(
                filter(None, (titles.get(name), message.title or message.text))
            )
            self.bodies[name] = f"{message.title}\n{message.text}\n{message.html or ''}"
            return Delivery(Outcome.HANDED_OVER, "handed over", 0.0)

        self.minute += 1
        address = "json://{}".format
        alert_dispatch.run(self.engine, address, lambda: self.now, send=send)
        return titles


@pytest.fixture
def jobs(store: Engine, tmp_path: Path) -> Readers:
    return Readers(store, tmp_path / "config")


def test_silence_and_its_end_in_every_channel(jobs: Readers) -> None:
    jobs.start()
    jobs.until(75)
    told = jobs.read()
    line = "NO PUSH: backup - no push has ever come, expected 2026-04-07 14:00 BST"
    assert told["apprise_team_email"].startswith(line.split(",")[0])
    assert "backup NO PUSH" in told["apprise_engineer_sms"]
    for body in jobs.bodies.values():
        assert "no push has ever come" in body
        assert "t" * 24 not in body
    assert "Schedule" in jobs.bodies["apprise_team_email"]
    jobs.push()
    jobs.until(80)
    over = jobs.read()
    assert over["apprise_team_email"].startswith("RESOLVED: backup - a push came again after")


def test_a_failure_names_its_exit_code_and_nothing_that_it_says_is_markup(jobs: Readers) -> None:
    jobs.start(HOURLY | {"severity": "critical"})
    jobs.push(body=HOSTILE)
    told = jobs.read()
    assert told["apprise_team_email"].startswith(
        "JOB FAILED: backup - its job reports a failure, exit code 3"
    )
    assert "<b>dump</b>" not in jobs.bodies["apprise_team_email"].split("<html", 1)[-1]
    assert all("\u202e" not in body for body in jobs.bodies.values())
    assert jobs.alert("push_failed").severity.value == "critical"


def _raised(jobs: Readers) -> None:
    jobs.start(HOURLY | {"limits": {"disk": "90%"}})
    jobs.push(body=b'{"disk": 93.5}')
    jobs.until(5)
    jobs.read()
    jobs.configure(HOURLY | {"limits": {"disk": "95%"}})
    jobs.until(10)


def _removed(jobs: Readers) -> None:
    jobs.start()
    jobs.until(75)
    jobs.read()
    jobs.configure()
    jobs.until(80)


def _renamed(jobs: Readers) -> None:
    jobs.start()
    jobs.until(75)
    jobs.read()
    jobs.configure(HOURLY | {"name": "dump"})
    jobs.until(80)


@pytest.mark.parametrize(
    ("story", "line"),
    [
        (_raised, "CLOSED: backup - its limits were changed"),
        (_removed, "NO LONGER EXPECTED: backup - backup is no longer configured"),
        (_renamed, "RENAMED: backup - it is called dump now, and has not ended"),
    ],
)
def test_an_end_that_is_no_recovery_says_so(
    jobs: Readers, story: Callable[[Readers], None], line: str
) -> None:
    story(jobs)
    told = jobs.read()
    assert told["apprise_team_email"].startswith(line)
    assert all("RESOLVED" not in body for body in jobs.bodies.values())


def test_several_jobs_are_counted_in_words(jobs: Readers) -> None:
    jobs.secrets["push_mirror"] = "m" * 24
    jobs.start(HOURLY, HOURLY | {"name": "mirror", "token": "push_mirror"})
    jobs.until(75)
    with reading(jobs.engine) as connection:
        found = list_open(connection, Kind.PUSH_MISSING)
    (count,) = counts(in_order([Notification(alert, alert.phase) for alert in found]))
    assert count.words == "2 jobs without a push"
