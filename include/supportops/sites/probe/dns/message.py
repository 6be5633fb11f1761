"""Questions to a name server and its answers, as bytes (RFC 1035). Only addresses are read."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

A, NS, AAAA = 1, 2, 28
NO_ERROR, NAME_ERROR = 0, 3
_RESPONSE, _TRUNCATED, _RECURSION_DESIRED = 0x8000, 0x0200, 0x0100
_HEADER = struct.Struct("!HHHHHH")
_RECORD = struct.Struct("!HHIH")
_SIZES = {A: 4, AAAA: 16}
# A message of 64 KiB has room for more records; no site needs them.
_MOST_RECORDS = 1000


@dataclass(frozen=True, slots=True)
class DnsResponse:
    """A response: of which question, its code (RFC 6895), and the addresses in it."""

    ident: int
    question: bytes
    rcode: int
    truncated: bool
    addresses: tuple[str, ...]


def question(name: str, kind: int) -> bytes:
    """The question for records of `kind` of an ASCII name; the root is the empty name.

    ValueError for what is no name.
    """
    labels = name.split(".") if name else []
    if not all(0 < len(label) <= 63 for label in labels) or len(name) > 253:
        raise ValueError("a label is empty or too long")
    body = b"".join(bytes([len(label)]) + label.encode("ascii") for label in labels)
    return body.lower() + b"\0" + struct.pack("!HH", kind, 1)


def query(ident: int, asked: bytes) -> bytes:
    """A recursive query of one question."""
    return _HEADER.pack(ident, _RECURSION_DESIRED, 1, 0, 0, 0) + asked


def parse(packet: bytes) -> DnsResponse | None:
    """The response in `packet`; None for anything else."""
    try:
        return _parse(packet)
    except (struct.error, IndexError):
        return None


def _parse(packet: bytes) -> DnsResponse | None:
    ident, flags, questions, records, _, _ = _HEADER.unpack_from(packet)
    if not flags & _RESPONSE or questions > 1:
        return None
    at = _HEADER.size
    asked = b""
    if questions:
        end = _after_name(packet, at) + 4
        asked, at = packet[at : end - 4].lower() + packet[end - 4 : end], end
    truncated = bool(flags & _TRUNCATED)
    found = []
    try:
        for _ in range(min(records, _MOST_RECORDS)):
            at, address = _record(packet, at)
            if address is not None:
                found.append(address)
    except (struct.error, IndexError):
        if not truncated:
            raise
    return DnsResponse(ident, asked, flags & 0xF, truncated, tuple(found))


def _record(packet: bytes, at: int) -> tuple[int, str | None]:
    """Where the record at `at` ends, and the address that it holds."""
    at = _after_name(packet, at)
    kind, _, _, size = _RECORD.unpack_from(packet, at)
    at += _RECORD.size
    data = packet[at : at + size]
    if len(data) < size:
        raise IndexError("the record is longer than its message")
    if size != _SIZES.get(kind):
        return at + size, None
    return at + size, str(IPv4Address(data) if kind == A else IPv6Address(data))


def _after_name(packet: bytes, at: int) -> int:
    while (size := packet[at]) & 0xC0 == 0:
        at += 1 + size
        if size == 0:
            return at
    return at + 2  # a pointer ends the name
