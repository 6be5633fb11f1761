"""The pages as JSON, and what describes them; under the same guard as everything."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from supportops.sites.check import Reason
from supportops.web.acts.registry import ACTS
from supportops.web.as_json import as_json
from supportops.web.pages.registry import PAGES
from web.boards import (
    NOON,
    READER,
    live_through,
    make_board,
    site_entry,
    slots_until,
    write_config,
)

TOKEN = {"x-user": "ada", "authorization": "Bearer abc"}


@pytest.fixture
def client(store: Engine, tmp_path: Path) -> TestClient:
    folder = write_config(tmp_path / "config", [site_entry("shop"), site_entry("blog")])
    live_through(store, folder, slots_until(NOON, 2), lambda site, *_: _state(site.name))
    return TestClient(make_board(store, lambda: NOON))


def _state(name: str) -> Reason:
    return Reason.REFUSED if name == "shop" else Reason.OK


def get(client: TestClient, path: str, expected: int = 200, **query: Any) -> Any:
    answer = client.get(path, params=query, headers=dict(READER))
    assert answer.status_code == expected, answer.text
    return answer.json()


def test_every_page_has_its_values_as_json(client: TestClient) -> None:
    front = get(client, "/api/board")
    assert front["verdict"] == ["down", "1 of 2 sites is down"]
    (incident,) = front["incidents"]
    assert (incident["subject"], incident["taken_by"]) == ("shop", None)
    (group,) = get(client, "/api/alerts", about="incidents")["groups"]
    key = group["rows"][0]["alert"]["key"]
    assert get(client, "/api/incident", key=key)["alert"]["subject"] == "shop"
    assert get(client, "/api/site", name="blog")["tile"]["status"] == "up"
    assert get(client, "/api/site", 404, name="none")["detail"].startswith("No site")
    assert "state" in get(client, "/api/board", 422, state="nonsense")["fields"]


def test_a_token_acts_without_what_a_browser_would_send(client: TestClient) -> None:
    (group,) = get(client, "/api/alerts", about="incidents")["groups"]
    body = {"key": group["rows"][0]["alert"]["key"], "note": "on it"}
    answer = client.post("/act/acknowledge", json=body, headers=TOKEN)
    assert (answer.status_code, answer.json()["said"]) == (200, "ada has it.")
    assert client.post("/act/acknowledge", json=body, headers={"x-user": "ada"}).status_code == 403


def test_the_description_names_every_page_and_act_for_those_who_may_read(
    client: TestClient,
) -> None:
    assert client.get("/openapi.json").status_code == 401
    paths = get(client, "/openapi.json")["paths"]
    assert {f"/api/{page.name}" for page in PAGES} <= set(paths)
    assert {f"/act/{name}" for name in ACTS} <= set(paths)
    fields = [each["name"] for each in paths["/api/alerts"]["get"]["parameters"]]
    assert {"about", "kind", "customer", "state", "text", "page"} <= set(fields)


def test_values_without_a_form_in_json_have_one() -> None:
    found = as_json({"a": float("nan"), "b": timedelta(minutes=1), "c": len, "d": {3: {"x", "y"}}})
    assert (found["a"], found["b"], "c" in found) == (None, 60.0, False)
    assert sorted(found["d"]["3"]) == ["x", "y"]
    assert as_json({"text": "\x00\ud800"})["text"] == "\ufffd?"
