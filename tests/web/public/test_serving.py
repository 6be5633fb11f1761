"""A stranger with a socket takes no place for long, fills no memory and no log."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime

import pytest

from supportops.config.snapshots import LastConfiguration
from supportops.context import Context
from supportops.web.public import serving
from supportops.web.public.app import HEADERS, make_public_app
from supportops.web.public.serving import public_server

MOST = 6
GET = b"GET /x HTTP/1.1\r\nHost: a\r\n"


@contextmanager
def nothing() -> Iterator[Context]:
    raise LookupError
    yield


Connect = Callable[[], socket.socket]


@pytest.fixture(scope="module")
def connect() -> Iterator[Connect]:
    app = make_public_app(
        nothing, LastConfiguration(), None, lambda: datetime(2026, 11, 18, tzinfo=UTC)
    )
    with closing(socket.create_server(("127.0.0.1", 0))) as listening, ExitStack() as opened:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)  # of its connections, too
        server = public_server(app, "127.0.0.1", 0, MOST)
        running = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        running.start()
        while not server.started:
            time.sleep(0.01)
        yield lambda: opened.enter_context(
            socket.create_connection(listening.getsockname(), timeout=5)
        )
        opened.close()
        server.should_exit = True
        running.join()


def answer(connect: Connect, request: bytes) -> bytes:
    """All that comes until the server closes the connection."""
    with connect() as client:
        client.sendall(request)
        return read_all(client)


def read_all(client: socket.socket) -> bytes:
    found = b""
    try:
        while part := client.recv(65536):
            found += part
    except ConnectionResetError:
        pass
    return found


def form(body: bytes) -> bytes:
    head = b"POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    return head % len(body) + body


def test_connections_without_a_request_end_and_give_their_places_back(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "HEAD_SECONDS", 0.4)
    slow = [connect() for _ in range(MOST)]
    for number, each in enumerate(slow):
        each.sendall((b"", GET)[number % 2])
    refused = answer(connect, GET + b"Connection: close\r\n\r\n")
    assert refused.startswith(b"HTTP/1.1 503")
    began = time.monotonic()
    while time.monotonic() - began < 0.7:
        for each in slow[1::2]:  # drop by drop does not help
            try:
                each.sendall(b"X: a\r\n")
            except OSError:
                break
        time.sleep(0.05)
    for each in slow:
        assert read_all(each) == b""
    assert answer(connect, GET + b"Connection: close\r\n\r\n").startswith(b"HTTP/1.1 404")


def test_a_second_request_on_a_connection_is_bounded_as_the_first(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "HEAD_SECONDS", 0.3)
    with connect() as client:
        for _ in range(2):
            client.sendall(GET + b"\r\n")
            found = b""
            while b"</html>" not in found:
                found += client.recv(65536)
        client.sendall(b"G")
        began = time.monotonic()
        assert read_all(client) == b""
        assert time.monotonic() - began < 2  # before the keep-alive of five seconds


def test_whoever_does_not_read_the_answers_is_cut_off(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "ANSWER_SECONDS", 0.5)
    with connect() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall((GET + b"\r\n") * 5_000)
        time.sleep(0.8)  # by then the buffers of both sides are full of answers
        assert read_all(client).count(b"HTTP/1.1 404") < 5_000


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(GET + b"X: " + b"a" * 400_000 + b"\r\n\r\n", id="a long header"),
        pytest.param(GET + b"X: a\r\n" * 60_000 + b"\r\n", id="many headers"),
        pytest.param(b"GET /" + b"a" * 400_000, id="a long address"),
        pytest.param(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
                     b"Content-Length: 2\r\n\r\nab", id="two lengths"),
        pytest.param(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", id="negative"),
        pytest.param(b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
                     id="an unknown encoding"),
        pytest.param(b"GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", id="two hosts"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00", id="TLS"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="HTTP/2"),
    ],
)  # fmt: skip
def test_what_is_no_bounded_request_is_refused(connect: Connect, request_: bytes) -> None:
    with connect() as client:
        try:
            client.sendall(request_)
        except OSError:
            return  # it was closed before all of it was sent
        found = read_all(client)
    assert found == b"" or found.startswith((b"HTTP/1.1 400", b"HTTP/1.1 501"))


def test_a_length_and_chunks_at_once_are_no_second_request(connect: Connect) -> None:
    smuggled = b"0\r\n\r\nGET /push/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    head = (
        b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    found = answer(connect, head % len(smuggled) + smuggled)
    assert found.count(b"HTTP/1.1 ") == 1


def test_a_web_socket_is_nothing_here(connect: Connect) -> None:
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    with connect() as client:
        client.sendall(GET + upgrade + b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 404")


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "PUT", "DELETE", "PATCH", "FOO", "CONNECT"])
def test_other_methods_are_refused_with_every_header(connect: Connect, method: str) -> None:
    found = answer(connect, GET.replace(b"GET", method.encode()) + b"Connection: close\r\n\r\n")
    assert found.startswith(b"HTTP/1.1 405")
    head = found.partition(b"\r\n\r\n")[0].decode()
    assert all(f"{name}: {value}" in head for name, value in HEADERS.items())


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"&".join(b"f%d=1" % number for number in range(30)), id="too many fields"),
        pytest.param(b"decision=approve&decision=drop", id="a field twice"),
    ],
)
def test_a_form_that_no_page_of_ours_sends_is_refused_and_no_failure(
    connect: Connect, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    found = answer(connect, form(body))
    assert found.startswith(b"HTTP/1.1 400")
    assert b"content-security-policy" in found
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("path", [b"/x", b"/push/x", b"/webhooks/zendesk"])
def test_a_client_that_goes_away_leaves_nothing_in_the_log(
    connect: Connect, path: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with connect() as client:
        client.sendall(form(b"n=1")[:-1].replace(b"/x", path))
        time.sleep(0.05)
    time.sleep(0.15)
    assert b"HTTP/1.1 404" in answer(connect, GET + b"Connection: close\r\n\r\n")
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []


def test_a_request_says_nothing_of_where_it_is_answered_from(connect: Connect) -> None:
    tricks = b"X-Forwarded-Host: evil.example\r\nX-Forwarded-For: 127.0.0.1\r\nForwarded: host=evil"
    found = answer(connect, b"GET http://evil.example/push HTTP/1.1\r\nHost: evil.example\r\n"
                            + tricks + b"\r\nConnection: close\r\n\r\n")  # fmt: skip
    assert found.startswith(b"HTTP/1.1 404")
    assert b"evil" not in found
