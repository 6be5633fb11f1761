"""Groups of bars side by side, such as what arrived and what was solved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supportops.reports.document import BarsPicture
from supportops.reports.formats.charts.trend_picture import explain_above, say_nothing
from supportops.reports.formats.charts.typeface import drawable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, each with a hatch of its own so that print in grey tells them apart.
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


def draw_bars(axes: Axes, picture: BarsPicture) -> None:
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
        say_nothing(axes, "nothing to count")


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
