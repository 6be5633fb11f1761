"""The jobs that push, and the domain, on the page of their site."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from flows.sites.pushing.jobs import TOKEN
from supportops.context import Context
from supportops.db.engine import reading, writing
from supportops.flows.active_configuration import active_configuration
from supportops.flows.sites import push_check
from supportops.sites.check import Reason
from supportops.sites.domains.mail import MailRecord
from supportops.sites.domains.registration import RegistryStatus
from supportops.sites.domains.standing import DomainStanding, KnownRecords
from supportops.sites.domains.store import save
from web import boards
from web.boards import NOON, READER, live_through, make_board, site_entry, slots_until, visible

HOSTILE = b'{"version": "<i>6</i>", "disk": 93.5, "message": "<script>alert(1)</script>{{7*7}}"}'


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_a_site_shows_its_jobs_and_those_of_its_server(
    store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sites = [site_entry("shop", host="web-1"), site_entry("blog")]
    folder = boards.write_config(tmp_path / "config", sites)
    file = folder / "sites.yaml"
    job = {"token": "push_backup", "every": "1h", "limits": {"disk": "90%"}}
    monitors = [
        {"name": "<b>backup", "site": "shop", **job},
        {"name": "disk of web-1", "server": "web-1", **job, "token": "push_disk"},
        {"name": "elsewhere", "site": "blog", **job, "token": "push_else"},
    ]
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | {"monitors": monitors}))
    live_through(store, folder, slots_until(NOON, 2), lambda *_: Reason.OK)
    monkeypatch.setattr(boards, "CONFIG", folder)
    names = {"push_backup": TOKEN, "push_disk": "d" * 24, "push_else": "e" * 24}
    context = Context(store, folder, names.get)
    at = NOON - timedelta(minutes=1)
    push_check.beat(context, at, started=True)
    with reading(store) as connection:
        configuration = active_configuration(connection)
    push_check.receive(context, configuration, push_check.Request(TOKEN, "3", body=HOSTILE), at)
    push_check.judge(context, NOON)
    desk = TestClient(make_board(store, lambda: NOON))
    html = desk.get("/site?name=shop", headers=dict(READER)).text
    text = visible(html)
    assert "disk of web-1" in text
    assert "failed" in text
    assert "exit code 3" in text
    assert "disk 93.5" in text
    assert "elsewhere" not in text
    assert "<script>alert" not in html
    assert "<b>backup" not in html
    assert "<i>6" not in html
    assert TOKEN not in html
    front = visible(desk.get("/", headers=dict(READER)).text)
    assert "Job failed" in front
    assert "Limit passed" in front
    other = visible(desk.get("/site?name=blog", headers=dict(READER)).text)
    assert "disk of web-1" not in other


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_a_site_shows_what_is_known_of_its_domain(
    store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = boards.write_config(tmp_path / "config", [site_entry("shop", url="https://shop.com/")])
    file = folder / "sites.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | {"domains": {}}))
    live_through(store, folder, slots_until(NOON, 2), lambda *_: Reason.OK)
    monkeypatch.setattr(boards, "CONFIG", folder)
    hostile = "<script>alert(1)</script>\u202e{{7*7}}"
    standing = DomainStanding(
        NOON,
        RegistryStatus.KNOWN,
        NOON + timedelta(days=40, hours=1),
        records={"shop.com NS": KnownRecords((hostile,))},
        mail={"SPF": MailRecord(False, hostile, hostile), "DMARC": MailRecord(None)},
    )
    desk = TestClient(make_board(store, lambda: NOON))
    assert "not yet" in visible(desk.get("/site?name=shop", headers=dict(READER)).text)
    with writing(store) as connection:
        save(connection, "shop.com", standing)
    html = desk.get("/site?name=shop", headers=dict(READER)).text
    text = visible(html)
    assert "in 40 days" in text
    assert "DMARC" in text
    assert "<script>alert" not in html
    assert "\u202e" not in html
