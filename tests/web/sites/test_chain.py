"""The certificates on the page of a site."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from supportops.db.engine import writing
from supportops.sites.certificates import Chain, ServedCertificate
from supportops.sites.check import Reason
from supportops.sites.log.chains import SeenChain, record
from web import boards
from web.boards import NOON, READER, live_through, make_board, site_entry, slots_until, visible

DAY = timedelta(days=1)
HOSTILE = "<script>alert(1)</script>\u202e{{7*7}}"


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_the_chain_is_shown_with_what_is_wrong_with_it(
    store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = boards.write_config(tmp_path / "config", [site_entry("shop"), site_entry("blog")])
    live_through(store, folder, slots_until(NOON, 2), lambda *_: Reason.OK)
    monkeypatch.setattr(boards, "CONFIG", folder)
    names = ("shop.example", "www.shop.example", "a.example", HOSTILE)
    own = ServedCertificate("CN=shop.example", "CN=R3", names, 9, NOON - 60 * DAY, NOON + 30 * DAY)
    ended = ServedCertificate("CN=R3", HOSTILE, (), 0, NOON - 90 * DAY, NOON - DAY)
    root = ServedCertificate("CN=Root", "CN=Root", (), 0, NOON + DAY, None)
    old = ServedCertificate("CN=shop.example", "CN=Old CA", (), 0, None, NOON - DAY)
    with writing(store) as connection:
        for host, since, found in (
            ("shop.example", NOON - 60 * DAY, (old,)),
            (HOSTILE, NOON - DAY, (own, ended, root)),
        ):
            record(connection, {"shop": SeenChain(host, Chain(host, found), since)})
    desk = TestClient(make_board(store, lambda: NOON))
    html = desk.get("/site?name=shop", headers=dict(READER)).text
    text = visible(html)
    assert "for shop.example, www.shop.example, a.example and 10 more" in text
    assert "in 30 days" in text
    assert "has ended" in text
    assert "not valid yet" in text
    assert "itself" in text
    assert "Before: CN=Old CA, until" in text
    assert "<script>alert" not in html
    assert "\u202e" not in html
    api = desk.get("/api/site?name=shop", headers=dict(READER)).json()
    assert api["chains"][0]["chain"]["certificates"][0]["issuer"] == "CN=R3"
    assert 'id="chain"' not in desk.get("/site?name=blog", headers=dict(READER)).text
