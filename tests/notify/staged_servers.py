"""Servers on 127.0.0.1 that fall silent, hang up or answer oddly at one stage of a conversation."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

SILENT, DROP = "silent", "drop"


@dataclass
class StagedServer:
    """`url` makes an address of its port; `lines` are the commands that it read."""

    port: int
    lines: list[str] = field(default_factory=list)
    mails: int = 0
    released: threading.Event = field(default_factory=threading.Event)


@contextmanager
def _serving(talk: Callable[[StagedServer, socket.socket], None]) -> Iterator[StagedServer]:
    listening = socket.create_server(("127.0.0.1", 0))
    server = StagedServer(listening.getsockname()[1])

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=each, args=(connection,), daemon=True).start()

    def each(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            talk(server, connection)

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server
    finally:
        server.released.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


@contextmanager
def smtp(
    at: str = "",
    does: str = "",
    *,
    pause: float = 0,
    offers: tuple[str, ...] = (),
    stops_reading: bool = False,
) -> Iterator[StagedServer]:
    """Takes every mail, except that it `does` something else at stage `at`.

    A stage is a command ("EHLO", "RCPT", "RCPT 2" for the second one), "greeting" or "dot". What
    it does is SILENT, DROP, or the line that it answers. `pause` seconds go by before each answer.
    A server that `stops_reading` reads no mail.
    """

    def talk(server: StagedServer, connection: socket.socket) -> None:
        counts: dict[str, int] = {}

        def answer(stage: str, usual: str) -> bool:
            counts[stage] = counts.get(stage, 0) + 1
            server.released.wait(pause)
            if at not in (stage, f"{stage} {counts[stage]}"):
                connection.sendall(f"{usual}\r\n".encode())
                return True
            if does == SILENT:
                server.released.wait()
            if does in (SILENT, DROP):
                return False
            connection.sendall(f"{does}\r\n".encode())
            return True

        if not answer("greeting", "220 staged.example.com"):
            return
        ehlo = "".join(f"250-{each}\r\n" for each in offers) + "250 HELP"
        usual = {"EHLO": ehlo, "DATA": "354 go on", "QUIT": "221 bye", "STARTTLS": "220 go on"}
        reading = connection.makefile("rb")
        for raw in reading:
            server.lines.append(raw.decode(errors="replace").strip())
            command = server.lines[-1].split(" ")[0].upper()
            if not answer(command, usual.get(command, "250 OK")):
                return
            if command == "STARTTLS" and does != SILENT:
                connection.sendall(b"this is no handshake\r\n" * 8)
                return
            if command == "DATA" and stops_reading:
                server.released.wait()
            if command == "DATA" and at != "DATA":
                while (line := reading.readline()) != b".\r\n":
                    if not line:
                        return
                server.mails += 1
                if not answer("dot", "250 taken"):
                    return

    with _serving(talk) as server:
        yield server


@contextmanager
def http(
    answers: bytes = b"", *, reads: bool = True, silent: bool = False
) -> Iterator[StagedServer]:
    """Reads a whole request where it `reads`, writes `answers`, hangs up unless `silent`."""

    def talk(server: StagedServer, connection: socket.socket) -> None:
        if reads:
            server.lines.append(_request(connection))
        if answers:
            connection.sendall(answers)
        if silent:
            server.released.wait()

    with _serving(talk) as server:
        yield server


def _request(connection: socket.socket) -> str:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    size = [
        int(x.split(b":")[1]) for x in head.split(b"\r\n") if x.lower().startswith(b"content-le")
    ]
    while len(body) < sum(size):
        body += connection.recv(65536)
    return head.decode()


@contextmanager
def tls_that_fails(how: str) -> Iterator[StagedServer]:
    """Hangs up during the handshake (DROP), never answers it (SILENT), or talks no TLS."""

    def talk(server: StagedServer, connection: socket.socket) -> None:
        connection.recv(4096)
        if how == SILENT:
            server.released.wait()
        elif how != DROP:
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with _serving(talk) as server:
        yield server


@contextmanager
def untrusted_tls(certificate: str, key: str) -> Iterator[StagedServer]:
    """Speaks TLS with a certificate that nobody signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def talk(_: StagedServer, connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(4096)

    with _serving(talk) as server:
        yield server


@contextmanager
def black_hole() -> Iterator[int]:
    """A port whose queue is full: the kernel drops each new connection's first packet."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(listening.getsockname())
        try:
            yield listening.getsockname()[1]
        finally:
            for each in waiting:
                each.close()
