"""Plain YAML read in one pass is what the tree of its nodes says; all else is left to the tree."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from supportops.config import yaml_source
from supportops.config.basics.yaml_data import NotPlainError, build
from supportops.config.yaml_source import ConfigurationError, Source, parse, parse_with_lines

ROOT = Path(__file__).parents[3]


def same(text: str) -> bool:
    """Whether the text is plain; if it is, both ways must give the same, in the same order."""
    try:
        found = build(text, yaml.CSafeLoader)
    except NotPlainError:
        return False
    assert repr(found) == repr(parse_with_lines("file.yaml", text).data)
    return True


def test_the_files_of_this_repository_are_plain_and_the_same_both_ways() -> None:
    paths = sorted((ROOT / "include").rglob("*.yaml"))
    assert paths
    assert [path for path in paths if not same(path.read_text())] == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n",
        "---\n",
        "a",
        "~",
        "[]",
        "{}",
        "a: \nb: ''",
        "a: {b: [1, 0x1F, 0o7, 017, 1_000, 1e3, 1.5, 22:00, 1:2:3.5, -3]}",
        "a: [yes, No, on, OFF, true, ~, null, Null, y, '=', '<<', \"yes\", '1', '2026-12-24']",
        "a: [2026-12-24, 2026-12-24T10:00:00Z, 2026-12-24 10:00:00.5 +01:00, 2026-1-2]",
        "2026-12-24: 1\n'2026-12-25': 2",
        "a: |\n  text\n  more\nb: >\n  folded\n  text\n",
        "a:\n- b\n- - c\n  - d\n- e: f\n  g: h\n",
        '"a b": "\\u00e9\\t"\nc: "\U0001f600"',
        "%YAML 1.1\n---\na: 1\n...\n",
    ],
)
def test_plain_texts_are_the_same_both_ways(text: str) -> None:
    assert same(text)


@pytest.mark.parametrize(
    "text",
    [
        *("a: &b 1", "a: &b [1]\nc: *b", "a: !!str 1", "a: ! 1", "a: !!set {b}", "<<: {a: 1}"),
        *("1: a", "yes: a", "~: a", "? [a]\n: b", "a: 1\na: 2", "1: a\n'1': b", "=: a"),
        *("a: .inf", "a: -.Inf", "a: .nan", 'a: "\\0"', 'a: "\\ud800"', "a: =", "a: 2026-13-45"),
        *("a: 1\n---\nb: 2", "a: [1", "a: 'x", "a: \x07", "2026-12-24T10:00:00Z: a"),
        "[" * 35 + "]" * 35,
    ],
)
def test_all_else_is_left_to_the_tree(text: str) -> None:
    with pytest.raises(NotPlainError):
        build(text, yaml.CSafeLoader)


KEYS = ("a", "'b'", "no", "7", "2026-12-24", "'2026-12-24'", "c d")
VALUES = ("x", "12", "'12'", "[a, 1.50, 2026-12-24]", "{a: 1}", "", "&z [1]", "*z", "!!int '3'")


def read_by(way: Callable[[str, str], Source], text: str) -> object:
    """The data and the lines, or the faults."""
    try:
        source = way("file.yaml", text)
    except ConfigurationError as error:
        return error.faults
    return repr(source.data), dict(source.lines)


@given(st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(VALUES)), max_size=6))
def test_mappings_of_any_parts_are_the_same_both_ways(parts: list[tuple[str, str]]) -> None:
    text = "\n".join(f"{key}: {value}" for key, value in parts)
    assert read_by(parse, text) == read_by(parse_with_lines, text)


def test_the_lines_of_a_plain_file_are_read_when_one_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def with_lines(name: str, text: str) -> Source:
        asked.append(name)
        return parse_with_lines(name, text)

    monkeypatch.setattr(yaml_source, "parse_with_lines", with_lines)
    source = parse("file.yaml", "a: 1\nb:\n  - c\n")
    assert asked == []
    assert [source.line(path) for path in product(("a", "b", "d"), repeat=1)] == [1, 2, 1]
    assert (source.line(("b", 0)), len(source.lines), asked) == (3, 4, ["file.yaml"])
