"""What a spreadsheet would compute is text."""

from __future__ import annotations

import csv
import re
from io import StringIO

import pytest

from supportops.rendering.formulas import never_formula


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", " =1", "\u00a0=1", "\tx", "\rx", "\uff1d1+1", "\uff201"]
)
def test_a_formula_is_marked_as_text(text: str) -> None:
    assert never_formula(text) == f"'{text}"


@pytest.mark.parametrize(
    "text",
    [
        "a;=cmd|'/C calc'!A0;b",
        "a; =1",
        'a;"=1";',
        "a;=1;+1;\t@x",
        "\t=1",
        "a\n=1",
        "a\r\n-1",
        "=1;=2",
        "a;\uff1d1",
        ";;=1",
    ],
)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_no_cell_is_a_formula_whichever_sign_separates_them(text: str, separator: str) -> None:
    """As a spreadsheet of another country cuts the lines, with or without an eye for quotes."""
    written = StringIO(newline="")
    csv.writer(written).writerow(["7", never_formula(text), "x"])
    for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
        lines = StringIO(written.getvalue(), newline="")
        for row in csv.reader(lines, delimiter=separator, quoting=quoting):
            assert not any(re.match(r"[\s\"]*[=+@\uff1d-]", cell) for cell in row), row


@pytest.mark.parametrize("text", ["", "plain", "a=b", "1-2", "'=1", "a; b=c", "a;b-c"])
def test_what_is_none_stays_as_it_is(text: str) -> None:
    assert never_formula(text) == text
