"""Takes the content codings off a body, piece by piece, as browsers do (RFC 9110, 8.4)."""

from __future__ import annotations

import zlib
from typing import Protocol

# What is asked for. libcurl's own decoder does not notice a body that is cut short.
ACCEPTED = "gzip, deflate"
_GZIP = frozenset({"gzip", "x-gzip"})
# Browsers read these, Python does not.
_FOREIGN = frozenset({"br", "zstd"})
_MOST_CODINGS = 4
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


class UndecodableError(ValueError):
    """The body is not coded as its header says."""


class _Stage(Protocol):
    def feed(self, data: bytes, room: int) -> bytes: ...

    @property
    def is_complete(self) -> bool: ...


class Gzip:
    """One gzip member after another; what follows the last and is none is ignored."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP_WINDOW)
        self._seen = False
        self._between = b""
        self._over = False

    def feed(self, data: bytes, room: int) -> bytes:
        """At most `room` bytes of what `data` goes on with."""
        self._seen = self._seen or bool(data)
        found = b""
        data, self._between = self._between + data, b""
        while data and len(found) < room and not self._over:
            found += _inflated(self._member, data, room - len(found))
            if not self._member.eof:
                break
            data = self._member.unused_data
            if len(data) == 1 and data == b"\x1f":
                self._between, data = data, b""
            elif data and not data.startswith(b"\x1f\x8b"):
                self._over = True
            elif data:
                self._member = zlib.decompressobj(_GZIP_WINDOW)
        return found

    @property
    def is_complete(self) -> bool:
        """Whether the last member has ended; a body of no bytes at all is complete too."""
        return self._member.eof or not self._seen


class Deflate:
    """zlib's format as the standard has it, or bare deflate as some servers send it."""

    def __init__(self) -> None:
        self._head = b""
        self._stream: zlib._Decompress | None = None

    def feed(self, data: bytes, room: int) -> bytes:
        """At most `room` bytes of what `data` goes on with."""
        if self._stream is None:
            self._head += data
            if len(self._head) < 2:
                return b""
            data = self._head
            is_zlib = data[0] & 0x0F == 8 and int.from_bytes(data[:2]) % 31 == 0
            self._stream = zlib.decompressobj(zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)
        return b"" if self._stream.eof else _inflated(self._stream, data, room)

    @property
    def is_complete(self) -> bool:
        """Whether the stream has ended; a body of no bytes at all is complete too."""
        return not self._head if self._stream is None else self._stream.eof


def _inflated(stream: zlib._Decompress, data: bytes, room: int) -> bytes:
    try:
        return stream.decompress(data, room)
    except zlib.error as error:
        raise UndecodableError(str(error)) from None


class BodyDecoder:
    """Decodes a body by its `Content-Encoding`. A coding that nobody knows is none, as it is to
    browsers; `foreign` names the first that browsers know and this program does not."""

    def __init__(self, header: bytes = b"") -> None:
        names = [name.strip().lower() for name in header.decode("latin-1").split(",")]
        known = [name for name in names if name in _GZIP | _FOREIGN or name == "deflate"]
        if len(known) > _MOST_CODINGS:
            raise UndecodableError("too many codings")
        self.foreign = next((name for name in known if name in _FOREIGN), "")
        self._stages: list[_Stage] = []
        if not self.foreign:
            self._stages = [Gzip() if name in _GZIP else Deflate() for name in reversed(known)]

    def feed(self, data: bytes, room: int) -> bytes:
        """At most `room` bytes of text. Raises UndecodableError."""
        for stage in self._stages:
            data = stage.feed(data, room)
        return data

    @property
    def is_complete(self) -> bool:
        """Whether every coding came to its end."""
        return all(stage.is_complete for stage in self._stages)
