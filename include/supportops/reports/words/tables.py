"""How promises were kept, as tables: by tier and metric, by customer, by assignee, by site."""

from __future__ import annotations

from collections.abc import Iterable

from supportops.rendering.catalogue import N_
from supportops.reports.document import Cell, Column, Table, Tone, Unit
from supportops.reports.figures import By, Figures, Promises, Times
from supportops.reports.words import cells, labels
from supportops.reports.words.dates import Reader

SHOWN_GROUPS = 15
# Titles are messages: `cells.columns` translates them.
_KEPT = (
    Column(N_("Due"), Unit.COUNT),
    Column(N_("Met"), Unit.COUNT),
    Column(N_("Broken"), Unit.COUNT),
    Column(N_("Kept"), Unit.SHARE),
)
_OPEN = (
    Column(N_("Open"), Unit.COUNT),
    Column(N_("At risk"), Unit.COUNT),
    Column(N_("Overdue"), Unit.COUNT),
    Column(N_("Oldest"), Unit.SECONDS),
)
_TIMES = (
    Column(N_("Started"), Unit.COUNT),
    Column(N_("Not done"), Unit.COUNT),
    Column(N_("Median, business"), Unit.SECONDS),
    Column(N_("Median, calendar"), Unit.SECONDS),
    Column(N_("p90, business"), Unit.SECONDS),
    Column(N_("p90, calendar"), Unit.SECONDS),
)
_TIER, _PROMISE = Column(N_("Tier")), Column(N_("Promise"))


def tiers(figures: Figures, reader: Reader) -> Table:
    """Tier x metric: what fell due, and what is open; the mixture of all last."""
    lines = [p for p in figures.promises if p.by is By.TIER and p.promised]
    overall = figures.line(By.ALL, None)
    rows = [
        (_name(line, reader), _metric(line, reader), *_kept(line, reader), *_open(line, reader))
        for line in (*_pooled_first(lines), *((overall,) if overall else ()))
    ]
    return Table(
        "tiers",
        reader.gettext("Promises kept"),
        cells.columns(reader, _TIER, _PROMISE, *_KEPT, *_OPEN),
        tuple(rows),
        empty=reader.gettext("No promise fell due, and none is open."),
        note=_mixture(reader) if lines else "",
    )


def _mixture(reader: Reader) -> str:
    return reader.gettext(
        "The overall line mixes tiers: it moves when their mixture does, so judge by tier."
    )


def of_tier(figures: Figures, name: str | None) -> list[Promises]:
    """A tier's promises, a line each."""
    lines = (p for p in figures.promises if p.by is By.TIER and p.name == name)
    return [p for p in lines if p.metric is not None and p.promised]


def measured(figures: Figures, reader: Reader) -> Table | None:
    """What is open of which nothing is promised; None where everything is."""
    lines = [p for p in figures.promises if p.by is By.TIER and p.metric and not p.promised]
    if not lines:
        return None
    return Table(
        "measured",
        reader.gettext("Measured, nothing promised"),
        cells.columns(reader, _TIER, Column(N_("What")), _OPEN[0], _OPEN[-1]),
        tuple(
            (
                _name(line, reader, pooled=True),
                _metric(line, reader),
                cells.count(line.open, reader),
                cells.calendar(line.oldest, reader),
            )
            for line in lines
        ),
    )


def times(figures: Figures, reader: Reader) -> Table:
    """Tier x metric: how long it took, for clocks that started in the period."""
    lines = (p for p in figures.promises if p.by is By.TIER and p.metric is not None)
    return Table(
        "times",
        reader.gettext("How long it took"),
        cells.columns(reader, _TIER, _PROMISE, *_TIMES),
        tuple(
            (_name(line, reader, pooled=True), _metric(line, reader), *_times(line, reader))
            for line in lines
        ),
        empty=reader.gettext("Nothing was asked for."),
        note=reader.gettext(
            "Median: half were done within it. p90: nine of ten were. What is not done yet counts "
            "with its wait so far. Business time is the promise's, calendar time the customer's."
        ),
    )


def ticket_times(figures: Figures, reader: Reader) -> Table | None:
    """Tier x measure: how long whole tickets took, of those created in the period; None if none
    was.
    """
    if not figures.ticket_times:
        return None
    rows = (
        (line, what, times)
        for line in figures.ticket_times
        for what, times in (
            (
                reader.gettext("Creation to solution"),
                (line.full_resolution_business, line.full_resolution_calendar),
            ),
            (
                reader.gettext("Requester's wait"),
                (line.requester_wait_business, line.requester_wait_calendar),
            ),
        )
    )
    created, unsolved = Column(N_("Created"), Unit.COUNT), Column(N_("Not solved"), Unit.COUNT)
    return Table(
        "ticket_times",
        reader.gettext("From creation to solution"),
        cells.columns(reader, _TIER, Column(N_("What")), created, unsolved, *_TIMES[2:]),
        tuple(
            (Cell(labels.group(line.by, line.name, reader)), Cell(what), *_taken(*times, reader))
            for line, what, times in rows
        ),
        note=reader.gettext(
            "Of tickets created in the period, whatever was promised: from the creation to the "
            "last solution, and the part of it in which the customer waited for us. The resolution "
            "among the promises runs from the first reply instead."
        ),
    )


def customers(figures: Figures, reader: Reader) -> Table:
    """The customers whose promises were broken most come first."""
    lines = sorted(
        _lines(figures, By.CUSTOMER), key=lambda p: (-p.attainment.breached, -p.attainment.due)
    )
    title = reader.gettext("Promises by customer")
    return _groups("customers", title, Column(N_("Customer")), lines, reader)


def sites(figures: Figures, reader: Reader) -> Table:
    """The promises about tickets of each site."""
    lines = sorted(
        _lines(figures, By.SITE), key=lambda p: (-p.attainment.breached, -p.attainment.due)
    )
    title = reader.gettext("Promises by site")
    return _groups("site_promises", title, Column(N_("Site")), lines, reader)


def assignees(figures: Figures, reader: Reader) -> Table:
    """By name: a list of people is not ranked."""
    lines = sorted(_lines(figures, By.ASSIGNEE), key=lambda p: (p.name is None, p.name or ""))
    title = reader.gettext("Assignees")
    return _groups("assignees", title, Column(N_("Assignee")), lines, reader)


def _lines(figures: Figures, by: By) -> list[Promises]:
    found = (p for p in figures.promises if p.by is by and p.metric is None)
    return sorted(found, key=lambda p: (p.name is None, p.name or ""))


def _groups(
    name: str, title: str, what: Column, lines: Iterable[Promises], reader: Reader
) -> Table:
    return Table(
        name,
        title,
        cells.columns(reader, what, *_KEPT, *_OPEN),
        tuple(
            (Cell(labels.group(p.by, p.name, reader)), *_kept(p, reader), *_open(p, reader))
            for p in lines
        ),
        empty=reader.gettext("No promise fell due, and none is open."),
        shown=SHOWN_GROUPS,
    )


def _pooled_first(lines: list[Promises]) -> list[Promises]:
    """Each tier's own sum before its metrics; tiers and metrics in the order they come in."""
    order = {name: place for place, name in enumerate(dict.fromkeys(p.name for p in lines))}
    return sorted(lines, key=lambda p: (order[p.name], p.metric is not None))


def _name(line: Promises, reader: Reader, *, pooled: bool = False) -> Cell:
    quiet = line.metric is not None and not pooled
    return Cell(labels.group(line.by, line.name, reader), tone=Tone.QUIET if quiet else Tone.PLAIN)


def _metric(line: Promises, reader: Reader) -> Cell:
    return Cell(labels.metric(line.metric, reader))


def _kept(line: Promises, reader: Reader) -> tuple[Cell, ...]:
    attainment = line.attainment
    numbers = (
        cells.count(n, reader) for n in (attainment.due, attainment.met, attainment.breached)
    )
    return (*numbers, cells.share(attainment, reader))


def _open(line: Promises, reader: Reader) -> tuple[Cell, ...]:
    numbers = (cells.count(n, reader) for n in (line.open, line.at_risk, line.overdue))
    return (*numbers, cells.calendar(line.oldest, reader))


def _times(line: Promises, reader: Reader) -> tuple[Cell, ...]:
    if line.business is None or line.calendar is None:
        return (cells.count(0, reader), *(cells.NONE,) * 5)
    return _taken(line.business, line.calendar, reader)


def _taken(business: Times, calendar: Times, reader: Reader) -> tuple[Cell, ...]:
    """The cells of _TIMES."""
    if not business.n:
        return (cells.count(0, reader), *(cells.NONE,) * 5)
    return (
        cells.count(business.n, reader),
        cells.count(business.unfinished, reader),
        cells.business_quantile(business.median, reader),
        cells.calendar_quantile(calendar.median, reader),
        cells.business_quantile(business.p90, reader),
        cells.calendar_quantile(calendar.p90, reader),
    )
