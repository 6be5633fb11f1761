"""Every DAG runs in a real Airflow, on a real store, against real servers; its state is asserted.

`dag.test()` does not raise when a run fails, so each test looks at the state itself.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from sqlalchemy import Engine, delete, func, select

from airflow_home import ROOT
from inboxes import Endpoint, Mailbox, endpoint, mailbox
from sites.servers import Server, answer, resets, server
from supportops.db.schema import alerts, check_results, incidents, messages, notification_log
from supportops.flows.sites import site_check
from supportops.flows.sites.checking.judgement import PartJudge

SITES = """
check: {{deadline: 2s, confirm_after: [1s, 1s], shard: 2}}
sites:
  - {{name: Shop, customer: Acme, url: "{shop}", allow_private: true}}
  - {{name: Blog, customer: Acme, url: "{blog}", allow_private: true}}
  - {{name: Wiki, customer: Umbrella, url: "{blog}", allow_private: true}}
"""
ALERTS = """
receivers:
  engineers:
    - {name: phone, channel: sms, secret: apprise_phone}
    - {name: room, channel: chat, secret: apprise_room}
  team: [{name: team, channel: email, secret: apprise_team}]
routes:
  - {name: everything, steps: [{receivers: [engineers, team]}]}
retry: {timeout: 5s}
"""


class Website:
    """A site whose behaviour a test may change while it runs."""

    def __init__(self, body: bytes) -> None:
        self.talk = answer(body)

    def __call__(self, connection: socket.socket, running: Server) -> None:
        self.talk(connection, running)


@dataclass
class Agency:
    """A store, two websites, and the agency's receivers."""

    store: Engine
    shop: Website
    phone: Endpoint
    room: Endpoint
    mail: Mailbox
    config: Path


@pytest.fixture
def agency(
    store: Engine, store_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Agency]:
    config = tmp_path / "config"
    config.mkdir()
    shop_site = Website(b"shop")
    with (
        server(shop_site) as shop,
        server(answer(b"blog")) as blog,
        endpoint() as phone,
        endpoint() as room,
        mailbox() as mail,
    ):
        (config / "sites.yaml").write_text(SITES.format(shop=shop.url(), blog=blog.url()))
        (config / "alerts.yaml").write_text(ALERTS)
        levels = (ROOT / "include/config/service_levels.yaml").read_text()
        (config / "service_levels.yaml").write_text(levels)
        monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", store_address)
        monkeypatch.setenv("SUPPORTOPS_CONFIG", str(config))
        monkeypatch.setenv("AIRFLOW_CONN_APPRISE_PHONE", phone.url())
        monkeypatch.setenv("AIRFLOW_CONN_APPRISE_ROOM", room.url())
        monkeypatch.setenv("AIRFLOW_CONN_APPRISE_TEAM", mail.url())
        yield Agency(store, shop_site, phone, room, mail, config)


def states(run) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for instance in run.get_task_instances():
        found.setdefault(instance.task_id, []).append(str(instance.state))
    return found


def count(store: Engine, table) -> int:
    with store.connect() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_a_site_check_of_healthy_sites_is_green_and_raises_nothing(agency: Agency, bag) -> None:
    run = bag.dags["site_check"].test()
    assert run.state == "success", states(run)
    assert states(run) == {"plan": ["success"], "check": ["success"] * 2, "judge": ["success"]}
    assert count(agency.store, check_results) == 3
    assert count(agency.store, alerts) == 0


def test_an_outage_and_its_end_reach_every_channel(agency: Agency, bag) -> None:
    agency.shop.talk = resets
    assert bag.dags["site_check"].test().state == "success"
    assert count(agency.store, incidents) == 1
    assert bag.dags["alert_dispatch"].test().state == "success"
    assert "Shop" in agency.phone.wait_for(1)[0].json()["message"]
    assert "Shop" in agency.room.wait_for(1)[0].json()["message"]
    assert "DOWN" in agency.mail.wait_for(1)[0].subject

    agency.shop.talk = answer(b"shop")
    assert bag.dags["site_check"].test().state == "success"
    assert bag.dags["alert_dispatch"].test().state == "success"
    assert "RESOLVED" in agency.mail.wait_for(2)[1].subject
    assert count(agency.store, messages) == count(agency.store, notification_log) == 6


ASKED = (DagRun.dag_id == "alert_dispatch", DagRun.run_id.startswith("asked__"))


@pytest.fixture
def dispatches() -> Callable[[], int]:
    """How many runs of the dispatch were asked for since the test began; none of them starts."""
    with create_session() as session:
        session.execute(delete(DagRun).where(*ASKED))

    def number() -> int:
        with create_session() as session:
            return session.scalar(select(func.count()).select_from(DagRun).where(*ASKED))

    return number


def test_an_outage_that_a_lost_shard_recorded_is_dispatched_though_the_run_fails(
    agency: Agency, bag, monkeypatch: pytest.MonkeyPatch, dispatches: Callable[[], int]
) -> None:
    agency.shop.talk = resets
    whole = site_check.check

    def killed_in_the_end(engine, spec, *more, **settings):
        whole(engine, spec, *more, **settings)
        raise RuntimeError("killed")

    monkeypatch.setattr(site_check, "check", killed_in_the_end)
    monkeypatch.setattr(PartJudge, "judge", lambda _: None)
    for task in bag.dags["site_check"].tasks:
        monkeypatch.setattr(task, "retries", 0)
    run = bag.dags["site_check"].test()
    assert states(run) == {"plan": ["success"], "check": ["failed"] * 2, "judge": ["failed"]}
    assert count(agency.store, incidents) == 1
    assert dispatches() == 1


def test_a_confirmed_outage_starts_a_dispatch_while_other_sites_are_checked(
    agency: Agency, bag, dispatches: Callable[[], int]
) -> None:
    agency.shop.talk = resets
    assert bag.dags["site_check"].test().state == "success"
    assert dispatches() == 1
    # That one has not begun, and will send what is found until then.
    agency.shop.talk = answer(b"shop")
    assert bag.dags["site_check"].test().state == "success"
    assert dispatches() == 1


def test_a_dispatch_before_the_first_check_is_green(agency: Agency, bag) -> None:
    assert bag.dags["alert_dispatch"].test().state == "success"


def test_a_dispatch_without_alerts_is_green(agency: Agency, bag) -> None:
    bag.dags["site_check"].test()
    assert bag.dags["alert_dispatch"].test().state == "success"
    assert count(agency.store, messages) == 0


def test_a_failed_run_becomes_an_alert_and_the_next_good_one_ends_it(
    agency: Agency, bag, monkeypatch: pytest.MonkeyPatch
) -> None:
    (agency.config / "sites.yaml").write_text("sites: nonsense")
    for task in bag.dags["site_check"].tasks:
        monkeypatch.setattr(task, "retries", 0)
    assert bag.dags["site_check"].test().state == "failed"
    with agency.store.connect() as connection:
        found = connection.execute(select(alerts.c.kind, alerts.c.subject)).all()
    assert ("task_failed", "site_check") in [tuple(row) for row in found]


def test_an_outage_drafts_a_notice_and_asks_for_a_dispatch(agency: Agency, bag) -> None:
    rules = "notices: {approval: none}\ncustomers: [{name: Acme, contacts: [team]}]\n"
    (agency.config / "customers.yaml").write_text(rules)
    agency.shop.talk = resets
    assert bag.dags["site_check"].test().state == "success"
    assert bag.dags["notices"].test().state == "success"
    assert bag.dags["alert_dispatch"].test().state == "success"
    subjects = {mail.subject for mail in agency.mail.wait_for(2)}
    assert "Shop cannot be reached" in subjects
