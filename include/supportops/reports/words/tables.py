"""How promises were kept, as tables: by tier and metric, by customer, by assignee, by site."""

from __future__ import annotations

from collections.abc import Iterable

from supportops.reports.document import Cell, Column, Table, Tone, Unit
from supportops.reports.figures import By, Figures, Promises
from supportops.reports.words import cells, labels
from supportops.reports.words.dates import Reader

SHOWN_GROUPS = 15
_MIXTURE = "The overall line mixes tiers: it moves when their mixture does, so judge by tier."
_KEPT = (
    Column("Due", Unit.COUNT),
    Column("Met", Unit.COUNT),
    Column("Broken", Unit.COUNT),
    Column("Kept", Unit.SHARE),
)
_OPEN = (
    Column("Open", Unit.COUNT),
    Column("At risk", Unit.COUNT),
    Column("Overdue", Unit.COUNT),
    Column("Oldest", Unit.SECONDS),
)
_TIMES = (
    Column("Started", Unit.COUNT),
    Column("Not done", Unit.COUNT),
    Column("Median, business", Unit.SECONDS),
    Column("Median, calendar", Unit.SECONDS),
    Column("p90, business", Unit.SECONDS),
    Column("p90, calendar", Unit.SECONDS),
)


def tiers(figures: Figures, reader: Reader) -> Table:
    """Tier x metric: what fell due, and what is open; the mixture of all last."""
    lines = [p for p in figures.promises if p.by is By.TIER and p.promised]
    overall = figures.line(By.ALL, None)
    rows = [
        (_name(line, reader), _metric(line), *_kept(line, reader), *_open(line, reader))
        for line in (*_pooled_first(lines), *((overall,) if overall else ()))
    ]
    return Table(
        "tiers",
        "Promises kept",
        (Column("Tier"), Column("Promise"), *_KEPT, *_OPEN),
        tuple(rows),
        empty="No promise fell due, and none is open.",
        note=_MIXTURE if lines else "",
    )


def measured(figures: Figures, reader: Reader) -> Table | None:
    """What is open of which nothing is promised; None where everything is."""
    lines = [p for p in figures.promises if p.by is By.TIER and p.metric and not p.promised]
    if not lines:
        return None
    return Table(
        "measured",
        "Measured, nothing promised",
        (Column("Tier"), Column("What"), _OPEN[0], _OPEN[-1]),
        tuple(
            (
                _name(line, reader, pooled=True),
                _metric(line),
                cells.count(line.open, reader),
                cells.calendar(line.oldest),
            )
            for line in lines
        ),
    )


def times(figures: Figures, reader: Reader) -> Table:
    """Tier x metric: how long it took, for clocks that started in the period."""
    lines = (p for p in figures.promises if p.by is By.TIER and p.metric is not None)
    return Table(
        "times",
        "How long it took",
        (Column("Tier"), Column("Promise"), *_TIMES),
        tuple(
            (_name(line, reader, pooled=True), _metric(line), *_times(line, reader))
            for line in lines
        ),
        empty="Nothing was asked for.",
        note="Median: half were done within it. p90: nine of ten were. What is not done yet counts "
        "with its wait so far. Business time is the promise's, calendar time the customer's.",
    )


def customers(figures: Figures, reader: Reader) -> Table:
    """The customers whose promises were broken most come first."""
    lines = sorted(
        _lines(figures, By.CUSTOMER), key=lambda p: (-p.attainment.breached, -p.attainment.due)
    )
    return _groups("customers", "Promises by customer", "Customer", lines, reader)


def sites(figures: Figures, reader: Reader) -> Table:
    """The promises about tickets of each site."""
    lines = sorted(
        _lines(figures, By.SITE), key=lambda p: (-p.attainment.breached, -p.attainment.due)
    )
    return _groups("site_promises", "Promises by site", "Site", lines, reader)


def assignees(figures: Figures, reader: Reader) -> Table:
    """By name: a list of people is not ranked."""
    lines = sorted(_lines(figures, By.ASSIGNEE), key=lambda p: (p.name is None, p.name or ""))
    return _groups("assignees", "Assignees", "Assignee", lines, reader)


def _lines(figures: Figures, by: By) -> list[Promises]:
    found = (p for p in figures.promises if p.by is by and p.metric is None)
    return sorted(found, key=lambda p: (p.name is None, p.name or ""))


def _groups(name: str, title: str, what: str, lines: Iterable[Promises], reader: Reader) -> Table:
    return Table(
        name,
        title,
        (Column(what), *_KEPT, *_OPEN),
        tuple(
            (Cell(labels.group(p.by, p.name, reader)), *_kept(p, reader), *_open(p, reader))
            for p in lines
        ),
        empty="No promise fell due, and none is open.",
        shown=SHOWN_GROUPS,
    )


def _pooled_first(lines: list[Promises]) -> list[Promises]:
    """Each tier's own sum before its metrics; tiers and metrics in the order they come in."""
    order = {name: place for place, name in enumerate(dict.fromkeys(p.name for p in lines))}
    return sorted(lines, key=lambda p: (order[p.name], p.metric is not None))


def _name(line: Promises, reader: Reader, *, pooled: bool = False) -> Cell:
    quiet = line.metric is not None and not pooled
    return Cell(labels.group(line.by, line.name, reader), tone=Tone.QUIET if quiet else Tone.PLAIN)


def _metric(line: Promises) -> Cell:
    return Cell(labels.metric(line.metric))


def _kept(line: Promises, reader: Reader) -> tuple[Cell, ...]:
    attainment = line.attainment
    numbers = (
        cells.count(n, reader) for n in (attainment.due, attainment.met, attainment.breached)
    )
    return (*numbers, cells.share(attainment, reader))


def _open(line: Promises, reader: Reader) -> tuple[Cell, ...]:
    numbers = (cells.count(n, reader) for n in (line.open, line.at_risk, line.overdue))
    return (*numbers, cells.calendar(line.oldest))


def _times(line: Promises, reader: Reader) -> tuple[Cell, ...]:
    business, calendar = line.business, line.calendar
    if business is None or calendar is None or not business.n:
        return (cells.count(0, reader), *(cells.NONE,) * 5)
    return (
        cells.count(business.n, reader),
        cells.count(business.unfinished, reader),
        cells.business_quantile(business.median, reader),
        cells.calendar_quantile(calendar.median),
        cells.business_quantile(business.p90, reader),
        cells.calendar_quantile(calendar.p90),
    )
