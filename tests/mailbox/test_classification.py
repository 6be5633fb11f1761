"""Which messages make tickets: recordings and requests, and nothing that no customer wrote."""

from __future__ import annotations

from typing import Any

import pytest

from flows.tickets.mailing.mails import mail, voicemail
from supportops.mailbox.account import Account, AccountKind
from supportops.mailbox.classification import Category, classify
from supportops.mailbox.parsing import parse

VOICEMAIL = Account("a", AccountKind.VOICEMAIL, own_addresses=frozenset({"us@agency.example"}))
SUPPORT = Account(
    "b",
    AccountKind.SUPPORT,
    own_addresses=frozenset({"us@agency.example"}),
    own_lists=frozenset({"support.agency.example"}),
)
REPORT = (
    b"From: Mailer <MAILER-DAEMON@mx.example>\r\nSubject: Undelivered Mail\r\n"
    b"Content-Type: multipart/report; report-type=%s; boundary=B\r\n\r\n"
    b"--B\r\nContent-Type: message/delivery-status\r\n\r\nStatus: 5.1.1\r\n--B--\r\n"
)


def category(account: Account, content: bytes) -> Category:
    return classify(parse(content), account).category


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "Auto-Replied (vacation)"},
        {"X_Autoreply": "yes"},
        {"Precedence": "auto_reply"},
        {"subject": "Automatic reply: the invoice"},
        {"subject": "Out of the office until Monday"},
        {"subject": "Abwesenheitsnotiz: Re: Ticket"},
        {"subject": "Réponse automatique : bonjour"},
    ],
)
def test_automatic_replies_are_known_by_headers_and_words(headers: dict[str, str]) -> None:
    assert category(SUPPORT, mail(**headers)) is Category.AUTO_REPLY


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "no"},
        {"Auto_Submitted": "auto-generated"},  # such as a form of a website
        {"X_Auto_Response_Suppress": "All"},
        {"subject": "Please set up an out of office reply for me"},
        {"subject": "The automatic door page is down"},
        {"subject": "Re: New voicemail"},
        {"List_Id": "Support <support.agency.example>"},
    ],
)
def test_what_a_person_may_have_written_is_a_request(headers: dict[str, str]) -> None:
    assert category(SUPPORT, mail(**headers)) is Category.REQUEST


@pytest.mark.parametrize("kind", [b"delivery-status", b"disposition-notification"])
@pytest.mark.parametrize("account", [VOICEMAIL, SUPPORT])
def test_reports_of_mail_servers_are_bounces(kind: bytes, account: Account) -> None:
    assert category(account, REPORT % kind) is Category.BOUNCE


def test_a_bounce_that_is_forwarded_by_a_person_is_a_request() -> None:
    forwarded = (
        b"From: jo@acme.example\r\nContent-Type: multipart/mixed; boundary=X\r\n\r\n"
        b"--X\r\n\r\nWhat is this?\r\n--X\r\nContent-Type: message/rfc822\r\n\r\n%s\r\n--X--\r\n"
    )
    assert category(SUPPORT, forwarded % (REPORT % b"delivery-status")) is Category.REQUEST


@pytest.mark.parametrize(
    "headers",
    [{"List_Id": "<news.example>"}, {"Precedence": "bulk"}, {"List_Unsubscribe": "<x>"}],
)
def test_mailing_lists_make_no_ticket(headers: dict[str, str]) -> None:
    assert category(SUPPORT, mail(**headers)) is Category.LIST


@pytest.mark.parametrize("account", [VOICEMAIL, SUPPORT])
def test_our_own_mail_makes_none(account: Account) -> None:
    for sender in ("us@agency.example", "Support <US@Agency.example>"):
        assert category(account, voicemail(sender=sender)) is Category.OWN


@pytest.mark.parametrize(
    "headers",
    [{"Auto_Submitted": "auto-replied"}, {"Precedence": "bulk"}, {"subject": "Automatic reply"}],
)
def test_an_answerphone_is_a_program_and_may_say_so(headers: dict[str, Any]) -> None:
    assert category(VOICEMAIL, voicemail(**headers)) is Category.VOICEMAIL
    assert category(VOICEMAIL, mail(**headers)) is not Category.VOICEMAIL
    assert category(VOICEMAIL, mail()) is Category.VOICEMAIL
