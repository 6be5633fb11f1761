"""Real receivers for tests: an SMTP server and an HTTP endpoint that misbehave on demand."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


class Behaviour(StrEnum):
    """What a receiver does with the next message.

    REFUSE is 550 by mail and 500 by HTTP, REDIRECT a 302 by HTTP. HANG keeps the answer back
    until `release()`, DRIP sends an HTTP answer that never ends, a header at a time.
    """

    ACCEPT = "accept"
    REFUSE = "refuse"
    REDIRECT = "redirect"
    HANG = "hang"
    DRIP = "drip"
    CLOSE = "close"


@dataclass(frozen=True)
class Mail:
    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    def part(self, kind: str) -> str:
        """The text of the "plain" or the "html" part."""
        body = self.message.get_body((kind,))
        assert body is not None, f"the mail has no {kind} part"
        return str(body.get_content())


class Mailbox:
    """An SMTP server on 127.0.0.1; `behaviour` may change at any time.

    HANG takes the message and withholds the answer until `release()`, then delivers it: what a
    slow relay does. `down()` closes the port, `up()` opens the same one again.
    """

    def __init__(self) -> None:
        self.behaviour = Behaviour.ACCEPT
        self.mails: list[Mail] = []
        self.logins: list[tuple[str, str]] = []
        self.refusal = "550 mailbox unavailable"
        self.arrived = threading.Condition()
        self.port = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._released: asyncio.Event | None = None
        self._late: asyncio.Future[None] | None = None

    def url(self, to: str = "team@example.com", *, user: str = "", extra: str = "") -> str:
        at = f"{user}@" if user else ""
        return f"mailto://{at}127.0.0.1:{self.port}?from=desk@example.com&to={to}{extra}"

    def wait_for(self, count: int, seconds: float = 10.0) -> list[Mail]:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.mails) >= count, seconds), self.mails
            return list(self.mails)

    def release(self) -> None:
        assert self._loop is not None
        assert self._released is not None
        self._loop.call_soon_threadsafe(self._released.set)

    def up(self) -> None:
        listening = _listening(self.port)
        self.port = listening.getsockname()[1]
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(listening, ready), daemon=True)
        self._thread.start()
        assert ready.wait(10)

    def down(self) -> None:
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
            self._loop = self._thread = None

    def _serve(self, listening: socket.socket, ready: threading.Event) -> None:
        loop = self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        self._released = asyncio.Event()
        server = loop.run_until_complete(loop.create_server(self._protocol, sock=listening))
        loop.call_soon(ready.set)
        loop.run_forever()
        server.close()
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    def _protocol(self) -> SMTP:
        return SMTP(
            self,
            loop=self._loop,
            hostname="inbox.example.com",
            enable_SMTPUTF8=True,
            authenticator=self._login,
            auth_require_tls=False,
        )

    def _login(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=True)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.behaviour is Behaviour.REFUSE:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.behaviour is Behaviour.CLOSE:
            assert server.transport is not None
            server.transport.abort()
            return "421 closing"
        if self.behaviour is Behaviour.HANG:
            # The sender hangs up long before, and the mail arrives nevertheless.
            self._late = asyncio.ensure_future(self._deliver_later(envelope))
            await asyncio.shield(self._late)
        else:
            self._deliver(envelope)
        return "250 taken"

    async def _deliver_later(self, envelope: Envelope) -> None:
        assert self._released is not None
        await self._released.wait()
        self._deliver(envelope)

    def _deliver(self, envelope: Envelope) -> None:
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        sender, recipients = envelope.mail_from or "", tuple(envelope.rcpt_tos)
        with self.arrived:
            self.mails.append(Mail(sender, recipients, envelope.content, message))
            self.arrived.notify_all()


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Endpoint:
    """An HTTP server on 127.0.0.1 that keeps every request, whatever it answers.

    CLOSE hangs up without an answer; `down()` ends what hangs or drips.
    """

    behaviour: Behaviour = Behaviour.ACCEPT
    requests: list[Request] = field(default_factory=list)
    port: int = 0
    arrived: threading.Condition = field(default_factory=threading.Condition)
    _released: threading.Event = field(default_factory=threading.Event)
    _server: ThreadingHTTPServer | None = None

    def url(self, path: str = "", *, scheme: str = "json", extra: str = "") -> str:
        return f"{scheme}://127.0.0.1:{self.port}/{path}{extra}"

    def wait_for(self, count: int, seconds: float = 10.0) -> list[Request]:
        with self.arrived:
            got = self.arrived.wait_for(lambda: len(self.requests) >= count, seconds)
            assert got, self.requests
            return list(self.requests)

    def release(self) -> None:
        self._released.set()

    def up(self) -> None:
        self._released.clear()
        listening = _listening(self.port)
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self), bind_and_activate=False)
        server.socket.close()
        server.socket = listening
        server.server_address = listening.getsockname()
        server.server_name, server.server_port = "127.0.0.1", listening.getsockname()[1]
        server.daemon_threads = True
        self.port = server.server_port
        self._server = server
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    def down(self) -> None:
        self._released.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def drip(self, out: BufferedIOBase) -> None:
        with suppress(OSError):
            out.write(b"HTTP/1.1 200 OK\r\n")
            while not self._released.wait(0.1):
                out.write(b"X-Still: here\r\n")

    def take(self, request: Request) -> Behaviour:
        """Keep `request` and say how to treat it."""
        with self.arrived:
            self.requests.append(request)
            self.arrived.notify_all()
        if self.behaviour is Behaviour.HANG:
            self._released.wait()
        return self.behaviour


def _handler(endpoint: Endpoint) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(self.command, self.path, dict(self.headers), body)
            behaviour = endpoint.take(request)
            self.close_connection = True
            if behaviour is Behaviour.CLOSE:
                return
            if behaviour is Behaviour.DRIP:
                endpoint.drip(self.wfile)
                return
            codes = {Behaviour.REFUSE: 500, Behaviour.REDIRECT: 302}
            try:
                self.send_response(codes.get(behaviour, 200))
                if behaviour is Behaviour.REDIRECT:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()
            except OSError:
                return  # the caller did not wait

        do_GET = do_POST = do_PUT = answer

        def log_message(self, format: str, *args: Any) -> None:
            return

    return Handler


def _listening(port: int) -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    listening.listen(64)
    return listening


def free_port() -> int:
    """A port on 127.0.0.1 where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    box.up()
    try:
        yield box
    finally:
        box.down()


class Assassin(Endpoint):
    """Takes a message and kills the sender before it reads the answer."""

    victim: int | None = None

    def take(self, request: Request) -> Behaviour:
        behaviour = super().take(request)
        if self.victim is not None:
            os.kill(self.victim, signal.SIGKILL)
            self.victim = None
        return behaviour


@contextmanager
def endpoint() -> Iterator[Endpoint]:
    receiver = Endpoint()
    receiver.up()
    try:
        yield receiver
    finally:
        receiver.down()


@contextmanager
def assassin() -> Iterator[Assassin]:
    receiver = Assassin()
    receiver.up()
    yield receiver
    receiver.down()
