"""What a page says, and words fit to be shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supportops.sites.check import Reason
from supportops.sites.probe.page import judge_text, one_line, text_of
from supportops.sites.site import Expectation


@given(st.text(max_size=500))
def test_a_line_is_one_printable_line(text: str) -> None:
    line = one_line(text)
    assert len(line) <= 200
    assert all(char.isprintable() for char in line)


def test_control_and_direction_marks_are_taken_out() -> None:
    assert one_line("a\x00b\x1b[31m\r\nc\u202ed\ufeff  e") == "ab[31m cd e"


@pytest.mark.parametrize(
    "charset", ["zip", "rot13", "idna", "hex", "undefined", "ü", "unicode_escape"]
)
def test_a_charset_that_is_none_reads_as_utf_8(charset: str) -> None:
    kind = f"text/html; charset={charset}".encode()
    assert text_of("Zoë".encode(), kind) == "Zoë"


def test_the_page_itself_may_name_its_charset() -> None:
    page = '<meta charset="iso-8859-1">Zoë'.encode("latin-1")
    assert "Zoë" in text_of(page, b"text/html")


@given(st.binary(max_size=300), st.binary(max_size=60))
def test_any_bytes_read_as_some_text(body: bytes, kind: bytes) -> None:
    assert isinstance(text_of(body, kind), str)


def test_a_forbidden_text_outweighs_a_missing_one() -> None:
    expect = Expectation(contains=("Welcome",), not_contains=("Fatal error",))
    reason, detail = judge_text(expect, "Fatal error on line 3", capped=False)
    assert (reason, detail) == (Reason.TEXT_FORBIDDEN, "found: Fatal error")


def test_text_beyond_the_cap_is_not_called_missing() -> None:
    expect = Expectation(contains=("Welcome",))
    assert judge_text(expect, "", capped=False)[0] is Reason.TEXT_MISSING
    assert judge_text(expect, "", capped=True)[0] is Reason.TEXT_BEYOND_CAP
    assert judge_text(expect, "Welcome", capped=True)[0] is Reason.OK
