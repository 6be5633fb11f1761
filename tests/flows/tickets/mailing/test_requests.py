"""E-mail that asks for help: tickets, replies that join them, and hints at whose they are."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Engine

from builders import NOON
from flows.tickets.mailing import mails
from flows.tickets.mailing.mails import CALLER, drop, installation, voicemail
from flows.tickets.mailing.test_reading import calls, read, rows
from inboxes import Mailbox
from supportops.context import Context, no_secrets
from supportops.db.engine import reading
from supportops.db.schema import mailbox_messages, tickets
from supportops.flows.tickets import ticket_acts
from supportops.notify.outgoing import OutgoingMessage
from supportops.notify.send import send
from supportops.tickets.log.store import events_of
from supportops.tickets.ticket import Author, Event, EventKind, Status, fold

JO = "Jo Smith <jo@acme.example>"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return installation(tmp_path, {"name": "desk", "kind": "support", "maildir": "../box"})


def ask(folder: Path, minute: float = 0, **fields: Any) -> None:
    at = NOON + timedelta(minutes=minute)
    drop(folder.parent / "box", mails.mail(**{"sender": JO, "at": at} | fields), at)


def events(store: Engine, place: int = 0) -> tuple[Event, ...]:
    number = rows(store, tickets)[place].ticket
    with reading(store) as connection:
        return events_of(connection, "mailbox", number)


def test_a_request_is_a_ticket_of_its_sender_that_is_triaged_and_pages_nobody(
    store: Engine, folder: Path
) -> None:
    ask(folder, subject="Our site is down", text="Nothing works.\n\n> the invoice, please")
    read(store, folder, NOON + timedelta(hours=9))
    (ticket,) = rows(store, tickets)
    assert ticket.requester == "Jo Smith <jo@acme.example>"
    assert (ticket.tier, ticket.subject) == ("mission_critical", "Our site is down")
    assert ticket.created_at == NOON
    assert calls(store) == []


def test_what_is_quoted_decides_nothing(store: Engine, folder: Path) -> None:
    ask(folder, subject="Thanks", text="Many thanks!\n\nOn Monday Bo wrote:\n> the site is down")
    read(store, folder)
    assert rows(store, tickets)[0].tier == "user_support"


@pytest.mark.parametrize("header", ["In_Reply_To", "References"])
def test_a_reply_joins_its_ticket_and_reopens_it(store: Engine, folder: Path, header: str) -> None:
    ask(folder, message_id="<first@acme.example>", subject="The form does not send")
    read(store, folder)
    (ticket,) = rows(store, tickets)
    context = Context(store, folder, no_secrets)
    solved = ticket_acts.solve("ada", "Mended.")
    ticket_acts.run(context, f"mailbox/{ticket.ticket}", solved, NOON + timedelta(minutes=5))
    thread = {header: "<unknown@x> <first@acme.example>"}
    ask(folder, 9, message_id="<second@acme.example>", text="Still broken.", **thread)
    ask(folder, 10, text="And again.", In_Reply_To="<second@acme.example>")
    read(store, folder, NOON + timedelta(minutes=11))
    assert len(rows(store, tickets)) == 1
    found = events(store)
    assert fold(found).status is Status.OPEN
    said = [e.facts["text"] for e in found if e.kind is EventKind.COMMENT]
    assert said == ["Mended.", "Still broken.", "And again."]
    assert [e.author for e in found if e.kind is EventKind.COMMENT][1:] == [Author.CUSTOMER] * 2
    assert [row.outcome for row in rows(store, mailbox_messages)] == ["ticket", "joined", "joined"]


def test_a_reply_to_what_is_closed_or_unknown_is_a_ticket_of_its_own(
    store: Engine, folder: Path
) -> None:
    ask(folder, message_id="<first@acme.example>")
    read(store, folder)
    (ticket,) = rows(store, tickets)
    closed = Event(
        *("mailbox", "closed", ticket.ticket, EventKind.STATUS, NOON, NOON, Author.AGENT, "closed")
    )
    from supportops.db.engine import writing
    from supportops.tickets.log.store import append_events

    with writing(store) as connection:
        append_events(connection, [closed], NOON)
    ask(folder, 9, In_Reply_To="<first@acme.example>")
    ask(folder, 9, In_Reply_To="<nobody@acme.example>")
    read(store, folder, NOON + timedelta(minutes=11))
    assert len(rows(store, tickets)) == 3


def test_an_automatic_reply_to_a_ticket_does_not_join_it(store: Engine, folder: Path) -> None:
    ask(folder, message_id="<first@acme.example>")
    ask(folder, 1, In_Reply_To="<first@acme.example>", Auto_Submitted="auto-replied")
    read(store, folder, NOON + timedelta(minutes=2))
    assert [row.outcome for row in rows(store, mailbox_messages)] == ["ticket", "ignored"]
    assert [e.kind for e in events(store) if e.kind is EventKind.COMMENT] == []


def test_what_this_program_mails_makes_no_ticket(
    store: Engine, folder: Path, mail: Mailbox
) -> None:
    message = OutgoingMessage("CALL: help", "A customer calls.", message_id="<first@acme.example>")
    send(mail.url(), message, timeout=5)
    (sent,) = mail.wait_for(1)
    ask(folder, message_id="<first@acme.example>")
    drop(folder.parent / "box", sent.message.as_bytes(), NOON)
    read(store, folder, NOON + timedelta(minutes=2))
    assert [row.outcome for row in rows(store, mailbox_messages)] == ["ticket", "ignored"]
    assert rows(store, mailbox_messages)[1].why == "own: this program sent it"


def test_attachments_stay_in_the_mailbox_and_the_ticket_says_so(
    store: Engine, folder: Path
) -> None:
    content = voicemail(audio=b"\x89PNG" + bytes(300_000), name="screen.png", sender=JO)
    drop(folder.parent / "box", content.replace(b"audio/x-wav", b"image/png"))
    read(store, folder)
    (note,) = [e.facts["text"] for e in events(store) if e.kind is EventKind.NOTE]
    assert note == "In the mailbox desk, folder Handled:\n- screen.png (0.3 MB)"


def customers(folder: Path, *names: str) -> None:
    listed = [{"name": name, "phones": [CALLER]} for name in names]
    written = yaml.safe_dump({"region": "GB", "customers": listed})
    (folder / "customers.yaml").write_text(written)


@pytest.mark.parametrize(
    ("names", "customer", "requester"),
    [
        ((), None, CALLER),
        (("Acme",), "Acme", f"{CALLER} (perhaps Acme)"),
        (("Acme", "Beta"), None, f"{CALLER} (perhaps Acme or Beta)"),
    ],
)
def test_the_callers_number_is_a_hint_at_the_customer(
    store: Engine, tmp_path: Path, names: tuple[str, ...], customer: str | None, requester: str
) -> None:
    folder = installation(tmp_path)
    customers(folder, *names)
    drop(tmp_path / "box", voicemail(), NOON + timedelta(hours=9))
    read(store, folder, NOON + timedelta(hours=9))
    (ticket,) = rows(store, tickets)
    assert (ticket.customer, ticket.requester) == (customer, requester)
    (alert,) = calls(store)
    assert (alert.customer, alert.facts["caller"]) == (customer, "+442079460958")
    why = [e.facts.get("rule") for e in events(store) if e.kind is EventKind.CUSTOMER]
    assert why == ([f"a hint: {CALLER} is a number of theirs"] if customer else [])
    notes = [e.facts["text"] for e in events(store) if e.kind is EventKind.NOTE]
    assert notes == (
        [f"{CALLER} is a number of several customers: Acme, Beta."] if len(names) > 1 else []
    )


def test_a_withheld_number_is_nobodys(store: Engine, tmp_path: Path) -> None:
    folder = installation(tmp_path)
    customers(folder, "Acme")
    drop(tmp_path / "box", voicemail(subject="Call from Anonymous"), NOON)
    read(store, folder, NOON)
    (ticket,) = rows(store, tickets)
    assert (ticket.customer, ticket.requester) == (None, "a withheld number")
