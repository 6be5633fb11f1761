"""Charts that a spreadsheet draws itself, out of figures on a sheet of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from supportops.rendering.catalogue import N_, Catalogue
from supportops.reports.document import BarsPicture, Chart, TrendPicture
from supportops.reports.formats.charts.trend_picture import lowest_share
from supportops.reports.formats.workbook.sheet import Sheet
from supportops.reports.formats.workbook.values import number, shown_length, text

_BLUE, _VERMILLION, _GREEN, _GREY = "#0072B2", "#D55E00", "#00785A", "#777777"
_BARS = (_BLUE, "#E69F00", "#009E73", "#CC79A7")
_WIDE, _HIGH = 700, 300  # pixels
_TALL = 16  # rows of a sheet under a chart
_GRID = {"major_gridlines": {"visible": True, "line": {"color": "#E3E7EA"}}}
_TREND = (
    N_("Period"),
    N_("Kept"),
    N_("Computed now"),
    N_("Signal"),
    N_("Mean"),
    N_("Low limit"),
    N_("High limit"),
    N_("Target"),
)


@dataclass(slots=True)
class ChartFigures:
    """What charts are drawn from: written after them, onto the sheet `name`."""

    name: str
    words: Catalogue
    blocks: list[tuple[str, Sequence[Sequence[Any]]]] = field(default_factory=list)

    def put(self, titles: Sequence[str], rows: Sequence[Sequence[Any]], shown: str) -> int:
        """Answers with the row that the titles will have; an empty one ends each block."""
        first = sum(len(lines) for _, lines in self.blocks)
        self.blocks.append((shown, [titles, *rows, ()]))
        return first

    def write(self, sheet: Sheet) -> None:
        """Writes every block, one below the other."""
        for shown, (titles, *rows) in self.blocks:
            sheet.headers(titles, right=range(1, len(titles)))
            cell_format = sheet.formats.of(num_format=shown)
            for row in rows:
                _write_row(sheet, row, cell_format, shown)


def _write_row(sheet: Sheet, row: Sequence[Any], cell_format: Any, shown: str) -> None:
    for place, value in enumerate(row):
        if place == 0:
            sheet.worksheet.write_string(sheet.row, 0, text(value))
        elif (found := number(value)) is not None:
            sheet.worksheet.write_number(sheet.row, place, found, cell_format)
            sheet.widen(place, shown_length(found, shown))
    sheet.row += 1


def write_chart(book: Any, sheet: Sheet, chart: Chart, figures: ChartFigures) -> None:
    """The chart's title, its finding, and its picture."""
    sheet.heading(chart.title)
    sheet.note(chart.alt)
    picture = chart.picture
    if isinstance(picture, BarsPicture):
        drawn = _bars(book, picture, figures)
    else:
        drawn = _trend(book, picture, figures)
    if drawn is not None:
        drawn.set_size({"width": _WIDE, "height": _HIGH})
        drawn.set_legend({"position": "bottom"})
        options = {"description": _described(chart, figures.words), "object_position": 2}
        sheet.worksheet.insert_chart(sheet.row, 0, drawn, options)
        sheet.row += _TALL
    sheet.gap()


def _described(chart: Chart, words: Catalogue) -> str:
    return words.gettext("{title}: chart", title=text(chart.title)[:200])


def _trend(book: Any, picture: TrendPicture, figures: ChartFigures) -> Any:
    rows = []
    for point in picture.points:
        share = None if point.few else point.share
        now, signal = None if point.issued else share, share if point.signal else None
        limits = (picture.mean, picture.low, picture.high, picture.target)
        rows.append((point.label, share, now, signal, *limits))
    if not any(row[1] is not None for row in rows):
        return None
    titles = tuple(map(figures.words.gettext, _TREND))
    first = figures.put(titles, rows, "0.0%")
    drawn = book.add_chart({"type": "line"})
    for place, style in enumerate(_trend_styles(), start=1):
        if any(row[place] is not None for row in rows):
            drawn.add_series(_series(figures.name, first, titles, rows, place) | style)
    drawn.set_y_axis({"num_format": "0%", "min": lowest_share(picture), "max": 1} | _GRID)
    drawn.show_blanks_as("gap")
    return drawn


def _trend_styles() -> list[dict[str, Any]]:
    """A line with full points; pale and marked ones on top; limits, mean and target plain."""
    round_, none = {"type": "circle", "size": 7}, {"none": True}
    full = {"fill": {"color": _BLUE}, "border": {"color": _BLUE}}
    hollow = {"fill": {"color": "#CFE5F3"}, "border": {"color": _BLUE}}
    marked = {"fill": {"color": _VERMILLION}, "border": {"color": _VERMILLION}}
    return [
        {"line": {"color": _BLUE, "width": 2}, "marker": round_ | full},
        {"line": none, "marker": round_ | hollow},
        {"line": none, "marker": {"type": "diamond", "size": 10} | marked},
        {"line": {"color": _GREY, "width": 1}},
        {"line": {"color": _GREY, "width": 1, "dash_type": "round_dot"}},
        {"line": {"color": _GREY, "width": 1, "dash_type": "round_dot"}},
        {"line": {"color": _GREEN, "width": 1.5, "dash_type": "dash"}},
    ]


def _bars(book: Any, picture: BarsPicture, figures: ChartFigures) -> Any:
    titles = (picture.axis, *(name for name, _ in picture.series))
    rows = list(zip(picture.labels, *(values for _, values in picture.series), strict=False))
    if not rows or not picture.series:
        return None
    first = figures.put(titles, rows, "#,##0")
    drawn = book.add_chart({"type": "column"})
    for place in range(1, len(titles)):
        fill = {"fill": {"color": _BARS[(place - 1) % len(_BARS)]}}
        drawn.add_series(_series(figures.name, first, titles, rows, place) | fill)
    # By its cell: a name that looks like "a!B1" would itself be taken for a reference to one.
    axis = {"name": [figures.name, first, 0], "data": [text(picture.axis)]}
    highest = max((count for _, counts in picture.series for count in counts), default=0)
    drawn.set_y_axis(axis | _GRID | {"min": 0, "major_unit": max(1, ceil(highest / 5))})
    return drawn


def _series(
    name: str, header: int, titles: Sequence[str], rows: Sequence[Sequence[Any]], place: int
) -> dict[str, Any]:
    """The cells of a series, and a copy of their values: some viewers show only the copy."""
    first, last = header + 1, header + len(rows)
    return {
        "name": [name, header, place],
        "name_data": [text(titles[place])],
        "categories": [name, first, 0, last, 0],
        "categories_data": [text(row[0]) for row in rows],
        "values": [name, first, place, last, place],
        "values_data": [number(row[place]) for row in rows],
    }
