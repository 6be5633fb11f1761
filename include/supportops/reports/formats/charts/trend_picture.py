"""An XmR chart: attainment week by week, its natural limits, and what chance does not explain."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import ceil, floor, isnan, nan
from typing import TYPE_CHECKING, Any

from supportops.rendering.catalogue import Catalogue
from supportops.reports.document import TrendPicture, TrendPoint
from supportops.reports.formats.charts.typeface import drawable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Colours by Okabe and Ito, distinguishable by nearly all eyes; shapes and words say the same.
BLUE, GREEN, VERMILLION = "#0072B2", "#00785A", "#B34700"
GREY, BAND, INK = "#555555", "#DCE3E8", "#222222"
_NARROW = 4  # signs of a label that fit under each of 13 points
_ALIKE = 0.015  # consecutive signals that differ by less get one label
_ONE_ROW = 6  # words of the legend that fit beside each other
_ROW = 66  # signs of them


def draw_trend(axes: Axes, picture: TrendPicture, words: Catalogue) -> None:
    """Issued points full, those computed now hollow, gaps where too few were due, signals."""
    shares = [_share(point) for point in picture.points]
    _draw_limits(axes, picture, words)
    _draw_points(axes, picture.points, shares, words)
    _draw_signals(axes, picture.points, shares, words)
    _name_last(axes, picture.points, shares, words)
    _set_axes(axes, picture, shares, words)
    if all(isnan(share) for share in shares):
        say_nothing(axes, words.gettext("too few promises for a share"))
    explain_above(axes, _across(axes.get_legend_handles_labels()[1]))


def _across(labels: Sequence[str]) -> int:
    """How many of a legend's words fit beside each other."""
    if len(labels) > _ONE_ROW:
        return 4
    return len(labels) if sum(map(len, labels)) <= _ROW else 3


def lowest_share(picture: TrendPicture) -> float:
    """Where the axis begins: a little below all that is drawn, and never above 70 %."""
    limits = (picture.low, picture.mean, picture.target)
    seen = [_share(point) for point in picture.points] + [x for x in limits if x is not None]
    lowest = min((share for share in seen if not isnan(share)), default=0.0)
    return min(max(0.0, floor(10 * lowest - 0.6) / 10), 0.7)


def explain_above(axes: Axes, across: int) -> None:
    """What shapes mean, so many beside each other, in a room kept free above the picture."""
    from matplotlib.transforms import blended_transform_factory

    handles, labels = axes.get_legend_handles_labels()
    if not handles:
        return
    figure: Any = axes.get_figure(root=True)
    legend = axes.legend(
        handles,
        labels,
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        bbox_transform=blended_transform_factory(figure.transFigure, axes.transAxes),
        ncols=across,
        frameon=False,
        fontsize=7.5,
        handlelength=1.6,
        columnspacing=1.1,
    )
    # Names too long for the picture are cut off at its edges; laid out, they would squeeze it.
    legend.set_in_layout(False)
    figure.get_layout_engine().set(rect=(0, 0, 1, 1 - 0.09 * ceil(len(handles) / across)))


def say_nothing(axes: Axes, why: str) -> None:
    """Why an empty picture is empty."""
    axes.text(0.5, 0.5, why, transform=axes.transAxes, ha="center", va="center", color=GREY)


def _share(point: TrendPoint) -> float:
    return nan if point.few or point.share is None else point.share


def _percent(share: float, words: Catalogue) -> str:
    """Rounded down, as everywhere in a report."""
    return words.percent(_hundredths(share, words))


def _hundredths(share: float, words: Catalogue) -> str:
    return words.fixed(Decimal(floor(round(share * 100, 6))), 0)


def _draw_limits(axes: Axes, picture: TrendPicture, words: Catalogue) -> None:
    if picture.low is not None and picture.high is not None:
        label = words.gettext(
            "limits {low}–{high}",
            low=_hundredths(picture.low, words),
            high=_percent(picture.high, words),
        )
        axes.axhspan(picture.low, picture.high, color=BAND, lw=0, label=label, zorder=0)
    if picture.mean is not None:
        label = words.gettext("mean {share}", share=_percent(picture.mean, words))
        axes.axhline(picture.mean, color=GREY, lw=1, label=label, zorder=1)
    if picture.target is not None:
        label = words.gettext("target {share}", share=_percent(picture.target, words))
        axes.axhline(picture.target, color=GREEN, lw=1.3, ls=(0, (5, 3)), label=label, zorder=1)


def _draw_points(
    axes: Axes, points: tuple[TrendPoint, ...], shares: list[float], words: Catalogue
) -> None:
    axes.plot(range(len(shares)), shares, color=BLUE, lw=1.6, zorder=2)
    as_issued, now = words.gettext("as issued"), words.gettext("computed now")
    for issued, face, label in ((True, BLUE, as_issued), (False, "white", now)):
        places = [
            place
            for place, point in enumerate(points)
            if point.issued is issued and not point.signal and not isnan(shares[place])
        ]
        if places:
            _marks(axes, places, shares, marker="o", size=5, face=face, edge=BLUE, label=label)


def _draw_signals(
    axes: Axes, points: tuple[TrendPoint, ...], shares: list[float], words: Catalogue
) -> None:
    places = [i for i, point in enumerate(points) if point.signal and not isnan(shares[i])]
    for issued, face in ((True, VERMILLION), (False, "white")):
        some = [place for place in places if points[place].issued is issued]
        if some:
            label = words.gettext("signal") if issued else words.gettext("signal, computed now")
            _marks(axes, some, shares, marker="D", size=7, face=face, edge=VERMILLION, label=label)
    last_noted = 2.0
    for place in places:
        if abs(shares[place] - last_noted) >= _ALIKE:
            last_noted = shares[place]
            _note(axes, place, last_noted, _percent(last_noted, words), VERMILLION)


def _marks(
    axes: Axes,
    places: list[int],
    shares: list[float],
    *,
    marker: str,
    size: float,
    face: str,
    edge: str,
    label: str,
) -> None:
    axes.plot(
        places,
        [shares[place] for place in places],
        linestyle="none",
        marker=marker,
        markersize=size,
        markerfacecolor=face,
        markeredgecolor=edge,
        markeredgewidth=1.4,
        label=label,
        zorder=3,
    )


def _name_last(
    axes: Axes, points: tuple[TrendPoint, ...], shares: list[float], words: Catalogue
) -> None:
    """This period's own figure, unless a signal has named it already."""
    last = len(points) - 1
    if points and not points[last].signal and not isnan(shares[last]):
        _note(axes, last, shares[last], _percent(shares[last], words), INK)


def _note(axes: Axes, place: int, share: float, text: str, colour: str) -> None:
    below = share > 0.5
    axes.annotate(
        text,
        (place, share),
        xytext=(0, -8 if below else 8),
        textcoords="offset points",
        ha="center",
        va="top" if below else "bottom",
        color=colour,
        fontsize=8,
        fontweight="bold",
        bbox={
            "boxstyle": "square,pad=0.1",
            "facecolor": "white",
            "edgecolor": "none",
            "alpha": 0.8,
        },
        zorder=4,
    )


def _set_axes(axes: Axes, picture: TrendPicture, shares: list[float], words: Catalogue) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.set_ylim(lowest_share(picture), 1.03)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: _percent(share, words)))
    axes.grid(axis="y", color="#E8E8E8", lw=0.7, zorder=0)
    axes.set_axisbelow(True)
    axes.set_xlim(-0.6, max(len(shares), 1) - 0.4)
    _name_periods(axes, picture.points, shares, words)


def _name_periods(
    axes: Axes, points: tuple[TrendPoint, ...], shares: list[float], words: Catalogue
) -> None:
    labels = [drawable(point.label, 12) for point in points]
    step = 1 if max(map(len, labels), default=0) <= _NARROW else 2
    shown = range((len(labels) - 1) % step, len(labels), step) if labels else range(0)
    axes.set_xticks(list(shown), [labels[place] for place in shown])
    axes.tick_params(length=3, color=GREY, labelcolor=INK)
    for place, share in enumerate(shares):
        if isnan(share):
            axes.annotate(
                words.gettext("few"),
                (place, 0),
                xycoords=axes.get_xaxis_transform(),
                xytext=(0, 3),
                textcoords="offset points",
                ha="center",
                color=GREY,
                fontsize=7,
            )
