"""1,000 sites on two workers, of which one is killed in the middle of its shards."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Engine, create_engine, func, select, text

from conftest import make_live
from deploy.compose_file import ROOT
from deploy.workers.several_workers import (
    DAGS,
    Installation,
    installation,
    wait_until,
    waiting,
)
from inboxes import Endpoint, free_port
from sites.servers import answer, server
from supportops.db.schema import alerts, check_results, incidents, notification_log

SITES, SHARD = 1000, 200
DOWN = {f"site {number:04}" for number in range(7, SITES, SHARD)}
WORKERS = ("one", "two")
# Of everything from the first failed check to the message, in spite of the kill.
LATEST = timedelta(seconds=90)
ALERTS = """
receivers: {team: [{name: team_chat, channel: chat, secret: apprise_test}]}
routes: [{name: all, match: {kind: [outage, host_outage, blind]}, steps: [{receivers: [team]}]}]
"""


def written(folder: Path, up: str, down: str) -> Path:
    """A configuration of 1,000 sites in five shards, each with one that refuses connections."""
    names = [f"site {number:04}" for number in range(SITES)]
    sites = [
        {
            "name": name,
            "customer": "farm",
            "url": f"{down if name in DOWN else up}{name[5:]}",
            "allow_private": True,
        }
        for name in names
    ]
    policy = {"check": {"shard": SHARD}, "vantage": [], "servers": {"min_sites": SITES}}
    (folder / "sites.yaml").write_text(yaml.safe_dump(policy | {"sites": sites}))
    (folder / "alerts.yaml").write_text(ALERTS)
    shutil.copy(ROOT / "include/config/service_levels.yaml", folder)
    return folder


@pytest.fixture
def here(tmp_path: Path, http: Endpoint) -> Iterator[Installation]:
    with server(answer()) as web:
        config = written(tmp_path, web.url("/"), f"http://127.0.0.1:{free_port()}/")
        with installation(config, {"AIRFLOW_CONN_APPRISE_TEST": http.url("chat")}) as started:
            yield started


@pytest.fixture
def shared(here: Installation) -> Iterator[Engine]:
    """The store of all of them."""
    engine = here.engine()
    make_live(engine)
    yield engine
    engine.dispose()


def first_failures(store: Engine) -> dict[str, datetime]:
    """When each site that is down failed first."""
    c = check_results.c
    query = (
        select(c.site, func.min(c.checked_at).label("first"))
        .where(c.site.in_(DOWN))
        .group_by(c.site)
    )
    with store.connect() as connection:
        return {row.site: row.first for row in connection.execute(query)}


def from_airflow(here: Installation, query: str, **parameters: str) -> Any:
    """The first value that Airflow's database answers with."""
    airflow = create_engine(f"postgresql+psycopg://airflow@/airflow?host={here.socket}")
    with airflow.connect() as connection:
        found = connection.execute(text(query), parameters).scalar()
    airflow.dispose()
    return found


def run_state(here: Installation, run: str) -> str | None:
    """The state of a run of the site check, as Airflow's database has it."""
    query = "SELECT state FROM dag_run WHERE dag_id = 'site_check' AND run_id = :run"
    return from_airflow(here, query, run=run)


# On a quiet machine it takes a minute and a half, of which 40 s are the confirmation of outages.
@pytest.mark.timeout(400)
def test_a_worker_killed_in_the_middle_of_a_check_delays_and_repeats_nothing(
    here: Installation, shared: Engine, http: Endpoint
) -> None:
    for name in WORKERS:
        here.start_worker(name)
    wait_until(lambda: len(here.tasks_of(WORKERS)) == len(WORKERS), "workers")
    api = here.api
    wait_until(lambda: set(DAGS) <= set(api.dags()), "DAGs")
    assert [here.health(name).returncode for name in WORKERS] == [0, 0]
    # All but urgent tasks wait in a pool, which the scheduler has made.
    assert from_airflow(here, "SELECT slots FROM slot_pool WHERE pool = 'ordinary'") == 63

    run = api.trigger("site_check")
    wait_until(lambda: first_failures(shared).keys() == DOWN, "first checks")
    shards = here.tasks_of(WORKERS)
    assert {task for tasks in shards.values() for task in tasks} >= {
        f"site_check.check[{number}]" for number in range(SITES // SHARD)
    }
    assert all(shards[name] for name in WORKERS)
    killed = max(WORKERS, key=lambda name: len(shards[name]))
    (survivor,) = set(WORKERS) - {killed}
    here.kill(killed)

    wait_until(lambda: run_state(here, run) in ("success", "failed"), "the run", 150)
    assert run_state(here, run) == "success"
    wait_until(lambda: len(http.requests) >= len(DOWN), "messages", 30)
    judge_what_was_found(shared, http)

    answer = here.health(killed)
    assert (answer.returncode, answer.stdout) == (1, "health: the worker does not answer\n")
    assert here.health(survivor).returncode == 0
    assert waiting(here.broker) == 0


def judge_what_was_found(store: Engine, http: Endpoint) -> None:
    c, log = check_results.c, notification_log.c
    with store.connect() as connection:
        checked = connection.execute(select(func.count(c.site.distinct()))).scalar()
        tries = connection.execute(select(c.site).where(c.site.in_(DOWN))).scalars().all()
        found = connection.execute(select(incidents.c.kind, incidents.c.subject)).all()
        raised = connection.execute(select(alerts.c.kind, alerts.c.subject)).all()
        sent = connection.execute(
            select(alerts.c.subject, log.started_at).join(alerts, alerts.c.key == log.alert)
        ).all()
    assert checked == SITES
    assert Counter(tries) == dict.fromkeys(DOWN, 3)
    # These and nothing else: no failed task either, which would be an alert.
    assert Counter(map(tuple, found)) == Counter(("outage", name) for name in DOWN)
    assert Counter(map(tuple, raised)) == Counter(("outage", name) for name in DOWN)
    assert Counter(subject for subject, _ in sent) == Counter(DOWN)
    assert len(http.requests) == len(DOWN)
    assert all(any(name.encode() in each.body for each in http.requests) for name in DOWN)
    first = first_failures(store)
    slowest = max(at - first[subject] for subject, at in sent)
    assert slowest <= LATEST, f"the last message went out after {slowest}"
