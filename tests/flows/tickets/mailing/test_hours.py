"""When a voicemail pages: by the office's hours, how old it is, and what a transcript says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from builders import NOON
from flows.tickets.mailing.mails import drop, installation, mail, voicemail
from flows.tickets.mailing.test_reading import calls, events, read, rows
from supportops.db.schema import recordings, tickets
from supportops.tickets.ticket import EventKind

pytestmark = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
WORDS = "Could you send the invoice again please?"
NIGHT = NOON + timedelta(hours=9)


@pytest.mark.parametrize(
    ("came", "is_read", "pages"),
    [
        (NOON, NOON, False),
        (NIGHT, NIGHT, True),
        (NOON.replace(hour=15, minute=55), NOON.replace(hour=16, minute=5), True),
        (NIGHT, NOON + timedelta(days=1), True),
        (datetime(2026, 4, 3, 10, tzinfo=UTC), datetime(2026, 4, 3, 11, tzinfo=UTC), True),
        (NIGHT, NIGHT + timedelta(days=6), True),
        (NIGHT, NIGHT + timedelta(days=8), False),
        (NIGHT + timedelta(days=1), NIGHT, True),
    ],
    ids=[
        "by day",
        "by night",
        "read after the office closed",
        "read when the office is open again",
        "on Good Friday",
        "after six days",
        "after eight days",
        "by a clock that is wrong",
    ],
)
def test_what_nobody_in_the_office_heard_pages(
    store: Engine, tmp_path: Path, came: datetime, is_read: datetime, pages: bool
) -> None:
    folder = installation(tmp_path)
    drop(tmp_path / "box", voicemail(text=WORDS, at=came), came)
    read(store, folder, is_read)
    assert len(calls(store)) == pages
    (ticket,) = rows(store, tickets)
    assert ticket.created_at == min(came, is_read)


def test_a_message_of_1970_came_when_it_was_read(store: Engine, tmp_path: Path) -> None:
    folder, past = installation(tmp_path), datetime(1970, 1, 1, tzinfo=UTC)
    drop(tmp_path / "box", mail(at=past), past)
    read(store, folder, NIGHT)
    assert [row.created_at for row in rows(store, tickets)] == [NIGHT]
    assert len(calls(store)) == 1


def test_what_came_before_the_start_stays_where_it_is(store: Engine, tmp_path: Path) -> None:
    box = {"name": "answerphone", "maildir": "../box", "since": "2026-04-07"}
    folder = installation(tmp_path, box)
    drop(tmp_path / "box", voicemail(), NOON - timedelta(days=1))
    drop(tmp_path / "box", voicemail(), NOON)
    read(store, folder)
    assert len(rows(store, tickets)) == 1
    assert len(list((tmp_path / "box" / "new").iterdir())) == 1


def test_without_usable_service_levels_every_message_pages(store: Engine, tmp_path: Path) -> None:
    folder = installation(tmp_path)
    (folder / "service_levels.yaml").write_text("tiers: 7")
    drop(tmp_path / "box", voicemail(text=WORDS))
    read(store, folder)
    assert len(calls(store)) == 1


def test_the_page_says_where_a_recording_is_that_is_too_large(
    store: Engine, tmp_path: Path
) -> None:
    box = {"name": "answerphone", "maildir": "../box", "largest_audio": "5kB"}
    folder = installation(tmp_path, box)
    drop(tmp_path / "box", voicemail(), NIGHT)
    read(store, folder, NIGHT)
    (alert,) = calls(store)
    assert alert.facts["recording"] == "too large for the ticket's page, it is in the mailbox"
    (note,) = [e.facts["text"] for e in events(store) if e.kind is EventKind.NOTE]
    assert "msg0001.wav (8 kB): a recording over the limit of 5 kB" in note
    assert rows(store, recordings) == []


@pytest.mark.parametrize(
    ("said", "tier", "pages"),
    [
        ("Our website is down, nobody can order", "mission_critical", 1),
        ("Could you send the invoice again", "user_support", 0),
    ],
)
def test_a_transcript_may_show_that_it_cannot_wait(
    store: Engine, tmp_path: Path, said: str, tier: str, pages: int
) -> None:
    command = ["/bin/sh", "-c", f"test -s $1 && echo {said!r}", "sh", "{file}"]
    folder = installation(tmp_path, transcription={"command": command})
    drop(tmp_path / "box", voicemail())
    summary = read(store, folder)
    assert (summary["transcripts"], summary["raised"]) == (1, pages)
    assert [row.tier for row in rows(store, tickets)] == [tier]
    assert len(calls(store)) == pages
    (note,) = [e.facts["text"] for e in events(store) if e.kind is EventKind.NOTE]
    assert note == f"What a program understood of msg0001.wav:\n{said}"
    assert read(store, folder)["transcripts"] == 0


def test_a_program_that_fails_is_noted_and_not_started_again(store: Engine, tmp_path: Path) -> None:
    folder = installation(tmp_path, transcription={"command": ["/bin/false", "{file}"]})
    drop(tmp_path / "box", voicemail(), NIGHT)
    for _ in range(2):
        read(store, folder, NIGHT)
    (note,) = [e.facts["text"] for e in events(store) if e.kind is EventKind.NOTE]
    assert note == "No transcript of msg0001.wav: it ended with 1."
    assert len(calls(store)) == 1
