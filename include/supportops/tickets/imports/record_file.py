"""Reads CSV and JSON lines, plain or gzipped, row by row; a bad row comes with line and reason."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

from supportops.files import open_file
from supportops.tickets.imports.mapping import FileFormat, ImportMapping, Record
from supportops.tickets.validation import UNSTORABLE

MAX_LINE = 2 * 1024 * 1024
LONGEST_CONTENT = 2_000
_GZIP = b"\x1f\x8b"
_FILE_ERRORS = (EOFError, OSError, zlib.error)

Part = TypeVar("Part")


class ImportFault(ValueError):
    """A file of which nothing can be imported: missing, empty, or without the required columns."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be imported: its first line (from 1), why, and its first characters."""

    line: int
    reason: str
    content: str


@dataclass(frozen=True, slots=True)
class GoodRow:
    """A row as text by column; empty cells are left out."""

    line: int
    record: Record
    content: str


@dataclass(frozen=True, slots=True)
class RecordFile:
    """An open file; `size` is its length on disk in bytes, `done` how many of them are read."""

    raw: BinaryIO
    text: io.TextIOWrapper
    size: int
    mapping: ImportMapping

    @property
    def done(self) -> int:
        """Bytes read so far, compressed ones in a gzipped file."""
        return self.raw.tell()

    def rows(self) -> Iterator[GoodRow | BadRow]:
        """Every row, in the file's order. Raises ImportFault before the first."""
        lines, mapping = _Lines(self.text), self.mapping
        if mapping.format is FileFormat.JSON_LINES:
            return _rows(lines, lines, partial(_json_row, mapping))
        reader = csv.reader(lines, delimiter=mapping.delimiter, strict=True)
        return _rows(lines, reader, partial(_csv_row, mapping, _header(reader, mapping)))


@contextmanager
def open_records(path: Path, mapping: ImportMapping) -> Iterator[RecordFile]:
    """Opens the file at `path`. Raises ImportFault where it cannot be read."""
    try:
        codecs.lookup(mapping.encoding)
        raw = open_file(path)
    except (OSError, LookupError) as error:
        raise ImportFault(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    with raw:
        unpacked = _unpacked(raw)
        # Undecodable bytes become surrogates, so that only their own row is rejected.
        with io.TextIOWrapper(
            unpacked, mapping.encoding, errors="surrogateescape", newline=""
        ) as text:
            yield RecordFile(raw, text, path.stat().st_size, mapping)


def _unpacked(raw: BinaryIO) -> BinaryIO:
    packed = raw.read(2) == _GZIP
    raw.seek(0)
    return cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if packed else raw


class _LongLineError(Exception):
    """A line longer than MAX_LINE characters."""


class _Lines:
    """The lines of a file; too long a one raises, and the next call continues after it.

    It is not a generator, since a generator that has raised is at its end.
    """

    def __init__(self, file: io.TextIOWrapper) -> None:
        self._file = file
        self.number = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._file.readline(MAX_LINE)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) == MAX_LINE and not line.endswith("\n"):
            while (rest := self._file.readline(MAX_LINE)) and not rest.endswith("\n"):
                pass
            raise _LongLineError
        return line


def _rows(
    lines: _Lines, parts: Iterator[Part], row: Callable[[int, Part], GoodRow | BadRow | None]
) -> Iterator[GoodRow | BadRow]:
    """The rows of a file's `parts`, each read from one or more of `lines`; blank ones left out."""
    while True:
        line = lines.number + 1
        try:
            part = next(parts)
        except StopIteration:
            return
        except _FILE_ERRORS as error:
            yield BadRow(line, f"the file cannot be read from here on: {_unreadable(error)}", "")
            return
        except (csv.Error, _LongLineError) as error:
            yield BadRow(line, _unreadable(error), "")
            continue
        found = row(line, part)
        if found is not None:
            yield found


def _header(reader: Iterator[list[str]], mapping: ImportMapping) -> list[str]:
    try:
        names = [name.strip() for name in next(reader, [])]
    except (*_FILE_ERRORS, csv.Error, _LongLineError) as error:
        raise ImportFault(f"its first line cannot be read: {_unreadable(error)}") from None
    if not names:
        raise ImportFault("the file is empty")
    missing = sorted(mapping.columns - set(names))
    if missing:
        found = ", ".join(names)[:300]
        raise ImportFault(f"no column {', '.join(missing)}; the file has {found}")
    twice = sorted(name for name in mapping.columns if names.count(name) > 1)
    if twice:
        raise ImportFault(f"the column {', '.join(twice)} stands there twice")
    return names


def _csv_row(
    mapping: ImportMapping, names: list[str], line: int, cells: list[str]
) -> GoodRow | BadRow | None:
    if not cells:
        return None
    content = mapping.delimiter.join(cells)
    if len(cells) != len(names):
        return _bad(line, f"{len(cells)} cells where the first line has {len(names)}", content)
    if (reason := _unreadable_characters(content, mapping)) is not None:
        return _bad(line, reason, content)
    missing = mapping.missing
    record = {
        name: cell for name, cell in zip(names, cells, strict=True) if cell and cell not in missing
    }
    return GoodRow(line, record, content)


def _json_row(mapping: ImportMapping, line: int, text: str) -> GoodRow | BadRow | None:
    content = text.strip()
    if not content:
        return None
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        return _bad(line, f"no JSON: {error}"[:200], content)
    if not isinstance(found, dict):
        return _bad(line, "no JSON object", content)
    record: dict[str, str] = {}
    for name in mapping.columns & found.keys():
        word = _word(found[name])
        if word is None:
            return _bad(line, f"{name}: a text, number or list of texts belongs here", content)
        if (reason := _unreadable_characters(word, mapping)) is not None:
            return _bad(line, reason, content)
        if word and word not in mapping.missing:
            record[name] = word
    return GoodRow(line, record, content)


def _word(value: Any) -> str | None:
    """A JSON value as a cell: lists joined by commas, null as empty; None for an object."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, list) and all(isinstance(item, str | int) for item in value):
        return ",".join(str(item) for item in value)
    return None


def _unreadable_characters(content: str, mapping: ImportMapping) -> str | None:
    if content.isascii() and "\0" not in content:
        return None
    found = UNSTORABLE.search(content)
    if found is None:
        return None
    return "a NUL character" if found[0] == "\0" else f"bytes that are no {mapping.encoding}"


def _unreadable(error: BaseException) -> str:
    if isinstance(error, _LongLineError):
        return f"a line of more than {MAX_LINE >> 20} MiB"
    if isinstance(error, EOFError):
        return "it ends in the middle of compressed data"
    return (str(error) or type(error).__name__)[:200]


def _bad(line: int, reason: str, content: str) -> BadRow:
    return BadRow(line, reason, content[:LONGEST_CONTENT])
