from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from supportops.flows.active_configuration import load_or_last_good
from web import boards
from web.boards import ACTOR, NOON, READER, make_board, site_entry, visible, write_config


class Desk:
    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self.folder = engine, folder
        load_or_last_good(engine, folder, NOON)
        self.client = TestClient(make_board(engine, lambda: NOON + timedelta(hours=1)))

    def page(self, headers: Any = ACTOR, **query: str) -> str:
        answer = self.client.get("/configuration", params=query, headers=dict(headers))
        assert answer.status_code == 200
        return answer.text

    def text(self, **query: str) -> str:
        return visible(self.page(**query))


@pytest.fixture
def desk(store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    folder = write_config(tmp_path / "config", [site_entry("shop", "Acme", host="web-1")])
    monkeypatch.setattr(boards, "CONFIG", folder)
    return Desk(store, folder)


def test_what_changed_is_shown_file_by_file(desk: Desk) -> None:
    assert "There is none before it." in desk.text()
    write_config(desk.folder, [site_entry("shop", "Kestrel Hire", host="web-1")])
    load_or_last_good(desk.engine, desk.folder, NOON + timedelta(minutes=5))
    shown = desk.text()
    assert "-- customer: Acme +- customer: Kestrel Hire" in shown
    assert "sites.yaml" in shown
    assert "alerts.yaml" not in shown.partition("Versions")[2]


def test_refused_files_say_what_is_wrong_with_them(desk: Desk) -> None:
    (desk.folder / "sites.yaml").write_text("sites: [{name: <b>x</b>, urll: 3}]")
    load_or_last_good(desk.engine, desk.folder, NOON + timedelta(minutes=5))
    shown = desk.page()
    assert "are not in force" in visible(shown)
    assert "urll" in visible(shown)
    assert "<b>x</b>" not in shown


def test_receivers_have_their_address_or_what_to_set_and_a_button(desk: Desk) -> None:
    shown = desk.text()
    assert "not set: connection" in shown
    assert 'data-act="test_receiver"' not in desk.page(READER)
    body = {"name": "engineer_sms"}
    answer = desk.client.post("/act/test_receiver", json=body, headers=dict(ACTOR))
    assert answer.status_code == 409
    assert answer.json()["detail"].startswith("engineer_sms: no recipient")
    answer = desk.client.post("/act/test_receiver", json={"name": "nobody"}, headers=dict(ACTOR))
    assert answer.status_code == 404


def test_who_would_be_notified_on_a_saturday_night_is_answered_by_what_decides(
    desk: Desk,
) -> None:
    shown = desk.text(kind="outage", site="shop", at="2026-11-28T23:30")
    assert "raised Sat 28 Nov 2026 23:30 GMT" in shown
    assert "engineer_sms" in shown.partition("if nobody takes it")[2]
    assert "did you mean shop" in desk.text(kind="outage", site="shpo")
    assert "is no date" in desk.text(kind="outage", at="tomorrow")
    assert "is no date" in desk.text(kind="outage", at="9999-12-31T23:59-12:00")


def test_the_entry_of_a_new_site_is_checked_against_the_file(desk: Desk) -> None:
    page = desk.page(name="blog", owner="Acmee", url="https://blog.example/", server="")
    entry = yaml.safe_load(page.partition("<pre>")[2].partition("</pre>")[0])
    assert entry == [{"name": "blog", "customer": "Acmee", "url": "https://blog.example/"}]
    assert "It is valid" in visible(page)
    assert "Acme is in the file already" in visible(page)
    wrong = desk.text(name="shop", owner="Acme", url="ftp://x/")
    assert "Once mended" in wrong
    assert wrong.count("sites.yaml") >= 2


def test_no_secret_is_on_the_page(store: Engine, desk: Desk) -> None:
    boards_context = boards.context_of

    def with_secrets(engine: Engine) -> Any:
        found = boards_context(engine)
        return type(found)(found.engine, found.config, lambda name: f"mailto://u:hunter2@{name}")

    boards.context_of = with_secrets  # type: ignore[assignment]
    try:
        shown = desk.page()
    finally:
        boards.context_of = boards_context
    assert "hunter2" not in shown
    assert "set" in visible(shown)
