"""Sites that hang, drip, break off or talk nonsense: a reason each, and never an exception."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sites.probing import OK, probe_one
from sites.servers import (
    Server,
    closed_port,
    drips,
    hangs,
    request,
    resets,
    says,
    server,
    silent,
)
from supportops.sites.check import Reason, State
from supportops.sites.site import Expectation


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
    result = probe_one(site.url(), deadline=0.5)
    assert (result.state, result.reason) == (State.DOWN, Reason.TIMEOUT)
    assert result.phases.total is not None
    assert result.phases.total >= 490


def test_a_tls_handshake_that_hangs_is_down_at_the_deadline(running: ExitStack) -> None:
    site = running.enter_context(server(silent))
    result = probe_one(site.url(scheme="https"), deadline=0.5)
    assert result.reason is Reason.TIMEOUT
    assert result.phases.connect is not None
    assert result.phases.tls is None


def test_redirects_share_one_deadline(running: ExitStack) -> None:
    def slow_redirect(connection: socket.socket, here: Server) -> None:
        request(connection, here)
        here.closing.wait(0.3)
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /on\r\nContent-Length: 0\r\n\r\n")

    site = running.enter_context(server(slow_redirect))
    result = probe_one(site.url(), deadline=0.8)
    assert result.reason is Reason.TIMEOUT
    assert 1 <= result.redirects <= 3


def test_a_listener_that_accepts_nothing_is_a_connect_timeout() -> None:
    with socket.socket() as full, ExitStack() as stack:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        result = probe_one(f"http://127.0.0.1:{full.getsockname()[1]}/", deadline=0.5)
    assert (result.reason, result.address) == (Reason.CONNECT_TIMEOUT, None)


def test_a_closed_port_is_refused() -> None:
    assert probe_one(f"http://127.0.0.1:{closed_port()}/").reason is Reason.REFUSED


def test_a_reset_has_its_own_reason(running: ExitStack) -> None:
    assert probe_one(running.enter_context(server(resets)).url()).reason is Reason.RESET


def test_a_close_without_a_word_is_a_reset(running: ExitStack) -> None:
    assert probe_one(running.enter_context(server(says(b""))).url()).reason is Reason.RESET


@pytest.mark.parametrize(
    "data",
    [
        OK + b"Content-Length: 10\r\n\r\nhello",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ],
    ids=["length", "chunked"],
)
def test_a_body_cut_short_is_truncated(running: ExitStack, data: bytes) -> None:
    result = probe_one(running.enter_context(server(says(data))).url())
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
def test_an_answer_that_is_no_http_has_its_own_reason(running: ExitStack, data: bytes) -> None:
    assert probe_one(running.enter_context(server(says(data))).url()).reason is Reason.INVALID_HTTP


def test_headers_in_no_known_encoding_do_no_harm(running: ExitStack) -> None:
    data = (
        OK + b"X-\xff: \xfe\xfd\r\nContent-Type: \xff; charset=\xff\r\nContent-Length: 1\r\n\r\nx"
    )
    assert probe_one(running.enter_context(server(says(data))).url()).reason is Reason.OK


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
    result = probe_one(parrot.url(), expect=Expectation(contains=("x",)), deadline=2)
    assert result.reason in Reason
    assert result.reason is not Reason.INTERNAL
    assert len(result.detail) <= 200
    assert result.detail.isprintable()
