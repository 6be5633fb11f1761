"""Bytes as text, text without markup, and patterns: right, and bounded whatever the page holds."""

from __future__ import annotations

from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supportops.sites.probe.body.charset import codec_of, decode
from supportops.sites.probe.body.content_coding import BodyDecoder, UndecodableError
from supportops.sites.probe.body.pattern import BadPatternError, check_pattern, found_in
from supportops.sites.probe.body.visible_text import visible_text


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        (" UTF8 ", "utf-8"),
        ("latin1", "cp1252"),
        ("us-ascii", "cp1252"),
        ("iso-8859-9", "cp1254"),
        ("x-sjis", "cp932"),
        ("utf-16", "utf-16-le"),
        ("gb2312", "gb18030"),
        ("utf-7", None),
        ("cp437", None),
        ("", None),
        ("rot13", None),
    ],
)
def test_labels_are_those_of_the_encoding_standard(label: str, codec: str | None) -> None:
    assert codec_of(label) == codec


def test_text_that_is_cut_in_a_character_is_still_utf_8() -> None:
    assert decode("añ€".encode()[:-1], b"") == "añ"


def test_an_encoding_that_hides_text_shows_none() -> None:
    assert decode(b"hello", b"text/html; charset=iso-2022-kr") == "\ufffd"


def test_an_xml_declaration_names_the_encoding() -> None:
    assert "Zoë" in decode("<?xml version='1.0' encoding='latin1'?>Zoë".encode("latin-1"), b"")


@given(st.binary(max_size=400), st.binary(max_size=60))
def test_any_bytes_are_some_text(body: bytes, kind: bytes) -> None:
    assert isinstance(visible_text(decode(body, kind)), str)


@given(
    st.binary(max_size=400), st.sampled_from([b"gzip", b"deflate", b"gzip, deflate", b"br", b""])
)
def test_any_bytes_are_decoded_or_refused(body: bytes, coding: bytes) -> None:
    decoder = BodyDecoder(coding)
    try:
        assert len(decoder.feed(body, 100)) <= max(100, len(body))
    except UndecodableError:
        return
    assert decoder.is_complete in {True, False}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>Hello&nbsp; <b>wor</b>ld</p>", "Hello world"),
        ("a<br>b<td>c", "a b c"),
        ("3 < 4 &amp; 5 > 4", "3 < 4 & 5 > 4"),
        ('<a title="x > y">z</a>', "z"),
        ("a<!-- b --> c<script>d</script><style>e</style> f", "a c f"),
        ("a<script>never closed", "a"),
        ("&lt;b&gt;", "<b>"),
        ("<svg><text>no</text></svg>yes", "yes"),
        ("<div", ""),
        ("", ""),
    ],
)
def test_markup_is_no_text(source: str, text: str) -> None:
    assert visible_text(source) == text


@pytest.mark.parametrize(
    "piece",
    ["<", "<a ", '<a "', "<a '\"", "<!--", "<script>", "<script/>", "&", "&#1", "</", "<p>"],
)
def test_a_hostile_page_of_a_mebibyte_costs_little(piece: str) -> None:
    page = piece * (1024 * 1024 // len(piece))
    begun = monotonic()
    visible_text(page)
    assert monotonic() - begun < 10


@pytest.mark.parametrize(
    "pattern", ["(a+)+b", "(a|a)*c", r"[\w\s]{0,199}q", r"(\w{1,14}\s?){1,13}z"]
)
def test_no_page_makes_a_pattern_run_for_long(pattern: str) -> None:
    check_pattern(pattern)
    begun = monotonic()
    assert not found_in(pattern, "a" * 1024 * 1024)
    assert monotonic() - begun < 20


@given(st.text(max_size=210))
def test_any_pattern_is_usable_or_refused(pattern: str) -> None:
    try:
        check_pattern(pattern)
    except BadPatternError:
        return
    found_in(pattern, "some text of a page")
