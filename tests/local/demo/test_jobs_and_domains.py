"""Jobs that report and domains of the demo: what the same process serves beside the sites."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from supportops.alerts.store import list_open
from supportops.config.loader import load
from supportops.context import Context, no_secrets
from supportops.db.engine import reading
from supportops.flows.sites import domain_check
from supportops.local.demo import breakage, jobs, registry
from supportops.local.demo.breakage import FailureMode
from supportops.local.demo.config import SHIPPED, SOURCE, choose_ports, write
from supportops.local.demo.config import jobs as tokens
from supportops.local.demo.sites import Demo, DemoError
from supportops.local.install.installation import Installation
from supportops.sites.push.proof import token_fault
from supportops.tutorials.matching import suggest

SQLITE = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    found = Installation(tmp_path, tmp_path / ".local").demo
    found.prepare_demo()
    write(found, choose_ports(8080))
    return found


@pytest.fixture
def farm(here: Installation) -> Iterator[Installation]:
    """The process that serves the registry and the sites."""
    argv = [sys.executable, "-m", "supportops.local.demo.farm"]
    running = subprocess.Popen(
        [*argv, str(here.demo_config), str(here.broken)], env={"PYTHONPATH": str(SHIPPED.parent)}
    )
    yield here
    running.terminate()
    running.wait()


def until(holds: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.2)


@SQLITE
def test_a_domain_that_ends_soon_warns_and_one_that_moves_is_an_alert(
    farm: Installation, store: Engine
) -> None:
    context = Context(store, farm.demo_config, no_secrets)

    def check() -> dict[str, object]:
        return domain_check.run(context, lambda: datetime.now(UTC), again=True)

    until(lambda: check()["unknown"] == 0)
    with reading(store) as connection:
        [ending] = list_open(connection)
    assert (ending.kind.value, ending.site) == ("registration", "harbour-trust")
    breakage.write(farm.broken, {"example.org": FailureMode.REFUSED})
    check()
    with reading(store) as connection:
        kinds = {alert.kind.value: alert.customer for alert in list_open(connection)}
    assert kinds["dns_change"] == "Kestrel Cycles"
    breakage.write(farm.broken, {})
    check()
    with reading(store) as connection:
        assert "dns_change" not in {alert.kind.value for alert in list_open(connection)}


def test_registrations_end_on_the_same_day_after_a_restart(here: Installation) -> None:
    before = registry.ends(here.demo_config)
    write(here, choose_ports(8080))
    assert registry.ends(here.demo_config) == before
    late = max(before.values()) + timedelta(days=1)
    registry.write_files(here.demo_config, before, late)
    assert min(registry.ends(here.demo_config).values()) > late


def test_a_job_reports_until_it_is_broken() -> None:
    backup, disk = load(SOURCE).monitors.all
    assert jobs.push(backup, None) == jobs.Push("", '{"message": "done"}')
    assert jobs.push(backup, FailureMode.REFUSED) is None
    failed = jobs.push(backup, FailureMode.ERROR)
    assert failed is not None
    assert failed.path == "/1"
    full = jobs.push(disk, FailureMode.TEXT)
    assert full is not None
    assert json.loads(full.body)["disk"] > 90
    assert [token_fault(value) for value in tokens().values()] == [None, None]


def test_jobs_and_domains_are_broken_by_their_names(here: Installation) -> None:
    demo = Demo(here)
    assert demo.break_sites(["shop-backup", "example.net"], FailureMode.REFUSED) == [
        "shop-backup",
        "example.net",
    ]
    assert demo.words("shop-backup", FailureMode.REFUSED) == "does not run any more"
    with pytest.raises(DemoError, match="shop-backup is a job"):
        demo.break_sites(["shop-backup"], FailureMode.HANG)
    assert demo.mend(["shop-backup"]) == ["shop-backup"]
    assert breakage.read(here.broken) == {"example.net": FailureMode.REFUSED}


@pytest.mark.parametrize(
    ("subject", "title"),
    [
        ("Reset my password for kestrel-hire, please", "Change or reset your password"),
        ("How do we schedule a post for Sunday?", "Schedule a post"),
        ("Visitor figures of last month", None),
    ],
)
def test_a_question_of_the_demo_is_answered_by_its_tutorial(
    subject: str, title: str | None
) -> None:
    found = suggest(subject, load(SOURCE).tutorials)
    assert [each.tutorial.title for each in found][:1] == ([title] if title else [])
