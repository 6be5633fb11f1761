"""1,000 sites on two workers, of which one is killed in the middle of its shards."""

from __future__ import annotations

import re
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
from deploy.workers.leaks import leaks
from deploy.workers.otlp import Collector, collector
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
# Of one site; the others do without.
LOGIN = "shop-user:hush-site-login"
ALERTS = """
receivers:
  team:
    - {name: team_chat, channel: chat, secret: apprise_test}
    - {name: away_chat, channel: chat, secret: apprise_away}
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
    sites[0]["login"] = "shop_login"
    policy = {
        "check": {"shard": SHARD, "heartbeat": "heartbeat"},
        "vantage": [],
        "servers": {"min_sites": SITES},
    }
    (folder / "sites.yaml").write_text(yaml.safe_dump(policy | {"sites": sites}))
    (folder / "alerts.yaml").write_text(ALERTS)
    shutil.copy(ROOT / "include/config/service_levels.yaml", folder)
    return folder


@pytest.fixture
def collected() -> Iterator[Collector]:
    with collector() as running:
        yield running


def documented_metrics(collected: Collector) -> dict[str, str]:
    """The settings of docs/metrics.md, for this collector; asked more often."""
    page = (ROOT / "docs/metrics.md").read_text()
    blocks = re.findall(r"```sh\n(AIRFLOW__(?:METRICS|TRACES)__OTEL_ON.*?)```", page, re.DOTALL)
    assert len(blocks) == 2
    settings = dict(re.findall(r"^(\w+)=(\S+)", "".join(blocks), re.MULTILINE))
    assert settings["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://collector:4318"
    return settings | {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collected.port}",
        "AIRFLOW__METRICS__OTEL_INTERVAL_MILLISECONDS": "5000",
    }


@pytest.fixture
def here(tmp_path: Path, http: Endpoint, collected: Collector) -> Iterator[Installation]:
    secrets = {
        "AIRFLOW_CONN_APPRISE_TEST": http.url("hush-receiver"),
        "AIRFLOW_CONN_APPRISE_AWAY": f"json://me:hush-away@127.0.0.1:{free_port()}/hush-path",
        "AIRFLOW_CONN_SHOP_LOGIN": LOGIN,
        "AIRFLOW_CONN_HEARTBEAT": f"http://127.0.0.1:{free_port()}/hush-heartbeat",
    }
    with server(answer()) as web:
        config = written(tmp_path, web.url("/"), f"http://127.0.0.1:{free_port()}/")
        with installation(config, secrets, documented_metrics(collected)) as started:
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
    here: Installation, shared: Engine, http: Endpoint, collected: Collector
) -> None:
    # Machines may have any zone; what they record has none.
    for name, zone in zip(WORKERS, ("Asia/Kathmandu", "America/St_Johns"), strict=True):
        here.start_worker(name, TZ=zone)
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
    judge_what_was_measured(collected)
    # No secret is in Airflow's tables (results, rendered fields, audit log), logs and answers.
    words = {word: word for word in re.findall(r"hush-[a-z-]+", str(here.receivers))}
    assert len(words) == 5
    unknown = ("POSTGRES_PASSWORD", "EXECUTOR")
    words |= {name: it for name, it in here.secrets.items() if name not in unknown and len(it) > 8}
    assert leaks(here, words) == []
    assert not [name for name, it in words.items() if it.encode() in b"".join(collected.bodies)]
    everywhere = {place.partition(":")[0] for place in leaks(here, {"a word": "site_check"})}
    assert everywhere > {"dag_run", "dags", "scheduler/log", "dags/~/dagRuns?limit=100"}


def judge_what_was_measured(collected: Collector) -> None:
    """What docs/metrics.md names has arrived, by DAG, from the scheduler and from tasks."""
    page = (ROOT / "docs/metrics.md").read_text()
    section = page.partition("## Airflow's own metrics")[2]
    named = set(re.findall(r"`(airflow\.[a-z_.]+)`", section))
    assert len(named) >= 4
    wait_until(lambda: named <= collected.metrics.keys(), f"{named}", 30)
    assert "site_check" in collected.metrics["airflow.task.duration"]
    assert collected.services == {"airflow"}
    assert any("site_check" in name for name in collected.spans), collected.spans


def judge_what_was_found(store: Engine, http: Endpoint) -> None:
    c, log = check_results.c, notification_log.c
    with store.connect() as connection:
        checked = connection.execute(select(func.count(c.site.distinct()))).scalar()
        tries = connection.execute(select(c.site).where(c.site.in_(DOWN))).scalars().all()
        found = connection.execute(select(incidents.c.kind, incidents.c.subject)).all()
        ours = alerts.c.kind != "delivery"  # of the receiver that is away
        raised = connection.execute(select(alerts.c.kind, alerts.c.subject).where(ours)).all()
        sent = connection.execute(
            select(alerts.c.subject, log.started_at)
            .join(alerts, alerts.c.key == log.alert)
            .where(ours, log.target == "team_chat")
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
