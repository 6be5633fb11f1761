"""Lists of tickets (open breaches, breaches, at risk), and tables of what came and went."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from supportops.rendering.catalogue import N_
from supportops.reports.document import BarsPicture, Cell, Chart, Column, Table, Tone, Unit
from supportops.reports.figures import FEW, By, Clock, Figures, Volume
from supportops.reports.words import cells, labels
from supportops.reports.words.dates import Reader

SHOWN_TICKETS = 20
# Titles are messages: `cells.columns` translates them.
AGES = (N_("Under 1 day"), N_("1 to 3 days"), N_("3 to 7 days"), N_("Over 7 days"))
_WAS_DUE = Column(N_("Was due"), Unit.INSTANT)
_OVERDUE = (
    Column(N_("Overdue, business"), Unit.SECONDS),
    Column(N_("Overdue, calendar"), Unit.SECONDS),
)
_COUNTS = (N_("Arrived"), N_("Solved"), N_("Reopened"))


def open_breaches(figures: Figures, reader: Reader) -> Table:
    """Broken and not yet done, whenever they fell due; the greatest harm first."""
    return _tickets(
        figures,
        reader,
        Table(
            "open_breaches",
            reader.gettext("Open breaches"),
            (),
            (),
            empty=reader.gettext("None: nothing is overdue."),
            note=_harm(reader),
        ),
        _by_harm(figures.open_breaches, reader),
        (_WAS_DUE, *_OVERDUE),
        lambda c: (_was_due(c, reader), *_overdue(c, figures.as_of, reader)),
    )


def breaches(figures: Figures, reader: Reader) -> Table:
    """What fell due in the period and was not done by then, and what became of it."""
    return _tickets(
        figures,
        reader,
        Table(
            "breaches",
            reader.gettext("Broken promises"),
            (),
            (),
            empty=reader.gettext("None: every promise was kept."),
            note=_harm(reader),
        ),
        _by_harm(figures.breaches, reader),
        (_WAS_DUE, Column(N_("What happened")), *_OVERDUE),
        lambda c: (
            _was_due(c, reader),
            _happened(c, reader),
            *_overdue(c, figures.as_of, reader),
        ),
    )


def at_risk(figures: Figures, reader: Reader) -> Table:
    """Not broken, but due soon; the soonest first."""
    until = reader.instant(figures.risk_until)
    return _tickets(
        figures,
        reader,
        Table(
            "at_risk",
            reader.gettext("At risk"),
            (),
            (),
            empty=reader.gettext("None: nothing falls due before {instant}.", instant=until),
            note=reader.gettext("Open, and due before {instant}.", instant=until),
        ),
        list(figures.at_risk),
        (Column(N_("Due"), Unit.INSTANT), Column(N_("Time left"), Unit.SECONDS)),
        lambda c: (cells.instant(c.deadline, reader), _left(c, reader)),
    )


def _tickets(
    figures: Figures,
    reader: Reader,
    table: Table,
    clocks: list[Clock],
    columns: tuple[Column, ...],
    own_cells: Callable[[Clock], tuple[Cell, ...]],
) -> Table:
    """`table` filled: the ticket, whose it is, who works on it, and its `own_cells`.

    An audience that is not shown assignees gets no column of owners: "nobody" would be wrong.
    """
    whose = figures.customer is None
    owned = whose or any(line.by is By.ASSIGNEE for line in figures.promises)
    customer = (Column(N_("Customer")),) if whose else ()
    owner = (Column(N_("Owner")),) if owned else ()
    explained = any(clock.cause or clock.note for clock in clocks)
    cause = (Column(N_("Cause")),) if explained else ()
    rows = tuple(
        (
            cells.text(clock.number),
            cells.text(clock.subject),
            *((cells.text(clock.customer or "–"),) if whose else ()),
            Cell(labels.promise(clock, reader)),
            *((Cell(labels.owner(clock.assignee, reader)),) if owned else ()),
            *own_cells(clock),
            *((cells.cause(clock.cause, clock.note),) if explained else ()),
        )
        for clock in clocks
    )
    return Table(
        table.name,
        table.title,
        cells.columns(
            reader,
            Column(N_("Ticket")),
            Column(N_("Subject")),
            *customer,
            Column(N_("Promise")),
            *owner,
            *columns,
            *cause,
        ),
        rows,
        empty=table.empty,
        shown=SHOWN_TICKETS,
        note=table.note if rows else "",
    )


def _harm(reader: Reader) -> str:
    return reader.gettext(
        "The greatest harm first: by the severity of the tier that was promised, then by how long "
        "it is overdue in the promise's own time."
    )


def _by_harm(clocks: Sequence[Clock], reader: Reader) -> list[Clock]:
    """The order that `_harm` states; the earlier breach first where all of it is equal."""
    return sorted(
        clocks,
        key=lambda c: (
            reader.tier_ranks.get(c.tier, len(reader.tier_ranks)),
            -(c.overdue_by or 0.0),
            c.breached_at or c.deadline or c.started_at,
        ),
    )


def _was_due(clock: Clock, reader: Reader) -> Cell:
    return cells.instant(clock.breached_at or clock.deadline, reader)


def _overdue(clock: Clock, as_of: datetime, reader: Reader) -> tuple[Cell, Cell]:
    """How long after it was due it was done, or is open by now: on the promise's time and felt."""
    since = clock.breached_at or clock.deadline
    felt = None if since is None else ((clock.ended_at or as_of) - since).total_seconds()
    own = clock.overdue_by
    return (
        cells.business(None if own is None else max(0.0, own), reader),
        cells.calendar(None if felt is None else max(0.0, felt), reader),
    )


def _left(clock: Clock, reader: Reader) -> Cell:
    left = None if clock.overdue_by is None else max(0.0, -clock.overdue_by)
    return cells.business(left, reader)


def _happened(clock: Clock, reader: Reader) -> Cell:
    if clock.state == "fulfilled":
        return Cell(reader.gettext("done late"))
    if clock.state == "unanswered":
        return Cell(reader.gettext("solved without a reply"), tone=Tone.BAD)
    if clock.state == "paused":
        return Cell(reader.gettext("paused, still open"))
    return Cell(reader.gettext("still open"), tone=Tone.BAD)


def arrivals(figures: Figures, reader: Reader) -> Table:
    """Arrived against solved, and what came back."""
    return Table(
        "volume",
        reader.gettext("Arrived and solved"),
        cells.columns(
            reader,
            Column(N_("Tier")),
            *(Column(name, Unit.COUNT) for name in _COUNTS),
            Column(N_("Reopen rate"), Unit.SHARE),
            Column(N_("Reassigned"), Unit.COUNT),
        ),
        tuple(
            (
                Cell(labels.group(v.by, v.name, reader)),
                *(cells.count(n, reader) for n in (v.arrived, v.solved, v.reopened)),
                _reopen_rate(v, reader),
                cells.count(v.reassigned, reader),
            )
            for v in _volumes(figures)
        ),
        empty=reader.gettext("No ticket arrived, and none was solved."),
    )


def _reopen_rate(volume: Volume, reader: Reader) -> Cell:
    if not volume.solved:
        return cells.NONE
    if volume.solved < FEW:
        return Cell(
            reader.gettext(
                "{reopened} per {solved} solved",
                reopened=reader.count(volume.reopened),
                solved=reader.count(volume.solved),
            )
        )
    rate = volume.reopened / volume.solved
    return Cell(cells.share_of(rate, 1, volume.solved, reader), rate)


def backlog(figures: Figures, reader: Reader) -> Table:
    """Open tickets by age in calendar time."""
    columns = (Column(N_("Open"), Unit.COUNT), *(Column(age, Unit.COUNT) for age in AGES))
    return Table(
        "backlog_ages",
        reader.gettext("Backlog by age"),
        cells.columns(reader, Column(N_("Tier")), *columns, Column(N_("Oldest"), Unit.SECONDS)),
        tuple(
            (
                Cell(labels.group(v.by, v.name, reader)),
                *(cells.count(n, reader) for n in (v.open, *v.backlog)),
                cells.calendar(v.oldest, reader),
            )
            for v in _volumes(figures)
        ),
        empty=reader.gettext("No ticket is open."),
    )


def backlog_chart(figures: Figures, reader: Reader) -> Chart | None:
    """The same as bars; None where no ticket is open."""
    lines = [v for v in _volumes(figures) if v.by is By.TIER]
    open_, old = sum(v.open for v in lines), sum(v.backlog[3] for v in lines)
    if not open_:
        return None
    series = tuple((labels.group(v.by, v.name, reader), v.backlog) for v in lines)
    tickets = reader.ngettext("{number} open ticket", "{number} open tickets", open_)
    if old:
        finding = reader.ngettext(
            "{tickets}, {number} of them older than 7 days",
            "{tickets}, {number} of them older than 7 days",
            old,
            tickets=tickets,
        )
    else:
        finding = reader.gettext("{tickets}, none of them older than 7 days", tickets=tickets)
    return Chart(
        "backlog",
        reader.gettext("Open tickets by age"),
        finding,
        BarsPicture(tuple(map(reader.gettext, AGES)), series, reader.gettext("open tickets")),
    )


def _volumes(figures: Figures) -> list[Volume]:
    lines = (v for v in figures.volumes if v.by in (By.TIER, By.ALL))
    return sorted(lines, key=lambda v: v.by is By.ALL)
