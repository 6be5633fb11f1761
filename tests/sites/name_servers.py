"""Name servers that are late, lose queries, fail first or cut their answers short."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address

ADDRESS_KINDS = {4: 1, 6: 28}


@dataclass(frozen=True)
class Reply:
    """What is done about one query. `after`: seconds until the answer; `raw`: instead of one."""

    addresses: tuple[str, ...] = ("127.0.0.1",)
    after: float = 0.0
    rcode: int = 0
    truncated: bool = False
    dropped: bool = False
    raw: bytes | None = None


@dataclass(frozen=True)
class Asked:
    """A query: its name, the type of its records, which repetition it is, and over what."""

    name: str
    kind: int
    number: int
    over_tcp: bool


Behaviour = Callable[[Asked], Reply]


class ScriptedNameServer:
    """Answers over UDP and TCP on one port as `behaviour` says; the root is always answered."""

    def __init__(self, behaviour: Behaviour, *, answers_the_root: bool = True) -> None:
        self.behaviour = behaviour
        self.answers_the_root = answers_the_root
        self.asked: list[Asked] = []
        self._counts: Counter[tuple[str, int]] = Counter()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._datagrams, self._listener = _a_port()
        self._threads = [
            threading.Thread(target=self._serve_datagrams, daemon=True),
            threading.Thread(target=self._serve_streams, daemon=True),
        ]

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._datagrams.getsockname()[1]}"

    def __enter__(self) -> ScriptedNameServer:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        for thread in self._threads:
            thread.join(5)
        self._datagrams.close()
        self._listener.close()

    def _serve_datagrams(self) -> None:
        self._datagrams.settimeout(0.1)
        while not self._closing.is_set():
            with contextlib.suppress(TimeoutError):
                packet, client = self._datagrams.recvfrom(4096)

                def send(answer: bytes, client: object = client) -> None:
                    self._datagrams.sendto(answer, client)  # type: ignore[call-overload]

                self._answer(packet, send, over_tcp=False)

    def _serve_streams(self) -> None:
        self._listener.settimeout(0.1)
        while not self._closing.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = self._listener.accept()
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            (size,) = struct.unpack("!H", connection.recv(2))
            packet = connection.recv(size)
            done = threading.Event()

            def send(answer: bytes) -> None:
                whole = struct.pack("!H", len(answer)) + answer
                for at in range(len(whole)):
                    connection.sendall(whole[at : at + 1])
                done.set()

            if self._answer(packet, send, over_tcp=True):
                done.wait(10)

    def _answer(self, packet: bytes, send: Callable[[bytes], None], *, over_tcp: bool) -> bool:
        name, kind, end = _question(packet)
        if not name:
            if self.answers_the_root:
                send(_message(packet, end, Reply(addresses=())))
            return False
        with self._lock:
            asked = Asked(name, kind, self._counts[(name, kind)], over_tcp)
            self._counts[(name, kind)] += not over_tcp
            self.asked.append(asked)
        reply = self.behaviour(asked)
        if reply.dropped:
            return False
        answer = reply.raw if reply.raw is not None else _message(packet, end, reply)

        def later() -> None:
            if not self._closing.wait(reply.after):
                with contextlib.suppress(OSError):
                    send(answer)

        threading.Thread(target=later, daemon=True).start()
        return True


def _a_port() -> tuple[socket.socket, socket.socket]:
    """A datagram socket and a listener on one port."""
    while True:
        listener = socket.create_server(("127.0.0.1", 0))
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with contextlib.suppress(OSError):
            datagrams.bind(listener.getsockname())
            return datagrams, listener
        listener.close()
        datagrams.close()


def _question(packet: bytes) -> tuple[str, int, int]:
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1 : at + 1 + packet[at]].decode("ascii"))
        at += 1 + packet[at]
    (kind,) = struct.unpack_from("!H", packet, at + 1)
    return ".".join(labels), kind, at + 5


def _message(packet: bytes, end: int, reply: Reply) -> bytes:
    (kind,) = struct.unpack_from("!H", packet, end - 4)
    rows = [ip_address(address) for address in reply.addresses]
    rows = [row for row in rows if ADDRESS_KINDS[row.version] == kind and not reply.rcode]
    flags = 0x8180 | reply.rcode | (0x0200 if reply.truncated else 0)
    head = packet[:2] + struct.pack("!HHHHH", flags, 1, len(rows), 0, 0)
    records = b"".join(
        b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(row.packed)) + row.packed
        for row in rows
    )
    return head + packet[12:end] + records
