"""Which tutorials would have answered how many tickets, in words."""

from __future__ import annotations

from supportops.rendering.catalogue import N_
from supportops.reports.document import Column, Table, Unit
from supportops.reports.facts import Tutorials
from supportops.reports.figures import Figures
from supportops.reports.words import cells
from supportops.reports.words.dates import Reader

_SHOWN = 15


def tutorials(figures: Figures, reader: Reader) -> Table:
    """The most useful first, with what was looked at below."""
    found = figures.tutorials or Tutorials(0, 0, ())
    return Table(
        "tutorials",
        reader.gettext("Tutorials that would have answered tickets"),
        cells.columns(
            reader, Column(N_("Tutorial")), Column(N_("Address")), Column(N_("Tickets"), Unit.COUNT)
        ),
        tuple(
            (cells.text(line.title), cells.text(line.address), cells.count(line.tickets, reader))
            for line in found.lines
        ),
        empty=reader.gettext("No tutorial fits a ticket of this period."),
        shown=_SHOWN,
        note=reader.gettext(
            "{matched} of {asked} tickets have a tutorial that fits their question; each counts "
            "once, for the best one.",
            matched=reader.words.count(found.matched),
            asked=reader.words.count(found.asked),
        ),
    )
