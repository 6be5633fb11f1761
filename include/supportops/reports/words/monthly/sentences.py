"""What a customer's month comes to: subject, summary and tiles."""

from __future__ import annotations

from collections.abc import Iterator

from supportops.reports.document import Tile, Tone
from supportops.reports.figures import By, Figures, Volume
from supportops.reports.words import cells, site_answers
from supportops.reports.words import sentences as general
from supportops.reports.words.dates import Reader
from supportops.reports.words.labels import short_line


def month_name(figures: Figures, reader: Reader) -> str:
    """ "November 2026"."""
    return reader.month(figures.period.first_day)


def volume(figures: Figures) -> Volume | None:
    """All tickets of the month together."""
    return next((line for line in figures.volumes if line.by is By.ALL), None)


def has_tickets(figures: Figures) -> bool:
    """Whether there is anything to say of tickets or promises."""
    return site_answers.has_tickets(figures)


def subject(figures: Figures, reader: Reader, *, corrects: bool) -> str:
    """ "Acme, November 2026: 1 outage, 3 sites up 99.97 % of the time - all 23 promises kept"."""
    name = month_name(figures, reader)
    if not general.is_over(figures):
        name = reader.gettext("{period} so far", period=name)
    line = reader.gettext(
        "{name}: {answer}", name=name, answer=" - ".join(_answers(figures, reader))
    )
    customer = short_line(figures.customer or "", 60)
    line = reader.gettext("{customer}, {line}", customer=customer, line=line)
    if corrects:
        line = reader.gettext("Corrected: {line}", line=line)
    return short_line(line, general.LONGEST_SUBJECT)


def _answers(figures: Figures, reader: Reader) -> Iterator[str]:
    if site_answers.whole(figures) is not None:
        yield site_answers.in_subject(figures, reader)
    kept = general.overall(figures)
    if kept.due and not kept.breached:
        yield reader.ngettext(
            "the one promise due was kept", "all {number} promises kept", kept.due
        )
    elif kept.due:
        counts = {"met": reader.count(kept.met), "all": reader.count(kept.due)}
        yield reader.gettext("{met} of {all} promises kept", **counts)
    tickets = volume(figures)
    if tickets is not None and tickets.solved:
        yield reader.ngettext("{number} ticket solved", "{number} tickets solved", tickets.solved)
    elif not has_tickets(figures):
        yield reader.gettext("no ticket")


def summary(figures: Figures, reader: Reader) -> str:
    """The month in one sentence."""
    return reader.gettext(
        "In {month}, {clauses}.",
        month=month_name(figures, reader),
        clauses=reader.words.clauses(_clauses(figures, reader)),
    )


def _clauses(figures: Figures, reader: Reader) -> Iterator[str]:
    if site_answers.whole(figures) is not None:
        yield site_answers.in_summary(figures, reader)
    if not has_tickets(figures):
        yield reader.gettext("no ticket was raised and none is open")
        return
    kept = general.overall(figures)
    if kept.due and not kept.breached:
        yield reader.words.npgettext(
            "in a sentence",
            "the one promise due was kept",
            "all {number} promises were kept",
            kept.due,
        )
    elif kept.due:
        counts = {"met": reader.count(kept.met), "all": reader.count(kept.due)}
        yield reader.gettext("{met} of {all} promises were kept", **counts)
    tickets = volume(figures)
    if tickets is not None:
        yield tickets_in_words(tickets, reader)


def tickets_in_words(tickets: Volume, reader: Reader) -> str:
    """ "12 tickets arrived, 14 were solved, and 2 are open"."""
    return reader.gettext(
        "{arrived}, {solved}, and {open}",
        arrived=reader.ngettext(
            "{number} ticket arrived", "{number} tickets arrived", tickets.arrived
        ),
        solved=reader.ngettext("{number} was solved", "{number} were solved", tickets.solved),
        open=reader.ngettext("{number} is open", "{number} are open", tickets.open),
    )


def tiles(figures: Figures, reader: Reader) -> Iterator[Tile]:
    """Uptime, promises and tickets at a glance; what there is nothing of has none."""
    sites = site_answers.tile(figures, reader)
    if sites is not None:
        yield sites
    if not has_tickets(figures):
        return
    kept = general.overall(figures)
    if kept.due:
        few = kept.few or kept.share is None
        yield Tile(
            title=reader.gettext("Promises kept"),
            figure=cells.some_of(kept.met, kept.due, reader)
            if few
            else reader.share(kept.share or 0),
            detail=reader.gettext("due in this month")
            if few
            else reader.gettext("of {all} due in this month", all=reader.count(kept.due)),
            tone=Tone.PLAIN,
        )
    tickets = volume(figures)
    if tickets is not None:
        yield Tile(
            title=reader.gettext("Tickets solved"),
            figure=reader.count(tickets.solved),
            detail=reader.gettext(
                "{arrived}, {open}",
                arrived=reader.ngettext(
                    "{number} ticket arrived", "{number} tickets arrived", tickets.arrived
                ),
                open=reader.ngettext("{number} is open", "{number} are open", tickets.open),
            ),
            tone=Tone.PLAIN,
        )
