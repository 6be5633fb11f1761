"""Maintenance and checks out of turn, sent from the page of a site."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from inboxes import Endpoint, endpoint
from supportops.context import Context, no_secrets
from supportops.flows.sites import maintenance
from supportops.flows.sites.check_now import CheckNow, TooSoonError
from supportops.sites.check import Reason
from web import boards
from web.boards import ACTOR, NOON, READER, live_through, make_board, site_entry, slots_until


@pytest.fixture
def http() -> Iterator[Endpoint]:
    with endpoint() as server:
        yield server


@pytest.fixture
def desk(
    store: Engine, tmp_path: Path, http: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> TestClient:
    own = site_entry("shop", host="web-1", url=http.url(scheme="http"), allow_private=True)
    folder = boards.write_config(tmp_path / "config", [own, site_entry("blog")])
    live_through(store, folder, slots_until(NOON, 2), lambda *_: Reason.OK)
    monkeypatch.setattr(boards, "CONFIG", folder)
    return TestClient(make_board(store, lambda: NOON))


def act(desk: TestClient, name: str, /, **body: Any) -> tuple[int, Any]:
    answer = desk.post(f"/act/{name}", json=body, headers=dict(ACTOR))
    return answer.status_code, answer.json()


def page(desk: TestClient, headers: Any = ACTOR) -> str:
    return desk.get("/site?name=shop", headers=dict(headers)).text


def test_maintenance_from_now_is_shown_and_ended_by_whoever_may_act(desk: TestClient) -> None:
    body = {"scope": "server", "name": "web-1", "minutes": "60", "until": "", "start": ""}
    status, found = act(desk, "announce_maintenance", **body, reason="new disk")
    assert (status, found["said"]) == (
        200,
        "web-1 is in maintenance until Wed 18 Nov 2026 13:00 GMT.",
    )
    shown = boards.visible(page(desk))
    assert "shop is in maintenance" in shown
    assert "server web-1: new disk (ada)" in shown
    assert 'data-act="end_maintenance"' not in page(desk, READER)
    assert act(desk, "end_maintenance", id=1)[1]["said"] == "The maintenance of web-1 has ended."
    assert "shop is up" in boards.visible(page(desk))


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"until": "tomorrow"}, "until"),
        ({"until": "9999-12-31T23:59"}, "until"),
        ({"minutes": 0}, "until"),
        ({"start": "2026-11-18T11:00"}, "start"),
        ({"name": "nobody"}, "name"),
        ({"reason": "  "}, "reason"),
    ],
)
def test_what_cannot_be_announced_is_said_at_its_field(
    desk: TestClient, changed: dict[str, Any], field: str
) -> None:
    body = {"scope": "site", "name": "shop", "minutes": 30, "reason": "disk"} | changed
    status, found = act(desk, "announce_maintenance", **body)
    assert (status, list(found["fields"])) == (409, [field])


def test_a_check_out_of_turn_shows_its_result_once_in_a_while(
    desk: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("supportops.web.acts.sites.check_now", CheckNow())
    status, found = act(desk, "check_site", name="shop")
    assert status == 200
    assert found["said"].startswith("Checked now: front page: ")
    assert "It is not recorded" in found["said"]
    assert act(desk, "check_site", name="shop")[0] == 409
    assert act(desk, "check_site", name="nobody")[0] == 404


def test_no_more_than_two_sites_are_checked_out_of_turn_at_once() -> None:
    check = CheckNow()
    check._begin("one", NOON)
    check._begin("two", NOON)
    with pytest.raises(TooSoonError, match="Other sites"):
        check._begin("three", NOON)


def test_a_window_is_on_the_page_of_each_site_that_it_concerns(
    desk: TestClient, store: Engine
) -> None:
    context = Context(store, boards.CONFIG, no_secrets)
    until: datetime = NOON + timedelta(hours=2)
    scope = maintenance.Scope.CUSTOMER
    maintenance.announce(context, scope, "Acme", until, "a move", "ada", NOON)
    for name in ("shop", "blog"):
        text = boards.visible(desk.get(f"/site?name={name}", headers=dict(READER)).text)
        assert "customer Acme: a move (ada)" in text
