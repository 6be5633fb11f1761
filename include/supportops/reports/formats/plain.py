"""A document as plain text within 78 columns, for mail programs that show no HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from supportops.rendering.catalogue import Catalogue, catalogue
from supportops.rendering.render import one_line as flat_line
from supportops.reports.document import (
    Block,
    Cell,
    Chart,
    Column,
    Document,
    Table,
    Tile,
    Tone,
    Unit,
)
from supportops.reports.formats.file import MAIL_TEXT, SUMMARY, File
from supportops.reports.formats.shortening import Limits, Shortened, shortened
from supportops.reports.formats.text_columns import folded, glued, joined, narrowed, padded

WIDTH = 78
_LIMITS = Limits(40, 120)
_GAP = 2
_HIGHEST = 4  # lines of a row in columns
_NUMERIC = (Unit.COUNT, Unit.SHARE, Unit.SECONDS)
# Of the languages whose sentences have them; a screen of fixed width has one kind of space.
_SPACES = str.maketrans({"\u2009": " ", "\u00a0": " ", "\u202f": " "})
_SIGNS = {Tone.GOOD: "▲ ", Tone.BAD: "▼ "}


def text(document: Document) -> File:
    """The text part of the mail: every figure, tables in columns, or a row a paragraph."""
    lines = "\n".join(_lines(shortened(document, _LIMITS))).translate(_SPACES)
    return File(MAIL_TEXT, "text/plain; charset=utf-8", (lines + "\n").encode("utf-8", "replace"))


def summary(document: Document) -> File:
    """The notices and the summary, a line each, for a chat message."""
    short = shortened(document, _LIMITS).document
    lines = [*(notice.text for notice in short.notices), short.summary]
    words = "\n".join(map(flat_line, lines)) + "\n"
    return File(SUMMARY, "text/plain; charset=utf-8", words.encode("utf-8", "replace"))


def _lines(short: Shortened) -> Iterator[str]:
    document, words = short.document, catalogue(short.document.language)
    for notice in document.notices:
        yield from (*_wrapped(notice.text), "")
    yield from (*_wrapped(document.title), "=" * min(WIDTH, cell_len(document.title)))
    yield from (*_wrapped(document.subtitle), "", *_wrapped(document.summary), "")
    for tile in document.tiles:
        yield from _tile(tile, words)
    if document.link:
        yield from ("", words.gettext("On the board: {link}", link=one_line(document.link)))
    for section in document.sections:
        yield from ("", "", *_headed(section.title, "-"))
        for block in section.blocks:
            yield from _block(block, section.title, short)
    yield from _ending(document, words)


def _tile(tile: Tile, words: Catalogue) -> Iterator[str]:
    yield from _wrapped(named(tile.title, f"{tile.figure} - {tile.detail}", words), "  ")


def named(word: str, what: str, words: Catalogue) -> str:
    """ "Customer: Acme", with the language's own space before a colon."""
    return words.gettext("{word}: {text}", word=word, text=what)


def _block(block: Block, above: str, short: Shortened) -> Iterator[str]:
    yield ""
    if isinstance(block, Table):
        if block.title != above:
            yield one_line(block.title)
        yield from _table(block, short)
    else:
        yield from _wrapped(block.alt if isinstance(block, Chart) else block.text)


def _ending(document: Document, words: Catalogue) -> Iterator[str]:
    yield from ("", "", *_headed(words.gettext("What the words mean"), "-"))
    for word, meaning in document.definitions:
        yield from _wrapped(named(word, meaning, words), "  ")
    yield from ("", "", *_headed(words.gettext("What the figures rest on"), "-"))
    for line in document.footer:
        yield from _wrapped(line, "  ")


def one_line(text: str) -> str:
    """On one line, which does not break at a narrow or unbreakable space."""
    return flat_line(text, fixed_spaces=True)


def _headed(title: str, stroke: str) -> tuple[str, str]:
    shown = one_line(title)
    return shown, stroke * min(WIDTH, cell_len(shown))


def _wrapped(text: str, further: str = "") -> list[str]:
    return folded(one_line(text), WIDTH, further)


def _table(table: Table, short: Shortened) -> Iterator[str]:
    if not table.rows:
        yield from _wrapped(table.empty)
        return
    words = catalogue(short.document.language)
    rows = [_row(table, row) for row in table.rows]
    yield from _aligned(table.columns, rows) or _paragraphs(table.columns, rows, words)
    if table.name in short.more:
        yield _rest(short.more[table.name], short.document.link, words)
    if table.note:
        yield from _wrapped(table.note)


def _rest(more: int, link: str | None, words: Catalogue) -> str:
    if link is None:
        return words.ngettext("and {number} more", "and {number} more", more)
    return words.ngettext(
        "and {number} more: see {link}", "and {number} more: see {link}", more, link=link
    )


def _row(table: Table, row: Sequence[Cell]) -> list[str]:
    return [_cell(column, cell) for column, cell in zip(table.columns, row, strict=True)]


def _cell(column: Column, cell: Cell) -> str:
    sign = _SIGNS.get(cell.tone, "") if column.unit is Unit.SHARE else ""
    shown = one_line(sign + cell.text) or "-"
    return glued(shown) if column.unit in _NUMERIC else shown


def _aligned(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns side by side, cells folded; nothing where they would be too narrow to read."""
    heads = [one_line(column.title) for column in columns]
    texts = [[head, *(row[n] for row in rows)] for n, head in enumerate(heads)]
    widths = narrowed(texts, WIDTH - _GAP * (len(columns) - 1))
    if widths is None:
        return []
    right = [column.unit in _NUMERIC for column in columns]
    lines = [_line(row, widths, right) for row in rows]
    if max(map(len, lines)) > _HIGHEST:
        return []
    rule = (" " * _GAP).join("-" * width for width in widths)
    return [*_line(heads, widths, right), rule, *(each for line in lines for each in line)]


def _line(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> list[str]:
    """One row of a table, as many lines as its highest cell."""
    cells = [folded(text, width) for text, width in zip(row, widths, strict=True)]
    height = max(map(len, cells))
    filled = [cell + [""] * (height - len(cell)) for cell in cells]
    return [
        (" " * _GAP).join(map(padded, level, widths, right)).rstrip()
        for level in zip(*filled, strict=True)
    ]


def _paragraphs(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], words: Catalogue
) -> list[str]:
    """A row as a heading and its cells by name: where columns would be too narrow to read."""
    lines: list[str] = []
    for row in rows:
        lines += _wrapped(f"* {columns[0].title} {row[0]}", "  ")
        cells = [named(c.title, cell, words) for c, cell in zip(columns[1:], row[1:], strict=True)]
        *most, last = cells or [""]
        lines += joined(
            [words.gettext("{text};", text=each) for each in most] + [last], WIDTH, "  "
        )
    return lines
