"""Another service_levels.yaml replayed from the board."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, update

from sla.policies import story
from supportops.context import Context, no_secrets
from supportops.customers import Customers
from supportops.db.engine import reading, writing
from supportops.db.schema import what_ifs
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.sla import replay as replaying
from supportops.flows.sla import what_if
from supportops.flows.sla.judging.judged_tickets import policy_book, policy_book_in
from supportops.flows.sla.replay import replay
from supportops.flows.sla.replayed import Period
from supportops.tickets.log.store import append_events
from web import boards
from web.boards import ACTOR, NOON, READER, make_board, site_entry, visible, write_config

ASKED = "2026-11-02 10:00 asks"


class Desk:
    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self.folder, self.now = engine, folder, NOON
        load_or_last_good(engine, folder, NOON)
        self.context = Context(engine, folder, no_secrets)
        self.client = TestClient(make_board(engine, lambda: self.now))
        self.policy = (folder / what_if.FILE).read_text()

    def act(self, act: str, /, **body: Any) -> tuple[int, Any]:
        answer = self.client.post(f"/act/{act}", json=body, headers=dict(ACTOR))
        return answer.status_code, answer.json()

    def start(self, **changed: Any) -> tuple[int, Any]:
        usual = {"policy": self.policy, "begin": "2026-11-01", "end": "2026-11-17"}
        return self.act("start_what_if", **(usual | changed))

    def text(self, number: int = 1, headers: Any = ACTOR) -> str:
        answer = self.client.get("/what_if", params={"run": number}, headers=dict(headers))
        return visible(answer.text)

    def state(self, number: int = 1) -> what_if.State:
        with reading(self.engine) as connection:
            found = what_if.find(connection, number, self.now)
        assert found is not None
        return found.state

    def wait(self, until: Callable[[], bool]) -> None:
        for _ in range(600):
            if until():
                return
            time.sleep(0.05)
        raise AssertionError("it did not come about")


@pytest.fixture
def desk(store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    folder = write_config(tmp_path / "config", [site_entry("shop")])
    monkeypatch.setattr(boards, "CONFIG", folder)
    with writing(store) as connection:
        for number in range(4):
            lines = [ASKED] if number else [ASKED, "2026-11-02 12:00 answers"]
            append_events(connection, story(*lines, ticket=str(number)), NOON)
    running = set(threading.enumerate())
    yield Desk(store, folder)
    # A replay that goes on would close its store under the next test, which has one of that name.
    for thread in set(threading.enumerate()) - running:
        thread.join(30)


def test_the_result_is_that_of_a_replay(desk: Desk) -> None:
    status, found = desk.start()
    assert (status, found["to"]) == (200, "what_if?run=1")
    desk.wait(lambda: desk.state() is what_if.State.DONE)
    period = Period(NOON.replace(day=1, hour=0), NOON.replace(hour=0), NOON)
    books = {"a": policy_book(desk.folder), "b": policy_book_in(desk.policy, "x", Customers())}
    with reading(desk.engine) as connection:
        expected = replay(connection, books, period)
        stored = what_if.find(connection, 1, desk.now)
    assert stored is not None
    assert stored.result is not None
    due = sum(each["due"][0] for each in stored.result["attainment"])
    assert due == sum(each.due for each in expected.policies[0].attainment.values()) > 0
    assert stored.result["changed_total"] == 0 == expected.changed_total
    assert "No promise is judged otherwise." in desk.text()
    assert "Try another" not in desk.text(headers=READER)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"end": "2026-10-01"}, "end"),
        ({"begin": "2024-01-01"}, "end"),
        ({"begin": "2026-12-01", "end": "2026-12-02"}, "begin"),
        ({"end": "9999-12-31"}, "end"),
        ({"policy": "zone: Nowhere/At_All"}, "policy"),
        ({"policy": "a: [1"}, "policy"),
    ],
)
def test_what_cannot_be_replayed_is_said_at_its_field(
    desk: Desk, changed: dict[str, Any], field: str
) -> None:
    status, found = desk.start(**changed)
    assert (status, list(found["fields"])) == (409, [field])


def test_one_runs_at_a_time_and_is_cancelled_at_its_next_step(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = [True]
    judged = replaying._Replayed.add

    def slow(self: Any, found: Any) -> None:
        while held[0]:
            time.sleep(0.01)
        judged(self, found)

    monkeypatch.setattr(replaying._Replayed, "add", slow)
    assert desk.start()[0] == 200
    status, found = desk.start()
    assert (status, found["fields"]) == (
        409,
        {"policy": "replay 1 is running: wait for it or cancel it"},
    )
    assert desk.act("cancel_what_if", id=1)[0] == 200
    held[0] = False
    desk.wait(lambda: desk.state() is what_if.State.CANCELLED)
    assert desk.act("cancel_what_if", id=1)[0] == 409


def test_one_whose_process_died_is_lost_and_holds_up_no_other(desk: Desk) -> None:
    desk.start()
    desk.wait(lambda: desk.state() is what_if.State.DONE)
    with writing(desk.engine) as connection:
        connection.execute(update(what_ifs).values(state="running", seen_at=NOON))
    desk.now = NOON + timedelta(minutes=4)
    assert desk.state() is what_if.State.LOST
    assert desk.start()[0] == 200
    desk.wait(lambda: desk.state(2) is what_if.State.DONE)
