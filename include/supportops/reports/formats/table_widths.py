"""The widths of a printed table's columns, in proportion to each other."""

from __future__ import annotations

from collections.abc import Sequence

from supportops.reports.document import Cell, Column, Unit

PAGE = 112
"""Characters in a row of a page, between its margins."""

_GUTTER = 2
_LEAST, _MOST = 5, 60
_SIGN = "▲ "  # what a share may have in front of it
_NOTED = 18  # the longest word that is not broken


def widths(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> list[int]:
    """Characters for each column. What is not text keeps its line while any text can be broken."""
    texts = [
        [_SIGN * (column.unit is Unit.SHARE) + row[place].text for row in rows]
        for place, column in enumerate(columns)
    ]
    full_widths = [
        min(_MOST, max(_longest(cells), _longest(_words_of([column.title])), _LEAST))
        for column, cells in zip(columns, texts, strict=True)
    ]
    least = [
        min(full, max(_LEAST, _longest(_words_of([column.title, *_breakable(column, cells)]))))
        for column, cells, full in zip(columns, texts, full_widths, strict=True)
    ]
    return [each + _GUTTER for each in _fitted(full_widths, least, PAGE - _GUTTER * len(columns))]


def _fitted(full_widths: list[int], least: list[int], room: int) -> list[int]:
    """The widest columns give way first, none below its least."""
    for cap in range(_MOST, 0, -1):
        fitted = [max(low, min(full, cap)) for full, low in zip(full_widths, least, strict=True)]
        if sum(fitted) <= room:
            return fitted
    return least


def _breakable(column: Column, cells: list[str]) -> list[str]:
    if column.unit in (Unit.TEXT, Unit.INSTANT):
        return [word[:_NOTED] for word in _words_of(cells)]
    return cells if _longest(cells) <= _NOTED else [w[:_NOTED] for w in _words_of(cells)]


def _words_of(texts: Sequence[str]) -> list[str]:
    return [word for text in texts for word in text.split()]


def _longest(texts: Sequence[str]) -> int:
    return max(map(len, texts), default=0)
