"""Every promise of the period as a CSV file, for where a workbook's sheet is too short for them.

The form is that of `data_files.csv`: RFC 4180, UTF-8 with a byte-order mark, durations in seconds,
an empty field for "none", and an apostrophe in front of what a spreadsheet would compute. Instants
are ISO 8601 in UTC, to the second.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from io import StringIO
from typing import Any

import numpy as np
import pandas as pd

from supportops.rendering.formulas import never_formula
from supportops.rendering.render import one_line
from supportops.reports.facts import CLOCK_COLUMNS
from supportops.reports.formats.file import CLOCKS, File

# The store's own number of a ticket counts over all customers, so no audience is shown it.
COLUMNS = tuple(name for name in CLOCK_COLUMNS if name != "ticket")
ORDER = ("source", "number", "ticket", "metric", "instance")


def clocks_csv(clocks: pd.DataFrame) -> File:
    """`clocks` (facts.CLOCK_COLUMNS) in the order of their tickets; without the column of owners
    where this audience is shown none."""
    rows = clocks.sort_values(list(ORDER), kind="stable")
    nobody = bool(rows["assignee"].isna().all())
    shown = [name for name in COLUMNS if not (nobody and name == "assignee")]
    written = StringIO(newline="")
    lines = csv.writer(written, lineterminator="\r\n")
    lines.writerow(shown)
    lines.writerows(zip(*(_fields(rows[name]) for name in shown), strict=True))
    return File(
        CLOCKS, "text/csv; charset=utf-8", written.getvalue().encode("utf-8-sig", "replace")
    )


def _fields(column: pd.Series) -> list[Any]:
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        instants = column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
        texts = np.datetime_as_string(instants, unit="s", casting="unsafe").tolist()
        return ["" if each == "NaT" else f"{each}Z" for each in texts]
    if pd.api.types.is_numeric_dtype(column):
        return [_number(value) for value in column.tolist()]
    blank = column.isna().tolist()
    return ["" if none else _text(str(v)) for v, none in zip(column.tolist(), blank, strict=True)]


def _number(value: float) -> float | str:
    """A number without needless places; nothing for infinity and "not a number"."""
    if value - value != 0:
        return ""
    return int(value) if value == int(value) else value


@lru_cache(maxsize=20_000)
def _text(value: str) -> str:
    return never_formula(one_line(value))
