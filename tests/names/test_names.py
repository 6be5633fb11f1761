"""Names are recognised as people write them, and near ones are suggested."""

from __future__ import annotations

import pytest

from supportops.names import near, recognised, suggestion

SITES = ("kestrel-hire", "Kestrel Homes", "bluebird-shop", "Straße 9")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Kestrel-Hire", "kestrel-hire"),
        ("  KESTREL   homes ", "Kestrel Homes"),
        ("strasse 9", "Straße 9"),
        ("kestrel hire", None),
        ("", None),
    ],
)
def test_case_and_spaces_do_not_count(written: str, meant: str | None) -> None:
    assert recognised(written, SITES) == meant


def test_of_two_names_that_fold_alike_the_one_written_so_is_meant() -> None:
    assert recognised("acme", ("Acme", "acme")) == "acme"
    assert recognised("ACME", ("Acme", "acme")) is None


@pytest.mark.parametrize("written", ["kestrel hire", "kestrelhire", "Kestrel_Hire", "kestral-hire"])
def test_near_names_are_suggested(written: str) -> None:
    assert near(written, SITES)[0] == "kestrel-hire"
    assert suggestion(written, SITES).startswith("did you mean kestrel-hire")


def test_nothing_is_suggested_for_a_name_like_no_other() -> None:
    assert suggestion("zebra", SITES) == ""
