"""Pictures of a report: trends as XmR charts and groups of bars, as PNG for mail, SVG for print.

The same chart gives the same bytes: one typeface, no dates, nothing of a user's own settings.
Nothing is shown by colour alone: what is special has its own shape and a label. A picture has no
title of its own; the page around it has.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING, Any

from supportops.rendering.catalogue import ENGLISH, Catalogue
from supportops.reports.document import BarsPicture, Chart
from supportops.reports.formats.charts.trend_picture import draw_trend, explain_above, say_nothing
from supportops.reports.formats.charts.typeface import FAMILIES, drawable, load_matplotlib

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 6.0, 2.7  # inches; 100 of a page's pixels each
_PIXELS = 200  # an inch: two for each of the page's, for sharp mail on fine screens
_COLOURS = 64  # a chart needs no more, and a mail is a third as big
# Okabe and Ito's colours, each with a hatch of its own so that they differ in grey print.
_FILLS = (
    ("#0072B2", ""),
    ("#F0C56B", "////"),
    ("#7FCDB4", "\\\\\\\\"),
    ("#A0527F", ""),
    ("#FFFFFF", ""),
)
_GREY, _INK = "#555555", "#222222"
_GROUP = 0.8  # of the room that each label has
_ACROSS = 4  # names beside each other above the bars
_LEGEND = 60  # signs of them
_CROWDED = 40  # bars; from here on no figure fits above each
# matplotlib's settings belong to the whole process, so charts are drawn one after another.
_DRAWING = Lock()


def png(chart: Chart, words: Catalogue = ENGLISH) -> bytes:
    """1200 x 540 pixels, to be shown 600 wide; under 60 kB. Labels of our own are in `words`."""
    with _DRAWING, _settings():
        drawn = BytesIO()
        _figure(chart, words).savefig(drawn, format="png", dpi=_PIXELS, metadata={"Software": None})
    return _fewer_colours(drawn)


def svg(chart: Chart, words: Catalogue = ENGLISH) -> bytes:
    """Letters are outlines: it looks the same wherever it is shown, without any font."""
    with _DRAWING, _settings():
        drawn = BytesIO()
        _figure(chart, words).savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    return drawn.getvalue()


def _figure(chart: Chart, words: Catalogue) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
    axes = figure.add_subplot()
    if isinstance(chart.picture, BarsPicture):
        _draw_bars(axes, chart.picture, words)
    else:
        draw_trend(axes, chart.picture, words)
    return figure


def _draw_bars(axes: Axes, picture: BarsPicture, words: Catalogue) -> None:
    """A group for each label, a bar in it for each series, its figure above it."""
    count = max(len(picture.series), 1)
    crowded = len(picture.labels) * count > _CROWDED
    for number, (name, values) in enumerate(picture.series):
        colour, hatch = _FILLS[number % len(_FILLS)]
        left = -_GROUP / 2 + _GROUP / count * (number + 0.5)
        bars = axes.bar(
            [place + left for place in range(len(values))],
            values,
            width=_GROUP / count * 0.92,
            facecolor=colour,
            edgecolor=_INK,
            linewidth=0.6,
            hatch=hatch,
            label=drawable(name, _LEGEND // min(count, _ACROSS)),
            zorder=2,
        )
        if not crowded:
            axes.bar_label(bars, fmt="%d", padding=1.5, fontsize=7.5, color=_INK)
    _set_axes(axes, picture)
    if picture.series:
        explain_above(axes, min(count, _ACROSS))
    if not picture.labels:
        say_nothing(axes, words.gettext("nothing to count"))


def _set_axes(axes: Axes, picture: BarsPicture) -> None:
    from matplotlib.ticker import MaxNLocator

    highest = max((value for _, values in picture.series for value in values), default=0)
    axes.set_ylim(0, max(1.0, highest * 1.12))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.set_ylabel(drawable(picture.axis, 24), color=_INK)
    axes.grid(axis="y", color="#E8E8E8", lw=0.7)
    axes.set_axisbelow(True)
    room = max(4, 78 // max(len(picture.labels), 1))
    labels = [drawable(label, room) for label in picture.labels]
    axes.set_xticks(range(len(labels)), labels)
    axes.set_xlim(-0.6, max(len(labels), 1) - 0.4)
    axes.tick_params(length=3, color=_GREY, labelcolor=_INK)


@contextmanager
def _settings() -> Iterator[None]:
    """matplotlib's own defaults and ours on top, whatever a user's matplotlibrc says."""
    load_matplotlib()
    from matplotlib import rc_context, rcParamsDefault

    defaults: dict[Any, Any] = {k: v for k, v in rcParamsDefault.items() if k != "backend"}
    ours: dict[Any, Any] = {
        "font.family": list(FAMILIES),
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
    with rc_context(defaults | ours):
        yield


def _fewer_colours(drawn: BytesIO) -> bytes:
    from PIL import Image

    with Image.open(drawn) as picture:
        reduced = picture.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
    written = BytesIO()
    reduced.save(written, "PNG", optimize=True)
    return written.getvalue()
