"""Thirteen weeks as charts and a table, and the issued figures that changed since."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from supportops.reports.document import (
    Cell,
    Chart,
    Column,
    Table,
    Tone,
    TrendPicture,
    TrendPoint,
    Words,
)
from supportops.reports.figures import (
    Attainment,
    By,
    Figures,
    Point,
    Restatement,
    TicketReason,
    Trend,
)
from supportops.reports.words import labels
from supportops.reports.words.dates import Reader
from supportops.reports.words.labels import plural, short_line
from supportops.reports.words.sentences import week

_REASONS = 5
_DRAWN = 2  # points without which a chart shows nothing


def charts(figures: Figures, reader: Reader) -> tuple[Chart | Words, ...]:
    """One a tier, the mixture of all last; a sentence where there is nothing to draw."""
    names: set[str] = set()
    made: list[Chart | Words] = []
    for trend in _ordered(figures):
        finding, name = alt(trend, reader), _identifier(trend, names)
        names.add(name)
        if sum(not point.few for point in trend.points) < _DRAWN:
            made.append(Words(f"{finding}."))
        else:
            title = labels.group(trend.by, trend.name, reader)
            made.append(Chart(name, title, finding, _picture(trend)))
    return tuple(made)


def _ordered(figures: Figures) -> list[Trend]:
    """Tiers, then the mixture of them; of a single tier it would say the same again."""
    tiers = [t for t in figures.trends if t.by is not By.ALL]
    return tiers if len(tiers) == 1 else sorted(figures.trends, key=lambda t: t.by is By.ALL)


def _identifier(trend: Trend, taken: set[str]) -> str:
    """A name for files and addresses: "trend-gold"."""
    plain = re.sub(r"[^a-z0-9_]+", "-", (trend.name or "overall").lower()[:40]).strip("-")
    name = f"trend-{plain or 'tier'}"
    return name if name not in taken else f"{name}-{len(taken) + 1}"


def _picture(trend: Trend) -> TrendPicture:
    points = tuple(
        TrendPoint(_week(p.label), p.share, p.issued, p.few, n in trend.signals)
        for n, p in enumerate(trend.points)
    )
    return TrendPicture(points, trend.mean, trend.low, trend.high, trend.target)


def alt(trend: Trend, reader: Reader) -> str:
    """The finding in a sentence, for those who see no chart."""
    name = labels.group(trend.by, trend.name, reader)
    shares = [p.share for p in trend.points if not p.few and p.share is not None]
    if not shares:
        each = "each " if len(trend.points) > 1 else ""
        few = f"{plural(len(trend.points), 'week')}, {each}with too few promises for a percentage"
        return f"{name}: {few}{_now(trend, reader)}"
    weeks = plural(len(shares), "week")
    if len(shares) < len(trend.points):
        weeks += " with enough promises,"
    low, high = reader.hundredths(min(shares)), reader.hundredths(max(shares))
    between = f"at {low} %" if low == high else f"between {low} and {high} %"
    return f"{name}: {weeks} {between}{_now(trend, reader)}, {_signal(trend)}"


def _now(trend: Trend, reader: Reader) -> str:
    if not trend.points or not trend.points[-1].due:
        return ", none due this week"
    return f", this week {_point(trend.points[-1], reader)}"


def _point(point: Point, reader: Reader) -> str:
    if point.share is None:
        return "–"
    if point.few:
        return f"{reader.count(point.met)} of {reader.count(point.due)}"
    return reader.share(point.share)


def _signal(trend: Trend) -> str:
    if trend.mean is None:
        return "too few weeks to tell a signal from chance"
    runs = list(_runs(trend))
    if not runs:
        return "no signal"
    weeks = [first if first == last else f"{first} to {last}" for first, last in runs]
    return f"a signal in {' and '.join(weeks) if len(weeks) < 3 else ', '.join(weeks)}"


def _runs(trend: Trend) -> Iterator[tuple[str, str]]:
    """The first and the last week of signals that follow each other; few promises part nothing."""
    first = last = ""
    for place, point in enumerate(trend.points):
        if place in trend.signals:
            first, last = first or _week(point.label), _week(point.label)
        elif first and not point.few:
            yield first, last
            first = ""
    if first:
        yield first, last


def _week(label: str) -> str:
    number = week(label)
    return label if number == label else f"W{number}"


def weeks(figures: Figures, reader: Reader) -> Table:
    """The charts as figures: a row a week, a column a tier."""
    trends = _ordered(figures)
    names = list(dict.fromkeys(p.label for t in trends for p in t.points))
    rows = tuple(
        (Cell(_week(name)), *(_week_cell(trend, name, reader) for trend in trends))
        for name in sorted(names)
    )
    computed = any(not p.issued for t in trends for p in t.points[:-1])
    return Table(
        "weeks",
        "The weeks in figures",
        (Column("Week"), *(Column(labels.group(t.by, t.name, reader)) for t in trends)),
        rows,
        empty="There are no weeks to show.",
        note="Signal: more than chance explains."
        + (" *: no report was issued; computed today." if computed else ""),
    )


def _week_cell(trend: Trend, name: str, reader: Reader) -> Cell:
    place = next((n for n, p in enumerate(trend.points) if p.label == name), None)
    if place is None or not trend.points[place].due:
        return Cell("–", tone=Tone.QUIET)
    point = trend.points[place]
    text = _point(point, reader)
    if not point.few:
        text += f" of {reader.count(point.due)}"
    last = place == len(trend.points) - 1
    star = "" if point.issued or last else " *"
    signal = place in trend.signals
    value = None if point.few else point.share
    return Cell(f"{text}{star}{', signal' if signal else ''}", value)


def restatements(figures: Figures, reader: Reader) -> Table:
    """Issued figures that changed since, with the tickets that changed them."""
    return Table(
        "restatements",
        "Issued figures that changed",
        (Column("Week"), Column("Tier"), Column("Issued"), Column("Now"), Column("Because")),
        tuple(_restated(each, reader) for each in figures.restatements),
        empty="None that was not told before.",
    )


def _restated(each: Restatement, reader: Reader) -> tuple[Cell, ...]:
    by = By.ALL if each.tier is None else By.TIER
    return (
        Cell(_week(each.label)),
        Cell(labels.group(by, each.tier, reader)),
        Cell(_share(each.issued, reader)),
        Cell(_share(each.now, reader)),
        Cell(because(each.because)),
    )


def _share(attainment: Attainment, reader: Reader) -> str:
    if attainment.share is None:
        return "none due"
    if attainment.few:
        return f"{reader.count(attainment.met)} of {reader.count(attainment.due)}"
    return f"{reader.share(attainment.share, 1)} of {reader.count(attainment.due)}"


def because(reasons: Sequence[TicketReason]) -> str:
    """ "ticket 123 merged; ticket 124 was late after all"."""
    shown = [
        f"ticket {short_line(r.number, 40)} {short_line(r.why, 80)}" for r in reasons[:_REASONS]
    ]
    more = len(reasons) - len(shown)
    return "; ".join(shown) + (f"; and {more} more" if more > 0 else "") or "–"
