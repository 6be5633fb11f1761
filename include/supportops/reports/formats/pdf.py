"""A report as a PDF file: A4, tagged for screen readers (PDF/UA-1), typeset by typst's wheel.

The template is fixed; every word of a report reaches it as JSON and is shown as text, so that no
ticket can be markup. Typst finds no fonts of the system, no files and no network here: the same
document gives the same bytes everywhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from supportops.rendering.catalogue import Catalogue, catalogue
from supportops.reports.document import (
    Bar,
    Block,
    Cell,
    Chart,
    Document,
    Head,
    Section,
    Table,
    Tile,
    Words,
)
from supportops.reports.formats.charts.typeface import (
    BOX,
    FAMILIES,
    drawable,
    folders,
    undrawable,
)
from supportops.reports.formats.file import PDF, File
from supportops.reports.formats.head import as_svg, band, on_band, on_paper
from supportops.reports.formats.table_widths import widths

if TYPE_CHECKING:
    import typst

ROWS_AT_MOST = 400
"""Of one table: more is for the workbook. 2,000 rows would be 60 pages that nobody reads."""

SIGNS_AT_MOST = 200
"""Of one cell. A subject can be a novel."""

_TEMPLATE = Path(__file__).parents[1] / "templates" / "report.typ"
_ENDLESS = re.compile(r"\S{19,}")
_LONGEST_WORD = 40
_PIECE = re.compile(r"(\S{6})(?=\S)")
_FIGURE = re.compile(r"(\d) (?=(?:%|s|min|h|d|j|Sek|Min|Std|Tg)(?!\w))")
_LONGER_FIGURE = re.compile(r"(\d\u00a0(?:h|d|j|Tg\.)) (?=\d+\u00a0)")  # "2 h 10 min"
_TAG = re.compile(r"([a-z]{2,3})(?:-[A-Za-z]{4})?(?:-([A-Z]{2}))?(?:-.*)?")


class PdfFailed(RuntimeError):
    """No PDF could be made of this document; the message says why in one line."""


def pdf(document: Document, charts: Mapping[str, bytes], as_of: datetime | None = None) -> File:
    """`charts`: SVG by a chart's name; its alt text stands for one that is missing.

    `as_of` becomes the file's date, none is written without it. Raises PdfFailed.
    """
    content = json.dumps(contents(document, charts, as_of), sort_keys=True)
    return File(PDF, "application/pdf", _typeset(content))


def _typeset(content: str) -> bytes:
    """Tagged as PDF/UA-1 asks; where a report does not meet that, without claiming it."""
    import typst

    try:
        try:
            return _compiled(content, ["ua-1"])
        except typst.TypstError:
            return _compiled(content, [])
    except (typst.TypstError, OSError, ValueError, TypeError) as error:
        raise PdfFailed(drawable(f"typst: {error}", 300)) from error
    except BaseException as error:
        # What goes wrong inside its native code is no `Exception`, and must not end the mail.
        if type(error).__name__ != "PanicException":
            raise
        raise PdfFailed("typst broke down inside") from error


def _compiled(content: str, standards: list[typst.PDFStandard]) -> bytes:
    import typst

    return typst.compile(
        _TEMPLATE,
        root=_TEMPLATE.parent,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"document": content},
        pdf_standards=standards,
        timestamp=0,
    )


@cache
def _fonts() -> typst.Fonts:
    import typst

    return typst.Fonts(include_system_fonts=False, font_paths=folders())


def contents(
    document: Document, charts: Mapping[str, bytes], as_of: datetime | None
) -> dict[str, Any]:
    """What the template sets, as plain JSON values: every word that the file will show."""
    words = catalogue(document.language)
    language, region = _language(document.language)
    return {
        "family": FAMILIES,
        "language": language,
        "region": region,
        "date": list(as_of.timetuple()[:6]) if as_of else None,
        "title": _text(document.title) or words.gettext("Report"),
        "subtitle": _text(document.subtitle),
        "running": [drawable(document.title, 40), drawable(document.subtitle, 80)],
        "head": _head(document.head),
        "subject": _text(document.subject),
        "keywords": [_text(word) for word in document.keywords],
        "notices": [_words(notice) for notice in document.notices],
        "summary": _prose(document.summary, 2000),
        "tiles": [_tile(tile) for tile in document.tiles],
        "sections": [_section(section, charts, words) for section in document.sections],
        "definitions": [
            [_text(word) or "–", _text(says, 2000)] for word, says in document.definitions
        ],
        "footer": [
            *(_text(line, 2000) for line in document.footer),
            *_not_shown(document, words),
        ],
        "link": _link(document.link),
        # Typst puts the numbers into their places.
        "page": words.gettext("Page {page} of {pages}", page="{page}", pages="{pages}"),
        "words": words.gettext("Definitions"),
    }


def _head(head: Head | None) -> dict[str, str] | None:
    if head is None:
        return None
    return {
        "name": _text(head.name, 80),
        "band": band(head),
        "text": on_band(head),
        "heading": on_paper(head),
        "logo": as_svg(head.logo) if head.logo else "",
    }


def _language(tag: str) -> tuple[str, str | None]:
    """Language and region of a BCP 47 tag; English where it is none."""
    found = _TAG.fullmatch(tag)
    return (found[1], found[2]) if found else ("en", None)


def _not_shown(document: Document, words: Catalogue) -> Iterator[str]:
    """A sentence about the characters that no font here has; none where all are shown."""
    missing = set().union(*map(undrawable, set(_texts(document))))
    if missing:
        yield words.ngettext(
            "{number} character of this file is in none of its fonts and stands as {box}; the mail "
            "and the workbook show it.",
            "{number} characters of this file are in none of its fonts and stand as {box}; the "
            "mail and the workbook show them.",
            len(missing),
            box=BOX,
        )


def _texts(value: object) -> Iterator[str]:
    """Every text in a document, but for rows that are not shown."""
    if isinstance(value, Head):
        yield value.name
    elif isinstance(value, str):
        yield value
    elif isinstance(value, Table):
        yield from _texts((value.title, value.columns, _shown_rows(value), value.empty, value.note))
    elif isinstance(value, tuple):
        for each in value:
            yield from _texts(each)
    elif is_dataclass(value):
        for each in fields(value):
            yield from _texts(getattr(value, each.name))


def _text(text: str, at_most: int = SIGNS_AT_MOST) -> str:
    """What can be drawn of it: figures stay with their units, an endless word may be broken."""
    line = _FIGURE.sub("\\1\u00a0", drawable(text, at_most))
    line = line.replace(BOX + BOX, f"{BOX}\u200b{BOX}")
    return _ENDLESS.sub(_breakable, line)


def _prose(text: str, at_most: int) -> str:
    """As `_text`; a duration of two figures stays in one line, which a cell may lack."""
    return _LONGER_FIGURE.sub("\\1\u00a0", _text(text, at_most))


def _breakable(word: re.Match[str]) -> str:
    """A word of letters is hyphenated by its language's rules; what is none may break anywhere."""
    if word[0].isalpha() and len(word[0]) <= _LONGEST_WORD:
        return word[0]
    return _PIECE.sub("\\1\u200b", word[0])


def _section(section: Section, charts: Mapping[str, bytes], words: Catalogue) -> dict[str, Any]:
    blocks = [_block(block, charts, words) for block in section.blocks]
    title = _text(section.title) or "–"  # a heading without words is none
    for block in blocks:
        if block.get("title") == title:
            block["title"] = ""  # one heading is enough
    return {"title": title, "blocks": blocks}


def _block(block: Block, charts: Mapping[str, bytes], words: Catalogue) -> dict[str, Any]:
    if isinstance(block, Words):
        return {"kind": "words"} | _words(block)
    if isinstance(block, Table):
        return {"kind": "table"} | _table(block, words)
    return {"kind": "chart"} | _chart(block, charts, words)


def _words(words: Words) -> dict[str, Any]:
    return {"text": _prose(words.text, 4000), "tone": words.tone}


def _chart(chart: Chart, charts: Mapping[str, bytes], words: Catalogue) -> dict[str, Any]:
    drawn = charts.get(chart.name)
    return {
        "title": _text(chart.title),
        "alt": _text(chart.alt, 2000) or _text(chart.title) or words.gettext("A chart."),
        # The finding stands below the picture; a reader that speaks need not say it twice.
        "described": words.gettext("{title}: chart", title=_text(chart.title)),
        "svg": drawn.decode(errors="replace") if drawn else None,
    }


def _table(table: Table, words: Catalogue) -> dict[str, Any]:
    rows = _shown_rows(table)
    left = len(table.rows) - len(rows)
    return {
        "title": _text(table.title),
        "columns": [{"title": _text(c.title, 60), "unit": c.unit} for c in table.columns],
        "widths": widths(table.columns, rows),
        "rows": [[_cell(cell) for cell in row] for row in rows],
        "empty": _text(table.empty),
        "note": _prose(table.note, 2000),
        "left": _shown(len(rows), len(table.rows), words) if left else "",
    }


def _shown_rows(table: Table) -> tuple[tuple[Cell, ...], ...]:
    most = ROWS_AT_MOST if table.shown is None else min(table.shown, ROWS_AT_MOST)
    return table.rows[:most]


def _shown(some: int, whole: int, words: Catalogue) -> str:
    return words.gettext("{some} of {all} shown.", some=words.count(some), all=words.count(whole))


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        "text": _text(cell.text),
        "tone": cell.tone,
        "bar": _bar(cell.bar),
        "link": _link(cell.link),
    }


def _tile(tile: Tile) -> dict[str, Any]:
    return {
        "title": _text(tile.title, 80),
        "figure": _text(tile.figure, 40),
        "detail": _text(tile.detail, 300),
        "tone": tile.tone,
        "bar": _bar(tile.bar),
    }


def _bar(bar: Bar | None) -> dict[str, float | None] | None:
    if bar is None:
        return None
    return {"share": bar.share, "low": bar.low, "high": bar.high, "target": bar.target}


def _link(link: str | None) -> str | None:
    """Web addresses alone: a document must open nothing else on a click."""
    return link if link and re.match(r"https?://[^\s\x00-\x1f]+\Z", link) else None
