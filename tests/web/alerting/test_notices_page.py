"""The board's page of notices: drafts are approved, edited and dropped there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi import Header, HTTPException
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import Engine

from flows.customers.noticing.agency import Agency
from supportops.config.snapshots import LastConfiguration
from supportops.context import Context
from supportops.web.app import make_app
from supportops.web.page import Viewer
from web.boards import ACTOR, READER, visible


class Board:
    def __init__(self, store: Engine) -> None:
        self.agency = Agency(store)

        def viewer(x_user: str | None = Header(None)) -> Viewer:
            if x_user is None:
                raise HTTPException(401)
            return Viewer(x_user, may_act=x_user == "ada")

        @contextmanager
        def open_context() -> Iterator[Context]:
            yield self.agency.context

        app = make_app(open_context, LastConfiguration(), self.agency.clock, viewer=viewer)
        self.client = TestClient(app)
        self.agency.down("acme-shop")
        self.agency.pass_minutes(1)

    def page(self, address: str = "/notices", who: dict[str, str] | None = None) -> str:
        answer = self.client.get(address, headers=who or dict(ACTOR))
        assert answer.status_code == 200, answer.text
        return answer.text

    def act(self, name: str, /, **body: Any) -> Response:
        draft = self.agency.notices()[0]
        known = {"id": draft.id, "version": draft.version}
        return self.client.post(f"/act/{name}", json=known | body, headers=dict(ACTOR))


@pytest.fixture
def board(store: Engine) -> Board:
    return Board(store)


def test_a_draft_is_approved_on_the_board_and_what_was_sent_is_shown(board: Board) -> None:
    page = board.page()
    assert "First notice to Acme about acme-shop" in visible(page)
    assert "It is sent in 4 min" in visible(page)
    assert board.act("approve_notice").json()["said"] == "Notice 1 to Acme goes to 1 receiver."
    board.agency.pass_minutes(1)
    shown = visible(board.page("/notices?id=1"))
    assert "sent by ada" in shown
    assert "We will write to you again by" in shown
    assert "acme_email" in shown
    assert "No draft waits for anybody." in shown


def test_what_was_written_on_the_page_is_sent_or_saved(board: Board) -> None:
    saved = board.act("edit_notice", subject="Shop", text="A\nb", next_minutes=0)
    assert saved.status_code == 200
    assert board.agency.waiting().every is None
    sent = board.act("edit_and_approve_notice", subject="Shop", text="c", next_minutes=30)
    assert sent.json()["state"] == "sent"
    board.agency.pass_minutes(1)
    (mail,) = board.agency.messages("acme_email")
    assert "c\n\nWe will write to you again by Tue 24 Nov, 12:31 GMT" in mail.text


def test_who_comes_second_learns_who_was_first(board: Board) -> None:
    assert board.act("drop_notice", why="a test").status_code == 200
    answer = board.act("approve_notice")
    assert answer.status_code == 409
    assert "was dropped by ada" in answer.json()["detail"]


def test_a_text_that_names_another_customer_is_saved_with_a_warning(board: Board) -> None:
    said = board.act("edit_notice", subject="Shop", text="as for Borealis").json()["said"]
    assert said == "Notice 1 is edited; it names Borealis."


def test_a_viewer_decides_nothing(board: Board) -> None:
    texts = {"subject": "x", "text": "y"}
    acts = {"approve_notice": {}, "drop_notice": {}}
    acts |= {"edit_notice": texts, "edit_and_approve_notice": texts}
    for name, more in acts.items():
        body = {"id": 1, "version": 1, **more}
        answer = board.client.post(f"/act/{name}", json=body, headers=dict(READER))
        assert answer.status_code == 403, name
    assert "data-act" not in board.page(who=dict(READER))
    assert board.agency.states() == ["first waiting"]


def test_the_page_escapes_and_knows_no_number_that_is_not_there(board: Board) -> None:
    board.act("edit_notice", subject="<img src=x>", text="<script>alert(1)</script>")
    page = board.page("/notices?id=1", dict(READER))
    assert "<img src" not in page
    assert "<script>alert" not in page
    assert board.client.get("/notices?id=99", headers=dict(READER)).status_code == 404


def test_the_alert_about_a_draft_leads_to_it(board: Board) -> None:
    answer = board.client.get(
        "/incident?key=notice_waiting:1", headers=dict(READER), follow_redirects=False
    )
    assert answer.headers["location"].endswith("notices?id=1")
