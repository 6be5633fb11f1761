"""The licences of what ships: known ones, none of which obliges the agency to publish its code."""

from __future__ import annotations

import pytest

from supportops.local.supply.licenses import (
    ASSETS,
    PAGE,
    REASONS,
    ROOT,
    Licensed,
    licensed,
    locked,
    page,
    refused,
)


def test_nothing_that_ships_is_under_the_gpl_or_an_unknown_licence() -> None:
    packages = list(licensed(locked()))
    assert len(packages) > 150
    assert refused(packages) == []
    assert {each.name for each in packages if each.reason} == set(REASONS)


def test_the_page_says_what_is_installed() -> None:
    written = PAGE.read_text(encoding="utf-8")
    lines = set(written.splitlines())
    missing = [each for each in page(list(licensed(locked()))).splitlines() if each not in lines]
    assert missing == [], "run `make licenses`"
    listed = {line.split(" | ")[0].removeprefix("| ") for line in lines if line.startswith("| ")}
    assert listed - {"package", "file", *(f"`{name}`" for name, _, _ in ASSETS)} <= set(locked())


@pytest.mark.parametrize("name", [name for name, _, _ in ASSETS])
def test_a_file_of_others_is_there_with_its_licence(name: str) -> None:
    (found,) = (ROOT / "include").rglob(name)
    assert any("LICENSE" in each.name or "NOTICE" in each.name for each in found.parent.iterdir())


@pytest.mark.parametrize(
    ("licence", "free"),
    [
        ("MIT", True),
        ("Apache-2.0 AND BSD-2-Clause", True),
        ("GPL-3.0-only", False),
        ("AGPL-3.0-or-later", False),
        ("LGPL-2.1-only OR MIT", False),
        ("MIT; GNU Affero General Public License v3", False),
        ("Proprietary", False),
        ("permitted", False),
        ("unknown", False),
        ("", False),
    ],
)
def test_only_a_known_licence_without_copyleft_needs_no_reason(licence: str, free: bool) -> None:
    assert (refused([Licensed("x", licence)]) == []) is free
    assert refused([Licensed("x", licence, "because")]) == []
