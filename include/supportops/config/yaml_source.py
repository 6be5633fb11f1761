"""YAML as data that knows its lines: duplicate keys and syntax errors are faults with a place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Any

import yaml

KeyPath = tuple[str | int, ...]
MAX_BYTES = 8 * 1024 * 1024
MAX_NODES = 1_000_000


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a configuration file: where, what was found, what was expected."""

    file: str
    line: int | None
    path: str
    found: str
    expected: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        key = f" {self.path}" if self.path else ""
        return f"{place}{key}: found {self.found}, expected {self.expected}"


class ConfigurationError(ValueError):
    """A configuration that cannot be used; `faults` lists all of it at once."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))


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


def read(path: Path) -> Source:
    """The file as data with lines. Raises ConfigurationError with every fault of its syntax."""
    name = path.name
    try:
        text = path.read_bytes()[: MAX_BYTES + 1].decode("utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except FileNotFoundError:
        raise ConfigurationError(
            (Fault(name, None, "", "no such file", f"a file in {path.parent}"),)
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            (Fault(name, None, "", str(error), "a readable UTF-8 file"),)
        ) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ConfigurationError((_syntax_fault(name, error),)) from None
    lines: dict[KeyPath, int] = {}
    faults: list[Fault] = []
    try:
        if node is not None:
            _walk(node, (), lines, faults, name)
    except (RecursionError, OverflowError):
        faults = [Fault(name, None, "", "a file that contains itself over and over", "a tree")]
    if faults:
        raise ConfigurationError(tuple(faults))
    return Source(plain(data), lines)


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
        shown += f"[{part}]" if isinstance(part, int) else f".{part}" if shown else str(part)
    return shown


def _syntax_fault(name: str, error: Exception) -> Fault:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark is not None else None
    problem = getattr(error, "problem", None) or str(error) or type(error).__name__
    return Fault(name, line, "", str(problem), "YAML")


def _walk(
    node: yaml.Node,
    path: KeyPath,
    lines: dict[KeyPath, int],
    faults: list[Fault],
    name: str,
) -> None:
    lines.setdefault(path, node.start_mark.line + 1)
    if len(lines) > MAX_NODES:
        raise OverflowError
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _walk(item, (*path, index), lines, faults, name)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            inner = (*path, str(key.value))
            lines[inner] = key.start_mark.line + 1
            if str(key.value) in seen:
                line = key.start_mark.line + 1
                faults.append(Fault(name, line, show_path(inner), "the key twice", "it once"))
            seen.add(str(key.value))
            _walk(value, inner, lines, faults, name)
