"""Pictures of a report: trends as XmR charts and groups of bars, as PNG for mail, SVG for print.

The same chart gives the same bytes: one typeface, no dates, nothing of a user's own settings.
Nothing is told by colour alone: what is special has its own shape and a label. A picture has no
title of its own; the page around it has.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING, Any

from supportops.reports.document import BarsPicture, Chart
from supportops.reports.formats.charts.bars_picture import draw_bars
from supportops.reports.formats.charts.trend_picture import draw_trend
from supportops.reports.formats.charts.typeface import FAMILY, load_matplotlib

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 6.0, 2.7  # inches; 100 of a page's pixels each
_PIXELS = 200  # an inch: two for each of the page's, for sharp mail on fine screens
_COLOURS = 64  # a chart needs no more, and a mail is a third as big
# matplotlib's settings belong to the whole process, so charts are drawn one after another.
_DRAWING = Lock()


def png(chart: Chart) -> bytes:
    """1200 x 540 pixels, to be shown 600 wide; under 60 kB."""
    with _DRAWING, _settings():
        drawn = BytesIO()
        _figure(chart).savefig(drawn, format="png", dpi=_PIXELS, metadata={"Software": None})
    return _fewer_colours(drawn)


def svg(chart: Chart) -> bytes:
    """Letters are outlines: it looks the same wherever it is shown, without any font."""
    with _DRAWING, _settings():
        drawn = BytesIO()
        _figure(chart).savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    return drawn.getvalue()


def _figure(chart: Chart) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
    axes = figure.add_subplot()
    if isinstance(chart.picture, BarsPicture):
        draw_bars(axes, chart.picture)
    else:
        draw_trend(axes, chart.picture)
    return figure


@contextmanager
def _settings() -> Iterator[None]:
    """matplotlib's own defaults and ours on top, whatever a user's matplotlibrc says."""
    load_matplotlib()
    from matplotlib import rc_context, rcParamsDefault

    kept: dict[Any, Any] = {k: v for k, v in rcParamsDefault.items() if k != "backend"}
    ours: dict[Any, Any] = {
        "font.family": [FAMILY],
        "font.size": 8.5,
        "text.parse_math": False,  # "$x$" in a name is a name
        "text.usetex": False,
        "axes.unicode_minus": False,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": "#555555",
        "svg.hashsalt": "supportops",
        "svg.fonttype": "path",
    }
    with rc_context(kept | ours):
        yield


def _fewer_colours(drawn: BytesIO) -> bytes:
    from PIL import Image

    with Image.open(drawn) as picture:
        reduced = picture.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
    written = BytesIO()
    reduced.save(written, "PNG", optimize=True)
    return written.getvalue()
