"""A report as an Excel workbook: what the page says, uncut, and every promise to compute with.

Texts are texts whatever they look like ("=1+1" out of a subject is no formula), instants are real
dates on the audience's clock, lengths of time real ones in hours and minutes, shares percentages.
The same input gives the same bytes.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from io import BytesIO
from typing import Any

import pandas as pd

from supportops.rendering.catalogue import catalogue
from supportops.reports.audience import Part
from supportops.reports.document import Chart, Document, Section, Table, Tone
from supportops.reports.figures import Figures
from supportops.reports.formats.file import LISTED_AT_MOST, WORKBOOK, File
from supportops.reports.formats.workbook.charts import ChartFigures, write_chart
from supportops.reports.formats.workbook.clocks import write_clocks
from supportops.reports.formats.workbook.sheet import CellFormats, Sheet
from supportops.reports.formats.workbook.values import sheet_name, text

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SUMMED_UP = frozenset({Part.TIERS.value, Part.TREND.value, Part.RESTATEMENTS.value})
_OPTIONS = {
    "constant_memory": True,  # else 50,000 clocks would take several hundred megabytes
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def workbook(
    document: Document,
    figures: Figures,
    clocks: pd.DataFrame,
    *,
    zone: str | None = None,
    clocks_at_most: int = LISTED_AT_MOST,
) -> File:
    """`clocks` has facts.CLOCK_COLUMNS; `zone` names the clock of its dates, else the period's.

    Of more than `clocks_at_most` promises those are listed that `write_clocks` chooses.
    The sheets: Summary, one for each further section, All clocks, Definitions, Chart figures.
    """
    import xlsxwriter

    written = BytesIO()
    with xlsxwriter.Workbook(written, _OPTIONS) as book:
        book.set_properties(_properties(document, figures))
        _WorkbookWriter(book, CellFormats(book), document, zone or figures.period.zone).all(
            clocks, clocks_at_most
        )
    return File(WORKBOOK, MEDIA_TYPE, written.getvalue())


def _properties(document: Document, figures: Figures) -> dict[str, Any]:
    return {
        "title": text(document.title)[:250],
        "subject": text(document.subject)[:250],
        "keywords": text(", ".join(document.keywords))[:250],
        # Else it is the clock of whoever writes it, and no two files are the same.
        "created": figures.as_of.astimezone(UTC).replace(tzinfo=None),
    }


class _WorkbookWriter:
    """One workbook while it is written, sheet by sheet."""

    def __init__(self, book: Any, formats: CellFormats, document: Document, zone: str) -> None:
        self._book = book
        self._formats = formats
        self._document = document
        self._zone = zone
        self._words = words = catalogue(document.language)
        self._drawn = ChartFigures(sheet_name(words.gettext("Chart figures"), ()), words)
        self._names = [self._drawn.name]

    def all(self, clocks: pd.DataFrame, most: int) -> None:
        sections = self._document.sections
        self._summary([each for each in sections if each.name in _SUMMED_UP], len(clocks), most)
        for section in sections:
            if section.name not in _SUMMED_UP:
                self._section(section)
        sheet = self._sheet(self._words.gettext("All clocks"))
        write_clocks(sheet, clocks, most)
        sheet.finish(self._document.title)
        self._definitions()
        if self._drawn.blocks:
            sheet = Sheet(
                self._book.add_worksheet(self._drawn.name), self._formats, self._zone, self._words
            )
            self._drawn.write(sheet)
            sheet.finish(self._document.title)

    def _sheet(self, title: str) -> Sheet:
        name = sheet_name(title, self._names)
        self._names.append(name)
        return Sheet(self._book.add_worksheet(name), self._formats, self._zone, self._words)

    def _summary(self, sections: list[Section], clocks: int, most: int) -> None:
        document, sheet = self._document, self._sheet(self._words.gettext("Summary"))
        sheet.title(document.title)
        sheet.line(document.subtitle)
        sheet.line(document.subject, bold=True)
        for notice in document.notices:
            sheet.line(notice.text, notice.tone)
        if clocks > most:
            cut = self._words.gettext(
                "The sheet All clocks holds {some} of {all} promises.",
                some=self._words.count(most),
                all=self._words.count(clocks),
            )
            sheet.line(cut, Tone.BAD)
        sheet.line(document.summary)
        sheet.gap()
        for tile in document.tiles:
            sheet.texts(tile.title, tile.figure, tile.detail, tone=tile.tone)
        sheet.gap()
        for section in sections:
            self._blocks(sheet, section)
        sheet.finish(document.title)

    def _section(self, section: Section) -> None:
        sheet = self._sheet(section.title)
        sheet.title(section.title)
        self._blocks(sheet, section)
        sheet.finish(self._document.title)

    def _blocks(self, sheet: Sheet, section: Section) -> None:
        for block in section.blocks:
            if isinstance(block, Table):
                # A sheet's own title need not be said twice.
                sheet.table(replace(block, title="") if block.title == section.title else block)
            elif isinstance(block, Chart):
                write_chart(self._book, sheet, block, self._drawn)
            else:
                sheet.line(block.text, block.tone)

    def _definitions(self) -> None:
        sheet = self._sheet(self._words.gettext("Definitions"))
        sheet.title(self._words.gettext("Definitions"))
        for word, meaning in self._document.definitions:
            sheet.texts(word, meaning, wrapped=True)
        sheet.gap()
        for line in self._document.footer:
            sheet.line(line)
        sheet.widths |= {0: 24, 1: 100}
        sheet.finish(self._document.title)
