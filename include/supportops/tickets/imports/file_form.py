"""What a file is, by its first bytes: its format, encoding and delimiter, or why it cannot be read.

A file that is no table of tickets (an archive, a web page, a PDF) is refused in one sentence that
says what to do. Nothing of the file's bytes appears in it.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, cast

from supportops.files import open_file
from supportops.names import folded
from supportops.tickets.imports.instants import AUTO
from supportops.tickets.imports.mapping import FileFormat, ImportMapping

HEAD = 256 * 1024
UTF_8 = "utf-8-sig"
WESTERN = "cp1252"
DELIMITERS = (",", ";", "\t", "|")
DELIMITER_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
# What a workbook may grow to when it is unpacked, in bytes.
LARGEST_WORKBOOK = 4 * 2**30
# Rows of cells are packed ten to thirty times; what grows by more is made to fill a memory.
MOST_GROWTH = 200
_ALWAYS_FITS = 100 * 2**20
_GZIP, _ZIP = b"\x1f\x8b", b"PK"
_CHUNK = 1024 * 1024
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, UTF_8),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_REFUSED = (
    (b"%PDF", "it is a PDF; export the tickets as CSV or .xlsx"),
    (b"\xd0\xcf\x11\xe0", "it is an old Excel workbook (.xls) or one with a password; save it as "
     ".xlsx without a password, or as CSV"),
    (b"7z\xbc\xaf", "it is a 7z archive; unpack it and import the file in it"),
    (b"Rar!", "it is a RAR archive; unpack it and import the file in it"),
    (b"BZh", "it is compressed with bzip2; unpack it first"),
    (b"\xfd7zXZ", "it is compressed with xz; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "it is compressed with zstd; unpack it first"),
    (b"SQLite format 3", "it is a SQLite database; export its tickets as CSV"),
    (b"\x89PNG", "it is a picture; export the tickets as CSV or .xlsx"),
)  # fmt: skip
_WEB = re.compile(r"\s*<(?:!doctype\s+html|html|head|body|table|meta|script|div)\b", re.IGNORECASE)
_ARRAY = re.compile(r'\s*(?:\[|\{\s*"(?:[^"\\]|\\.)*"\s*:\s*\[)')


class ImportFault(ValueError):
    """A file of which nothing can be imported: missing, empty, or without the required columns."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a file is written, and which parts of that were guessed, in words."""

    format: FileFormat
    encoding: str
    delimiter: str
    guessed: tuple[str, ...] = ()


def formed(mapping: ImportMapping, form: Form) -> ImportMapping:
    """`mapping` for a file of this form."""
    return replace(mapping, format=form.format, encoding=form.encoding, delimiter=form.delimiter)


def form_of(path: Path, mapping: ImportMapping) -> Form:
    """The form of the file at `path`; what `mapping` names stands. Raises ImportFault."""
    head, packed = _head(path)
    if not head:
        raise ImportFault("the file is empty; export the tickets again")
    _refuse_other_files(head)
    if head.startswith(_ZIP):
        return _workbook(path, mapping, packed)
    if mapping.format is FileFormat.XLSX:
        raise ImportFault("it is no .xlsx workbook, and the mapping or --format says xlsx")
    guessed: list[str] = []
    encoding = _encoding(path, head, mapping.encoding, guessed)
    text = head.decode(encoding, errors="replace")
    if _WEB.match(text.lstrip("\ufeff")):
        raise ImportFault(
            "it is a web page, such as a login page or an .xls that is HTML; sign in, export the "
            "tickets again, and look at the file before importing it"
        )
    if text.lstrip("\ufeff \r\n\t").startswith("<?xml"):
        raise ImportFault("it is XML; export the tickets as CSV, .xlsx or JSON")
    if not text.strip("\ufeff \r\n\t"):
        raise ImportFault("the file is empty; export the tickets again")
    found = _format(text)
    chosen: FileFormat = FileFormat(mapping.format)
    if chosen is FileFormat.AUTO:
        chosen = found
        if found is not FileFormat.CSV:
            guessed.append("JSON array" if found is FileFormat.JSON else "JSON lines")
    elif chosen is FileFormat.CSV and found is not FileFormat.CSV and _is_json(text):
        raise ImportFault("it is JSON, and the mapping or --format says csv; leave format out")
    elif chosen in (FileFormat.JSON, FileFormat.JSON_LINES) and found is FileFormat.CSV:
        raise ImportFault(f"it is no JSON, and the mapping or --format says {chosen.value}")
    delimiter = mapping.delimiter
    if chosen is FileFormat.CSV and delimiter == AUTO:
        delimiter = _delimiter(text, mapping)
        guessed.append(f"cells are separated by {DELIMITER_NAMES.get(delimiter, repr(delimiter))}")
    return Form(chosen, encoding, "," if delimiter == AUTO else delimiter, tuple(guessed))


def unpacked(raw: BinaryIO) -> BinaryIO:
    """The file itself, or what is in it where it is compressed with gzip."""
    packed = raw.read(2) == _GZIP
    raw.seek(0)
    return cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if packed else raw


def _head(path: Path) -> tuple[bytes, bool]:
    try:
        raw = open_file(path)
    except OSError as error:
        advice = "; name a file in it" if path.is_dir() else ""
        raise ImportFault(f"{path}: {getattr(error, 'strerror', None) or error}{advice}") from None
    with raw:
        packed = raw.read(2) == _GZIP
        raw.seek(0)
        try:
            return unpacked(raw).read(HEAD), packed
        except (EOFError, OSError, zlib.error):
            return _begun(path), packed


def _begun(path: Path) -> bytes:
    """As much of a damaged gzip as can be read, at most HEAD bytes. Raises ImportFault for none."""
    with open_file(path) as raw:
        content = b""
        reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        try:
            while len(content) < HEAD and (chunk := raw.read(1024)):
                content += reader.decompress(chunk)
        except zlib.error as error:
            if not content:
                words = str(error)[:100]
                raise ImportFault(f"its first line cannot be read: {words}") from None
    return content


def _refuse_other_files(head: bytes) -> None:
    for begin, why in _REFUSED:
        if head.startswith(begin):
            raise ImportFault(why)


def _workbook(path: Path, mapping: ImportMapping, packed: bool) -> Form:
    if packed:
        raise ImportFault("it is a workbook or an archive within gzip; unpack it first")
    with open_file(path) as raw:
        try:
            with zipfile.ZipFile(raw) as archive:
                names = set(archive.namelist())
                size = sum(entry.file_size for entry in archive.infolist())
                packed_size = path.stat().st_size
        except (zipfile.BadZipFile, OSError, ValueError, RuntimeError):
            raise ImportFault(
                "it is a damaged .xlsx workbook or zip archive; export it again"
            ) from None
    if "xl/workbook.xml" not in names:
        if any(name.startswith("content.xml") for name in names):
            raise ImportFault("it is an OpenDocument file; save it as .xlsx or CSV")
        if "xl/workbook.bin" in names:
            raise ImportFault("it is a binary Excel workbook (.xlsb); save it as .xlsx or CSV")
        raise ImportFault("it is a zip archive; unpack it and import the file in it")
    if mapping.format not in (FileFormat.AUTO, FileFormat.XLSX):
        raise ImportFault(
            f"it is an Excel workbook (.xlsx), and the mapping or --format says "
            f"{mapping.format.value}; leave format out or give --format xlsx"
        )
    if size > LARGEST_WORKBOOK:
        raise ImportFault("the workbook unpacks to more than 4 GiB; export it in parts or as CSV")
    if size > max(_ALWAYS_FITS, MOST_GROWTH * packed_size):
        raise ImportFault(
            f"the workbook unpacks to more than {MOST_GROWTH} times its size; export it as CSV"
        )
    guessed = ("an Excel workbook",) if mapping.format is FileFormat.AUTO else ()
    return Form(FileFormat.XLSX, "utf-8", ",", guessed)


def _encoding(path: Path, head: bytes, said: str, guessed: list[str]) -> str:
    found = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    if found is None and head.count(0) > len(head) // 8:
        found = _wide_without_mark(head)
        if found is None:
            raise ImportFault("it is no text; export the tickets as CSV, .xlsx or JSON")
    wide = found is not None and not found.startswith("utf-8")
    if said != AUTO:
        if wide and not _same_family(said, str(found)):
            raise ImportFault(
                f"it is {str(found).upper()}, and the mapping or --encoding says {said}; give "
                f"--encoding {found} or leave the encoding out"
            )
        if not wide:
            _refuse_wide(head, said)
            _refuse_wrong_encoding(path, said)
        return said
    if found is None:
        found = WESTERN if _is_western(path) else UTF_8
        if not head.isascii() or found == WESTERN:
            guessed.append(f"the encoding is {'UTF-8' if found == UTF_8 else found}")
    elif wide:
        guessed.append(f"the encoding is {found.upper()}")
    return found


def _wide_without_mark(head: bytes) -> str | None:
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > len(head) // 4 and even < odd // 4:
        return "utf-16-le"
    return "utf-16-be" if even > len(head) // 4 and odd < even // 4 else None


def _same_family(said: str, found: str) -> bool:
    return codecs.lookup(said).name.replace("-", "")[:5] == found.replace("-", "")[:5]


def _refuse_wide(head: bytes, said: str) -> None:
    """Refuses UTF-16 or UTF-32 where neither a mark nor zero bytes show it."""
    if codecs.lookup(said).name.startswith(("utf-16", "utf-32")) and not head.count(0):
        raise ImportFault(
            f"it is not {said.upper()}, which the mapping or --encoding says; leave the "
            "encoding out"
        )


def _refuse_wrong_encoding(path: Path, said: str) -> None:
    name = codecs.lookup(said).name
    is_utf_8 = name.startswith("utf-8")
    if not is_utf_8 and not name.startswith(("cp125", "iso8859", "latin", "mac")):
        return
    valid, invalid = _utf_8_characters(path)
    if is_utf_8 and invalid and not valid:
        raise ImportFault(
            f"it is not {said.removesuffix('-sig')}, which the mapping or --encoding says; give "
            f"--encoding {WESTERN}, or leave the encoding out"
        )
    if not is_utf_8 and valid and not invalid:
        raise ImportFault(
            f"it is UTF-8, and the mapping or --encoding says {said}; give --encoding utf-8 or "
            "leave the encoding out"
        )


def _is_western(path: Path) -> bool:
    """Whether bytes above 127 are there and none of them are UTF-8."""
    valid, invalid = _utf_8_characters(path)
    return bool(invalid) and not valid


def _utf_8_characters(path: Path) -> tuple[int, int]:
    """How many chunks of a file have characters of UTF-8 above 127, and how many have other bytes.

    Reads the whole file, up to the first of both.
    """
    valid = invalid = 0
    with open_file(path) as raw:
        stream = unpacked(raw)
        rest = b""
        while not (valid and invalid):
            try:
                chunk = stream.read(_CHUNK)
            except (EOFError, OSError, zlib.error):
                break
            if not chunk:
                break
            block = rest + chunk
            end = block.rfind(b"\n") + 1 or len(block)
            lines, rest = block[:end], block[end:]
            good, bad = _of_lines(lines)
            valid, invalid = valid + good, invalid + bad
        good, bad = _of_lines(rest)
    return valid + good, invalid + bad


def _of_lines(block: bytes) -> tuple[int, int]:
    if block.isascii():
        return 0, 0
    try:
        block.decode("utf-8")
    except UnicodeDecodeError:
        kept = block.decode("utf-8", errors="ignore")
        return int(not kept.isascii()), 1
    return 1, 0


def _is_json(text: str) -> bool:
    return text.lstrip("\ufeff \r\n\t")[:2] in ('{"', "[{") or bool(_ARRAY.match(text))


def _format(text: str) -> FileFormat:
    begun = text.lstrip("\ufeff")
    if _ARRAY.match(begun):
        return FileFormat.JSON
    return FileFormat.JSON_LINES if begun.lstrip().startswith("{") else FileFormat.CSV


def _delimiter(text: str, mapping: ImportMapping) -> str:
    """The sign of a first line `sep=;`, or the one by which a line has most required columns."""
    said = SEPARATOR_LINE.match(text.lstrip("\ufeff"))
    if said is not None:
        return said[1]
    lines = [line for line in text.lstrip("\ufeff").splitlines()[:20] if line.strip()]
    wanted = {folded(name) for name in mapping.columns}
    for others in mapping.aliases.values():
        wanted |= {folded(other) for other in others}

    def worth(delimiter: str) -> tuple[int, int, int]:
        rows = [_cells(line, delimiter) for line in lines]
        found = max((len(wanted & {folded(cell) for cell in row}) for row in rows), default=0)
        widths = [len(row) for row in rows]
        common = max(set(widths), key=lambda width: (widths.count(width), width), default=1)
        return (found, widths.count(common) if common > 1 else 0, common)

    return max(DELIMITERS, key=worth)


def _cells(line: str, delimiter: str) -> Sequence[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []
