"""Receivers of mail and of HTTP that break at a chosen stage, and note what reached them."""

from __future__ import annotations

import email
import email.policy
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

MAIL_FAULTS = (
    *(f"mail: {how} at {stage}" for stage in ("greeting", "EHLO", "MAIL", "RCPT", "DATA", "dot")
      for how in ("hangs", "drops")),
    "mail: 451 at RCPT",
    "mail: 554 at dot",
)  # fmt: skip
HTTP_FAULTS = ("http: 500", "http: hangs unread", "http: hangs once read", "http: drops once read")
UNREACHABLE = ("refused", "nobody accepts")
# Longer than the timeout of an attempt, shorter than a step's.
HANG_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that a receiver has whole, whatever the sender learnt of it."""

    target: str
    text: str


class Receiver:
    """Listens on 127.0.0.1; `fault` says how the next conversations go wrong, "" is not at all."""

    def __init__(self, target: str, arrivals: list[Arrival]) -> None:
        self.target = target
        self.arrivals = arrivals
        self.fault = ""
        self.closing = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self.closing.set()
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(10)
        with closing(connection), suppress(OSError, _Ended, ValueError):
            self.talk(connection, self.fault)

    def talk(self, connection: socket.socket, fault: str) -> None:
        raise NotImplementedError

    def take(self, text: str) -> None:
        self.arrivals.append(Arrival(self.target, text))

    def hang(self) -> None:
        self.closing.wait(HANG_SECONDS)
        raise _Ended


class MailReceiver(Receiver):
    """An SMTP server as RFC 5321 has it, for one message a connection or more."""

    def talk(self, connection: socket.socket, fault: str) -> None:
        lines = connection.makefile("rb")

        def say(stage: str, answer: str) -> None:
            if fault == f"mail: hangs at {stage}":
                self.hang()
            if fault == f"mail: drops at {stage}":
                raise _Ended
            code = {f"mail: 451 at {stage}": "451 later", f"mail: 554 at {stage}": "554 no"}
            connection.sendall(f"{code.get(fault, answer)}\r\n".encode())

        say("greeting", "220 chaos")
        while line := lines.readline():
            verb = line[:4].upper().decode("ascii", "replace")
            if verb == "DATA":
                say("DATA", "354 go on")
                if fault.startswith("mail: 451"):
                    continue
                content = b""
                while (part := lines.readline()) not in (b".\r\n", b""):
                    content += part.removeprefix(b".") if part.startswith(b"..") else part
                if part != b".\r\n":
                    raise _Ended
                if not fault.startswith("mail: 554"):
                    self.take(_mail_text(content))
                say("dot", "250 taken")
            elif verb == "QUIT":
                say("QUIT", "221 bye")
                return
            else:
                say(verb, "250 fine")


class HttpReceiver(Receiver):
    """Takes the JSON that Apprise posts."""

    def talk(self, connection: socket.socket, fault: str) -> None:
        if fault == "http: hangs unread":
            self.hang()
        lines = connection.makefile("rb")
        length = 0
        while (line := lines.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body = lines.read(length)
        if len(body) < length or not length:
            raise _Ended
        if fault == "http: 500":
            connection.sendall(b"HTTP/1.1 500 no\r\nContent-Length: 0\r\n\r\n")
            return
        content = json.loads(body)
        self.take(f"{content.get('title', '')}\n{content.get('message', '')}")
        if fault == "http: hangs once read":
            self.hang()
        if fault == "http: drops once read":
            raise _Ended
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


@contextmanager
def unreachable_port(how: str) -> Iterator[int]:
    """A port that refuses, or one whose queue is full: it answers no SYN, as a dead host."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    port = int(listening.getsockname()[1])
    waiting = []
    if how == "nobody accepts":
        listening.listen(0)
        for _ in range(4):
            each = socket.socket()
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
            waiting.append(each)
    try:
        yield port
    finally:
        for each in (*waiting, listening):
            each.close()


class _Ended(Exception):
    """The conversation is over."""


def _mail_text(content: bytes) -> str:
    message: Any = email.message_from_bytes(content, policy=email.policy.default)
    body = message.get_body(("plain",))
    text = "" if body is None else str(body.get_content())
    return f"{message['Subject']}\n{text}"
