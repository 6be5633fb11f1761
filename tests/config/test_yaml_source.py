"""YAML that is wrong, endless, deep or strange is a fault with a place, and never a crash."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supportops.config import yaml_source
from supportops.config.yaml_source import ConfigurationError, Fault, read, show_path


def faults(tmp_path: Path, text: str | bytes) -> list[Fault]:
    path = tmp_path / "file.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigurationError) as error:
        read(path)
    return list(error.value.faults)


def test_data_and_the_line_of_every_key(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text("a: 1\nb:\n  - x\n  - {c: 2}\n")
    source = read(path)
    assert source.data == {"a": 1, "b": ["x", {"c": 2}]}
    assert [source.line(p) for p in [("a",), ("b", 1, "c"), ("b", 0), ("b", 7, "z")]] == [
        1,
        4,
        3,
        2,
    ]


def test_dates_become_texts_as_values_and_as_keys(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text("2026-12-24: 2026-12-01T22:00:00+01:00\n")
    assert read(path).data == {"2026-12-24": "2026-12-01T22:00:00+01:00"}


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read(path).data == {"a": 1}


def test_every_key_that_stands_twice_is_told_with_its_line(tmp_path: Path) -> None:
    found = faults(tmp_path, "a: 1\nb: {c: 1, c: 2}\na: 3\n")
    assert [(f.line, f.path, f.found) for f in found] == [
        (2, "b.c", "the key twice"),
        (3, "a", "the key twice"),
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: b: c", 1),
        ("a: [1\nb: 2", 2),
        ("a: 1\n\tb: 2", 2),
        ("a: *nobody", 1),
        ("a: 1\n---\nb: 2", 2),
        ("? [a]\n: b", 1),
        ("a: 'x", 1),
        ("a: 1\nb: \x07", 2),
    ],
)
def test_broken_syntax_has_its_line(tmp_path: Path, text: str, line: int) -> None:
    (fault,) = faults(tmp_path, text)
    assert (fault.line, fault.expected) == (line, "YAML")
    assert not fault.found.startswith("found")


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGES = "a: &a {k: v}\n" + "".join(
    f"{new}: &{new}\n  <<: [{', '.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefghij", "bcdefghijk", strict=True)
)


@pytest.mark.parametrize(
    "text",
    [BOMB, MERGES, "a: &a [*a]", "[" * 100_000, "{a: " * 50_000, "- " * 50_000, "[\n" * 900 + "x"],
    ids=["aliases", "merges", "itself", "brackets", "braces", "dashes", "lines"],
)
def test_a_small_file_that_means_too_much_is_refused(tmp_path: Path, text: str) -> None:
    (fault,) = faults(tmp_path, text)
    assert fault.expected == "a tree"


@pytest.mark.parametrize(
    "value",
    [
        '"\\0"',
        '"\\ud800"',
        "!!binary aGk=",
        "!!set {b}",
        ".nan",
        "-.inf",
        "!!python/name:os.system x",
    ],
)
def test_what_no_store_can_hold_is_refused_where_it_stands(tmp_path: Path, value: str) -> None:
    (fault,) = faults(tmp_path, f"x: 1\na: {value}\n")
    assert fault.line == 2


def test_a_file_that_is_missing_too_big_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such file"):
        read(tmp_path / "none.yaml")
    with pytest.raises(ConfigurationError, match="readable"):
        read(tmp_path)
    assert faults(tmp_path, b"a: \xff")[0].expected == "a readable UTF-8 file"
    assert faults(tmp_path, b"#" * (yaml_source.MAX_BYTES + 1))[0].expected == "a smaller file"


def test_a_hostile_key_stays_on_one_line() -> None:
    assert show_path(("a", 2, "b\nc", "\x1b[1m", "d")) == "a[2].b\\nc.\\x1b[1m.d"


@given(st.text(max_size=60))
def test_no_text_makes_it_raise_anything_else(tmp_path_factory, text: str) -> None:
    path = tmp_path_factory.mktemp("any") / "file.yaml"
    path.write_bytes(text.encode("utf-8", "replace"))
    told: list[Fault] = []
    try:
        read(path)
    except ConfigurationError as error:
        told += error.faults
    assert not any("\n" in str(fault) for fault in told)
