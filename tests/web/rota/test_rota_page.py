"""The rota on the board: who is on duty now, and when, and when nobody is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from supportops.flows.rota.known_duties import KnownDuty
from supportops.sites.check import Reason
from supportops.web.rota.drawing import midnight, weeks
from web import boards
from web.boards import (
    NOON,
    READER,
    live_through,
    make_board,
    site_entry,
    slots_until,
    visible,
    write_config,
    write_rota,
)

LONDON = ZoneInfo("Europe/London")
HOSTILE = "<img src=x onerror=alert(1)>{{7*7}}"


class Board:
    def __init__(self, store: Engine, folder: Path) -> None:
        self.store, self.folder = store, write_config(folder, [site_entry("shop")])
        self.client = TestClient(make_board(store, lambda: NOON))

    def live(self, count: int = 1, ago: timedelta = timedelta(0)) -> None:
        """So many runs of checks, which record what is configured."""
        live_through(self.store, self.folder, slots_until(NOON - ago, count), lambda *_: Reason.OK)

    def html(self, **query: str) -> str:
        answer = self.client.get("/rota", params=query, headers=dict(READER))
        assert answer.status_code == 200, answer.text
        return answer.text

    def text(self, **query: str) -> str:
        return visible(self.html(**query))

    def team(self, **query: str) -> Mapping[str, Any]:
        answer = self.client.get("/api/rota", params=query, headers=dict(READER))
        found: Mapping[str, Any] = answer.json()["teams"][0]
        return found


@pytest.fixture
def board(store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Board:
    found = Board(store, tmp_path / "config")
    monkeypatch.setattr(boards, "CONFIG", found.folder)
    return found


def who(duties: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(each["since"][:16], " and ".join(each["people"])) for each in duties]


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_without_a_rota_the_page_says_what_that_means(board: Board) -> None:
    board.live()
    assert "There is no rota.yaml" in board.text()


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_whoever_may_only_read_sees_who_is_on_duty_who_follows_and_the_gaps(board: Board) -> None:
    write_rota(board.folder)
    board.live()
    text = board.text()
    assert "Anna Berg is on duty until Sat 21 Nov 2026 09:00 GMT , then Ben Okafor." in text
    assert "Notified by engineer_sms, engineer_chat." in text
    assert "5 gaps in these weeks: nobody from Sun 22 Nov 2026 00:00 GMT to Mon 23" in text
    assert "Ben Okafor: Sat 21 Nov 2026 09:00 GMT to Sun 22 Nov 2026 00:00 GMT" in text
    found = board.team()
    assert who(found["duties"])[:5] == [
        ("2026-11-16T00:00", "Ben Okafor"),
        ("2026-11-16T09:00", "Anna Berg"),
        ("2026-11-21T09:00", "Ben Okafor"),
        ("2026-11-22T00:00", ""),
        ("2026-11-23T00:00", "Anna Berg"),
    ]
    assert found["now"]["people"] == ["Anna Berg"]


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_other_weeks_are_shown_and_an_address_that_is_none_is_a_page(board: Board) -> None:
    write_rota(board.folder)
    board.live()
    later = board.team(since="2026-12-30")
    assert later["duties"][0]["since"].startswith("2026-12-28T00:00")
    assert "Later" in board.text(since="2026-12-30")
    for since in ("tomorrow", "0001-01-01", "9999-12-31"):
        answer = board.client.get("/rota", params={"since": since}, headers=dict(READER))
        assert answer.status_code == 422
        assert "<h1>" in answer.text


def test_what_is_past_is_by_the_rota_of_then(board: Board) -> None:
    write_rota(board.folder)
    board.live(ago=timedelta(days=2))
    document = json.loads((board.folder / "rota.yaml").read_text())
    document["people"]["anna"]["name"] = "Anna Schmidt"
    document["teams"]["web"]["turns"][0]["people"] = ["ben"]
    document["teams"]["web"]["overrides"][0]["person"] = "anna"
    (board.folder / "rota.yaml").write_text(json.dumps(document))
    board.live()
    assert who(board.team()["duties"])[:5] == [
        ("2026-11-16T00:00", "Ben Okafor"),
        ("2026-11-16T09:00", "Anna Berg"),
        ("2026-11-18T11:55", "Ben Okafor"),
        ("2026-11-21T09:00", "Anna Schmidt"),
        ("2026-11-22T00:00", ""),
    ]


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_hostile_names_stay_text_and_a_faulty_rota_is_told(board: Board) -> None:
    write_rota(board.folder)
    document = json.loads((board.folder / "rota.yaml").read_text())
    document["people"]["anna"]["name"] = HOSTILE
    (board.folder / "rota.yaml").write_text(json.dumps(document))
    board.live()
    assert "<img" not in board.html()
    assert HOSTILE in board.text()


def test_a_week_on_which_the_clock_changes_has_days_of_equal_width() -> None:
    monday = date(2026, 10, 19)
    begin, turn, end = (
        midnight(day, LONDON) for day in (monday, date(2026, 10, 25), date(2026, 10, 26))
    )
    duties = [KnownDuty(begin, turn, ("a",)), KnownDuty(turn, end, ())]
    (week,) = weeks(duties, monday, 1, LONDON, turn, {"a": "p0"})
    assert [(p.x, p.width, p.style) for p in week.pieces] == [(0, 144, "p0"), (144, 24, "gap")]
    assert week.now == 144
