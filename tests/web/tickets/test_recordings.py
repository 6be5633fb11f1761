"""A voicemail on its ticket's page: what was said can be played, by whoever may see the board."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from sqlalchemy import Engine, select

from flows.tickets.mailing.mails import drop, mail, maildir, voicemail, wav
from supportops.db.engine import reading
from supportops.db.schema import recordings, tickets
from supportops.flows.alerts import alert_acts
from supportops.flows.tickets import mailbox
from web.boards import NOON, READER
from web.desk import Desk

NIGHT = NOON + timedelta(hours=8)


@pytest.fixture
def desk(store: Engine, tmp_path: Path) -> Desk:
    return answerphone(Desk(store, tmp_path / "config"), tmp_path)


def answerphone(desk: Desk, folder: Path) -> Desk:
    box = {"name": "answerphone", "maildir": str(maildir(folder / "box"))}
    written = yaml.safe_dump({"region": "GB", "mailboxes": [box]})
    (desk.context.config / "mailbox.yaml").write_text(written)
    desk.now = NIGHT
    return desk


def leave(desk: Desk, folder: Path, content: bytes) -> str:
    """The number of the ticket of a message that is left now."""
    drop(folder / "box", content, desk.now)
    mailbox.run(desk.context, lambda: desk.now)
    with reading(desk.engine) as connection:
        newest = select(tickets.c.ticket).order_by(tickets.c.id.desc()).limit(1)
        return str(connection.execute(newest).scalar_one())


def test_the_page_has_the_recording_and_plays_it(desk: Desk, tmp_path: Path) -> None:
    number = leave(desk, tmp_path, voicemail(audio=wav(2)))
    page = desk.get("/ticket", source="mailbox", id=number)
    assert '<audio controls preload="none" src="recording?id=1"' in page
    assert (
        "media-src 'self'"
        in desk.client.get("/ticket", params={"id": number}, headers=dict(READER)).headers[
            "content-security-policy"
        ]
    )
    assert "msg0001.wav" in page
    assert "2 s, 32 kB" in page
    played = desk.client.get("/recording?id=1", headers=dict(READER))
    assert (played.status_code, played.content) == (200, wav(2))
    assert played.headers["content-type"] == "audio/wav"
    assert played.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in played.headers["content-security-policy"]
    assert played.headers["content-disposition"].startswith('inline; filename="recording-')
    assert played.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("wanted", "status", "first", "last"),
    [
        ("bytes=0-", 206, 0, None),
        ("bytes=10-19", 206, 10, 20),
        ("bytes=-44", 206, -44, None),
        ("bytes=8000-999999", 206, 8000, None),
        ("bytes=99999-", 416, 0, 0),
        ("bytes=9-3", 416, 0, 0),
        ("bytes=-", 200, 0, None),
        ("lines=1-2", 200, 0, None),
        ("bytes=0-1,4-5", 200, 0, None),
    ],
)
def test_a_player_may_ask_for_a_part(
    desk: Desk, tmp_path: Path, wanted: str, status: int, first: int, last: int | None
) -> None:
    leave(desk, tmp_path, voicemail())
    answer = desk.client.get("/recording?id=1", headers=dict(READER) | {"range": wanted})
    assert answer.status_code == status
    assert answer.content == wav()[first:last]


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_nobody_else_gets_it_and_what_is_not_there_is_not_found(desk: Desk, tmp_path: Path) -> None:
    leave(desk, tmp_path, voicemail())
    assert desk.client.get("/recording?id=1").status_code == 401
    for number, status in (("2", 404), ("0", 422), ("x", 422), ("9" * 30, 422)):
        assert (
            desk.client.get(f"/recording?id={number}", headers=dict(READER)).status_code == status
        )


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_a_page_that_is_called_a_recording_is_not_kept_and_shown_as_text(
    desk: Desk, tmp_path: Path
) -> None:
    hostile = "<script>alert(1)</script>"
    content = voicemail(audio=hostile.encode(), name=f"{hostile}.wav", subject=f"x {hostile}")
    number = leave(desk, tmp_path, content)
    page = desk.get("/ticket", source="mailbox", id=number)
    assert "<script>alert" not in page
    assert "<audio" not in page
    assert "none that can be played" in page
    with reading(desk.engine) as connection:
        assert connection.execute(select(recordings)).all() == []


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_the_board_says_that_a_mailbox_cannot_be_read(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "box").rename(tmp_path / "elsewhere")
    mailbox.run(desk.context, lambda: desk.now)
    assert "mailbox answerphone: a folder is missing" in desk.text("/")
    (tmp_path / "elsewhere").rename(tmp_path / "box")
    mailbox.run(desk.context, lambda: desk.now)
    assert "mailbox answerphone" not in desk.text("/")


def test_people_act_on_it_as_on_a_call(desk: Desk, tmp_path: Path) -> None:
    number = leave(desk, tmp_path, voicemail())
    page = desk.acting("/ticket", source="mailbox", id=number)
    assert "Write down the reply" in page
    assert f"call:mailbox:{number}" in page.replace("%3A", ":")
    alert_acts.acknowledge(desk.context, f"call:mailbox:{number}", "ada", desk.now)
    text = desk.text("/ticket", source="mailbox", id=number)
    assert "ada replied ada has taken the call." in text
    answer = desk.act("ticket_solve", source="mailbox", id=number, text="We called back.")
    assert answer.status_code == 200
    assert "its alert is resolved" in answer.json()["said"]
    assert "solved" in desk.text("/ticket", source="mailbox", id=number)


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_a_ticket_that_is_made_less_urgent_ends_its_page(desk: Desk, tmp_path: Path) -> None:
    number = leave(desk, tmp_path, mail(text="It was nothing."))
    answer = desk.act("ticket_set", source="mailbox", id=number, tier="user_support")
    assert answer.status_code == 200, answer.text
    assert "this tier can wait" in answer.json()["said"]
