"""No figure of a workbook is clipped: Excel shows ##### where a number does not fit its column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from reports.figure_builders import figures
from reports.frames import clock, clocks
from reports.wording_builders import audience, worded
from supportops.reports.document import Cell, Column, Document, Section, Table, Unit
from supportops.reports.formats.workbook.workbook import workbook

# Advances of Calibri in thousandths of its size; XlsxWriter's default is 11 points, and a column's
# width counts its digits as 7 pixels. A digit is as wide in bold.
ADVANCE = {**dict.fromkeys("0123456789", 507), ",": 250, ".": 252, ":": 267, "-": 306, "%": 729}
SIZE = 11 * 96 / 72
PADDING = 3  # pixels that Excel leaves free at the sides of a number


def sheets_of(document: Document, **clock_values: float) -> list[Worksheet]:
    frame = clocks(clock()).assign(**clock_values)
    return list(load_workbook(BytesIO(workbook(document, figures(), frame).content)))


def shown(value: Any, number_format: str) -> str:
    """A number or an instant as its format has it; a space is as wide as a point."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d.%H:%M}"
    if number_format == "[h]:mm":
        seconds = value.total_seconds() if isinstance(value, timedelta) else value * 86400
        return f"{seconds // 3600:.0f}:{seconds % 3600 // 60:02.0f}"
    digits = len(number_format.partition(".")[2].rstrip("%"))
    if number_format.endswith("%"):
        return f"{value * 100:.{digits}f}%"
    return f"{value:,.{digits}f}"


def pixels(sheet: Worksheet, column: int) -> float:
    """The width of a column; openpyxl reads equal neighbours as one range."""
    ranges = sheet.column_dimensions.values()
    (width,) = (each.width for each in ranges if each.min and each.min <= column <= each.max)
    return round(width * 7)


def clipped(sheet: Worksheet) -> Iterator[str]:
    for row in sheet.iter_rows():
        for cell in row:
            if cell.value is None or isinstance(cell.value, (str, bool)):
                continue
            text = shown(cell.value, cell.number_format)
            needed = sum(ADVANCE[sign] for sign in text) / 1000 * SIZE + PADDING
            if needed > pixels(sheet, cell.column):
                yield f"{sheet.title} {cell.coordinate}: {text}"


@pytest.mark.parametrize("language", ["en-GB", "de", "fr"])
def test_every_figure_of_a_report_fits_its_column(language: str) -> None:
    document = worded(to=audience(language=language))
    huge = 3600.0 * 123_456_789
    found = sheets_of(document, calendar_seconds=huge, left_seconds=-huge, open_seconds=huge)
    assert sum(cell.value is not None for sheet in found for row in sheet for cell in row) > 500
    assert [each for sheet in found for each in clipped(sheet)] == []


def test_a_figure_of_any_size_fits_beside_a_short_title() -> None:
    columns = tuple(
        Column("A", unit)
        for unit in (Unit.TEXT, Unit.COUNT, Unit.SHARE, Unit.SECONDS, Unit.SECONDS)
    )
    row = (
        Cell("x"),
        Cell("", 9_888_777_666_555),
        Cell("", 88_888.8888),
        Cell("", 3600.0 * 88_888_888),
        Cell("", -3600.0 * 88_888_888),
    )
    table = Table("t", "T", columns, (row,))
    document = replace(worded(), sections=(Section("sites", "Wide", (table,)),))
    (sheet,) = (each for each in sheets_of(document) if each.title == "Wide")
    assert list(clipped(sheet)) == []


def test_chinese_names_take_two_columns_of_a_digit_each() -> None:
    table = Table("t", "T", (Column("A"), Column("B")), ((Cell("株式会社日本橋書店"), Cell("x")),))
    document = replace(worded(), sections=(Section("sites", "Names", (table,)),))
    (sheet,) = (each for each in sheets_of(document) if each.title == "Names")
    assert pixels(sheet, 1) >= 9 * 15 + PADDING


@pytest.mark.parametrize(
    ("language", "written"),
    [("en-GB", "yyyy-mm-dd hh:mm"), ("de-AT", "dd.mm.yyyy hh:mm"), ("fr", "dd/mm/yyyy hh:mm")],
)
def test_dates_are_written_as_the_language_does(language: str, written: str) -> None:
    found = sheets_of(worded(to=audience(language=language)))
    formats = {
        cell.number_format.replace("\\", "")
        for sheet in found
        for row in sheet
        for cell in row
        if isinstance(cell.value, datetime)
    }
    assert formats == {written}
