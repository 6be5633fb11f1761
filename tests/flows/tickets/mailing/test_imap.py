"""Mailboxes on a real IMAP server: what is read and moved, and what a mailbox that is dead says."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from builders import NOON
from flows.tickets.mailing.dovecot import PLAIN_PASSWORD, Dovecot
from flows.tickets.mailing.hostile import hostile, large
from flows.tickets.mailing.mails import installation, voicemail
from flows.tickets.mailing.test_reading import rows
from supportops.alerts.alert import Kind, Severity
from supportops.alerts.store import list_open
from supportops.context import Context
from supportops.db.engine import reading
from supportops.db.schema import mailbox_messages, quarantine, recordings, ticket_events, tickets
from supportops.flows.tickets import mailbox
from supportops.mailbox.account import ImapServer, Tls
from supportops.mailbox.folder import MailboxError
from supportops.mailbox.imap import ImapFolders

# What a server says does not depend on the database.
ONE_DATABASE = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)

SECRETS = {"mailbox_answerphone": PLAIN_PASSWORD}


def read(
    store: Engine, folder: Path, minute: float = 0, secrets: Mapping[str, str] = SECRETS
) -> dict[str, Any]:
    context = Context(store, folder, dict(secrets).get)
    found = mailbox.run(context, lambda: NOON + timedelta(minutes=minute))
    return found["mailboxes"]["answerphone"] | {"raised": found["raised"]}


def troubles(store: Engine) -> list[Any]:
    with reading(store) as connection:
        return list_open(connection, Kind.TASK_FAILED)


@ONE_DATABASE
@pytest.mark.parametrize("tls", ["implicit", "starttls", "none"])
def test_a_message_is_read_and_moved_whatever_protects_the_connection(
    store: Engine, tmp_path: Path, server: Dovecot, login: str, tls: str
) -> None:
    port = server.tls if tls == "implicit" else server.plain
    folder = installation(tmp_path, server.entry(login, tls=tls, port=port))
    server.deliver(login, voicemail(), voicemail(), at=NOON.timestamp())
    assert read(store, folder)["ticket"] == 2
    assert (server.held(login), server.held(login, "Handled")) == (0, 2)
    assert {row.created_at for row in rows(store, tickets)} == {NOON}


@ONE_DATABASE
def test_new_uids_copies_and_what_was_moved_back_are_harmless(
    store: Engine, tmp_path: Path, server: Dovecot, login: str
) -> None:
    folder, content = installation(tmp_path, server.entry(login)), voicemail()
    server.deliver(login, content, b"Received: by another way\r\n" + content)
    assert read(store, folder)["ticket"] == 1
    box = server.box(login)
    for each in (box / ".Handled" / "new").iterdir():
        each.rename(box / "new" / each.name.partition(":")[0])
    for index in box.glob("dovecot*"):  # with it the server forgets UIDVALIDITY and every UID
        index.unlink()
    again = read(store, folder, 1)
    assert (again["ticket"], again["again"]) == (0, 2)
    assert len(rows(store, tickets)) == len(rows(store, recordings)) == 1
    assert server.held(login, "Handled") == 2


@ONE_DATABASE
def test_hostile_messages_make_one_ticket_each_or_one_row_of_the_quarantine(
    store: Engine, tmp_path: Path, server: Dovecot, login: str
) -> None:
    folder, messages = installation(tmp_path, server.entry(login)), hostile(80)
    server.deliver(login, *messages, large(1_000), at=NOON.timestamp())
    counted = read(store, folder)
    assert counted["fault"] is None
    made, aside = rows(store, tickets), rows(store, quarantine)
    assert len(made) + len(aside) == len(messages) + 1 == len(rows(store, mailbox_messages))
    assert (counted["ticket"], counted["quarantined"]) == (len(made), len(aside))
    assert [row.reason for row in aside] == ["its parts are nested without end"] * 3
    assert server.held(login) == 0
    assert server.held(login, "Handled") == len(made)
    assert server.held(login, "Quarantine") == len(aside)
    assert all(row.created_at == NOON for row in made)
    assert all(row.media_type == "audio/wav" for row in rows(store, recordings))
    notes = [row.facts["text"] for row in rows(store, ticket_events) if row.kind == "note"]
    assert any("recording over the limit of 10.0 MB" in note for note in notes)
    assert any("the message itself (34.2 MB): only its beginning" in note for note in notes)
    assert all("folder Handled" in note for note in notes)


@ONE_DATABASE
def test_folders_have_names_in_any_language(
    store: Engine, tmp_path: Path, server: Dovecot, login: str
) -> None:
    words = {"folders": ["INBOX", "Anfragen & Öfter"], "handled": "Erledigt ✓"}
    folder = installation(tmp_path, server.entry(login, **words))
    server.deliver(login, voicemail())
    settings = ImapServer("localhost", server.tls, Tls.IMPLICIT, login, "x", server.certificates)
    folders = ImapFolders(settings, PLAIN_PASSWORD)
    folders.move("INBOX", [folders.listed("INBOX")[0].key], "Anfragen & Öfter")
    folders.close()
    server.deliver(login, voicemail())
    assert read(store, folder)["ticket"] == 2
    folders = ImapFolders(settings, PLAIN_PASSWORD)
    assert len(folders.listed("Erledigt ✓")) == 2
    folders.close()


def test_without_move_nothing_that_others_marked_is_deleted(server: Dovecot, login: str) -> None:
    server.deliver(login, voicemail(), voicemail(), voicemail())
    settings = ImapServer("localhost", server.tls, Tls.IMPLICIT, login, "x", server.certificates)
    folders = ImapFolders(settings, PLAIN_PASSWORD)
    first, second, _ = folders.listed("INBOX")
    folders._box.client.uid("STORE", second.key, "+FLAGS", r"(\Deleted)")
    assert second not in folders.listed("INBOX")
    folders._can.discard("MOVE")
    folders.move("INBOX", [first.key, first.key], "Handled")
    assert server.held(login) == 2
    folders._can.discard("UIDPLUS")
    with pytest.raises(MailboxError, match="neither MOVE nor UIDPLUS"):
        folders.move("INBOX", [second.key], "Handled")
    folders.close()
    assert server.held(login) == 2


@contextmanager
def silent() -> Iterator[int]:
    """A server that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


DEFINITE = {
    "login": ({}, {"mailbox_answerphone": "Wr0ng-Password"}, "login refused"),
    "other letters": ({}, {"mailbox_answerphone": "Wröng-Pässword"}, "login refused"),
    "no secret": ({}, {}, "the connection mailbox_answerphone is not set"),
    "authority": ({"certificates": None}, SECRETS, "no safe connection: .* issuer certificate"),
    "name": ({"host": "127.0.0.1"}, SECRETS, "no safe connection: .*not valid for"),
    "file": ({"certificates": "/nowhere.pem"}, SECRETS, "/nowhere.pem: No such file"),
    "folder": ({"folders": ["Nachrichten"]}, SECRETS, "there is no folder 'Nachrichten'"),
}


@ONE_DATABASE
@pytest.mark.parametrize("case", DEFINITE)
def test_what_will_not_pass_is_an_alert_at_once_and_says_no_secret(
    store: Engine, tmp_path: Path, server: Dovecot, login: str, case: str
) -> None:
    changes, secrets, words = DEFINITE[case]
    folder = installation(tmp_path, server.entry(login, **changes))
    server.box(login)
    found = read(store, folder, secrets=secrets)
    assert found["raised"] == 1
    (alert,) = troubles(store)
    assert (alert.subject, alert.severity) == ("mailbox answerphone", Severity.CRITICAL)
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(alert.headline)
    said = repr((found, alert))
    for secret in (*secrets.values(), *map(encoded, secrets.values())):
        assert secret not in said
    assert read(store, folder, 1, secrets)["raised"] == 0
    installation(tmp_path, server.entry(login))
    assert read(store, folder, 2)["fault"] is None
    assert troubles(store) == []


def encoded(secret: str) -> str:
    return base64.b64encode(secret.encode()).decode()


@ONE_DATABASE
@pytest.mark.parametrize("case", ["closed", "silent", "no IMAP"])
def test_what_may_pass_is_an_alert_within_two_intervals(
    store: Engine, tmp_path: Path, server: Dovecot, login: str, case: str
) -> None:
    server.box(login)
    with silent() as port:
        changes = {"port": 1, "tls": "none"} if case == "closed" else {"port": port, "tls": "none"}
        if case == "no IMAP":
            changes = {"port": server.tls, "tls": "none"}
        dead = server.entry(login, timeout="1s", **changes)
        folder = installation(tmp_path, server.entry(login))
        assert read(store, folder)["fault"] is None
        installation(tmp_path, dead)
        assert read(store, folder, 1)["fault"]
        assert troubles(store) == []
        assert read(store, folder, 2)["raised"] == 1
        (alert,) = troubles(store)
        assert alert.opened_at == NOON + timedelta(minutes=1)
    installation(tmp_path, server.entry(login))
    read(store, folder, 3)
    assert troubles(store) == []


@ONE_DATABASE
def test_a_mailbox_that_is_not_configured_any_more_ends_its_alert(
    store: Engine, tmp_path: Path, server: Dovecot, login: str
) -> None:
    folder = installation(tmp_path, server.entry(login, name="old"), server.entry(login))
    read(store, folder, secrets={})
    assert len(troubles(store)) == 2
    installation(tmp_path, server.entry(login))
    read(store, folder, 1, secrets={})
    assert [each.subject for each in troubles(store)] == ["mailbox answerphone"]


@ONE_DATABASE
def test_a_check_counts_what_waits_and_changes_nothing(
    store: Engine, tmp_path: Path, server: Dovecot, login: str
) -> None:
    folder = installation(tmp_path, server.entry(login))
    server.deliver(login, voicemail(), voicemail())
    (tried,) = mailbox.check(Context(store, folder, SECRETS.get), NOON)
    assert (tried.waiting, tried.fault) == (2, None)
    (tried,) = mailbox.check(Context(store, folder, {}.get), NOON)
    assert (tried.waiting, tried.fault) == (
        None,
        "no login: the connection mailbox_answerphone is not set",
    )
    assert server.held(login) == 2
