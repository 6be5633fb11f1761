"""What every act of the board does with a body, a refusal and an error."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import Field
from sqlalchemy import Engine

from supportops.web import app as board_app
from supportops.web.acts.act import Act, Acting, Body, Done, Refused
from web.boards import ACTOR, NOON, READER, make_board


class Greeting(Body):
    word: str = Field(min_length=1, max_length=20)


def greet(acting: Acting, body: Greeting) -> Done:
    if body.word == "nobody":
        raise Refused("Nobody is not greeted.", word="somebody else")
    if body.word == "missing":
        raise LookupError("there is none")
    if body.word == "broken":
        raise RuntimeError("postgresql://user:hunter2@db/name")
    return Done(f"{acting.who} says {body.word}.", to="alerts", values={"at": str(acting.now)})


@pytest.fixture
def client(store: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr(board_app, "ACTS", {"greet": Act("greet", Greeting, greet)})
    with TestClient(make_board(store, lambda: NOON)) as found:
        yield found


def sent(client: TestClient, body: Any, headers: Any = ACTOR) -> tuple[int, Any]:
    answer = client.post("/act/greet", json=body, headers=dict(headers))
    return answer.status_code, answer.json()


def test_an_act_answers_with_a_sentence_and_the_page_to_go_on_with(client: TestClient) -> None:
    expected = {"at": str(NOON), "said": "ada says hello.", "to": "alerts"}
    assert sent(client, {"word": " hello "}) == (200, expected)


def test_a_refusal_says_what_is_wrong_with_which_field(client: TestClient) -> None:
    expected = {"detail": "Nobody is not greeted.", "fields": {"word": "somebody else"}}
    assert sent(client, {"word": "nobody"}) == (409, expected)
    assert sent(client, {"word": "missing"}) == (404, {"detail": "there is none"})


def test_a_body_that_is_not_expected_is_named_field_by_field(client: TestClient) -> None:
    status, found = sent(client, {"word": "", "other": 1})
    assert (status, sorted(found["fields"])) == (400, ["other", "word"])


def test_whoever_may_only_read_acts_on_nothing(client: TestClient) -> None:
    headers = {**ACTOR, **READER}
    assert sent(client, {"word": "hello"}, headers) == (403, {"detail": "You may only read."})


def test_an_error_shows_its_kind_alone(client: TestClient) -> None:
    status, found = sent(client, {"word": "broken"})
    assert (status, found) == (503, {"detail": "It failed (RuntimeError)."})


def test_a_bad_address_is_answered_with_a_page(client: TestClient, tmp_path: Path) -> None:
    answer = client.get("/?state=nonsense", headers=dict(READER))
    assert answer.status_code == 422
    assert "<h1>Not a page</h1>" in answer.text


def test_a_body_that_is_too_large_is_not_read_to_see_who_sends_it(client: TestClient) -> None:
    body = b'{"word": "' + b"a" * 5 * 1024 * 1024 + b'"}'
    json = {"content-type": "application/json"}
    for who in ({}, {"x-user": "ada"}):
        answer = client.post("/act/greet", content=body, headers=json | who)
        assert (answer.status_code, "at most 4 MiB" in answer.text) == (413, True)
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_no_answer_leads_to_the_host_that_a_request_names(client: TestClient) -> None:
    for path in ("/tickets/", "/act/examine/", "//evil.example/", "/static/"):
        answer = client.get(path, headers={"host": "evil.example"}, follow_redirects=False)
        assert answer.status_code in (401, 404, 405), path
        assert "location" not in answer.headers


def test_what_somebody_wrote_is_one_line_of_the_log(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    forged = "x\n12:00 root: deleted\x1b[2J\u202e"
    assert sent(client, {"word": forged})[0] == 400  # longer than the field
    assert sent(client, {"word": "a\nb\x1b[2J\u202e"})[0] == 200
    said = [each for each in caplog.records if each.name == "supportops.web.responses"]
    lines = [each.getMessage() for each in said]
    assert lines == ["ada: greet: ada says a b\\x1b[2J\\u202e."]
