"""The socket side of the fake Zendesk: real HTTP, cut and reset on demand."""

from __future__ import annotations

import contextlib
import gzip
import socket
import struct
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tickets.zendesk_account_fake import (
    AGENT,
    CUSTOMER,
    LOGIN,
    OAUTH,
    OTHER_CUSTOMER,
    ROBOT,
    START,
    TOKEN,
    Asked,
    Body,
    Cut,
    FakeZendesk,
    Lost,
    Patch,
    Reset,
    Status,
)

__all__ = [
    "AGENT",
    "CUSTOMER",
    "LOGIN",
    "OAUTH",
    "OTHER_CUSTOMER",
    "ROBOT",
    "START",
    "TOKEN",
    "Asked",
    "Body",
    "Cut",
    "FakeZendesk",
    "Lost",
    "Patch",
    "Reset",
    "Status",
    "fake_zendesk",
]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def log_message(self, *arguments: Any) -> None:
        pass

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        content = self.rfile.read(int(headers.get("content-length", 0)))
        fake = self.server.fake
        asked = Asked(self.command, parts.path, query, headers)
        status, answer, body, fault = fake.handle(asked, content)
        if isinstance(fault, Reset):
            self._reset()
            return
        if fake.compress and "gzip" in headers.get("accept-encoding", ""):
            body = gzip.compress(body)
            answer["Content-Encoding"] = "gzip"
        self.send_response_only(status)
        for name, value in answer.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if isinstance(fault, Cut):
            self.wfile.write(body[: int(len(body) * fault.part)])
            self.wfile.flush()
            self.close_connection = True
            return
        self.wfile.write(body)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        # The streams hold the socket open; without them its end is a reset, not a goodbye.
        self.wfile.close()
        self.rfile.close()
        self.connection.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    fake: FakeZendesk

    def shutdown_request(self, request: Any) -> None:
        with contextlib.suppress(OSError):
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed in the middle is no error of the server."""


@contextlib.contextmanager
def fake_zendesk() -> Iterator[FakeZendesk]:
    """A running fake; `fake.address` is where it listens."""
    fake = FakeZendesk()
    server = _Server(("127.0.0.1", 0), _Handler)
    server.fake = fake
    fake.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
