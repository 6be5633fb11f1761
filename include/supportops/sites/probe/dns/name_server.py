"""One name server: a datagram socket to it, and a connection where an answer is cut short."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable

OnSocket = Callable[[int, bool, bool], None]
OnPacket = Callable[["NameServer", bytes, bool], None]
OnError = Callable[["NameServer", OSError], None]

_MOST_SOCKETS = 3
_LARGEST = 65535


def sockaddr(server: str) -> tuple[int, tuple[object, ...]]:
    """Family and socket address of `address`, `address:port` or `[address]:port`.

    ValueError for anything else.
    """
    host, port = server, "53"
    if server.startswith("["):
        host, _, rest = server[1:].partition("]")
        port = rest.removeprefix(":") or port
    elif server.count(":") == 1:
        host, port = server.split(":")
    try:
        flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        family, _, _, _, where = socket.getaddrinfo(host, port, 0, socket.SOCK_DGRAM, 0, flags)[0]
    except socket.gaierror:
        raise ValueError(f"not the address of a name server: {server}") from None
    return int(family), tuple(where)


class NameServer:
    """Sends queries and passes on every packet that comes back.

    All queries share a socket, and one that is replaced stays open, so that an answer counts
    however late it comes. `on_packet(server, packet, by_stream)` takes answers, `on_error(server,
    error)` what keeps a query from the server. `heard_at` is when it last said anything (seconds on
    a steady clock).
    """

    def __init__(
        self, server: str, on_socket: OnSocket, on_packet: OnPacket, on_error: OnError
    ) -> None:
        self.name = server
        self._family, self._where = sockaddr(server)
        self._on_socket = on_socket
        self._on_packet = on_packet
        self._on_error = on_error
        self._datagrams: list[socket.socket] = []
        self._streams: dict[int, _Stream] = {}
        self.heard_at = float("-inf")

    def send(self, packet: bytes, *, fresh: bool = False) -> None:
        """Sends a query. `fresh`: from another port, for a path on which nothing comes back."""
        try:
            if not self._datagrams or (fresh and len(self._datagrams) < _MOST_SOCKETS):
                self._datagrams.append(self._open(socket.SOCK_DGRAM))
                self._on_socket(self._datagrams[-1].fileno(), True, False)
            self._datagrams[-1].send(packet)
        except OSError as error:
            self._on_error(self, error)

    def send_by_stream(self, packet: bytes, failed: Callable[[], None]) -> None:
        """Sends a query over a connection of its own; `failed` is called where that ends badly."""
        try:
            opened = self._open(socket.SOCK_STREAM)
        except OSError:
            failed()
            return
        self._streams[opened.fileno()] = _Stream(opened, packet, failed)
        self._on_socket(opened.fileno(), False, True)

    def _open(self, kind: int) -> socket.socket:
        opened = socket.socket(self._family, kind)
        opened.setblocking(False)
        try:
            opened.connect(self._where)
        except BlockingIOError:
            pass
        except OSError:
            opened.close()
            raise
        return opened

    def ready(self, fd: int) -> bool:
        """Reads or writes the socket `fd`; False: it is not one of this server's."""
        for datagrams in self._datagrams:
            if datagrams.fileno() == fd:
                self._read(datagrams)
                return True
        stream = self._streams.get(fd)
        if stream is None:
            return False
        self._continue(fd, stream)
        return True

    def _read(self, datagrams: socket.socket) -> None:
        try:
            while True:
                self._on_packet(self, datagrams.recv(_LARGEST), False)
        except BlockingIOError:
            pass
        except OSError as error:
            self._on_error(self, error)

    def _continue(self, fd: int, stream: _Stream) -> None:
        try:
            packet = stream.step()
        except BlockingIOError:
            return
        except (OSError, EOFError):
            self._end(fd)
            stream.failed()
            return
        self._on_socket(fd, not stream.unsent, bool(stream.unsent))
        if packet is not None:
            self._end(fd)
            self._on_packet(self, packet, True)

    def _end(self, fd: int) -> None:
        self._on_socket(fd, False, False)
        self._streams.pop(fd).socket.close()

    def close(self) -> None:
        """Closes every socket."""
        for opened in [*self._datagrams, *(stream.socket for stream in self._streams.values())]:
            self._on_socket(opened.fileno(), False, False)
            with contextlib.suppress(OSError):
                opened.close()
        self._datagrams.clear()
        self._streams.clear()


class _Stream:
    """A query over TCP: its length and itself, then the same of the answer (RFC 7766)."""

    def __init__(self, opened: socket.socket, packet: bytes, failed: Callable[[], None]) -> None:
        self.socket = opened
        self.failed = failed
        self.unsent = struct.pack("!H", len(packet)) + packet
        self._received = b""

    def step(self) -> bytes | None:
        """Sends or reads what is possible now; the answer when it is complete. EOFError: cut."""
        if self.unsent:
            self.unsent = self.unsent[self.socket.send(self.unsent) :]
            return None
        piece = self.socket.recv(_LARGEST)
        if not piece:
            raise EOFError
        self._received += piece
        if len(self._received) < 2:
            return None
        (size,) = struct.unpack_from("!H", self._received)
        return self._received[2 : 2 + size] if len(self._received) >= 2 + size else None
