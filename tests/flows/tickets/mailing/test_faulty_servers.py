"""What servers get wrong: sizes that they only estimate, answers without content, broken lines."""

from __future__ import annotations

import itertools
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from flows.tickets.mailing.mails import drop, installation, mail, maildir, voicemail, wav
from flows.tickets.mailing.scripted import Script, scripted
from flows.tickets.mailing.test_reading import NIGHT, calls, rows
from supportops.context import Context
from supportops.db.schema import quarantine, recordings, tickets
from supportops.flows.tickets import mailbox
from supportops.flows.tickets.mailing import taking
from supportops.mailbox.account import Account
from supportops.mailbox.classification import Classified
from supportops.mailbox.mail import Mail
from supportops.mailbox.maildir import Maildir

# What a server says does not depend on the database.
pytestmark = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)


def entry(script: Script, **changes: Any) -> dict[str, Any]:
    server: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": script.port,
        "tls": "none",
        "login": "box",
    }
    server["secret"] = "mailbox_answerphone"
    return {"name": "answerphone"} | server | changes


def read(store: Engine, folder: Path, minute: int = 0) -> dict[str, Any]:
    context = Context(store, folder, {"mailbox_answerphone": "secret"}.get)
    found = mailbox.run(context, lambda: NIGHT + timedelta(minutes=minute))
    answer: dict[str, Any] = found["mailboxes"]["answerphone"]
    return answer


@pytest.mark.parametrize("wrong", [-200, 200, 100_000_000])
def test_a_size_that_is_only_estimated_costs_no_recording(
    store: Engine, tmp_path: Path, wrong: int
) -> None:
    content = voicemail()
    with scripted(Script({7: content}, sizes={7: len(content) + wrong})) as script:
        folder = installation(tmp_path, entry(script))
        assert read(store, folder)["ticket"] == 1
        assert script.moved == [7]
    (kept,) = rows(store, recordings)
    assert kept.size == len(wav())


def test_a_message_larger_than_its_server_says_is_cut_and_says_so(
    store: Engine, tmp_path: Path
) -> None:
    content = voicemail(audio=wav(0.5) + bytes(1_200_000))
    with scripted(Script({7: content}, sizes={7: 900})) as script:
        folder = installation(tmp_path, entry(script, largest_audio="100 kB"))
        assert read(store, folder)["ticket"] == 1
    assert rows(store, recordings) == []
    (call,) = calls(store)
    assert "too large for the ticket's page" in str(call.facts)


@pytest.mark.parametrize("sent", [b"NIL", None])
def test_a_message_without_content_is_a_fault_and_no_silence(
    store: Engine, tmp_path: Path, sent: bytes | None
) -> None:
    messages = {7: voicemail(), 8: voicemail()}
    with scripted(Script(messages, instead={7: sent})) as script:
        folder = installation(tmp_path, entry(script))
        fault = read(store, folder)["fault"]
        assert "not readable" in str(fault)
        assert 7 in script.messages, "it is not lost"
        script.instead.clear()
        read(store, folder, 1)
        assert sorted(script.moved) == [7, 8]
    assert len(rows(store, tickets)) == 2


def test_an_empty_message_is_set_aside(store: Engine, tmp_path: Path) -> None:
    with scripted(Script({7: b""}, instead={7: b'""'})) as script:
        folder = installation(tmp_path, entry(script))
        assert read(store, folder)["fault"] is None
    assert [row.reason for row in rows(store, quarantine)] == ["it is empty"]


def test_a_folder_that_is_missing_stops_no_other(store: Engine, tmp_path: Path) -> None:
    box = {"name": "answerphone", "maildir": "../box", "folders": ["Gone", "INBOX"]}
    folder = installation(tmp_path, box)
    drop(tmp_path / "box", voicemail(), NIGHT)
    found = read(store, folder)
    assert found["ticket"] == 1
    assert "Gone" in str(found["fault"])


def test_answerphones_that_number_and_date_nothing_lose_no_message(
    store: Engine, tmp_path: Path
) -> None:
    folder = installation(tmp_path)
    for said in ("the shop is down", "it is urgent", "it is urgent"):
        content = mail("New voicemail", said, message_id="<1@pbx>").replace(b"Date: ", b"X-Old: ")
        drop(tmp_path / "box", content, NIGHT)
    assert read(store, folder)["ticket"] == 2


def test_a_mailbox_whose_path_no_system_takes_stops_no_other(store: Engine, tmp_path: Path) -> None:
    wrong = {"name": "support", "kind": "support", "maildir": "../" + 300 * "x"}
    folder = installation(tmp_path, wrong, {"name": "answerphone", "maildir": "../box"})
    drop(tmp_path / "box", voicemail(), NIGHT)
    found = mailbox.run(Context(store, folder, {}.get), lambda: NIGHT)["mailboxes"]
    assert found["answerphone"]["ticket"] == 1
    assert "File name too long" in found["support"]["fault"]


def test_what_nobody_expected_in_one_mailbox_stops_no_other_and_is_raised(
    store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maildir(tmp_path / "odd")
    odd = {"name": "odd", "maildir": "../odd"}
    folder = installation(tmp_path, odd, {"name": "answerphone", "maildir": "../box"})
    drop(tmp_path / "box", voicemail(), NIGHT)
    listed = Maildir.listed

    def broken(self: Maildir, place: str) -> Any:
        if self._path.name == "odd":
            raise RuntimeError("nobody expected this")
        return listed(self, place)

    monkeypatch.setattr(Maildir, "listed", broken)
    with pytest.raises(RuntimeError, match="nobody expected this"):
        mailbox.run(Context(store, folder, {}.get), lambda: NIGHT)
    assert len(rows(store, tickets)) == 1


def test_a_message_that_no_code_can_read_is_set_aside(
    store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = installation(tmp_path)
    drop(tmp_path / "box", mail("A hostile one"), NIGHT)
    drop(tmp_path / "box", voicemail(), NIGHT)
    known = taking.classify

    def fails(message: Mail, account: Account) -> Classified:
        if message.subject == "A hostile one":
            raise AssertionError("within a library")
        return known(message, account)

    monkeypatch.setattr(taking, "classify", fails)
    found = read(store, folder)
    assert (found["ticket"], found["quarantined"]) == (1, 1)
    (row,) = rows(store, quarantine)
    assert row.reason == "it cannot be read (AssertionError)"


def test_a_full_mailbox_of_requests_keeps_no_voicemail_waiting(
    store: Engine, tmp_path: Path
) -> None:
    maildir(tmp_path / "desk")
    desk = {"name": "desk", "kind": "support", "maildir": "../desk"}
    folder = installation(tmp_path, desk, {"name": "answerphone", "maildir": "../box"})
    for number in range(8):
        drop(tmp_path / "desk", mail(f"Request {number}"), NIGHT)
    drop(tmp_path / "box", voicemail(), NIGHT)
    slow = itertools.count()
    found = mailbox.run(
        Context(store, folder, {}.get), lambda: NIGHT + timedelta(seconds=20 * next(slow))
    )["mailboxes"]
    assert found["answerphone"]["ticket"] == 1
    assert found["desk"]["left"] > 0
