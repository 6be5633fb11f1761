"""Servers that behave as the worst on the internet do, on 127.0.0.1 and real sockets."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import trustme

Talk = Callable[[socket.socket], None]


@dataclass
class Server:
    """A listening server: its port, and how many connections it has seen."""

    port: int
    closing: threading.Event = field(default_factory=threading.Event)
    connections: int = 0
    heads: list[bytes] = field(default_factory=list)

    def url(self, path: str = "/", host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


@contextlib.contextmanager
def server(
    talk: Callable[[socket.socket, Server], None],
    *,
    tls: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
) -> Iterator[Server]:
    """Runs `talk(connection, server)` on a thread for every connection."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, 0), family=family, backlog=512)
    running = Server(listener.getsockname()[1])

    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), connection:
            if tls is None:
                talk(connection, running)
            else:
                with tls.wrap_socket(connection, server_side=True) as wrapped:
                    talk(wrapped, running)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                running.connections += 1
                connection.settimeout(30)
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        running.closing.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def request(connection: socket.socket, running: Server) -> bytes:
    """Reads the request's head."""
    head = b""
    while b"\r\n\r\n" not in head:
        more = connection.recv(4096)
        if not more:
            raise OSError("gone")
        head += more
    running.heads.append(head)
    return head


def answer(
    body: bytes = b"hello",
    *,
    status: str = "200 OK",
    headers: Mapping[str, str] | None = None,
) -> Callable[[socket.socket, Server], None]:
    """A well-behaved answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return says("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def says(data: bytes) -> Callable[[socket.socket, Server], None]:
    """Reads the request, sends `data` as it is, and closes."""

    def talk(connection: socket.socket, running: Server) -> None:
        request(connection, running)
        connection.sendall(data)

    return talk


def redirects(location: str, status: str = "302 Found") -> Callable[[socket.socket, Server], None]:
    return answer(b"", status=status, headers={"Location": location})


def hangs(connection: socket.socket, running: Server) -> None:
    """Takes the request and never answers."""
    request(connection, running)
    running.closing.wait(30)


def silent(_connection: socket.socket, running: Server) -> None:
    """Not even a TLS handshake."""
    running.closing.wait(30)


def drips(head: bytes, drop: bytes, pause: float = 0.05) -> Callable[[socket.socket, Server], None]:
    """Sends `head`, then `drop` again and again with a pause."""

    def talk(connection: socket.socket, running: Server) -> None:
        request(connection, running)
        connection.sendall(head)
        while not running.closing.wait(pause):
            connection.sendall(drop)

    return talk


def floods(head: bytes, wave: bytes) -> Callable[[socket.socket, Server], None]:
    """Sends `head`, then `wave` as fast as it is taken, without end."""

    def talk(connection: socket.socket, running: Server) -> None:
        request(connection, running)
        connection.sendall(head)
        while not running.closing.is_set():
            connection.sendall(wave)

    return talk


def resets(connection: socket.socket, running: Server) -> None:
    """Takes the request and answers with a TCP reset."""
    request(connection, running)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


class Authority:
    """A certificate authority of the tests' own."""

    def __init__(self) -> None:
        self.ca = trustme.CA()
        self.now = datetime.now(UTC)

    def context(
        self,
        *names: str,
        start: timedelta = timedelta(days=-1),
        end: timedelta = timedelta(days=90),
    ) -> ssl.SSLContext:
        """A server's context with a certificate for `names`, valid from `start` to `end`."""
        certificate = self.ca.issue_cert(
            *names, not_before=self.now + start, not_after=self.now + end
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        return context


class NameServer:
    """A DNS server on UDP: answers from `zone`, NXDOMAIN to the unknown, nothing to the dead."""

    def __init__(
        self, zone: Mapping[str, Sequence[str]], dead: Callable[[str], bool] = lambda _name: False
    ) -> None:
        self.zone = zone
        self.dead = dead
        self.queries: list[tuple[str, int]] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._socket.getsockname()[1]}"

    def names(self) -> list[str]:
        """The names queried by their A record, repeats included."""
        return [name for name, kind in self.queries if kind == 1]

    def __enter__(self) -> NameServer:
        self._socket.settimeout(0.1)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._thread.join(5)
        self._socket.close()

    def _serve(self) -> None:
        while not self._closing.is_set():
            with contextlib.suppress(TimeoutError):
                question, client = self._socket.recvfrom(4096)
                reply = self._reply(question)
                if reply is not None:
                    self._socket.sendto(reply, client)

    def _reply(self, question: bytes) -> bytes | None:
        name, end = _name(question)
        (kind,) = struct.unpack_from("!H", question, end)
        self.queries.append((name, kind))
        if self.dead(name):
            return None
        known = name in self.zone
        records = [ip_address(a) for a in self.zone.get(name, ())]
        wanted = {1: 4, 28: 6}.get(kind)
        rows = [record for record in records if record.version == wanted]
        flags = 0x8180 if known else 0x8183
        head = question[:2] + struct.pack("!HHHHH", flags, 1, len(rows), 0, 0)
        answers = b"".join(
            b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(row.packed)) + row.packed
            for row in rows
        )
        return head + question[12 : end + 4] + answers


def _name(question: bytes) -> tuple[str, int]:
    labels, at = [], 12
    while question[at]:
        labels.append(question[at + 1 : at + 1 + question[at]].decode("ascii"))
        at += 1 + question[at]
    return ".".join(labels).lower(), at + 1
