"""What is expected of a page, and the caps on what is read of it."""

from __future__ import annotations

import gzip
import zlib
from contextlib import ExitStack
from datetime import timedelta

import pytest

from sites.probing import OK, probe_one
from sites.servers import (
    answer,
    drips,
    floods,
    server,
)
from supportops.sites.check import Reason, State
from supportops.sites.site import Expectation


@pytest.mark.parametrize("status", ["404 Not Found", "500 Oops", "503 Busy", "204 Empty"])
def test_an_unexpected_status_has_its_own_reason(running: ExitStack, status: str) -> None:
    site = running.enter_context(server(answer(b"", status=status)))
    result = probe_one(site.url(), expect=Expectation(status=((200, 200),)))
    assert (result.reason, result.status) == (Reason.STATUS, int(status[:3]))


def test_a_wrong_status_with_an_endless_body_ends_at_once(running: ExitStack) -> None:
    site = running.enter_context(server(drips(b"HTTP/1.1 500 Oops\r\n\r\n", b"x")))
    result = probe_one(site.url(), deadline=60)
    assert (result.reason, result.status) == (Reason.STATUS, 500)


def test_a_page_packed_by_brotli_is_read(running: ExitStack) -> None:
    hello = b"\x0b\x02\x80hello\x03"
    site = running.enter_context(server(answer(hello, headers={"Content-Encoding": "br"})))
    assert probe_one(site.url(), expect=Expectation(contains=("hello",))).reason is Reason.OK


@pytest.mark.parametrize("encoding", ["identity", "gzip", "deflate"])
def test_text_is_found_however_it_was_packed(running: ExitStack, encoding: str) -> None:
    plain = b"<html>Opening hours: 9-17</html>" * 50
    packed = {"gzip": gzip.compress(plain), "deflate": zlib.compress(plain)}.get(encoding, plain)
    site = running.enter_context(server(answer(packed, headers={"Content-Encoding": encoding})))
    good = probe_one(site.url(), expect=Expectation(contains=("Opening hours",)))
    assert (good.reason, good.bytes) == (Reason.OK, len(packed))
    missing = probe_one(site.url(), expect=Expectation(contains=("Closed",)))
    assert (missing.reason, missing.detail) == (Reason.TEXT_MISSING, "not found: Closed")
    forbidden = probe_one(site.url(), expect=Expectation(not_contains=("9-17",)))
    assert forbidden.reason is Reason.TEXT_FORBIDDEN


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "utf-16", "no-such-charset"])
def test_text_is_read_in_the_charset_of_the_page(running: ExitStack, charset: str) -> None:
    codec = "utf-8" if charset == "no-such-charset" else charset
    head = {"Content-Type": f"text/html; charset={charset}"}
    site = running.enter_context(server(answer("Café Zoë".encode(codec), headers=head)))
    assert probe_one(site.url(), expect=Expectation(contains=("Café Zoë",))).reason is Reason.OK


def test_a_body_that_does_not_fit_its_encoding_has_its_own_reason(running: ExitStack) -> None:
    site = running.enter_context(server(answer(b"no gzip", headers={"Content-Encoding": "gzip"})))
    assert probe_one(site.url()).reason is Reason.ENCODING


def test_an_encoding_that_nobody_knows_is_none_as_it_is_to_browsers(running: ExitStack) -> None:
    site = running.enter_context(server(answer(b"hi", headers={"Content-Encoding": "rot13"})))
    assert probe_one(site.url(), expect=Expectation(contains=("hi",))).reason is Reason.OK


def test_slower_than_its_ceiling_is_slow(running: ExitStack) -> None:
    site = running.enter_context(server(drips(OK + b"Content-Length: 3\r\n\r\n", b"x", 0.1)))
    result = probe_one(site.url(), expect=Expectation(latency=timedelta(milliseconds=50)))
    assert (result.state, result.reason, result.status) == (State.DOWN, Reason.SLOW, 200)


def test_a_gzip_bomb_is_opened_no_further_than_the_cap(running: ExitStack) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = b"\0" * 1_000_000
    bomb = b"".join(packer.compress(zeros) for _ in range(100)) + packer.flush()
    site = running.enter_context(server(answer(bomb, headers={"Content-Encoding": "gzip"})))
    assert probe_one(site.url()).reason is Reason.OK
    result = probe_one(site.url(), expect=Expectation(contains=("text",)))
    assert result.reason is Reason.TEXT_BEYOND_CAP
    assert result.bytes < 100_000


def test_an_endless_body_ends_at_the_cap(running: ExitStack) -> None:
    site = running.enter_context(server(floods(OK + b"\r\n", b"x" * 65536)))
    found = probe_one(site.url(), deadline=60, expect=Expectation(contains=("xxx",)))
    assert found.reason is Reason.OK
    missing = probe_one(site.url(), deadline=60, expect=Expectation(contains=("needle",)))
    assert missing.reason is Reason.TEXT_BEYOND_CAP
    assert missing.bytes < 2 * 1024 * 1024


def test_an_encoded_body_that_never_decodes_to_anything_ends_at_the_wire_cap(
    running: ExitStack,
) -> None:
    nothing = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = nothing.compress(b"")
    empty_blocks = b"\x00\x00\x00\xff\xff" * 10_000
    start = OK + b"Content-Encoding: gzip\r\n\r\n" + head
    site = running.enter_context(server(floods(start, empty_blocks)))
    result = probe_one(site.url(), deadline=60, expect=Expectation(contains=("needle",)))
    assert result.reason is Reason.TEXT_BEYOND_CAP


def test_text_on_a_page_of_exactly_the_cap_is_missing_not_beyond_it(running: ExitStack) -> None:
    site = running.enter_context(server(answer(b"x" * 1024 * 1024)))
    result = probe_one(site.url(), expect=Expectation(contains=("needle",)))
    assert (result.reason, result.bytes) == (Reason.TEXT_MISSING, 1024 * 1024)


def test_an_endless_body_in_crumbs_ends_at_a_cap(running: ExitStack) -> None:
    head = OK + b"Transfer-Encoding: chunked\r\n\r\n"
    site = running.enter_context(server(floods(head, b"1\r\nx\r\n" * 1000)))
    result = probe_one(site.url(), deadline=60, expect=Expectation(contains=("needle",)))
    assert result.reason is Reason.TEXT_BEYOND_CAP
    assert result.bytes < 100_000


def test_endless_headers_end_at_a_cap(running: ExitStack) -> None:
    site = running.enter_context(server(floods(OK, b"X-Noise: " + b"n" * 1000 + b"\r\n")))
    assert probe_one(site.url(), deadline=60).reason is Reason.INVALID_HTTP


def test_interim_answers_without_end_end_at_a_cap(running: ExitStack) -> None:
    site = running.enter_context(server(floods(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100)))
    assert probe_one(site.url(), deadline=60).reason is Reason.INVALID_HTTP


def test_one_endless_header_ends_at_a_cap(running: ExitStack) -> None:
    site = running.enter_context(server(floods(OK + b"X: ", b"n" * 65536)))
    assert probe_one(site.url(), deadline=60).reason is Reason.INVALID_HTTP
