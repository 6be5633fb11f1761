"""One sheet of a workbook, written from its top down, and the formats of its cells."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rich.cells import cell_len

from supportops.rendering.catalogue import ENGLISH, Catalogue
from supportops.reports.document import Cell, Column, Table, Tone, Unit
from supportops.reports.formats.workbook.values import (
    DATES,
    DAY,
    HOURS,
    HOURS_MINUTES,
    INSTANT,
    day_number,
    number,
    shown_length,
    text,
)

_NUMBERS = {Unit.COUNT: "#,##0", Unit.SHARE: "0.00%", Unit.INSTANT: INSTANT}
_AT_LEFT = frozenset({Unit.TEXT, Unit.INSTANT})
_INKS = {
    Tone.GOOD: "#00664D",
    Tone.BAD: "#A63F00",
    Tone.DEGRADED: "#9B2D76",
    Tone.QUIET: "#595959",
}
_TITLE: dict[str, Any] = {"bold": True, "font_size": 14}
_HEADING: dict[str, Any] = {"bold": True, "font_size": 11}
_HEADER = {"bold": True, "bottom": 2, "text_wrap": True, "valign": "bottom", "bg_color": "#E8EDF1"}
_NOTE: dict[str, Any] = {"italic": True, "font_color": "#595959"}
_LINK: dict[str, Any] = {"font_color": "#00538A", "underline": 1}
_WIDEST, _NARROWEST = 60, 9  # characters
_TWO_LINES = 31  # points
_LINKED_ROWS = 2_000  # Excel takes 65,530 links a sheet, and nobody clicks that many
_HIGHEST_HEADER = 12  # rows from the top that may stay in sight without hiding the rest


@dataclass(slots=True)
class CellFormats:
    """The formats of one workbook, each made once."""

    book: Any
    made: dict[tuple[tuple[str, Any], ...], Any] = field(default_factory=dict)
    cells: dict[tuple[Tone, str, str], Any] = field(default_factory=dict)

    def of(self, **properties: Any) -> Any:
        """The XlsxWriter format with these properties."""
        key = tuple(sorted(properties.items()))
        if key not in self.made:
            self.made[key] = self.book.add_format(properties)
        return self.made[key]

    def toned(self, tone: Tone, **properties: Any) -> Any:
        """The same with the colour and weight of a tone."""
        if tone in _INKS:
            properties["font_color"] = _INKS[tone]
        if tone in (Tone.GOOD, Tone.BAD):
            properties["bold"] = True
        return self.of(**properties)

    def of_cell(self, tone: Tone, align: str, shown: str = "") -> Any:
        """That of a table's cell; `shown`: the format of its number, if it has one."""
        key = (tone, align, shown)
        if key not in self.cells:
            number = {"num_format": shown} if shown else {}
            self.cells[key] = self.toned(tone, valign="top", align=align, **number)
        return self.cells[key]


@dataclass(slots=True)
class Sheet:
    """Where the next line goes; `zone` is the clock of its instants, `words` its language."""

    worksheet: Any
    formats: CellFormats
    zone: str
    words: Catalogue = ENGLISH
    row: int = 0
    widths: dict[int, int] = field(default_factory=dict)
    header: int | None = None

    def title(self, words: str) -> None:
        """A line in large letters."""
        self.line(words, **_TITLE)

    def heading(self, words: str) -> None:
        """A bold line; none without words."""
        if words:
            self.line(words, **_HEADING)

    def note(self, words: str) -> None:
        """An italic line; none without words."""
        if words:
            self.line(words, **_NOTE)

    def line(self, words: str, tone: Tone = Tone.PLAIN, **properties: Any) -> None:
        """Words that run on over the columns beside them."""
        self.worksheet.write_string(
            self.row, 0, text(words), self.formats.toned(tone, **properties)
        )
        self.row += 1

    def texts(self, *words: str, wrapped: bool = False, tone: Tone = Tone.PLAIN) -> None:
        """A row of texts, the first of them bold."""
        for place, each in enumerate(words):
            properties = {"valign": "top", "text_wrap": wrapped and place > 0, "bold": place == 0}
            toned = self.formats.toned(tone if place else Tone.PLAIN, **properties)
            self.worksheet.write_string(self.row, place, text(each), toned)
            if not wrapped and place < len(words) - 1:  # the last may run on
                self.widen(place, cell_len(each))
        self.row += 1

    def written(self, shown: str) -> str:
        """The format `shown`, with dates as this sheet's language writes them."""
        return DATES.get(self.words.language, INSTANT) if shown == INSTANT else shown

    def gap(self) -> None:
        """An empty row."""
        self.row += 1

    def headers(self, titles: Sequence[str], right: Collection[int] = ()) -> None:
        """The titles of columns; those of numbers, `right`, stand above them."""
        self.worksheet.set_row(self.row, _TWO_LINES)
        for place, words in enumerate(titles):
            cell_format = self.formats.of(**_HEADER, align="right" if place in right else "left")
            self.worksheet.write_string(self.row, place, text(words), cell_format)
            longest = max(map(cell_len, words.split()), default=0)
            self.widen(place, max(longest + 2, cell_len(words) // 2 + 2))
        self.row += 1

    def table(self, table: Table) -> None:
        """Every row of it: what a page cuts is here. The first table's header can be filtered."""
        self.heading(table.title)
        if table.rows:
            self._rows(table)
        else:
            self.line(table.empty)
        self.note(table.note)
        self.gap()

    def widen(self, place: int, characters: int) -> None:
        """Makes a column wide enough for so many characters, within limits."""
        width = max(self.widths.get(place, _NARROWEST), min(characters + 2, _WIDEST))
        self.widths[place] = width

    def finish(self, printed: str) -> None:
        """Widths, and how it is printed: A4 across, as wide as one page."""
        for place, width in self.widths.items():
            self.worksheet.set_column(place, place, width)
        self.worksheet.set_landscape()
        self.worksheet.set_paper(9)
        self.worksheet.fit_to_pages(1, 0)
        self.worksheet.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.6)
        self.worksheet.set_header("&L" + text(printed)[:90].replace("&", "&&") + "&R&A")
        page = self.words.gettext("Page {page} of {pages}", page="&P", pages="&N")
        self.worksheet.set_footer(f"&R{page}")
        if self.header is not None:
            self.worksheet.repeat_rows(self.header)

    def freeze_header(self, header: int, last: int, columns: int, *, still: int = 1) -> None:
        """The header row stays while its rows are scrolled, and can filter them."""
        if self.header is None and columns:
            self.header = header
            self.worksheet.autofilter(header, 0, last, columns - 1)
            if header < _HIGHEST_HEADER:
                self.worksheet.freeze_panes(header + 1, still)

    def _rows(self, table: Table) -> None:
        negative = [
            any((number(row[place].value) or 0) < 0 for row in table.rows)
            for place in range(len(table.columns))
        ]
        first, titles = self.row, []
        for column, less in zip(table.columns, negative, strict=True):
            titles.append(_header(column, self.zone, self.words, hours=less))
        numbers = [place for place, c in enumerate(table.columns) if c.unit not in _AT_LEFT]
        self.headers(titles, right=numbers)
        for row in table.rows:
            for place, cell in enumerate(row):
                self._cell(place, cell, table.columns[place].unit, hours=negative[place])
                # The last words may run on; a figure at the right of its cell may not.
                if place < len(row) - 1 or table.columns[place].unit not in _AT_LEFT:
                    self.widen(place, cell_len(cell.text))
            self.row += 1
        self.freeze_header(first, self.row - 1, len(table.columns))

    def _cell(self, place: int, cell: Cell, unit: Unit, *, hours: bool) -> None:
        value, shown = _value(cell, unit, self.zone, hours=hours)
        if value is None:
            self._words(place, cell, align="left" if unit in _AT_LEFT else "right")
        else:
            align = "left" if unit in _AT_LEFT else "right"
            cell_format = self.formats.of_cell(cell.tone, align, self.written(shown))
            self.worksheet.write_number(self.row, place, value, cell_format)
            self.widen(place, shown_length(value, shown))

    def _words(self, place: int, cell: Cell, align: str) -> None:
        words = text(cell.text)
        if cell.link and words and self.row < _LINKED_ROWS and _followed(cell.link):
            cell_format = self.formats.of(**_LINK, valign="top", align=align)
            self.worksheet.write_url(self.row, place, cell.link, cell_format, string=words[:255])
        elif words:
            cell_format = self.formats.of_cell(cell.tone, align)
            self.worksheet.write_string(self.row, place, words, cell_format)


def _header(column: Column, zone: str, words: Catalogue, *, hours: bool) -> str:
    """What a column holds, with its unit: a clock's zone, hours and minutes, or hours."""
    if column.unit is Unit.INSTANT:
        return f"{column.title} ({zone})"
    if column.unit is Unit.SECONDS:
        unit = words.gettext("hours") if hours else words.gettext("h:mm")
        return f"{column.title} ({unit})"
    return column.title


def _value(cell: Cell, unit: Unit, zone: str, *, hours: bool) -> tuple[float | None, str]:
    """The number that a sheet computes with and how it shows it; None where there is a text alone.

    Excel shows a negative length of time as ######, so a column with one is in hours.
    """
    if unit is Unit.TEXT:
        return None, ""
    if unit is Unit.INSTANT:
        day = day_number(cell.value, zone) if isinstance(cell.value, datetime) else None
        return day, INSTANT
    found = number(cell.value)
    if unit is Unit.SECONDS:
        if found is None:
            return None, ""
        return (found / 3600, HOURS) if hours else (found / DAY, HOURS_MINUTES)
    return found, _NUMBERS[unit]


def _followed(link: str) -> bool:
    return len(link) < 2000 and re.match(r"https?://[^\s\x00-\x1f]+\Z", link) is not None
