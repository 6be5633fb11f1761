"""Every address of the board with hostile queries, paths and bodies: an answer, never an error.

The addresses are walked, so a new page is tried without a change here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from cli.hostile.values import LABELS, SEQUENCES, TEXTS
from supportops.sites.check import Reason
from supportops.web.pages.registry import FILES, PAGES
from web.boards import ACTOR, NOON, READER, live_through, make_board, site_entry, slots_until
from web.boards import write_config as write

# As they come over the wire, percent-encoded where they must be.
WIRE = (
    *(
        "%ff",
        "%ed%a0%80",
        "%00",
        "%1b%5b2J",
        "%e2%80%ae",
        "..%2f..%2fetc%2fpasswd",
        "%",
        "%zz",
        "+",
    ),
    *("-1", "0", "1e9", "9" * 400, "nan", "null", "[]", "%7b%7d", "a" * 3_000),
    *(quote(text[:3000].encode("utf-8", "surrogatepass"), safe="") for text in TEXTS),
    *LABELS,
)
BODIES = (
    b"",
    b"{",
    b"null",
    b"[]",
    b"1",
    b"NaN",
    b'"x"',
    b"\xff\xfe",
    b'{"key": "\\ud800"}',
    b'{"key": "a\\u0000b"}',
    b'{"key": "\xed\xa0\x80"}',
    b'{"key": null}',
    b'{"key": NaN}',
    b'{"key": 1e999}',
    b'{"key": ["x"]}',
    b'{"key": {"key": "x"}}',
    b'{"key": ""}',
    b'{"key": "x", "key": 1}',
    b'{"key": "' + b"x" * 100_000 + b'"}',
    b'{"key": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    b'{"key": ' + b"9" * 10_000 + b"}",
    json.dumps({"key": SEQUENCES}).encode(),
    json.dumps({"key": "x"}).encode("utf-16"),
)


@pytest.fixture
def board(store: Engine, tmp_path: Path) -> Iterator[TestClient]:
    folder = write(tmp_path / "config", [site_entry("alpha")])
    live_through(store, folder, slots_until(NOON, 2), lambda *_: Reason.REFUSED)
    with TestClient(make_board(store, lambda: NOON), raise_server_exceptions=True) as client:
        yield client


def routes(board: TestClient, method: str) -> list[Any]:
    app: Any = board.app
    found = [each for each in app.routes if method in getattr(each, "methods", ())]
    assert found
    return found


def test_every_query_of_every_page(board: TestClient) -> None:
    tried = 0
    for page in PAGES:
        for name in page.query.model_fields:
            usual = "&".join(f"{other}=x" for other in page.query.model_fields if other != name)
            for value in WIRE:
                found = board.get(f"{page.path}?{name}={value}&{usual}", headers=READER)
                tried += 1
                assert found.status_code in (200, 307, 400, 404, 422), (page.path, name, value)
                assert "html" in found.text or found.status_code in (307, 400)
                assert "\x1b" not in found.text
    assert tried > 100


def test_every_query_of_every_file(board: TestClient) -> None:
    tried_as_pages = {page.query for page in PAGES}
    for file in FILES:
        if file.query in tried_as_pages:
            continue
        for name in file.query.model_fields:
            usual = "&".join(f"{other}=x" for other in file.query.model_fields if other != name)
            for value in WIRE:
                found = board.get(f"{file.path}?{name}={value}&{usual}", headers=READER)
                assert found.status_code in (200, 400, 404, 422), (file.path, name, value)


def test_every_part_of_every_path(board: TestClient) -> None:
    for route in routes(board, "GET"):
        parts = [each for each in route.path.split("/") if each.startswith("{")]
        for part in parts:
            for value in WIRE:
                address = route.path.replace(part, value)
                for other in parts:
                    address = address.replace(other, "x")
                found = board.get(address, headers=READER)
                assert found.status_code in (200, 307, 400, 404, 422), address


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-16"])
def test_every_body_of_every_write(board: TestClient, kind: str) -> None:
    for route in routes(board, "POST"):
        for body in BODIES:
            headers = {**ACTOR, "content-type": kind}
            found = board.post(route.path, content=body, headers=headers)
            assert 400 <= found.status_code < 500, (route.path, body[:60])


def test_half_a_character_in_a_body_is_400(board: TestClient) -> None:
    headers = {**ACTOR, "content-type": "application/json"}
    for body in (b'{"key": "\\ud800"}', b'{"key": "a\\u0000b"}', b'{"\\udfff": 1}', b"\xff"):
        assert board.post("/act/acknowledge", content=body, headers=headers).status_code == 400
