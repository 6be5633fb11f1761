"""What a spreadsheet would compute is text."""

from __future__ import annotations

import pytest

from supportops.rendering.formulas import never_formula


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", " =1", "\u00a0=1", "\t=1", "\rx", "\uff1d1+1", "\uff201"]
)
def test_a_formula_is_marked_as_text(text: str) -> None:
    assert never_formula(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "plain", "a=b", "1-2", "'=1"])
def test_what_is_none_stays_as_it_is(text: str) -> None:
    assert never_formula(text) == text
