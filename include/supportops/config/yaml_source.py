"""YAML as data that knows its lines: duplicate keys and syntax errors are faults with a place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from supportops.config.basics.yaml_data import UNSTORABLE, NotPlainError, build
from supportops.files import open_file
from supportops.rendering.printable import printable

KeyPath = tuple[str | int, ...]
MAX_BYTES = 8 * 1024 * 1024
MAX_NODES = 1_000_000
MAX_DEPTH = 40

# The C library reads ten thousand sites in seconds, Python's own parser in most of a minute.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_KNOWN_TAGS = frozenset(
    _TAG + kind
    for kind in ("null", "bool", "int", "float", "str", "timestamp", "seq", "map", "merge")
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a configuration file: where, what was found, what was expected, and in
    `hint` what to do where that can be guessed."""

    file: str
    line: int | None
    path: str
    found: str
    expected: str
    hint: str = ""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        key = f" {self.path}" if self.path else ""
        hint = f"; {self.hint}" if self.hint else ""
        line = f"{place}{key}: found {self.found}, expected {self.expected}{hint}"
        return printable(line, also="")


class ConfigurationError(ValueError):
    """A configuration that cannot be used; `faults` lists all of it at once."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))


class MissingFileError(ConfigurationError):
    """There is no such file."""


@dataclass(frozen=True, slots=True)
class Source:
    """A parsed file: its data, and the line (from 1) of each key path."""

    data: Any
    lines: Mapping[KeyPath, int]

    def line(self, path: KeyPath) -> int | None:
        """The line of `path`, or of the nearest thing around it."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None


class _LinesOnDemand(Mapping[KeyPath, int]):
    """The lines of a file without faults of its syntax, read when the first is asked for."""

    def __init__(self, name: str, text: str) -> None:
        self._name, self._text = name, text

    @cached_property
    def _lines(self) -> Mapping[KeyPath, int]:
        return parse_with_lines(self._name, self._text).lines

    def __getitem__(self, path: KeyPath) -> int:
        return self._lines[path]

    def __iter__(self) -> Iterator[KeyPath]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)


def read(path: Path) -> Source:
    """The file as data with lines. Raises ConfigurationError with every fault of its syntax."""
    return parse(path.name, _text(path))


def parse(name: str, text: str) -> Source:
    """`text` as the content of a file called `name`. Raises as `read`.

    Plain files are read in one pass, and their lines only when something is wrong with them.
    """
    try:
        return Source(build(text, _Loader), _LinesOnDemand(name, text))
    except NotPlainError:
        return parse_with_lines(name, text)


def parse_with_lines(name: str, text: str) -> Source:
    """The same for any file, through the tree of its nodes."""
    lines: dict[KeyPath, int] = {}
    faults: list[Fault] = []
    loader = None
    try:
        _refuse_depths(text)
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is not None:
            # Walked before it is built: a small file can mean more than any memory holds.
            _walk(node, (), lines, faults, name)
        if faults:
            raise ConfigurationError(tuple(faults))
        data = None if node is None else loader.construct_document(node)
    except _EndlessError as error:
        fault = Fault(name, error.line, "", "a file that contains itself over and over", "a tree")
        raise ConfigurationError((fault,)) from None
    except (yaml.YAMLError, RecursionError, OverflowError, ValueError) as error:
        if isinstance(error, ConfigurationError):
            raise
        raise ConfigurationError((_syntax_fault(name, text, error),)) from None
    finally:
        if loader is not None:
            loader.dispose()
    return Source(plain(data), lines)


def _text(path: Path) -> str:
    try:
        with open_file(path) as file:
            written = file.read(MAX_BYTES + 1)
        if len(written) <= MAX_BYTES:
            return written.decode("utf-8-sig")
        found, expected = f"more than {MAX_BYTES >> 20} MiB", "a smaller file"
    except FileNotFoundError:
        if path.is_symlink():  # somebody put it there: it is not one that was left out
            fault = Fault(path.name, None, "", "a link to what is not there", "a file")
            raise ConfigurationError((fault,)) from None
        fault = Fault(path.name, None, "", "no such file", f"a file in {path.parent}")
        raise MissingFileError((fault,)) from None
    except (OSError, UnicodeDecodeError) as error:
        found, expected = getattr(error, "strerror", None) or str(error), "a readable UTF-8 file"
    except ValueError:
        found, expected = "a NUL in its name", "a file"
    raise ConfigurationError((Fault(path.name, None, "", found, expected),))


class _EndlessError(Exception):
    """A file whose aliases hold too much, or one another, or whose brackets never close."""

    def __init__(self, line: int | None = None) -> None:
        self.line = line


def _refuse_depths(text: str) -> None:
    """libyaml builds nodes by recursion in C, which ends in a crash and not in an error."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            mark = event.start_mark
            raise _EndlessError(None if mark is None else mark.line + 1)


def plain(value: Any) -> Any:
    """`value` in JSON's types: dates become ISO texts, as values and as keys."""
    if isinstance(value, dict):
        return {plain(key) if key is not None else "": plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, date | time):
        return value.isoformat()
    return value


def show_path(path: KeyPath) -> str:
    """`sites[2].url` for ("sites", 2, "url")."""
    shown = ""
    for part in path:
        key = str(part) if str(part).isprintable() else repr(part)[1:-1]
        shown += f"[{part}]" if isinstance(part, int) else f".{key}" if shown else key
    return shown


def _syntax_fault(name: str, text: str, error: Exception) -> Fault:
    mark, position = getattr(error, "problem_mark", None), getattr(error, "position", None)
    line = None
    if mark is not None:
        line = mark.line + 1
    elif isinstance(position, int):
        line = text.count("\n", 0, position) + 1
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    words = " ".join(str(problem or type(error).__name__).split())
    return Fault(name, line, "", words.removeprefix("found "), "YAML")


def _walk(
    node: yaml.Node,
    path: KeyPath,
    lines: dict[KeyPath, int],
    faults: list[Fault],
    name: str,
) -> None:
    lines.setdefault(path, node.start_mark.line + 1)
    if len(lines) > MAX_NODES or len(path) > MAX_DEPTH:
        raise _EndlessError(node.start_mark.line + 1)
    if (wrong := _wrong(node)) is not None:
        faults.append(Fault(name, node.start_mark.line + 1, show_path(path), *wrong))
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _walk(item, (*path, index), lines, faults, name)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            inner = (*path, str(key.value))
            lines[inner] = key.start_mark.line + 1
            if (wrong := _wrong(key)) is not None:
                faults.append(Fault(name, key.start_mark.line + 1, show_path(inner), *wrong))
            if str(key.value) in seen:
                line = key.start_mark.line + 1
                faults.append(Fault(name, line, show_path(inner), "the key twice", "it once"))
            seen.add(str(key.value))
            _walk(value, inner, lines, faults, name)


def _wrong(node: yaml.Node) -> tuple[str, str] | None:
    """What no store can hold, or no JSON say: found, and expected."""
    if node.tag not in _KNOWN_TAGS:
        return f"the type !{node.tag.removeprefix(_TAG)}"[:80], "a text, number, list or mapping"
    if isinstance(node, yaml.ScalarNode) and UNSTORABLE.search(node.value):
        return "NUL or half a character", "a text that can be stored"
    if node.tag == f"{_TAG}float" and node.value.lower().lstrip("+-") in (".inf", ".nan"):
        return node.value, "a number"
    return None
