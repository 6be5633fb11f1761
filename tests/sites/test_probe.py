"""The probe against real servers, good and hostile: one result each, and never an exception."""

from __future__ import annotations

import gzip
import socket
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pycurl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sites.servers import (
    Authority,
    NameServer,
    Server,
    answer,
    closed_port,
    drips,
    floods,
    hangs,
    redirects,
    request,
    resets,
    says,
    server,
    silent,
)
from supportops.sites.check import ProbeResult, Reason, State
from supportops.sites.probe import Target, probe
from supportops.sites.site import CheckPolicy, Expectation
from supportops.sites.transfer import Transfer
from supportops.sites.trust import system_authorities
from supportops.sites.web_address import parse

MOMENT = datetime(2026, 4, 4, 11, tzinfo=UTC)
OK = b"HTTP/1.1 200 OK\r\n"


def policy(deadline: float = 5, rate: float = 0, in_flight: int = 64) -> CheckPolicy:
    return CheckPolicy(deadline=timedelta(seconds=deadline), rate=rate, in_flight=in_flight)


def ask_all(
    urls: Sequence[str],
    *,
    expect: Expectation | None = None,
    allow_private: bool = True,
    deadline: float = 5,
    trust: Path | None = None,
    nameservers: Sequence[str] | None = None,
) -> list[ProbeResult]:
    targets = [Target(url, expect or Expectation(), allow_private) for url in urls]
    return probe(
        targets,
        policy(deadline),
        lambda: MOMENT,
        trust=str(trust) if trust else None,
        nameservers=nameservers,
    )


def ask(url: str, **given: object) -> ProbeResult:
    (result,) = ask_all([url], **given)  # type: ignore[arg-type]
    return result


@pytest.fixture
def running() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


# A good site.


def test_a_site_that_answers_is_up(running: ExitStack) -> None:
    site = running.enter_context(server(answer(b"welcome")))
    result = ask(site.url("/start?a=1"))
    assert (result.state, result.reason, result.status) == (State.UP, Reason.OK, 200)
    assert (result.address, result.bytes, result.redirects) == ("127.0.0.1", 7, 0)
    assert result.checked_at == MOMENT
    assert result.detail == ""
    assert site.heads[0].startswith(b"GET /start?a=1 HTTP/1.1\r\n")
    assert b"User-Agent: supportops site check\r\n" in site.heads[0]


def test_the_phases_come_one_after_the_other(running: ExitStack) -> None:
    authority = Authority()
    site = running.enter_context(server(answer(), tls=authority.context("localhost")))
    with authority.ca.cert_pem.tempfile() as trust:
        result = ask(site.url(host="localhost", scheme="https"), trust=Path(trust))
    phases = result.phases
    assert result.reason is Reason.OK
    assert None not in (phases.dns, phases.connect, phases.tls, phases.first_byte, phases.total)
    assert 0 <= phases.dns <= phases.connect <= phases.tls <= phases.first_byte <= phases.total


def test_results_come_in_the_order_asked(running: ExitStack) -> None:
    slow = running.enter_context(server(drips(OK + b"Content-Length: 3\r\n\r\n", b"x", 0.1)))
    quick = running.enter_context(server(answer()))
    urls = [slow.url(), quick.url("/1"), "nonsense", slow.url("/2"), quick.url("/3")]
    heard: list[int] = []
    targets = [Target(url, Expectation(), True) for url in urls]
    results = probe(targets, policy(), lambda: MOMENT, on_result=lambda i, _: heard.append(i))
    assert [result.url for result in results] == urls
    assert sorted(heard) == [0, 1, 2, 3, 4]
    assert heard.index(4) < heard.index(0)


def test_nothing_asked_is_nothing_answered() -> None:
    assert probe([], policy(), lambda: MOMENT) == []


def test_every_check_makes_its_own_connection_and_keeps_no_cookie(running: ExitStack) -> None:
    site = running.enter_context(server(answer(headers={"Set-Cookie": "a=b"})))
    assert all(result.good for result in ask_all([site.url()] * 5))
    assert site.connections == 5
    assert not any(b"cookie:" in head.lower() for head in site.heads)


def test_a_broken_ipv6_address_does_not_hide_a_good_ipv4_one(running: ExitStack) -> None:
    site = running.enter_context(server(answer()))
    with NameServer({"both.test": ["::1", "fd00:dead::1", "127.0.0.1"]}) as names:
        result = ask(site.url(host="both.test"), nameservers=[names.address])
    assert (result.reason, result.address) == (Reason.OK, "127.0.0.1")


def test_a_site_on_ipv6_alone_is_up(running: ExitStack) -> None:
    site = running.enter_context(server(answer(), host="::1"))
    result = ask(site.url(host="[::1]"))
    assert (result.reason, result.address) == (Reason.OK, "::1")


def test_an_international_name_is_asked_in_its_ascii_form(running: ExitStack) -> None:
    site = running.enter_context(server(answer()))
    with NameServer({"xn--bcher-kva.test": ["127.0.0.1"]}) as names:
        result = ask(site.url(host="Bücher.test"), nameservers=[names.address])
    assert result.reason is Reason.OK
    assert f"Host: xn--bcher-kva.test:{site.port}\r\n".encode() in site.heads[0]


def test_no_environment_steers_a_probe(
    running: ExitStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    site = running.enter_context(server(answer()))
    trap = running.enter_context(server(answer(status="502 Trap")))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, trap.url())
    (tmp_path / ".netrc").write_text("default login trap password trap\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    assert ask(site.url()).reason is Reason.OK
    assert trap.connections == 0
    assert b"authorization" not in site.heads[0].lower()


# What is expected of the page.


@pytest.mark.parametrize("status", ["404 Not Found", "500 Oops", "503 Busy", "204 Empty"])
def test_an_unexpected_status_is_told(running: ExitStack, status: str) -> None:
    site = running.enter_context(server(answer(b"", status=status)))
    result = ask(site.url(), expect=Expectation(status=((200, 200),)))
    assert (result.reason, result.status) == (Reason.STATUS, int(status[:3]))


def test_a_wrong_status_with_an_endless_body_is_told_at_once(running: ExitStack) -> None:
    site = running.enter_context(server(drips(b"HTTP/1.1 500 Oops\r\n\r\n", b"x")))
    result = ask(site.url(), deadline=60)
    assert (result.reason, result.status) == (Reason.STATUS, 500)


def test_a_page_packed_by_brotli_is_read(running: ExitStack) -> None:
    hello = b"\x0b\x02\x80hello\x03"
    site = running.enter_context(server(answer(hello, headers={"Content-Encoding": "br"})))
    assert ask(site.url(), expect=Expectation(contains=("hello",))).reason is Reason.OK


@pytest.mark.parametrize("encoding", ["identity", "gzip", "deflate"])
def test_text_is_found_however_it_was_packed(running: ExitStack, encoding: str) -> None:
    plain = b"<html>Opening hours: 9-17</html>" * 50
    packed = {"gzip": gzip.compress(plain), "deflate": zlib.compress(plain)}.get(encoding, plain)
    site = running.enter_context(server(answer(packed, headers={"Content-Encoding": encoding})))
    good = ask(site.url(), expect=Expectation(contains=("Opening hours",)))
    assert (good.reason, good.bytes) == (Reason.OK, len(packed))
    missing = ask(site.url(), expect=Expectation(contains=("Closed",)))
    assert (missing.reason, missing.detail) == (Reason.TEXT_MISSING, "not found: Closed")
    forbidden = ask(site.url(), expect=Expectation(not_contains=("9-17",)))
    assert forbidden.reason is Reason.TEXT_FORBIDDEN


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "utf-16", "no-such-charset"])
def test_text_is_read_in_the_charset_of_the_page(running: ExitStack, charset: str) -> None:
    codec = "utf-8" if charset == "no-such-charset" else charset
    head = {"Content-Type": f"text/html; charset={charset}"}
    site = running.enter_context(server(answer("Café Zoë".encode(codec), headers=head)))
    assert ask(site.url(), expect=Expectation(contains=("Café Zoë",))).reason is Reason.OK


def test_a_body_that_is_not_what_its_encoding_says_is_told(running: ExitStack) -> None:
    site = running.enter_context(server(answer(b"no gzip", headers={"Content-Encoding": "gzip"})))
    assert ask(site.url()).reason is Reason.ENCODING


def test_an_encoding_nobody_asked_for_is_told(running: ExitStack) -> None:
    site = running.enter_context(server(answer(b"??", headers={"Content-Encoding": "rot13"})))
    assert ask(site.url()).reason is Reason.ENCODING


def test_slower_than_its_ceiling_is_slow(running: ExitStack) -> None:
    site = running.enter_context(server(drips(OK + b"Content-Length: 3\r\n\r\n", b"x", 0.1)))
    result = ask(site.url(), expect=Expectation(latency=timedelta(milliseconds=50)))
    assert (result.state, result.reason, result.status) == (State.DOWN, Reason.SLOW, 200)


# Caps.


def test_a_gzip_bomb_is_opened_no_further_than_the_cap(running: ExitStack) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = b"\0" * 1_000_000
    bomb = b"".join(packer.compress(zeros) for _ in range(100)) + packer.flush()
    site = running.enter_context(server(answer(bomb, headers={"Content-Encoding": "gzip"})))
    assert ask(site.url()).reason is Reason.OK
    result = ask(site.url(), expect=Expectation(contains=("text",)))
    assert result.reason is Reason.TEXT_BEYOND_CAP
    assert result.bytes < 100_000


def test_an_endless_body_ends_at_the_cap(running: ExitStack) -> None:
    site = running.enter_context(server(floods(OK + b"\r\n", b"x" * 65536)))
    found = ask(site.url(), deadline=60, expect=Expectation(contains=("xxx",)))
    assert found.reason is Reason.OK
    missing = ask(site.url(), deadline=60, expect=Expectation(contains=("needle",)))
    assert missing.reason is Reason.TEXT_BEYOND_CAP
    assert missing.bytes < 2 * 1024 * 1024


def test_an_encoded_body_that_never_decodes_to_anything_ends_at_the_wire_cap(
    running: ExitStack,
) -> None:
    nothing = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = nothing.compress(b"")
    empty_blocks = b"\x00\x00\x00\xff\xff" * 10_000
    start = OK + b"Content-Encoding: gzip\r\n\r\n" + head
    site = running.enter_context(server(floods(start, empty_blocks)))
    result = ask(site.url(), deadline=60, expect=Expectation(contains=("needle",)))
    assert result.reason is Reason.TEXT_BEYOND_CAP


def test_text_on_a_page_of_exactly_the_cap_is_missing_not_beyond_it(running: ExitStack) -> None:
    site = running.enter_context(server(answer(b"x" * 1024 * 1024)))
    result = ask(site.url(), expect=Expectation(contains=("needle",)))
    assert (result.reason, result.bytes) == (Reason.TEXT_MISSING, 1024 * 1024)


def test_an_endless_body_in_crumbs_ends_at_a_cap(running: ExitStack) -> None:
    head = OK + b"Transfer-Encoding: chunked\r\n\r\n"
    site = running.enter_context(server(floods(head, b"1\r\nx\r\n" * 1000)))
    result = ask(site.url(), deadline=60, expect=Expectation(contains=("needle",)))
    assert result.reason is Reason.TEXT_BEYOND_CAP
    assert result.bytes < 100_000


def test_endless_headers_end_at_a_cap(running: ExitStack) -> None:
    site = running.enter_context(server(floods(OK, b"X-Noise: " + b"n" * 1000 + b"\r\n")))
    assert ask(site.url(), deadline=60).reason is Reason.INVALID_HTTP


def test_interim_answers_without_end_end_at_a_cap(running: ExitStack) -> None:
    site = running.enter_context(server(floods(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100)))
    assert ask(site.url(), deadline=60).reason is Reason.INVALID_HTTP


def test_one_endless_header_ends_at_a_cap(running: ExitStack) -> None:
    site = running.enter_context(server(floods(OK + b"X: ", b"n" * 65536)))
    assert ask(site.url(), deadline=60).reason is Reason.INVALID_HTTP


# The deadline.


@pytest.mark.parametrize(
    "talk",
    [
        hangs,
        drips(b"HTTP/1.1 200 ", b"x"),
        drips(OK, b"X-Drip: x\r\n"),
        drips(OK + b"Content-Length: 100000\r\n\r\n", b"x"),
        drips(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        drips(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
    ],
    ids=["hangs", "status", "headers", "body", "chunks", "continue", "hints"],
)
def test_a_site_that_hangs_or_drips_is_down_at_the_deadline(
    running: ExitStack, talk: object
) -> None:
    site = running.enter_context(server(talk))  # type: ignore[arg-type]
    result = ask(site.url(), deadline=0.5)
    assert (result.state, result.reason) == (State.DOWN, Reason.TIMEOUT)
    assert result.phases.total is not None
    assert result.phases.total >= 490


def test_a_tls_handshake_that_hangs_is_down_at_the_deadline(running: ExitStack) -> None:
    site = running.enter_context(server(silent))
    result = ask(site.url(scheme="https"), deadline=0.5)
    assert result.reason is Reason.TIMEOUT
    assert result.phases.connect is not None
    assert result.phases.tls is None


def test_redirects_share_one_deadline(running: ExitStack) -> None:
    def slow_redirect(connection: socket.socket, here: Server) -> None:
        request(connection, here)
        here.closing.wait(0.3)
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /on\r\nContent-Length: 0\r\n\r\n")

    site = running.enter_context(server(slow_redirect))
    result = ask(site.url(), deadline=0.8)
    assert result.reason is Reason.TIMEOUT
    assert 1 <= result.redirects <= 3


def test_a_listener_that_accepts_nobody_is_a_connect_timeout() -> None:
    with socket.socket() as full, ExitStack() as stack:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        result = ask(f"http://127.0.0.1:{full.getsockname()[1]}/", deadline=0.5)
    assert (result.reason, result.address) == (Reason.CONNECT_TIMEOUT, None)


# Broken connections and broken HTTP.


def test_a_closed_port_is_refused() -> None:
    assert ask(f"http://127.0.0.1:{closed_port()}/").reason is Reason.REFUSED


def test_an_address_without_a_route_is_unreachable() -> None:
    result = ask("http://[2001:db8::1]/", deadline=1)
    assert result.reason in {Reason.UNREACHABLE, Reason.CONNECT_TIMEOUT}


def test_a_reset_is_told(running: ExitStack) -> None:
    assert ask(running.enter_context(server(resets)).url()).reason is Reason.RESET


def test_a_close_without_a_word_is_a_reset(running: ExitStack) -> None:
    assert ask(running.enter_context(server(says(b""))).url()).reason is Reason.RESET


@pytest.mark.parametrize(
    "data",
    [
        OK + b"Content-Length: 10\r\n\r\nhello",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ],
    ids=["length", "chunked"],
)
def test_a_body_cut_short_is_truncated(running: ExitStack, data: bytes) -> None:
    result = ask(running.enter_context(server(says(data))).url())
    assert (result.reason, result.status) == (Reason.TRUNCATED, 200)


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x00" * 200,
        b"HTTP/1.1 banana\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nzebra\r\n",
        OK + b"Content-Length: banana\r\n\r\nx",
        OK + b"Na\x00me: x\r\n\r\n",
    ],
    ids=["ssh", "nul", "status", "version", "chunk", "length", "header"],
)
def test_an_answer_that_is_no_http_is_told(running: ExitStack, data: bytes) -> None:
    assert ask(running.enter_context(server(says(data))).url()).reason is Reason.INVALID_HTTP


def test_headers_in_no_known_encoding_do_no_harm(running: ExitStack) -> None:
    data = (
        OK + b"X-\xff: \xfe\xfd\r\nContent-Type: \xff; charset=\xff\r\nContent-Length: 1\r\n\r\nx"
    )
    assert ask(running.enter_context(server(says(data))).url()).reason is Reason.OK


_ANSWERS: list[bytes] = []


@pytest.fixture(scope="module")
def parrot() -> Iterator[Server]:
    """Says whatever was put last into _ANSWERS."""

    def talk(connection: socket.socket, here: Server) -> None:
        request(connection, here)
        connection.sendall(_ANSWERS[-1])

    with server(talk) as running:
        yield running


_noise = st.binary(max_size=300)
_pieces = st.sampled_from(
    [
        OK,
        b"\r\n",
        b"\r\n\r\n",
        b"Location: ",
        b"HTTP/1.1 302 F\r\n",
        b"Content-Length: ",
        b"chunked",
    ]
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(_noise | _pieces, max_size=8).map(b"".join))
@example(OK + b"Location: \xff\xfe//\r\n\r\n")
@example(b"HTTP/1.1 302 F\r\nLocation: http://[::1\r\n\r\n")
@example(b"HTTP/1.1 302 F\r\nLocation: " + b"/" * 90_000 + b"\r\n\r\n")
def test_whatever_a_server_sends_the_result_is_a_value(parrot: Server, data: bytes) -> None:
    _ANSWERS.append(data)
    result = ask(parrot.url(), expect=Expectation(contains=("x",)), deadline=2)
    assert result.reason in Reason
    assert result.reason is not Reason.INTERNAL
    assert len(result.detail) <= 200
    assert result.detail.isprintable()


# Certificates.


@pytest.mark.parametrize(
    ("names", "start", "end", "reason"),
    [
        (["localhost"], -10, 30, Reason.OK),
        (["localhost"], -10, -1, Reason.TLS_EXPIRED),
        (["localhost"], 1, 30, Reason.TLS_NOT_YET_VALID),
        (["elsewhere.test"], -10, 30, Reason.TLS_NAME),
    ],
)
def test_a_failed_certificate_is_told_with_its_end(
    running: ExitStack, names: list[str], start: int, end: int, reason: Reason
) -> None:
    authority = Authority()
    context = authority.context(*names, start=timedelta(days=start), end=timedelta(days=end))
    site = running.enter_context(server(answer(), tls=context))
    with authority.ca.cert_pem.tempfile() as trust:
        result = ask(site.url(host="localhost", scheme="https"), trust=Path(trust))
    assert result.reason is reason
    ends = (authority.now + timedelta(days=end)).replace(microsecond=0)
    assert result.certificate_expires == ends
    assert len(site.heads) == (1 if reason is Reason.OK else 0), "nothing is said to a stranger"


def test_a_certificate_of_a_stranger_is_untrusted_and_its_end_is_told(running: ExitStack) -> None:
    stranger = Authority()
    site = running.enter_context(server(answer(), tls=stranger.context("localhost")))
    result = ask(site.url(host="localhost", scheme="https"))
    assert result.reason is Reason.TLS_UNTRUSTED
    assert result.certificate_expires is not None
    assert site.heads == []


def test_a_handshake_that_is_none_is_a_tls_failure(running: ExitStack) -> None:
    def gibberish(connection: socket.socket, _here: Server) -> None:
        connection.recv(100)
        connection.sendall(b"this is no TLS at all\r\n" * 10)

    site = running.enter_context(server(gibberish))
    assert ask(site.url(scheme="https")).reason is Reason.TLS


def test_a_trust_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        ask("http://127.0.0.1/", trust=tmp_path / "missing.pem")


# Redirects.


def test_redirects_are_followed_and_counted(running: ExitStack) -> None:
    end = running.enter_context(server(answer(b"arrived")))
    middle = running.enter_context(server(redirects(end.url("/end"))))
    start = running.enter_context(server(redirects(middle.url(), "301 Moved")))
    result = ask(start.url(), expect=Expectation(contains=("arrived",)))
    assert (result.reason, result.status, result.redirects) == (Reason.OK, 200, 2)
    assert result.url == start.url()


def test_five_redirects_are_followed_and_no_more(running: ExitStack) -> None:
    site = running.enter_context(server(redirects("/again")))
    result = ask(site.url())
    assert (result.reason, result.redirects) == (Reason.TOO_MANY_REDIRECTS, 5)
    assert site.connections == 6


@pytest.mark.parametrize(
    "location",
    [
        "ftp://files.test/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://",
        "http://[::1",
        "http://host:99999/",
        "http://1.2.3.4.5/",
        "http://exa mple/",
        "gopher://127.0.0.1:25/_x",
    ],
)
def test_a_redirect_to_nowhere_is_told(running: ExitStack, location: str) -> None:
    site = running.enter_context(server(redirects(location)))
    assert ask(site.url()).reason is Reason.BAD_REDIRECT


def test_a_redirect_with_an_endless_body_is_followed_at_once(running: ExitStack) -> None:
    end = running.enter_context(server(answer()))
    head = f"HTTP/1.1 302 Found\r\nLocation: {end.url()}\r\n\r\n".encode()
    start = running.enter_context(server(drips(head, b"x")))
    assert ask(start.url(), deadline=60).reason is Reason.OK


def test_a_redirect_that_is_itself_expected_is_not_followed(running: ExitStack) -> None:
    site = running.enter_context(server(redirects("/elsewhere", "301 Moved")))
    result = ask(site.url(), expect=Expectation(status=((301, 301),)))
    assert (result.reason, result.status, result.redirects) == (Reason.OK, 301, 0)


def test_a_redirect_to_a_private_address_is_refused_without_a_connection(
    running: ExitStack,
) -> None:
    """The first hop is let through by name; what it leads to is judged anew."""
    inner = running.enter_context(server(answer()))
    metadata = "http://169.254.169.254/latest/meta-data/"
    outer = running.enter_context(server(redirects(metadata)))
    result = ask(outer.url(), allow_private=True)
    assert (result.reason, result.redirects) == (Reason.BLOCKED_ADDRESS, 1)
    assert "169.254.169.254" in result.detail
    assert inner.connections == 0


def test_a_login_stays_with_its_own_origin_and_out_of_every_word(running: ExitStack) -> None:
    end = running.enter_context(server(answer()))
    start = running.enter_context(server(redirects(end.url("/there"))))
    result = ask(start.url(host="editor:s3cret@127.0.0.1"))
    assert result.reason is Reason.OK
    assert b"Authorization: Basic " in start.heads[0]
    assert b"uthorization" not in end.heads[0]
    assert "s3cret" not in repr(result)
    failed = ask(f"http://editor:s3cret@127.0.0.1:{closed_port()}/")
    assert failed.reason is Reason.REFUSED
    assert "s3cret" not in repr(failed)


def test_a_redirects_login_is_neither_used_nor_shown(running: ExitStack) -> None:
    site = running.enter_context(server(redirects("ftp://user:hunter2@files.test/")))
    assert "hunter2" not in repr(ask(site.url()))


# Addresses.


def test_a_socket_to_an_address_not_agreed_on_is_never_opened(running: ExitStack) -> None:
    """The second line, should libcurl ever read a URL in another way than we did."""
    site = running.enter_context(server(answer()))
    transfer = Transfer(user_agent="test", trust=str(system_authorities()))
    try:
        transfer.start(parse(site.url()), ["93.184.216.34"], Expectation(), 5)
        with pytest.raises(pycurl.error) as failed:
            transfer.curl.perform()
        hop = transfer.finish(*failed.value.args)
    finally:
        transfer.close()
    assert (hop.reason, hop.detail) == (Reason.BLOCKED_ADDRESS, "127.0.0.1 was not agreed on")
    assert site.connections == 0


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "0.0.0.0",
    ],
)
def test_a_private_address_is_refused_however_it_is_written(running: ExitStack, host: str) -> None:
    site = running.enter_context(server(answer()))
    result = ask(site.url(host=host), allow_private=False)
    assert (result.state, result.reason) == (State.DOWN, Reason.BLOCKED_ADDRESS)
    assert site.connections == 0


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]"])
def test_a_private_address_is_asked_where_the_site_allows_it(running: ExitStack, host: str) -> None:
    site = running.enter_context(server(answer()))
    assert ask(site.url(host=host)).reason is Reason.OK


def test_a_public_name_for_the_metadata_service_is_a_finding_not_a_request() -> None:
    with NameServer({"www.innocent.test": ["169.254.169.254"]}) as names:
        for allow in (False, True):
            result = ask(
                "http://www.innocent.test/", allow_private=allow, nameservers=[names.address]
            )
            assert result.reason is Reason.BLOCKED_ADDRESS
            assert result.detail == "169.254.169.254: cloud metadata"
            assert result.address is None


def test_of_a_names_addresses_only_the_public_ones_are_asked(running: ExitStack) -> None:
    site = running.enter_context(server(answer()))
    zone = {"mixed.test": ["169.254.169.254", "127.0.0.1"]}
    with NameServer(zone) as names:
        result = ask(site.url(host="mixed.test"), nameservers=[names.address])
    assert (result.reason, result.address) == (Reason.OK, "127.0.0.1")


@pytest.mark.parametrize(
    "url",
    ["", "nonsense", "//host/", "ftp://host/", "http://", "http://a..b/", "http://h:0/",
     "http://h:x/", "http://[::1/", "http://256.256.256.256/", "http://" + "a" * 300 + "/",
     "http://a\x00b/", "http://[fe80::1%25eth0]/", "http://x/" + "y" * 9000],
)  # fmt: skip
def test_what_is_no_url_is_told(url: str) -> None:
    assert ask(url).reason is Reason.BAD_URL


# Many at once.


def test_dead_names_make_no_healthy_site_look_down(running: ExitStack) -> None:
    """14 in a hundred names are never answered; the name server is alive for the rest."""
    site = running.enter_context(server(answer()))
    hosts = [f"{'dead' if n % 7 == 0 else 'site'}{n}.test" for n in range(300)]
    zone = {host: ["127.0.0.1"] for host in hosts}
    with NameServer(zone, dead=lambda name: name.startswith("dead")) as names:
        results = ask_all(
            [site.url(host=host) for host in hosts], deadline=3, nameservers=[names.address]
        )
    for host, result in zip(hosts, results, strict=True):
        assert result.reason is (Reason.DNS if host.startswith("dead") else Reason.OK), result


def test_hanging_sites_make_no_healthy_site_look_down(running: ExitStack) -> None:
    good = running.enter_context(server(answer()))
    bad = running.enter_context(server(hangs))
    sites = [bad if n % 5 == 0 else good for n in range(200)]
    results = ask_all([site.url() for site in sites], deadline=2)
    for site, result in zip(sites, results, strict=True):
        assert result.reason is (Reason.TIMEOUT if site is bad else Reason.OK), result


def test_no_more_are_in_flight_than_the_policy_says(running: ExitStack) -> None:
    lock = threading.Lock()
    open_now = most = 0

    def counts(connection: socket.socket, here: Server) -> None:
        nonlocal open_now, most
        request(connection, here)
        with lock:
            open_now += 1
            most = max(most, open_now)
        here.closing.wait(0.05)
        with lock:
            open_now -= 1
        connection.sendall(OK + b"Content-Length: 0\r\n\r\n")

    site = running.enter_context(server(counts))
    targets = [Target(site.url(), Expectation(), True)] * 20
    results = probe(targets, policy(in_flight=3), lambda: MOMENT)
    assert all(result.good for result in results)
    assert most == 3


def test_starts_are_paced(running: ExitStack) -> None:
    """A rate of 50 a second and jitter of half a gap: 20 starts need at least 0.19 s."""
    site = running.enter_context(server(answer()))
    starts: list[datetime] = []

    def clock() -> datetime:
        starts.append(datetime.now(UTC))
        return MOMENT

    probe([Target(site.url(), Expectation(), True)] * 20, policy(rate=50), clock)
    assert len(starts) == 20
    assert starts[-1] - starts[0] >= timedelta(seconds=0.17)


def test_a_listener_that_raises_stops_the_run_and_leaves_nothing_open(running: ExitStack) -> None:
    site = running.enter_context(server(answer()))

    def objects(_index: int, _result: ProbeResult) -> None:
        raise RuntimeError("the disk is full")

    targets = [Target(site.url(), Expectation(), True)] * 5
    with pytest.raises(RuntimeError, match="the disk is full"):
        probe(targets, policy(), lambda: MOMENT, on_result=objects)
    assert ask(site.url()).good
