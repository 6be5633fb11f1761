"""`mailbox.yaml`: what it means, and one clear fault for each thing that is wrong."""

from __future__ import annotations

import re
import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from builders import SHIPPED
from config.documented_examples import mailbox_data
from supportops.config.documents import restore
from supportops.config.loader import Checked, check, load
from supportops.mailbox.account import AccountKind, Tls
from supportops.schedule import mailbox_schedule

BOX: dict[str, Any] = {
    "name": "answerphone",
    "host": "imap.agency.example",
    "login": "answerphone@agency.example",
    "secret": "mailbox_answerphone",
}


def folder(path: Path, written: Any) -> Path:
    path.mkdir(exist_ok=True)
    for file in SHIPPED.glob("*.yaml"):
        shutil.copy(file, path)
    (path / "mailbox.yaml").write_text(yaml.safe_dump(written, sort_keys=False))
    return path


def boxes(*entries: Any, **settings: Any) -> dict[str, Any]:
    return {**settings, "mailboxes": list(entries)}


def lines(checked: Checked) -> str:
    return "\n".join(map(str, checked.all_faults))


def test_what_the_documentation_shows_is_what_it_says(tmp_path: Path) -> None:
    found = load(folder(tmp_path / "c", mailbox_data())).mailboxes
    answerphone, desk = found.accounts
    assert (answerphone.kind, desk.kind) == (AccountKind.VOICEMAIL, AccountKind.SUPPORT)
    assert answerphone.server is not None
    server = answerphone.server
    assert (server.host, server.port, server.tls) == ("imap.agency.example", 993, Tls.IMPLICIT)
    assert (desk.server, desk.maildir) == (None, "/var/mail/desk")
    assert answerphone.own_addresses == {"support@agency.example", "alerts@agency.example"}
    assert answerphone.own_numbers == {"+442079460000"}
    assert (answerphone.largest_audio, answerphone.since) == (10_000_000, date(2026, 1, 1))
    assert (found.interval, found.region) == (timedelta(minutes=1), "GB")
    assert found.transcription is not None
    assert found.transcription.command[-1] == "{file}"


def test_an_installation_without_the_file_is_stored_as_before(tmp_path: Path) -> None:
    path = folder(tmp_path / "c", boxes(BOX))
    with_it = load(path)
    (path / "mailbox.yaml").unlink()
    without = load(path)
    assert "mailbox" not in without.document
    assert without.mailboxes.accounts == ()
    assert restore(with_it.document).mailboxes == with_it.mailboxes


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        (boxes(BOX | {"host": None}), "either `host` of a server or the folder `maildir`"),
        (boxes(BOX | {"maildir": "/x"}), "either `host` of a server or the folder `maildir`"),
        (boxes(BOX | {"secret": None}), "`login` and `secret` for the server"),
        (boxes(BOX | {"secret": "P4ssw0rd!"}), "what is no name \\(not shown"),
        (boxes(BOX | {"tls": "none"}), "`tls: none` for this machine alone"),
        (boxes(BOX | {"host": "imap://x"}), "the name of a server"),
        (boxes(BOX | {"handled": "INBOX"}), "`handled` and `quarantine` as folders of their own"),
        (boxes(BOX | {"folders": []}), "at least one entry"),
        (boxes(BOX | {"handled": "../x"}), "a folder, that leads nowhere else"),
        (boxes(BOX | {"kind": "voice mail"}), "'voicemail' or 'support'"),
        (boxes(BOX | {"port": 0}), "greater than or equal to 1"),
        (boxes(BOX | {"timeout": "1h"}), "at most 2m"),
        (boxes(BOX, BOX), "each once, but it stands at mailboxes"),
        (boxes(BOX, interval="90s"), "whole minutes, at most 30m"),
        (boxes(BOX, interval="2h"), "whole minutes, at most 30m"),
        (boxes(BOX, region="UK"), "a country of two capitals"),
        (boxes(BOX, own_numbers=["020 7946 0000"]), "a telephone number"),
        (boxes(BOX, own_addresses=["us"]), "an e-mail address"),
        (boxes(BOX, transcription={"command": ["x"]}), "{file} among the arguments"),
        (boxes(BOX, transcription={"command": ["{file}"]}), "{file} among the arguments"),
        (boxes(BOX, mailbox="x"), "no such key"),
    ],
)
def test_each_fault_says_what_is_expected(tmp_path: Path, written: Any, fault: str) -> None:
    said = lines(check(folder(tmp_path / "c", written)))
    assert re.search(fault, said), said
    assert "P4ssw0rd" not in said


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ("", "* * * * *"),
        ("interval: 1m", "* * * * *"),
        ("interval: 5m\nmailboxes: []", "*/5 * * * *"),
        ('mailboxes: [{name: x, interval: 7m}]\ninterval: "15m"', "*/15 * * * *"),
        ("interval: 90m", "* * * * *"),
        ("interval: soon", "* * * * *"),
        ("{[", "* * * * *"),
        ("[" * 5_000, "* * * * *"),
    ],
)
def test_the_dag_follows_the_interval_whatever_else_is_wrong(
    tmp_path: Path, text: str, schedule: str
) -> None:
    (tmp_path / "mailbox.yaml").write_text(text)
    assert mailbox_schedule(tmp_path) == schedule


def test_without_the_file_nothing_is_scheduled(tmp_path: Path) -> None:
    assert mailbox_schedule(tmp_path) is None
