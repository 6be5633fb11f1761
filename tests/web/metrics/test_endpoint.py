"""Only whoever has the token may scrape, and a store that is away or slow is said in time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi import HTTPException
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from supportops.config.snapshots import LastConfiguration
from supportops.context import Context, OpenContext
from supportops.flows.operations.scraping import may_scrape
from supportops.web.app import make_app
from supportops.web.metrics.collect import DOWN
from supportops.web.page import Viewer
from web.boards import NOON
from web.metrics.installation import lived, opened

TOKEN = "a-token-of-32-letters-and-digits"
BEARER = {"authorization": f"Bearer {TOKEN}"}


def board(open_context: OpenContext, token: str | None = TOKEN) -> TestClient:
    """A board that refuses every viewer, so that the token alone opens anything."""

    def nobody() -> Viewer:
        raise HTTPException(401)

    def secrets(name: str) -> str | None:
        return token if name == "metrics_token" else None

    app = make_app(open_context, LastConfiguration(), lambda: NOON, viewer=nobody, secrets=secrets)
    return TestClient(app)


@pytest.fixture
def context(store: Engine, tmp_path: Path) -> Context:
    return lived(store, tmp_path / "config")


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_a_scrape_with_the_token_is_answered_and_nothing_else(context: Context) -> None:
    client = board(opened(context))
    answer = client.get("/metrics", headers=BEARER)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'supportops_sites{state="down"} 1.0' in answer.text
    assert "site=" not in answer.text
    assert (
        'supportops_site_up{site="down.example"} 0.0'
        in client.get("/metrics?sites=1", headers=BEARER).text
    )
    for headers in (
        {},
        {"authorization": ""},
        {"authorization": TOKEN},
        {"authorization": f"Basic {TOKEN}"},
        {"authorization": f"Bearer {TOKEN}x"},
        {"authorization": f"Bearer {TOKEN[:-1]}"},
        {"authorization": "Bearer "},
        {"authorization": b"Bearer \xff\xfe"},
        {"x-user": "ada"},
        {"cookie": f"_token={TOKEN}"},
    ):
        refused = client.get("/metrics", headers=headers)
        assert refused.status_code == 401, headers
        assert "supportops_" not in refused.text
        assert refused.headers["www-authenticate"] == "Bearer"
    assert client.get(f"/metrics?token={TOKEN}").status_code == 401
    assert client.post("/metrics", headers=BEARER).status_code == 405
    assert client.get("/", headers=BEARER).status_code == 401  # it opens no page
    assert client.get("/api/board", headers=BEARER).status_code == 401


@pytest.mark.parametrize("token", [None, "", "short", "x" * 19, "with a space in the middle of it"])
def test_without_a_token_that_nobody_guesses_the_metrics_are_closed(token: str | None) -> None:
    @contextmanager
    def unreachable() -> Iterator[Context]:
        raise AssertionError("nothing is read for whoever has no token")
        yield

    client = board(unreachable, token)
    for given in (token or "", TOKEN, ""):
        answer = client.get("/metrics", headers={"authorization": f"Bearer {given}"})
        assert answer.status_code == 401
    assert not may_scrape(f"Bearer {token}", token)


def test_where_the_store_is_away_a_scrape_says_so() -> None:
    @contextmanager
    def away() -> Iterator[Context]:
        raise ConnectionError("postgresql://nobody:hidden-word@db/none")
        yield

    answer = board(away).get("/metrics", headers=BEARER)
    assert answer.status_code == 200
    assert DOWN.decode() in answer.text
    assert "hidden-word" not in answer.text


def test_a_store_that_does_not_answer_makes_no_scrape_wait_longer_than_prometheus() -> None:

    @contextmanager
    def slow() -> Iterator[Context]:
        time.sleep(1.2)
        raise ConnectionError
        yield

    headers = BEARER | {"x-prometheus-scrape-timeout-seconds": "0.4"}
    with board(slow) as client:
        for _ in range(2):  # the second while the first still waits
            began = time.monotonic()
            answer = client.get("/metrics", headers=headers)
            assert time.monotonic() - began < 0.9
            assert (answer.status_code, DOWN.decode() in answer.text) == (200, True)


def test_a_token_that_cannot_be_read_is_no_open_door() -> None:
    def secrets(_name: str) -> str | None:
        raise ConnectionError("hidden-word")

    @contextmanager
    def unreachable() -> Iterator[Context]:
        raise AssertionError
        yield

    def nobody() -> Viewer:
        raise HTTPException(401)

    app = make_app(unreachable, LastConfiguration(), lambda: NOON, viewer=nobody, secrets=secrets)
    answer = TestClient(app).get("/metrics", headers=BEARER)
    assert answer.status_code == 503
    assert "hidden-word" not in answer.text
