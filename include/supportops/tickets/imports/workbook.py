"""The rows of an Excel workbook as texts, read as they are needed."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from itertools import islice
from typing import Any, BinaryIO

from supportops.tickets.imports.file_form import ImportFault
from supportops.tickets.imports.header import HEADER_WITHIN, has_required
from supportops.tickets.imports.mapping import ImportMapping

# As many as a sheet of Excel has. A few bytes can name a row that is never reached.
MOST_ROWS = 1_048_576


class Workbook:
    """One sheet of a workbook."""

    def __init__(self, sheet: Any) -> None:
        self._sheet = sheet
        self._line = 0
        self.goes_on = False
        self._last = max(sheet.max_row or 1, 1)
        # Some products write dimensions that leave out most of the rows.
        sheet.reset_dimensions()

    @property
    def part_done(self) -> float:
        """The part of the rows that has been read, from 0 to 1."""
        return min(1.0, self._line / self._last)

    def first_rows(self) -> list[list[str]]:
        """The rows among which the names stand."""
        rows = self._sheet.iter_rows(max_row=HEADER_WITHIN, values_only=True)
        return [[cell_text(value) for value in row] for row in rows]

    def rows_after(self, place: int) -> Iterator[tuple[int, list[str]]]:
        """The rows after the one at `place` (from 0), with their numbers, from 1; blank ones not.

        A last row with nothing but its first cell, below a blank one, is a remark of the product.
        Those after the last that a sheet can have are not read; `goes_on` says that there are any.
        """
        blank = False
        rows = self._sheet.iter_rows(min_row=place + 2, max_row=MOST_ROWS + 1, values_only=True)
        for line, row in enumerate(rows, place + 2):
            if line > MOST_ROWS:
                self.goes_on = True
                return
            self._line = line
            cells = [cell_text(value) for value in row]
            filled = [cell for cell in cells if cell]
            if filled and not (blank and len(filled) == 1 and cells[0]):
                yield line, cells
            blank = not filled


@contextmanager
def open_workbook(raw: BinaryIO, mapping: ImportMapping) -> Iterator[Workbook]:
    """The first sheet that has the required columns, or else the first. Raises ImportFault."""
    # It takes a moment to import, and few files need it.
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that do not matter here
            book = load_workbook(raw, read_only=True, data_only=True)
            sheets = [Workbook(sheet) for sheet in book.worksheets]
    except (KeyError, ValueError, TypeError, zipfile.BadZipFile, OSError, SyntaxError):
        raise ImportFault("the workbook is damaged; open it and save it again") from None
    try:
        if not sheets:
            raise ImportFault("the workbook has no sheet with cells")
        yield next((each for each in sheets if _fits(each, mapping)), sheets[0])
    finally:
        book.close()


def cell_text(value: Any) -> str:
    """A cell as an export would write it: instants in ISO, whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.replace(microsecond=0).isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _fits(book: Workbook, mapping: ImportMapping) -> bool:
    return any(has_required(row, mapping) for row in islice(book.first_rows(), HEADER_WITHIN))
