"""The front page: who has what is down, what is late and due, and what is wrong with us."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from alert_builders import alert
from supportops.alerts import store as alerts
from supportops.alerts.alert import Kind
from supportops.context import Context, no_secrets
from supportops.db.activity import Flow, worked
from supportops.db.engine import reading, writing
from supportops.flows.alerts import alert_acts
from supportops.sites.check import Reason
from web.boards import (
    ACTOR,
    NOON,
    READER,
    live_through,
    make_board,
    site_entry,
    slots_until,
    visible,
    write_config,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    sites = [
        site_entry("shop", "Acme", host="web-1"),
        site_entry("blog", "Acme", host="web-1"),
        site_entry("wiki", "Kestrel Hire", host="web-1"),
        site_entry("studio", "Wren Studios", host="web-2"),
    ]
    return write_config(tmp_path / "config", sites)


@pytest.fixture
def desk(store: Engine, folder: Path) -> TestClient:
    live_through(
        store,
        folder,
        slots_until(NOON, 2),
        lambda site, *_: Reason.OK if site.host == "web-2" else Reason.REFUSED,
    )
    return TestClient(make_board(store, lambda: NOON))


def text(desk: TestClient, query: str = "") -> str:
    return visible(desk.get(f"/{query}", headers=dict(READER)).text)


def test_a_server_hurts_the_customers_of_its_sites_and_no_others(desk: TestClient) -> None:
    assert "Server web-1 is down: 3 of 4 sites are down" in text(desk)
    assert "Server web-1 is down: The site is down" in text(desk, "?customer=kestrel  HIRE")
    other = text(desk, "?customer=Wren%20Studios")
    assert "The site is up" in other
    assert "Server down" not in other
    assert "No site belongs to a customer called Nobody" in text(desk, "?customer=Nobody")


def test_whoever_has_taken_an_incident_stands_on_its_card(
    desk: TestClient, store: Engine, folder: Path
) -> None:
    assert "nobody has it" in text(desk)
    with reading(store) as connection:
        (found,) = alerts.list_open(connection, Kind.HOST_OUTAGE)
    context = Context(store, folder, no_secrets)
    alert_acts.acknowledge(context, found.key, "grace", NOON)
    assert "grace has it" in text(desk)


def test_what_is_wrong_with_the_installation_comes_first(desk: TestClient, store: Engine) -> None:
    assert "This installation" not in text(desk)
    with writing(store) as connection:
        for kind in (Kind.CONFIGURATION, Kind.DELIVERY):
            found = alert("sms" if kind is Kind.DELIVERY else "configuration", kind)
            alerts.raise_alert(connection, found, NOON)
        for hours in (9, 8, 7):
            worked(connection, Flow.SLA_SWEEP, NOON - timedelta(hours=hours))
    shown = text(desk)
    assert "Deadlines are not looked at" in shown
    assert shown.index("This installation") < shown.index("Open incidents")
    assert "sms" in shown


def test_the_wall_is_asked_for_by_its_name_alone(desk: TestClient) -> None:
    for query, wall in (("", False), ("?wall", True), ("?wall=1", True), ("?wall=0", False)):
        page = desk.get(f"/{query}", headers=dict(ACTOR)).text
        assert ('<body class="wall">' in page) is wall


def test_title_and_icon_tell_the_state(desk: TestClient) -> None:
    page = desk.get("/", headers=dict(READER)).text
    assert "<title>Server web-1 is down: 3 of 4 sites are down</title>" in page
    assert "static/icon-down.svg" in page
    icon = desk.get("/static/icon-down.svg", headers=dict(READER))
    assert (icon.status_code, icon.headers["content-type"]) == (200, "image/svg+xml")
    assert "static/icon-up.svg" in desk.get("/?customer=Wren Studios", headers=dict(READER)).text
