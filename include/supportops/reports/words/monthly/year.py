"""The year so far: each month as its report said it, and all of them together."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from supportops.rendering.catalogue import N_
from supportops.reports.document import Block, Cell, Column, Table, Tone, Unit
from supportops.reports.figures import FEW, Month, MonthSums
from supportops.reports.words import cells
from supportops.reports.words.dates import Reader


def year(month: Month, reader: Reader, *, sites: bool, tickets: bool) -> tuple[Block, ...]:
    """A row a month, and their sum where there are several."""
    lines = month.year
    rows = [_row(each, reader, sites=sites, tickets=tickets) for each in lines]
    if len(lines) > 1:
        rows.append(_row(together(lines), reader, sites=sites, tickets=tickets))
    of_sites = (
        Column(N_("Up"), Unit.SHARE),
        Column(N_("Outages"), Unit.COUNT),
        Column(N_("Down"), Unit.SECONDS),
    )
    of_tickets = (
        Column(N_("Promises kept"), Unit.SHARE),
        Column(N_("Arrived"), Unit.COUNT),
        Column(N_("Solved"), Unit.COUNT),
    )
    table = Table(
        "year",
        reader.gettext("The year so far"),
        cells.columns(
            reader,
            Column(N_("Month")),
            *(of_sites if sites else ()),
            *(of_tickets if tickets else ()),
        ),
        tuple(rows),
        note=reader.gettext(
            "Each month as it was reported; together by seconds and counts, not by percentages."
        )
        if len(lines) > 1
        else "",
    )
    return (table,)


def together(lines: tuple[MonthSums, ...]) -> MonthSums:
    """The sum of several months; its label is empty."""
    whole = lines[0]
    for each in lines[1:]:
        whole = MonthSums(
            "",
            max(whole.sites, each.sites),
            whole.up_seconds + each.up_seconds,
            whole.down_seconds + each.down_seconds,
            whole.unknown_seconds + each.unknown_seconds,
            whole.outages + each.outages,
            whole.due + each.due,
            whole.met + each.met,
            whole.arrived + each.arrived,
            whole.solved + each.solved,
        )
    return replace(whole, label="")


def _row(line: MonthSums, reader: Reader, *, sites: bool, tickets: bool) -> tuple[Cell, ...]:
    of_sites = (
        _up(line, reader),
        cells.count(line.outages, reader),
        cells.calendar(line.down_seconds, reader) if line.down_seconds else cells.NONE,
    )
    of_tickets = (
        _kept(line, reader),
        cells.count(line.arrived, reader),
        cells.count(line.solved, reader),
    )
    return (
        Cell(_name(line, reader)),
        *(of_sites if sites else ()),
        *(of_tickets if tickets else ()),
    )


def _name(line: MonthSums, reader: Reader) -> str:
    if not line.label:
        return reader.gettext("Together")
    return reader.month(date.fromisoformat(f"{line.label}-01"))


def _up(line: MonthSums, reader: Reader) -> Cell:
    if line.up_share is None:
        seen = line.up_seconds + line.down_seconds
        words = reader.gettext("too few checks") if seen else reader.gettext("not seen")
        return Cell(words, tone=Tone.QUIET)
    return Cell(reader.share(line.up_share, 2), line.up_share)


def _kept(line: MonthSums, reader: Reader) -> Cell:
    if not line.due:
        return cells.NONE
    if line.due < FEW:
        return Cell(cells.some_of(line.met, line.due, reader))
    share = line.met / line.due
    return Cell(cells.share_of(share, 0, line.due, reader), share)
