"""Thirteen weeks as charts and a table, and the issued figures that changed since."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from supportops.rendering.catalogue import N_
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
from supportops.reports.words import cells, labels
from supportops.reports.words.dates import Reader
from supportops.reports.words.labels import short_line
from supportops.reports.words.reasons import reason
from supportops.reports.words.sentences import week

_WEEK = Column(N_("Week"))
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
            made.append(Words(reader.gettext("{sentence}.", sentence=finding)))
        else:
            title = labels.group(trend.by, trend.name, reader)
            made.append(Chart(name, title, finding, _picture(trend, reader)))
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


def _picture(trend: Trend, reader: Reader) -> TrendPicture:
    points = tuple(
        TrendPoint(_week(p.label, reader), p.share, p.issued, p.few, n in trend.signals)
        for n, p in enumerate(trend.points)
    )
    return TrendPicture(points, trend.mean, trend.low, trend.high, trend.target)


def alt(trend: Trend, reader: Reader) -> str:
    """The finding in a sentence, for those who see no chart."""
    name = labels.group(trend.by, trend.name, reader)
    points = [p for p in trend.points if not p.few and p.share is not None]
    weeks = _weeks(trend, points, reader)
    values = {"name": name, "weeks": weeks, "now": _now(trend, reader)}
    if not points:
        return reader.gettext("{name}: {weeks}, {now}", **values)
    return reader.gettext(
        "{name}: {weeks}, {now}, {signal}", signal=_signal(trend, reader), **values
    )


def _weeks(trend: Trend, points: Sequence[Point], reader: Reader) -> str:
    """ "13 weeks between 82 and 96 %", or why there is no percentage."""
    if not points:
        return reader.ngettext(
            "{number} week, with too few promises for a percentage",
            "{number} weeks, each with too few promises for a percentage",
            len(trend.points),
        )
    shares = [p.share for p in points if p.share is not None]
    low, high = reader.share(min(shares)), reader.share(max(shares))
    all_ = len(points) == len(trend.points)
    if low == high and all_:
        return reader.ngettext(
            "{number} week at {share}", "{number} weeks at {share}", len(points), share=low
        )
    if low == high:
        return reader.ngettext(
            "{number} week with enough promises, at {share}",
            "{number} weeks with enough promises, at {share}",
            len(points),
            share=low,
        )
    values = {"low": reader.hundredths(min(shares)), "high": high}
    if all_:
        return reader.ngettext(
            "{number} week between {low} and {high}",
            "{number} weeks between {low} and {high}",
            len(points),
            **values,
        )
    return reader.ngettext(
        "{number} week with enough promises, between {low} and {high}",
        "{number} weeks with enough promises, between {low} and {high}",
        len(points),
        **values,
    )


def _now(trend: Trend, reader: Reader) -> str:
    if not trend.points or not trend.points[-1].due:
        return reader.gettext("none due this week")
    return reader.gettext("this week {share}", share=_point(trend.points[-1], reader))


def _point(point: Point, reader: Reader) -> str:
    if point.share is None:
        return "–"
    if point.few:
        return cells.some_of(point.met, point.due, reader)
    return reader.share(point.share)


def _signal(trend: Trend, reader: Reader) -> str:
    if trend.mean is None:
        return reader.gettext("too few weeks to tell a signal from chance")
    runs = list(_runs(trend))
    if not runs:
        return reader.gettext("no signal")
    weeks = [
        _week(first, reader)
        if first == last
        else reader.pgettext(
            "weeks", "{first} to {last}", first=_week(first, reader), last=_week(last, reader)
        )
        for first, last in runs
    ]
    listed = reader.listed(weeks) if len(weeks) < 3 else ", ".join(weeks)
    return reader.gettext("a signal in {weeks}", weeks=listed)


def _runs(trend: Trend) -> Iterator[tuple[str, str]]:
    """The labels of the first and the last week of signals that follow each other; few promises
    part nothing.
    """
    first = last = ""
    for place, point in enumerate(trend.points):
        if place in trend.signals:
            first, last = first or point.label, point.label
        elif first and not point.few:
            yield first, last
            first = ""
    if first:
        yield first, last


def _week(label: str, reader: Reader) -> str:
    """ "W47"."""
    number = week(label)
    return label if number == label else reader.gettext("W{week}", week=number)


def weeks(figures: Figures, reader: Reader) -> Table:
    """The charts as figures: a row a week, a column a tier."""
    trends = _ordered(figures)
    names = list(dict.fromkeys(p.label for t in trends for p in t.points))
    rows = tuple(
        (Cell(_week(name, reader)), *(_week_cell(trend, name, reader) for trend in trends))
        for name in sorted(names)
    )
    computed = any(not p.issued for t in trends for p in t.points[:-1])
    note = reader.gettext("Signal: more than chance explains.")
    if computed:
        note += " " + reader.gettext("*: no report was issued; computed today.")
    return Table(
        "weeks",
        reader.gettext("The weeks in figures"),
        (
            *cells.columns(reader, _WEEK),
            *(Column(labels.group(t.by, t.name, reader)) for t in trends),
        ),
        rows,
        empty=reader.gettext("There are no weeks to show."),
        note=note,
    )


def _week_cell(trend: Trend, name: str, reader: Reader) -> Cell:
    place = next((n for n, p in enumerate(trend.points) if p.label == name), None)
    if place is None or not trend.points[place].due:
        return Cell("–", tone=Tone.QUIET)
    point = trend.points[place]
    if point.few or point.share is None:
        text = _point(point, reader)
    else:
        text = cells.share_of(point.share, 0, point.due, reader)
    if not point.issued and place < len(trend.points) - 1:
        text += " *"
    if place in trend.signals:
        text = reader.gettext("{share}, signal", share=text)
    return Cell(text, None if point.few else point.share)


def restatements(figures: Figures, reader: Reader) -> Table:
    """Issued figures that changed since, with the tickets that changed them."""
    return Table(
        "restatements",
        reader.gettext("Issued figures that changed"),
        cells.columns(
            reader,
            _WEEK,
            Column(N_("Tier")),
            Column(N_("Issued")),
            Column(N_("Now")),
            Column(N_("Because")),
        ),
        tuple(_restated(each, reader) for each in figures.restatements),
        empty=reader.gettext("No change that was not reported before."),
    )


def _restated(each: Restatement, reader: Reader) -> tuple[Cell, ...]:
    by = By.ALL if each.tier is None else By.TIER
    return (
        Cell(_week(each.label, reader)),
        Cell(labels.group(by, each.tier, reader)),
        Cell(_share(each.issued, reader)),
        Cell(_share(each.now, reader)),
        Cell(reader.words.clauses(_whys(each, reader)) or "–"),
    )


def _whys(each: Restatement, reader: Reader) -> list[str]:
    """Changed rules come first: they explain what the tickets alone do not."""
    parts = _because(each.because, reader)
    if each.rules:
        named = (short_line(reader.gettext(rule), 40) for rule in each.rules)
        words = reader.gettext("changed since, also for that time: {parts}", parts=", ".join(named))
        parts.insert(0, words)
    return parts


def _share(attainment: Attainment, reader: Reader) -> str:
    if attainment.share is None:
        return reader.gettext("none due")
    if attainment.few:
        return cells.some_of(attainment.met, attainment.due, reader)
    return cells.share_of(attainment.share, 1, attainment.due, reader)


def because(reasons: Sequence[TicketReason], reader: Reader) -> str:
    """ "ticket 123 merged; ticket 124 was late after all"."""
    return reader.words.clauses(_because(reasons, reader)) or "–"


def _because(reasons: Sequence[TicketReason], reader: Reader) -> list[str]:
    parts = [
        reader.gettext(
            "ticket {number} {reason}",
            number=short_line(r.number, 40),
            reason=short_line(reason(r.why, reader), 80),
        )
        for r in reasons[:_REASONS]
    ]
    more = len(reasons) - len(parts)
    if more > 0:
        parts.append(reader.ngettext("and {number} more", "and {number} more", more))
    return parts
