from __future__ import annotations

import base64
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from inboxes import Behaviour, Endpoint, Mailbox, free_port
from supportops.notify.mail_parts import Attachment
from supportops.notify.outgoing import Delivery, Outcome, OutgoingMessage
from supportops.notify.send import send

PLAIN = OutgoingMessage("A title", "Acme Shop DOWN: connection refused")
MAIL = OutgoingMessage(
    "DOWN: Acme Shop",
    "Acme Shop is down",
    "<p>Acme Shop is <b>down</b></p>",
    message_id="<0f3a@alerts.supportops.invalid>",
)
INCLUDE = Path(__file__).parents[2] / "include"


def attempt(url: str, message: OutgoingMessage = PLAIN, *, timeout: float = 20) -> Delivery:
    return send(url, message, timeout=timeout)


def test_a_mail_is_handed_over_with_its_html_and_a_text_part(mail: Mailbox) -> None:
    delivery = attempt(mail.url(), MAIL)
    (arrived,) = mail.wait_for(1)
    assert delivery.outcome is Outcome.HANDED_OVER
    assert arrived.recipients == ("team@example.com",)
    assert arrived.sender == "desk@example.com"
    assert "Acme Shop is <b>down</b>" in arrived.part("html")
    assert "Acme Shop is down" in arrived.part("plain")


def test_a_mail_names_its_thread_and_asks_for_no_automatic_reply(mail: Mailbox) -> None:
    attempt(mail.url(), MAIL)
    message = mail.wait_for(1)[0].message
    assert message["References"] == message["In-Reply-To"] == "<0f3a@alerts.supportops.invalid>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert len(message.get_all("Message-ID", [])) == 1


PICTURE = Attachment("trend.png", "image/png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
PAPER = Attachment("weekly-2026-W47.pdf", "application/pdf", b"%PDF-1.7\r\n.\n\0\xff" * 4000)
TABLE = Attachment("Zürich, Week.csv", "text/csv; charset=utf-8", "a;ü\r\n.\r\n'=1\n".encode())
REPORT = OutgoingMessage(
    "SLA week 47: 91 % \u2013 4 open 🔥",
    "From us: https://board.example/report?week=47\n.\nÜ" + "x" * 1200,
    '<p>Für Ärzte 🔥 <img src="cid:trend.png" alt="falling"></p>',
    attachments=(PAPER, TABLE),
    images=(PICTURE,),
)


def shape(part: EmailMessage) -> Any:
    """The tree of a mail's media types."""
    kind = part.get_content_type()
    return (kind, [shape(each) for each in part.iter_parts()]) if part.is_multipart() else kind


def test_files_belong_to_the_mail_and_pictures_to_its_html(mail: Mailbox) -> None:
    assert attempt(mail.url(), REPORT).outcome is Outcome.HANDED_OVER
    message = mail.wait_for(1)[0].message
    page = ("multipart/related", ["text/html", "image/png"])
    words = ("multipart/alternative", ["text/plain", page])
    assert shape(message) == ("multipart/mixed", [words, "application/pdf", "text/csv"])
    assert [part.defects for part in message.walk()] == [[]] * 8


def test_a_picture_is_found_by_the_name_that_the_html_calls_it(mail: Mailbox) -> None:
    attempt(mail.url(), REPORT)
    (arrived,) = mail.wait_for(1)
    (picture,) = (p for p in arrived.message.walk() if p.get_content_type() == "image/png")
    assert f'src="cid:{picture["Content-ID"].strip("<>")}"' in arrived.part("html")
    assert picture.get_content_disposition() == "inline"
    assert picture.get_content() == PICTURE.content


def test_attached_files_arrive_byte_for_byte_under_their_names(mail: Mailbox) -> None:
    attempt(mail.url(), REPORT)
    paper, table = mail.wait_for(1)[0].message.iter_attachments()
    assert paper.get_filename() == PAPER.name
    assert paper.get_content() == PAPER.content
    assert table.get_filename() == TABLE.name
    assert table.get_payload(decode=True) == TABLE.content
    assert table.get_content_charset() == "utf-8"


def test_the_text_of_a_long_email_arrives_as_written_with_its_links(mail: Mailbox) -> None:
    attempt(mail.url(), REPORT)
    (arrived,) = mail.wait_for(1)
    assert arrived.subject == REPORT.title
    assert arrived.part("plain").splitlines() == REPORT.text.splitlines()
    assert arrived.part("html").splitlines() == [REPORT.html]


def test_an_address_that_wants_text_gets_the_files_without_the_pictures(mail: Mailbox) -> None:
    attempt(mail.url(extra="&format=text"), REPORT)
    message = mail.wait_for(1)[0].message
    assert shape(message) == ("multipart/mixed", ["text/plain", "application/pdf", "text/csv"])


def test_a_file_of_no_known_kind_and_an_empty_one_arrive_too(mail: Mailbox) -> None:
    odd = (
        Attachment("a", "", b"?"),
        Attachment("b", "multipart/x", b""),
        Attachment("c", "é", b""),
    )
    assert (
        attempt(mail.url(), OutgoingMessage("t", "x", attachments=odd)).outcome
        is Outcome.HANDED_OVER
    )
    files = list(mail.wait_for(1)[0].message.iter_attachments())
    assert [file.get_payload(decode=True) for file in files] == [b"?", b"", b""]


def test_a_mail_to_two_people_of_whom_one_is_unknown_is_a_failure(mail: Mailbox) -> None:
    mail.behaviour = Behaviour.REFUSE
    delivery = attempt(mail.url("one@example.com,two@example.com"), REPORT)
    assert (delivery.outcome, delivery.detail) == (Outcome.FAILED, "550 mailbox unavailable")


def test_a_copy_goes_to_those_whom_the_address_names(mail: Mailbox) -> None:
    attempt(mail.url(extra="&cc=copy@example.com&reply=desk@example.com"), REPORT)
    (arrived,) = mail.wait_for(1)
    assert arrived.recipients == ("team@example.com", "copy@example.com")
    assert arrived.message["Cc"] == "copy@example.com"
    assert arrived.message["Reply-To"] == "desk@example.com"


def test_a_service_that_takes_files_gets_them_and_one_that_takes_none_gets_the_text(
    http: Endpoint,
) -> None:
    assert attempt(http.url("hook"), REPORT).outcome is Outcome.HANDED_OVER
    assert attempt(http.url("t" * 26, scheme="mmost"), REPORT).outcome is Outcome.HANDED_OVER
    with_files, without = http.wait_for(2)
    assert [file["filename"] for file in with_files.json()["attachments"]] == [
        PAPER.name,
        TABLE.name,
    ]
    assert base64.b64decode(with_files.json()["attachments"][0]["base64"]) == PAPER.content
    assert REPORT.text in without.json()["text"]


def test_a_message_without_html_is_sent_as_plain_text(mail: Mailbox) -> None:
    attempt(mail.url(), OutgoingMessage("t", "a < b & c"))
    message = mail.wait_for(1)[0].message
    assert message.get_content_type() == "text/plain"
    assert "a < b & c" in message.get_content()


def test_an_address_that_wants_text_gets_our_text_and_not_stripped_html(mail: Mailbox) -> None:
    attempt(mail.url(extra="&format=text"), OutgoingMessage("t", "our own words", "<p>other</p>"))
    assert mail.wait_for(1)[0].message.get_content().strip() == "our own words"


@pytest.mark.parametrize("breaker", ["\r\n", "\n", "\r", "\u2028", "\x85", "\x0b", "\x00"])
def test_a_line_break_in_a_title_starts_no_header(mail: Mailbox, breaker: str) -> None:
    attempt(mail.url(), OutgoingMessage(f"DOWN: Acme{breaker}Bcc: spy@example.com", "text"))
    (arrived,) = mail.wait_for(1)
    assert arrived.recipients == ("team@example.com",)
    assert arrived.message["Bcc"] is None
    assert arrived.subject == "DOWN: Acme Bcc: spy@example.com"


def test_an_emoji_in_the_subject_arrives_as_it_was_written(mail: Mailbox) -> None:
    attempt(mail.url(), OutgoingMessage("DOWN: Café 🔥 :smile:", "text"))
    assert mail.wait_for(1)[0].subject == "DOWN: Café 🔥 :smile:"


def test_half_a_surrogate_pair_does_not_stop_a_message(mail: Mailbox) -> None:
    delivery = attempt(mail.url(), OutgoingMessage("a \ud83d b", "c \ud83d d"))
    assert delivery.outcome is Outcome.HANDED_OVER
    assert mail.wait_for(1)[0].subject == "a ? b"


def test_a_mailbox_that_refuses_is_a_failure_with_the_servers_own_text(mail: Mailbox) -> None:
    mail.behaviour = Behaviour.REFUSE
    delivery = attempt(mail.url())
    assert (delivery.outcome, delivery.detail) == (Outcome.FAILED, "550 mailbox unavailable")
    assert mail.mails == []


def test_a_refusal_that_speaks_of_a_timeout_is_still_a_refusal(mail: Mailbox) -> None:
    mail.behaviour, mail.refusal = Behaviour.REFUSE, "554 lookup of your name timed out"
    delivery = attempt(mail.url())
    assert delivery.outcome is Outcome.FAILED
    assert delivery.detail == "554 lookup of your name timed out"


def test_a_login_reaches_the_mail_server(mail: Mailbox) -> None:
    assert attempt(mail.url(user="desk:hunter22")).outcome is Outcome.HANDED_OVER
    assert mail.logins == [("desk", "hunter22")]


def test_a_mail_server_that_hangs_up_after_the_mail_may_have_it(mail: Mailbox) -> None:
    mail.behaviour = Behaviour.CLOSE
    delivery = attempt(mail.url())
    assert delivery.outcome is Outcome.UNKNOWN
    assert delivery.detail == "connection closed by the receiver, may have arrived"


def test_a_mail_without_an_answer_is_unknown_because_it_may_still_arrive(mail: Mailbox) -> None:
    mail.behaviour = Behaviour.HANG
    delivery = attempt(mail.url(), timeout=1)
    assert delivery.outcome is Outcome.UNKNOWN
    assert "may have arrived" in delivery.detail
    assert mail.mails == []
    mail.release()
    mail.wait_for(1)


def test_a_mail_server_that_comes_back_takes_the_next_attempt(mail: Mailbox) -> None:
    mail.down()
    failed = attempt(mail.url())
    mail.up()
    assert (failed.outcome, failed.detail) == (Outcome.FAILED, "connection refused")
    assert attempt(mail.url()).outcome is Outcome.HANDED_OVER


def test_a_webhook_gets_title_and_text(http: Endpoint) -> None:
    assert attempt(http.url("hook")).outcome is Outcome.HANDED_OVER
    (request,) = http.wait_for(1)
    assert (request.method, request.path) == ("POST", "/hook")
    assert request.json()["title"] == PLAIN.title
    assert request.json()["message"] == PLAIN.text


def test_markdown_reaches_a_chat_service_as_it_was_written(http: Endpoint) -> None:
    message = OutgoingMessage("", "**DOWN** a\\_b &lt;!here&gt;\n- one", markdown=True)
    assert attempt(http.url("t" * 26, scheme="mmost"), message).outcome is Outcome.HANDED_OVER
    assert http.wait_for(1)[0].json()["text"] == message.text


@pytest.mark.parametrize(
    ("behaviour", "outcome", "detail"),
    [
        (Behaviour.REFUSE, Outcome.FAILED, "HTTP 500 Internal Server Error"),
        (Behaviour.REDIRECT, Outcome.FAILED, "HTTP 302 Found"),
        (
            Behaviour.CLOSE,
            Outcome.UNKNOWN,
            "connection closed by the receiver, may have arrived",
        ),
    ],
)
def test_a_webhook_that_does_not_take_it_is_logged_with_its_reason(
    http: Endpoint, behaviour: Behaviour, outcome: Outcome, detail: str
) -> None:
    http.behaviour = behaviour
    delivery = attempt(http.url("hook"))
    assert (delivery.outcome, delivery.detail) == (outcome, detail)
    assert len(http.requests) == 1


def test_a_webhook_that_hangs_is_unknown(http: Endpoint) -> None:
    http.behaviour = Behaviour.HANG
    delivery = attempt(http.url("hook"), timeout=1)
    assert delivery.outcome is Outcome.UNKNOWN
    assert len(http.requests) == 1


def test_an_answer_that_never_ends_is_unknown_at_the_hard_limit(http: Endpoint) -> None:
    http.behaviour = Behaviour.DRIP
    delivery = attempt(http.url("hook"), timeout=1)
    assert (delivery.outcome, delivery.detail) == (Outcome.UNKNOWN, "no answer within 1 s")


def test_a_port_where_nobody_listens_is_a_failure() -> None:
    delivery = attempt(f"json://127.0.0.1:{free_port()}/hook")
    assert (delivery.outcome, delivery.detail) == (Outcome.FAILED, "connection refused")


def test_a_name_that_does_not_resolve_is_a_failure_with_that_reason() -> None:
    delivery = attempt("json://nowhere.invalid/hook")
    assert delivery.outcome is Outcome.FAILED
    assert "does not resolve" in delivery.detail


@pytest.mark.parametrize(
    "url",
    ["", "   ", "nonsense", "nonsense://x/y", "mailto://", "slack://short", "json:///", "\x00"],
)
def test_an_address_that_is_not_understood_reaches_nobody(url: str) -> None:
    assert attempt(url).outcome is Outcome.NOBODY


def test_smpps_is_refused_because_it_would_send_the_password_in_clear() -> None:
    delivery = attempt(f"SMPPS://user:hunter22@127.0.0.1:{free_port()}/447700900000/447700900001")
    assert delivery.outcome is Outcome.NOBODY
    assert "unencrypted" in delivery.detail


@pytest.mark.parametrize("option", ["optional=yes", "redirect=yes", "retry=3&wait=0"])
def test_an_option_in_the_address_turns_no_failure_into_a_success(
    http: Endpoint, option: str
) -> None:
    http.behaviour = Behaviour.REDIRECT
    delivery = attempt(http.url("hook", extra=f"?{option}"))
    assert delivery.outcome is Outcome.FAILED
    assert [request.method for request in http.requests] == ["POST"]


def test_a_message_without_a_text_fails_and_does_not_raise(http: Endpoint) -> None:
    assert attempt(http.url(), OutgoingMessage("", "")).outcome is Outcome.FAILED


SECRETS = ("hunter22", "path-secret", "header secret", "query-secret", "hook-user")


@pytest.mark.parametrize("behaviour", [*Behaviour, None])
def test_no_secret_of_an_address_is_in_the_detail_or_in_any_log(
    http: Endpoint, caplog: pytest.LogCaptureFixture, behaviour: Behaviour | None
) -> None:
    caplog.set_level(logging.NOTSET)
    http.behaviour = behaviour or Behaviour.ACCEPT
    if behaviour is None:
        http.down()
    url = (
        f"json://hook-user:hunter22@127.0.0.1:{http.port}/path-secret/x"
        "?+X-Key=header%20secret&-q=query-secret"
    )
    delivery = attempt(url, timeout=0.5)
    shown = delivery.detail + caplog.text
    assert not [secret for secret in SECRETS if secret in shown.replace("%20", " ")]


@pytest.mark.parametrize("behaviour", [Behaviour.REFUSE, Behaviour.CLOSE, None])
def test_no_secret_of_a_mail_address_is_in_the_detail_or_in_any_log(
    mail: Mailbox, caplog: pytest.LogCaptureFixture, behaviour: Behaviour | None
) -> None:
    caplog.set_level(logging.NOTSET)
    mail.behaviour = behaviour or Behaviour.ACCEPT
    url = mail.url("oncall@example.com", user="smtp-user:hunter22")
    if behaviour is None:
        mail.down()
    delivery = attempt(url)
    # The server under test logs all that it receives; only our own lines count here.
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name != "mail.log")
    shown = delivery.detail + ours
    assert not [secret for secret in ("smtp-user", "hunter22", "oncall") if secret in shown]


def test_a_refusal_that_repeats_the_recipient_is_masked(mail: Mailbox) -> None:
    mail.behaviour, mail.refusal = Behaviour.REFUSE, "550 <oncall@example.com> is unknown here"
    delivery = attempt(mail.url("oncall@example.com"))
    assert delivery.detail == "550 <***> is unknown here"


class Lines(logging.Handler):
    """What somebody else's handler of Apprise's logger writes, at the level that they chose."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


@pytest.fixture
def others_log() -> Iterator[Lines]:
    logger, lines = logging.getLogger("apprise"), Lines()
    logger.addHandler(lines)
    logger.setLevel(logging.INFO)
    yield lines
    logger.setLevel(logging.NOTSET)
    logger.removeHandler(lines)


def test_the_loggers_of_others_are_left_as_they_were(http: Endpoint, others_log: Lines) -> None:
    apprise, urllib3 = (logging.getLogger(name) for name in ("apprise", "urllib3.connectionpool"))
    before = apprise.level, list(apprise.filters), list(urllib3.filters)
    attempt(http.url("hook"))
    assert (apprise.level, apprise.filters, urllib3.filters) == before
    apprise.warning("somebody else's trouble")
    assert others_log.texts == ["somebody else's trouble"]


def test_a_level_that_others_choose_later_holds_while_we_send(
    http: Endpoint, others_log: Lines
) -> None:
    apprise = logging.getLogger("apprise")
    apprise.setLevel(logging.CRITICAL)
    attempt(http.url("hook"))
    apprise.setLevel(logging.INFO)
    http.behaviour = Behaviour.HANG
    sending = threading.Thread(target=attempt, args=(http.url("hook"),), kwargs={"timeout": 2})
    sending.start()
    http.wait_for(2)
    apprise.info("somebody else's news")
    apprise.debug("somebody else's details")
    http.release()
    sending.join()
    assert others_log.texts == ["somebody else's news"]


def test_importing_the_module_does_not_load_apprise() -> None:
    ran("import sys, supportops.notify.send; assert 'apprise' not in sys.modules")


def test_a_hung_attempt_does_not_keep_the_process_alive(http: Endpoint) -> None:
    http.behaviour = Behaviour.DRIP
    shown = ran(
        "from supportops.notify.send import OutgoingMessage, send\n"
        f"print(send({http.url('hook')!r}, OutgoingMessage('', 'x'), timeout=0.2).outcome)"
    )
    assert shown.strip() == "unknown"


def ran(script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(INCLUDE)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
