"""How far the conversation got decides whether a message failed or may have arrived."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from inboxes import free_port
from notify import staged_servers
from notify.staged_servers import DROP, SILENT
from supportops.notify.mail_parts import Attachment
from supportops.notify.outgoing import Delivery, Outcome, OutgoingMessage
from supportops.notify.send import send

FAILED, UNKNOWN, HANDED_OVER = Outcome.FAILED, Outcome.UNKNOWN, Outcome.HANDED_OVER
PLAIN = OutgoingMessage("DOWN: Acme Shop", "connection refused")
LARGE = OutgoingMessage(
    "A report", "text", attachments=(Attachment("a.bin", "application/pdf", b"%PDF" * 2_000_000),)
)


def mail(
    port: int,
    message: OutgoingMessage = PLAIN,
    *,
    to: str = "team@example.com",
    scheme: str = "mailto",
    user: str = "",
    extra: str = "",
    timeout: float = 0.5,
) -> Delivery:
    url = f"{scheme}://{user}127.0.0.1:{port}?from=desk@example.com&to={to}{extra}"
    return send(url, message, timeout=timeout)


def post(
    port: int, message: OutgoingMessage = PLAIN, *, scheme: str = "json", timeout: float = 0.5
) -> Delivery:
    return send(f"{scheme}://127.0.0.1:{port}/hook", message, timeout=timeout)


BEFORE = ["greeting", "EHLO", "MAIL", "RCPT", "DATA"]
TOO_EARLY = [(stage, does) for stage in BEFORE for does in (SILENT, DROP, "451 later", "gibberish")]
HELO_DOES = [("EHLO", "451 later"), ("EHLO", "gibberish")]


@pytest.mark.parametrize(("stage", "does"), [case for case in TOO_EARLY if case not in HELO_DOES])
def test_a_mail_that_got_no_further_than_its_envelope_failed(stage: str, does: str) -> None:
    with staged_servers.smtp(stage, does) as server:
        delivery = mail(server.port)
    assert (delivery.outcome, server.mails) == (FAILED, 0), delivery


@pytest.mark.parametrize(("stage", "does"), HELO_DOES)
def test_a_server_that_knows_no_ehlo_takes_mail_after_helo(stage: str, does: str) -> None:
    with staged_servers.smtp(stage, does) as server:
        assert mail(server.port).outcome is HANDED_OVER
    assert server.mails == 1


@pytest.mark.parametrize("does", [SILENT, DROP, "gibberish"])
def test_a_mail_without_an_answer_to_its_final_dot_may_have_arrived(does: str) -> None:
    with staged_servers.smtp("dot", does) as server:
        delivery = mail(server.port)
    assert (delivery.outcome, server.mails) == (UNKNOWN, 1)
    assert delivery.detail.endswith("may have arrived")


@pytest.mark.parametrize("does", ["421 closing", "451 later", "552 too large", "554 spam"])
def test_a_mail_that_is_refused_after_its_final_dot_failed(does: str) -> None:
    with staged_servers.smtp("dot", does) as server:
        delivery = mail(server.port)
    assert (delivery.outcome, delivery.detail) == (FAILED, does)


@pytest.mark.parametrize("does", [SILENT, DROP, "500 what?"])
def test_a_mail_that_was_taken_is_handed_over_whatever_follows(does: str) -> None:
    with staged_servers.smtp("QUIT", does) as server:
        assert mail(server.port).outcome is HANDED_OVER


def test_a_mail_server_that_answers_each_command_slowly_is_given_up_and_gets_no_mail() -> None:
    with staged_servers.smtp(pause=0.45) as server:
        delivery = mail(server.port)
        assert (delivery.outcome, delivery.detail) == (FAILED, "not sent within 0.5 s")
        time.sleep(1.5)
        assert server.mails == 0, "what counts as failed must not arrive later"


def test_a_port_that_drops_every_packet_is_a_failure() -> None:
    with staged_servers.black_hole() as port:
        assert mail(port).outcome is FAILED
        assert post(port).outcome is FAILED
        assert post(port, scheme="jsons").outcome is FAILED


def test_a_port_where_nobody_listens_is_a_failure() -> None:
    for scheme in ("mailto", "mailtos"):
        assert mail(free_port(), scheme=scheme).outcome is FAILED
    for scheme in ("json", "jsons"):
        assert post(free_port(), scheme=scheme).outcome is FAILED


@pytest.mark.parametrize("does", [SILENT, DROP, "454 no TLS today", "220 go on"])
def test_a_start_of_tls_that_fails_is_a_failure(does: str) -> None:
    with staged_servers.smtp("STARTTLS", does, offers=("STARTTLS",)) as server:
        delivery = mail(server.port, scheme="mailtos", extra="&mode=starttls")
    assert (delivery.outcome, server.mails) == (FAILED, 0)


@pytest.mark.parametrize("does", [SILENT, DROP, "535 wrong password"])
def test_a_login_that_fails_is_a_failure(does: str) -> None:
    with staged_servers.smtp("AUTH", does, offers=("AUTH PLAIN",)) as server:
        delivery = mail(server.port, user="desk:hunter22@")
    assert (delivery.outcome, server.mails) == (FAILED, 0)


TWO = "one@example.com,two@example.com"


def test_of_two_mails_one_that_was_taken_makes_the_attempt_uncertain() -> None:
    with staged_servers.smtp("RCPT 2", "550 nobody of that name") as server:
        delivery = mail(server.port, to=TWO)
    assert (delivery.outcome, server.mails) == (UNKNOWN, 1)
    assert delivery.detail == "550 nobody of that name, but some of its recipients have it"


def test_a_copy_that_is_refused_does_not_make_the_mail_unsent() -> None:
    with staged_servers.smtp("RCPT 2", "550 nobody of that name") as server:
        delivery = mail(server.port, extra="&cc=copy@example.com")
    assert (delivery.outcome, server.mails) == (UNKNOWN, 1)


@pytest.mark.parametrize(("stage", "mails"), [("dot 2", 2), ("MAIL 2", 1), ("dot 1", 1)])
def test_a_line_that_drops_among_several_mails_is_uncertain(stage: str, mails: int) -> None:
    with staged_servers.smtp(stage, DROP) as server:
        delivery = mail(server.port, to=TWO)
    assert (delivery.outcome, server.mails) == (UNKNOWN, mails)


def test_two_mails_that_are_both_refused_failed() -> None:
    with staged_servers.smtp("MAIL", "550 not from you") as server:
        assert mail(server.port, to=TWO).outcome is FAILED


@pytest.mark.parametrize(
    ("stage", "outcome"), [("RCPT", FAILED), ("dot", UNKNOWN), ("", HANDED_OVER)]
)
def test_apprises_own_mails_are_followed_too(stage: str, outcome: Outcome) -> None:
    with staged_servers.smtp(stage, SILENT) as server:
        assert mail(server.port, scheme="deltachat").outcome is outcome


def test_a_mail_that_a_server_stops_reading_was_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    # Composing a large mail takes a second or more on a busy machine.
    monkeypatch.setattr("supportops.notify.send.GRACE", 20.0)
    with staged_servers.smtp("RCPT", "250 OK", stops_reading=True) as server:
        assert mail(server.port, LARGE, timeout=2).outcome is FAILED


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.mark.parametrize(
    ("answers", "silent", "outcome"),
    [
        (b"", True, UNKNOWN),
        (b"", False, UNKNOWN),
        (b"HTTP/1.1 2", True, UNKNOWN),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", False, UNKNOWN),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", True, UNKNOWN),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", False, UNKNOWN),
        (b"gibberish\r\n\r\n", False, UNKNOWN),
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 9\r\n\r\nno", False, FAILED),
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 9\r\n\r\nno", True, FAILED),
        (OK, False, HANDED_OVER),
        (OK, True, HANDED_OVER),
    ],
)
def test_a_request_without_a_whole_answer_may_have_arrived(
    answers: bytes, silent: bool, outcome: Outcome
) -> None:
    with staged_servers.http(answers, silent=silent) as server:
        delivery = post(server.port)
    assert delivery.outcome is outcome, delivery
    assert len(server.lines) == 1


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(s, FAILED) for s in (302, 400, 401, 404, 408, 413, 429, 500, 501, 503, 521, 522)]
    + [(s, UNKNOWN) for s in (502, 504, 520, 524)],
)
def test_only_a_gateway_without_an_answer_of_its_own_leaves_a_refusal_open(
    status: int, outcome: Outcome
) -> None:
    with staged_servers.http(
        f"HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n".encode()
    ) as server:
        delivery = post(server.port)
    assert delivery.outcome is outcome
    assert str(status) in delivery.detail


@pytest.mark.parametrize("silent", [False, True])
def test_a_request_that_was_not_read_to_its_end_failed(silent: bool) -> None:
    with staged_servers.http(reads=False, silent=silent) as server:
        assert post(server.port, LARGE).outcome is FAILED


@pytest.mark.parametrize("how", [SILENT, DROP, "plain"])
def test_a_handshake_that_fails_is_a_failure(how: str) -> None:
    with staged_servers.tls_that_fails(how) as server:
        assert post(server.port, scheme="jsons").outcome is FAILED
        assert mail(server.port, scheme="mailtos", extra="&mode=ssl").outcome is FAILED


def test_a_certificate_that_nobody_trusts_is_a_failure(tmp_path: Path) -> None:
    certificate, key = str(tmp_path / "c.pem"), str(tmp_path / "k.pem")
    made = ["-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-days", "1"]
    subprocess.run(
        ["openssl", "req", *made, "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    with staged_servers.untrusted_tls(certificate, key) as server:
        assert post(server.port, scheme="jsons").outcome is FAILED
        assert mail(server.port, scheme="mailtos", extra="&mode=ssl").outcome is FAILED


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [(b"", UNKNOWN), (b"HTTP/1.1 407 Proxy\r\nContent-Length: 0\r\n\r\n", FAILED)],
)
def test_a_proxy_that_only_forwards_is_judged_as_the_server(
    monkeypatch: pytest.MonkeyPatch, answer: bytes, outcome: Outcome
) -> None:
    with staged_servers.http(answer) as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", "")
        assert send("json://hook.example.com/x", PLAIN, timeout=0.5).outcome is outcome


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 502 No\r\n\r\n"]
)
def test_a_proxy_that_opens_no_tunnel_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    with staged_servers.http(answer) as proxy:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", "")
        delivery = send("jsons://hook.example.com/x", PLAIN, timeout=0.5)
    assert delivery.outcome is FAILED


def test_a_service_with_several_recipients_of_whom_one_has_it_is_uncertain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Bulk services send a request for each; here the second one is refused."""
    from apprise.plugins.custom_json import NotifyJSON

    def send_to_two(self: NotifyJSON, *_: object, **__: object) -> bool:
        self.mark_delivered("447700900001")
        return False

    monkeypatch.setattr(NotifyJSON, "send", send_to_two)
    assert post(free_port()).outcome is UNKNOWN


def test_a_service_of_another_protocol_may_have_it_whenever_it_failed() -> None:
    assert send(f"irc://127.0.0.1:{free_port()}/#desk", PLAIN, timeout=0.5).outcome is UNKNOWN
