"""Every single promise of the period as a sheet that can be filtered and pivoted."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import pandas as pd

from supportops.rendering.catalogue import N_, Catalogue
from supportops.reports.formats.clocks_csv import ORDER
from supportops.reports.formats.file import CLOCKS
from supportops.reports.formats.workbook.sheet import Sheet
from supportops.reports.formats.workbook.values import (
    DAY,
    HOURS,
    HOURS_MINUTES,
    INSTANT,
    day_numbers,
    shown_length,
    text,
)


class _Kind(StrEnum):
    TEXT = "text"
    COUNT = "count"
    INSTANT = "instant"
    LENGTH = "length"
    HOURS = "hours"  # may be negative, which Excel cannot show as a length of time


_Column = tuple[str, str, _Kind, int]
# Column by column: what it is called, what it holds, how wide it is. The store's own number of a
# ticket counts over all customers, so no audience is shown it.
_COLUMNS: tuple[_Column, ...] = (
    ("source", N_("Source"), _Kind.TEXT, 10),
    ("number", N_("Ticket"), _Kind.TEXT, 11),
    ("subject", N_("Subject"), _Kind.TEXT, 44),
    ("customer", N_("Customer"), _Kind.TEXT, 20),
    ("site", N_("Site"), _Kind.TEXT, 16),
    ("assignee", N_("Owner"), _Kind.TEXT, 18),
    ("tier", N_("Tier"), _Kind.TEXT, 16),
    ("metric", N_("Promise"), _Kind.TEXT, 20),
    ("instance", N_("Which"), _Kind.COUNT, 9),
    ("policy", N_("Policy"), _Kind.TEXT, 20),
    ("state", N_("State"), _Kind.TEXT, 11),
    ("started_at", N_("Started"), _Kind.INSTANT, 17),
    ("deadline", N_("Deadline"), _Kind.INSTANT, 17),
    ("aim", N_("Aim"), _Kind.INSTANT, 17),
    ("fulfilled_at", N_("Fulfilled"), _Kind.INSTANT, 17),
    ("ended_at", N_("Ended"), _Kind.INSTANT, 17),
    ("breached_at", N_("Broken"), _Kind.INSTANT, 17),
    ("target_seconds", N_("Target"), _Kind.LENGTH, 10),
    ("open_seconds", N_("Counted"), _Kind.LENGTH, 10),
    ("paused_seconds", N_("Paused"), _Kind.LENGTH, 10),
    ("left_seconds", N_("Left"), _Kind.HOURS, 10),
    ("calendar_seconds", N_("Calendar"), _Kind.LENGTH, 10),
)
_SHOWN = {
    _Kind.COUNT: "0",
    _Kind.INSTANT: INSTANT,
    _Kind.LENGTH: HOURS_MINUTES,
    _Kind.HOURS: HOURS,
}
_NUMBERS = frozenset({_Kind.COUNT, _Kind.LENGTH, _Kind.HOURS})


def write_clocks(sheet: Sheet, clocks: pd.DataFrame, most: int) -> str:
    """Writes `most` of `clocks` (facts.CLOCK_COLUMNS) in the order of their tickets: all that are
    broken before others, and of equals those that were due last.

    Answers with a sentence about the rows that were left out, "" where none was.
    """
    rows = _chosen(clocks, most).sort_values(list(ORDER), kind="stable")
    shown = _shown(clocks)
    numbers = [place for place, (_, _, kind, _) in enumerate(shown) if kind in _NUMBERS]
    sheet.headers(
        [_title(name, kind, sheet.zone, sheet.words) for _, name, kind, _ in shown], right=numbers
    )
    longest = _write_rows(sheet, rows, shown)
    for place, (_, _, _, width) in enumerate(shown):
        sheet.widths[place] = max(width, longest[place] + 1)
    sheet.freeze_header(0, len(rows), len(shown), still=3)
    left = len(clocks) - len(rows)
    note = ""
    if left:
        note = sheet.words.gettext(
            "{some} of {all} promises are listed, by ticket: broken ones before others, then those"
            " due last. The file {file} has all of them.",
            some=sheet.words.count(len(rows)),
            all=sheet.words.count(len(clocks)),
            file=CLOCKS,
        )
    sheet.note(note)
    return note


def _chosen(clocks: pd.DataFrame, most: int) -> pd.DataFrame:
    if len(clocks) <= most:
        return clocks
    due = clocks["deadline"].fillna(clocks["started_at"])
    keyed = clocks.assign(kept=clocks["breached_at"].isna(), due=due)
    names = ["kept", "due", *ORDER]
    ascending = [name != "due" for name in names]
    chosen = keyed.sort_values(names, ascending=ascending, kind="stable").index[:most]
    return clocks.loc[chosen]


def _shown(clocks: pd.DataFrame) -> tuple[_Column, ...]:
    """Every column, but the owners' where this audience is shown none."""
    nobody = bool(clocks["assignee"].isna().all())
    return tuple(column for column in _COLUMNS if not (nobody and column[0] == "assignee"))


def _write_rows(sheet: Sheet, rows: pd.DataFrame, shown: tuple[_Column, ...]) -> list[int]:
    """Answers with the characters of each column's longest figure."""
    worksheet, first = sheet.worksheet, sheet.row
    writers: list[tuple[Callable[..., Any], Any]] = []
    for _, _, kind, _ in shown:
        if kind is _Kind.TEXT:
            writers.append((worksheet.write_string, None))
        else:
            align = "right" if kind in _NUMBERS else "left"
            cell_format = sheet.formats.of(num_format=sheet.written(_SHOWN[kind]), align=align)
            writers.append((worksheet.write_number, cell_format))
    columns = [_values(rows[name], kind, sheet.zone) for name, _, kind, _ in shown]
    for line, values in enumerate(zip(*columns, strict=True), start=first):
        for place, value in enumerate(values):
            if value is not None:
                write, cell_format = writers[place]
                write(line, place, value, cell_format)
    sheet.row = first + len(rows)
    return [_longest(values, kind) for (_, _, kind, _), values in zip(shown, columns, strict=True)]


def _longest(values: list[Any], kind: _Kind) -> int:
    known = [value for value in values if value is not None]
    if kind is _Kind.TEXT or not known:
        return 0
    return max(shown_length(each, _SHOWN[kind]) for each in (min(known), max(known)))


def _title(name: str, kind: _Kind, zone: str, words: Catalogue) -> str:
    units = {
        _Kind.INSTANT: zone,
        _Kind.LENGTH: words.gettext("h:mm"),
        _Kind.HOURS: words.gettext("hours"),
    }
    title = words.gettext(name)
    return f"{title} ({units[kind]})" if kind in units else title


def _values(column: pd.Series, kind: _Kind, zone: str) -> list[Any]:
    """What a sheet keeps of each value, None for an empty cell."""
    if kind is _Kind.INSTANT:
        return day_numbers(column, zone)
    if kind is _Kind.TEXT:
        blank = column.isna().tolist()
        return [
            None if none or not value else text(value)
            for value, none in zip(column.tolist(), blank, strict=True)
        ]
    scale = {_Kind.LENGTH: DAY, _Kind.HOURS: 3600.0}.get(kind, 1.0)
    finite = pd.to_numeric(column).astype("float64").replace([float("inf"), float("-inf")], None)
    return [None if value != value or value is None else value / scale for value in finite.tolist()]
