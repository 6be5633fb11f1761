"""`supportops mailbox` as a user meets it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from builders import NOON
from flows.tickets.mailing.mails import drop, installation, mail, voicemail
from supportops.cli.main import app

NIGHT = NOON + timedelta(hours=9)
pytestmark = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def folder(store_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = installation(tmp_path)
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", store_address)
    monkeypatch.setenv("SUPPORTOPS_CONFIG", str(found))
    monkeypatch.setattr("supportops.cli.tickets.mailbox.now", lambda: NIGHT)
    return found


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, ["mailbox", *words])


def test_reading_says_what_became_of_the_messages(tmp_path: Path) -> None:
    assert typed("check").stdout == (
        "answerphone (voicemail): 0 messages waiting; never read so far\n"
    )
    for content in (voicemail(), mail(Auto_Submitted="auto-replied"), b"\n"):
        drop(tmp_path / "box", content, NIGHT)
    assert "3 messages waiting" in typed("check").stdout
    found = typed("read")
    assert (found.exit_code, found.stdout) == (
        0,
        "answerphone: 1 new tickets, 1 that make no ticket, 1 in quarantine; 1 paged\n",
    )
    assert typed("read", "answerphone").stdout == "answerphone: nothing new\n"
    assert "last read 2026-04-07 21:00 UTC" in typed("check").stdout


def test_a_mailbox_that_cannot_be_read_is_a_finding(folder: Path) -> None:
    (folder / "mailbox.yaml").write_text("mailboxes: [{name: gone, maildir: /nowhere}]")
    found = typed("read")
    assert found.exit_code == 1
    assert "a folder is missing: /nowhere is no Maildir" in found.stdout
    assert typed("check").exit_code == 1
    summary = json.loads(typed("read", "--json").stdout)
    assert summary["mailboxes"]["gone"]["fault"].startswith("a folder is missing")
    assert json.loads(typed("check", "--json").stdout)[0]["waiting"] is None


def test_an_unknown_name_and_a_missing_file_are_one_line(folder: Path) -> None:
    found = typed("read", "desk")
    assert found.exit_code == 2
    assert "no mailbox 'desk' in mailbox.yaml; there are: answerphone" in found.stderr
    (folder / "mailbox.yaml").unlink()
    assert typed("read").stdout == "no mailbox.yaml names a mailbox; nothing to read\n"
    assert typed("check").exit_code == 0
    (folder / "mailbox.yaml").write_text("mailboxes: [{}]")
    found = typed("read")
    assert found.exit_code == 2
    assert "mailbox.yaml" in found.stderr
