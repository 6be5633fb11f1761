"""Queries and responses of DNS as bytes; whatever comes in, reading it ends and raises nothing."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supportops.sites.probe.dns.message import AAAA, A, parse, query, question

ASKED = question("shop.test", A)


def response(records: bytes = b"", count: int = 0, flags: int = 0x8180, ident: int = 7) -> bytes:
    return struct.pack("!HHHHHH", ident, flags, 1, count, 0, 0) + ASKED + records


def record(kind: int, data: bytes, name: bytes = b"\xc0\x0c") -> bytes:
    return name + struct.pack("!HHIH", kind, 1, 60, len(data)) + data


def test_a_query_is_the_header_and_the_question() -> None:
    assert query(0x1234, ASKED) == (
        b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04shop\x04test\x00\x00\x01\x00\x01"
    )


@pytest.mark.parametrize("name", ["a..b", ".a", "a.", "x" * 64, ".".join(["abcdefgh"] * 40)])
def test_what_is_no_name_cannot_be_asked_for(name: str) -> None:
    with pytest.raises(ValueError, match="label"):
        question(name, A)


def test_addresses_are_read_behind_aliases_of_any_name() -> None:
    alias = record(5, b"\x03www\xc0\x0c")
    rows = alias + record(A, b"\x7f\0\0\1", b"\x03www\xc0\x0c") + record(A, b"\x7f\0\0\2")
    found = parse(response(rows, 3))
    assert found is not None
    assert found.addresses == ("127.0.0.1", "127.0.0.2")
    assert (found.ident, found.question, found.rcode, found.truncated) == (7, ASKED, 0, False)


def test_records_of_a_wrong_size_are_no_addresses() -> None:
    found = parse(response(record(A, b"\x7f\0\0") + record(AAAA, b"\0" * 4), 2))
    assert found is not None
    assert found.addresses == ()


def test_a_cut_response_has_what_came_before_the_cut() -> None:
    rows = record(A, b"\x7f\0\0\1") + record(A, b"\x7f\0\0\2")[:-2]
    found = parse(response(rows, 2, 0x8380))
    assert found is not None
    assert (found.truncated, found.addresses) == (True, ("127.0.0.1",))
    assert parse(response(rows, 2)) is None


def test_a_query_is_no_response() -> None:
    assert parse(query(7, ASKED)) is None


def test_the_case_of_a_name_is_of_no_importance() -> None:
    packet = response().replace(b"shop", b"ShOp")
    found = parse(packet)
    assert found is not None
    assert found.question == ASKED


@given(st.binary(max_size=200), st.integers(0, 65535))
def test_noise_raises_nothing(noise: bytes, count: int) -> None:
    parse(noise)
    parse(response(noise, count))
