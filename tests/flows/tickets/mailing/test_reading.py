"""A message in a mailbox becomes a ticket once, and pages where nobody is in the office."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from builders import NOON
from flows.tickets.mailing.mails import CALLER, drop, installation, mail, voicemail, wav
from supportops.alerts.alert import Kind, Severity
from supportops.alerts.store import list_open
from supportops.context import Context, no_secrets
from supportops.db.engine import reading, writing
from supportops.db.schema import mailbox_messages, quarantine, recordings, tickets
from supportops.flows.tickets import mailbox
from supportops.flows.tickets.syncing.freshness import last_synced, mark_synced
from supportops.mailbox.folder import Fault, MailboxError
from supportops.mailbox.maildir import Maildir
from supportops.tickets.log.store import events_of

NIGHT = NOON.replace(hour=21)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return installation(tmp_path)


def read(store: Engine, folder: Path, now: datetime = NOON) -> dict[str, Any]:
    return mailbox.run(Context(store, folder, no_secrets), lambda: now)


def rows(store: Engine, table: Any) -> list[Any]:
    with reading(store) as connection:
        return list(connection.execute(select(table).order_by(table.c.id)))


def calls(store: Engine) -> list[Any]:
    with reading(store) as connection:
        return list_open(connection, Kind.CALL)


def events(store: Engine) -> list[Any]:
    (ticket,) = rows(store, tickets)
    with reading(store) as connection:
        return list(events_of(connection, "mailbox", ticket.ticket))


def names(folder: Path, place: str) -> list[str]:
    return sorted(path.name for path in (folder.parent / "box" / place).glob("*"))


def test_a_voicemail_at_night_is_a_ticket_with_its_recording_and_pages(
    store: Engine, folder: Path
) -> None:
    drop(folder.parent / "box", voicemail(), NIGHT)
    summary = read(store, folder, NIGHT + timedelta(minutes=1))
    assert summary["mailboxes"]["answerphone"]["ticket"] == 1
    assert summary["raised"] == 1
    (ticket,), (recording,), (alert,) = rows(store, tickets), rows(store, recordings), calls(store)
    assert (ticket.source, ticket.tier, ticket.created_at) == ("mailbox", "mission_critical", NIGHT)
    assert ticket.requester == CALLER
    assert (recording.media_type, recording.ticket) == ("audio/wav", ticket.ticket)
    assert bytes(recording.content) == wav()
    assert alert.severity is Severity.CRITICAL
    assert alert.headline.startswith(f"voicemail from {CALLER}: You have a new message.")
    assert "ticket's page" in alert.facts["recording"]
    assert names(folder, "new") == []
    assert len(names(folder, ".Handled/cur")) == 1


def test_during_office_hours_the_words_decide(store: Engine, folder: Path) -> None:
    drop(folder.parent / "box", voicemail(text="Could you send me the invoice again please?"))
    read(store, folder)
    assert [row.tier for row in rows(store, tickets)] == ["user_support"]
    assert calls(store) == []
    drop(folder.parent / "box", voicemail(text="Our site is down, nobody can order anything."))
    read(store, folder)
    assert len(calls(store)) == 1


def test_reading_again_and_moving_back_change_nothing(store: Engine, folder: Path) -> None:
    box = folder.parent / "box"
    drop(box, voicemail(), NIGHT)
    read(store, folder, NIGHT)
    before = [rows(store, table) for table in (tickets, recordings, mailbox_messages)]
    (moved,) = (box / ".Handled" / "cur").iterdir()
    moved.rename(box / "new" / "again")
    assert read(store, folder, NIGHT)["mailboxes"]["answerphone"]["again"] == 1
    assert [rows(store, table) for table in (tickets, recordings, mailbox_messages)] == before
    assert len(calls(store)) == 1
    assert len(names(folder, ".Handled/cur")) == 1


def test_what_is_no_message_is_set_aside(store: Engine, folder: Path) -> None:
    drop(folder.parent / "box", b"\n\n")
    assert read(store, folder)["mailboxes"]["answerphone"]["quarantined"] == 1
    (row,) = rows(store, quarantine)
    assert (row.source, row.reason) == ("mailbox", "it is empty")
    assert len(names(folder, ".Quarantine/cur")) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"List_Id": "<news.example>"},
        {"subject": "Out of office: back on Monday"},
        {"sender": "Support <support@agency.example>"},
    ],
)
def test_what_no_customer_wrote_makes_no_ticket(
    store: Engine, tmp_path: Path, headers: dict[str, str]
) -> None:
    box = {"name": "help", "kind": "support", "maildir": "../box"}
    folder = installation(tmp_path, box, own_addresses=["Support@agency.example"])
    drop(tmp_path / "box", mail(**headers))
    assert read(store, folder)["mailboxes"]["help"]["ignored"] == 1
    assert rows(store, tickets) == []
    assert len(names(folder, ".Handled/cur")) == 1


def test_what_was_ignored_by_mistake_is_read_when_it_is_moved_back(
    store: Engine, tmp_path: Path
) -> None:
    box, wrong = tmp_path / "box", ["pbx@voip.example"]
    folder = installation(tmp_path, own_addresses=wrong)
    drop(box, voicemail(), NIGHT)
    assert read(store, folder, NIGHT)["mailboxes"]["answerphone"]["ignored"] == 1
    for own, made in ((wrong, 0), ([], 1), ([], 1)):
        installation(tmp_path, own_addresses=own)
        (moved,) = (box / ".Handled" / "cur").iterdir()
        moved.rename(box / "new" / "again")
        read(store, folder, NIGHT)
        assert len(rows(store, tickets)) == len(calls(store)) == made
    assert [row.outcome for row in rows(store, mailbox_messages)] == ["ticket"]


def test_a_message_that_is_not_handed_out_stops_no_other(
    store: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = drop(folder.parent / "box", voicemail(), NIGHT)
    for _ in range(2):
        drop(folder.parent / "box", voicemail(), NIGHT)
    content = Maildir.content

    def refused(self: Maildir, place: str, key: str, most: int) -> bytes | None:
        if key.endswith(bad.name):
            raise MailboxError(Fault.PROTOCOL, "the server does not hand out messages")
        return content(self, place, key, most)

    monkeypatch.setattr(Maildir, "content", refused)
    first = read(store, folder, NIGHT)["mailboxes"]["answerphone"]
    assert (first["ticket"], first["fault"]) == (
        2,
        "not readable: a message cannot be read: the server does not hand out messages",
    )
    assert names(folder, "new") == [bad.name]
    read(store, folder, NIGHT + timedelta(minutes=1))
    with reading(store) as connection:
        assert [each.subject for each in list_open(connection, Kind.TASK_FAILED)] == [
            "mailbox answerphone"
        ]


def test_several_workers_make_one_ticket_of_each_message(store: Engine, folder: Path) -> None:
    for _ in range(6):
        drop(folder.parent / "box", voicemail(), NIGHT)
    read(store, folder, NIGHT - timedelta(days=1))  # so that all find the folder `Handled`
    for each in (folder.parent / "box" / ".Handled" / "cur").iterdir():
        each.rename(folder.parent / "box" / "new" / each.name.partition(":")[0])
    for _ in range(6):
        drop(folder.parent / "box", voicemail(), NIGHT)
    with ThreadPoolExecutor(3) as workers:
        done = list(workers.map(lambda _: read(store, folder, NIGHT), range(3)))
    counted = [each["mailboxes"]["answerphone"] for each in done]
    assert sum(each["ticket"] for each in counted) == 6
    assert len(rows(store, tickets)) == len(rows(store, recordings)) == 12
    assert len(names(folder, ".Handled/cur")) == 12
    assert names(folder, "new") == []


def test_the_callers_words_or_else_the_subject_stand_in_the_page(
    store: Engine, folder: Path
) -> None:
    drop(folder.parent / "box", voicemail(text=""), NIGHT)
    read(store, folder, NIGHT)
    (alert,) = calls(store)
    assert alert.headline == f"voicemail from {CALLER}: New voicemail from {CALLER}"


@pytest.mark.parametrize(("kind", "known"), [("support", NOON), ("voicemail", None)])
def test_a_mailbox_of_requests_is_a_source_of_tickets(
    store: Engine, tmp_path: Path, kind: str, known: datetime | None
) -> None:
    folder = installation(tmp_path, {"name": "desk", "kind": kind, "maildir": "../box"})
    read(store, folder, NOON)
    with reading(store) as connection:
        assert last_synced(connection, NIGHT) == known
    with writing(store) as connection:
        mark_synced(connection, "zendesk", NOON - timedelta(days=1))
    read(store, folder, NIGHT)
    with reading(store) as connection:
        assert last_synced(connection, NIGHT) == NOON - timedelta(days=1)
