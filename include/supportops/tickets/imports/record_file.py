"""Reads CSV, JSON and workbooks row by row; a bad row comes with its line and the reason."""

from __future__ import annotations

import codecs
import csv
import io
import json
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from supportops.files import open_file
from supportops.tickets.imports.file_form import ImportFault, form_of, formed, unpacked
from supportops.tickets.imports.header import (
    HEADER_WITHIN,
    Header,
    find_header,
    has_required,
    named,
)
from supportops.tickets.imports.json_array import JsonArray, JsonFault
from supportops.tickets.imports.mapping import FileFormat, ImportMapping, Record
from supportops.tickets.imports.workbook import MOST_ROWS, Workbook, open_workbook
from supportops.tickets.ticket import EventKind
from supportops.tickets.validation import UNSTORABLE

MAX_LINE = 2 * 1024 * 1024
LONGEST_CONTENT = 2_000
_FILE_ERRORS = (EOFError, OSError, UnicodeError, zlib.error)

Part = TypeVar("Part")


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
    """An open file; `size` is its length on disk in bytes, `done` how many of them are read.

    `mapping` names its form. `lacking` are the columns of the mapping that the file does not have,
    known once the rows are begun.
    """

    raw: BinaryIO
    text: io.TextIOWrapper | None
    size: int
    mapping: ImportMapping
    workbook: Workbook | None = None
    lacking: set[str] = field(default_factory=set)

    @property
    def done(self) -> int:
        """Bytes read so far, compressed ones in a gzipped file; of a workbook by its rows."""
        if self.workbook is not None:
            return round(self.size * self.workbook.part_done)
        return self.raw.tell()

    def rows(self) -> Iterator[GoodRow | BadRow]:
        """Every row, in the file's order. Raises ImportFault before the first."""
        mapping = self.mapping
        if self.workbook is not None:
            header = find_header(self.workbook.first_rows(), mapping, self.lacking)
            return self._of_workbook(self.workbook, header)
        assert self.text is not None
        if mapping.format is FileFormat.JSON:
            return _rows_of_array(JsonArray(self.text), mapping)
        lines = _Lines(self.text)
        if mapping.format is FileFormat.JSON_LINES:
            return _rows(lines, lines, partial(_json_row, mapping))
        reader = csv.reader(lines, delimiter=mapping.delimiter, strict=True)
        header, pushed = _header(reader, lines, mapping, self.lacking)
        first = iter(pushed)
        return _rows(lines, chain_rows(first, reader), partial(_csv_row, mapping, header.names))

    def _of_workbook(self, book: Workbook, header: Header) -> Iterator[GoodRow | BadRow]:
        for line, cells in book.rows_after(header.place):
            # A workbook leaves out the empty cells at the end of a row.
            cells += [""] * (len(header.names) - len(cells))
            found = _csv_row(self.mapping, header.names, line, cells)
            if found is not None:
                yield found
        if book.goes_on:
            yield BadRow(MOST_ROWS + 1, f"a row after the {MOST_ROWS:,} that a sheet has", "")


@contextmanager
def open_records(path: Path, mapping: ImportMapping) -> Iterator[RecordFile]:
    """Opens the file at `path`; its form is guessed where `mapping` does not name it.

    Raises ImportFault where it cannot be read.
    """
    mapping = formed(mapping, form_of(path, mapping))
    try:
        codecs.lookup(mapping.encoding)
        raw = open_file(path)
    except (OSError, LookupError) as error:
        raise ImportFault(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    with raw:
        size = path.stat().st_size
        if mapping.format is FileFormat.XLSX:
            with open_workbook(raw, mapping) as workbook:
                yield RecordFile(raw, None, size, mapping, workbook)
            return
        # Undecodable bytes become surrogates, so that only their own row is rejected.
        with io.TextIOWrapper(
            unpacked(raw), mapping.encoding, errors="surrogateescape", newline=""
        ) as text:
            yield RecordFile(raw, text, size, mapping)


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


def _header(
    reader: Iterator[list[str]], lines: _Lines, mapping: ImportMapping, lacking: set[str]
) -> tuple[Header, list[list[str]]]:
    """The row of names, and the rows that were read after it on the way."""
    first: list[list[str]] = []
    try:
        for cells in islice(reader, HEADER_WITHIN):
            if not first and lines.number == 1 and _is_separator_line(cells):
                continue
            first.append(cells)
            if cells and has_required(cells, mapping):
                break
    except (*_FILE_ERRORS, csv.Error, _LongLineError) as error:
        if not first:
            raise ImportFault(f"its first line cannot be read: {_unreadable(error)}") from None
    header = find_header(first, mapping, lacking)
    return header, first[header.place + 1 :]


def _is_separator_line(cells: list[str]) -> bool:
    """Whether a first line only tells a spreadsheet the delimiter: `sep=;`."""
    return len(cells) <= 2 and cells[:1] != [] and cells[0].lstrip("\ufeff").lower()[:4] == "sep="


def chain_rows(first: Iterator[list[str]], rest: Iterator[list[str]]) -> Iterator[list[str]]:
    """`first` and then `rest`. It is no generator: `rest` may raise and go on."""
    return _Chained(first, rest)


class _Chained:
    def __init__(self, first: Iterator[list[str]], rest: Iterator[list[str]]) -> None:
        self._first, self._rest = first, rest

    def __iter__(self) -> _Chained:
        return self

    def __next__(self) -> list[str]:
        found = next(self._first, None)
        return next(self._rest) if found is None else found


def _rows_of_array(array: JsonArray, mapping: ImportMapping) -> Iterator[GoodRow | BadRow]:
    try:
        for line, found in array:
            yield _json_record(mapping, line, found, json.dumps(found, ensure_ascii=False))
    except JsonFault as error:
        yield BadRow(array.line, f"the file cannot be read from here on: {error}", "")
    except _FILE_ERRORS as error:
        reason = f"the file cannot be read from here on: {_unreadable(error)}"
        yield BadRow(array.line, reason, "")


def _csv_row(
    mapping: ImportMapping, names: list[str], line: int, cells: list[str]
) -> GoodRow | BadRow | None:
    if not cells:
        return None
    content = mapping.delimiter.join(cells)
    if len(cells) > len(names) and not any(cells[len(names) :]):
        cells = cells[: len(names)]
    if len(cells) != len(names):
        return _bad(line, f"{len(cells)} cells where the first line has {len(names)}", content)
    if (reason := _unreadable_characters(content, mapping)) is not None:
        return _bad(line, reason, content)
    missing, tags = mapping.missing, mapping.state.get(EventKind.TAGS)
    record: dict[str, str] = {}
    for name, cell in zip(names, cells, strict=True):
        if not cell or cell in missing:
            continue
        if name not in record:
            record[name] = cell
        elif tags is not None and name == tags.column:
            record[name] = f"{record[name]}{tags.separator}{cell}"
    return GoodRow(line, record, content)


def _json_row(mapping: ImportMapping, line: int, text: str) -> GoodRow | BadRow | None:
    content = text.strip()
    if not content:
        return None
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        return _bad(line, f"no JSON: {error}"[:200], content)
    return _json_record(mapping, line, found, content)


def _json_record(mapping: ImportMapping, line: int, found: Any, content: str) -> GoodRow | BadRow:
    if not isinstance(found, dict):
        return _bad(line, "no JSON object", content)
    record: dict[str, str] = {}
    found = named(found, mapping)
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
