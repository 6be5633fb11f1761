"""Promises and tickets in a customer's month, and the work that was done, in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from supportops.rendering.catalogue import N_
from supportops.rendering.due_by import due_by
from supportops.reports.document import Block, Cell, Column, Table, Unit, Words
from supportops.reports.figures import Figures, Month, Promises, TicketLine
from supportops.reports.words import cells, labels, sentences, tables, ticket_tables
from supportops.reports.words.dates import Reader
from supportops.reports.words.monthly.sentences import tickets_in_words, volume

SHOWN_TICKETS = 40
_NAMED_SUBJECTS = 8


def promises(figures: Figures, reader: Reader) -> tuple[Block, ...]:
    """Each promise that fell due, and those that were not kept, one by one."""
    lines = [line for line in _promised(figures) if line.attainment.due]
    kept = Table(
        "tiers",
        reader.gettext("Promises kept"),
        cells.columns(
            reader,
            Column(N_("Tier")),
            Column(N_("Promise")),
            Column(N_("Due"), Unit.COUNT),
            Column(N_("Met"), Unit.COUNT),
            Column(N_("Kept"), Unit.SHARE),
        ),
        tuple(_kept(line, reader) for line in lines),
        empty=reader.gettext("No promise fell due in this month."),
    )
    broken = ticket_tables.breaches(figures, reader)
    return (kept, *((broken,) if broken.rows else ()))


def _promised(figures: Figures) -> Iterator[Promises]:
    """Of each tier the sum of its promises where there are several, and each of them."""
    for pooled in sentences.tiers(figures):
        own = [p for p in tables.of_tier(figures, pooled.name) if p.attainment.due]
        if len(own) > 1:
            yield pooled
        yield from own


def _kept(line: Promises, reader: Reader) -> tuple[Cell, ...]:
    attainment = line.attainment
    return (
        Cell(labels.group(line.by, line.name, reader)),
        Cell(labels.metric(line.metric, reader)),
        cells.count(attainment.due, reader),
        cells.count(attainment.met, reader),
        cells.share(attainment, reader),
    )


def tickets(figures: Figures, month: Month, reader: Reader) -> tuple[Block, ...]:
    """What came and went, the solved tickets with how long they took, and the open ones."""
    whole = volume(figures)
    said = f"{tickets_in_words(whole, reader)}." if whole is not None else ""
    solved = Table(
        "solved",
        reader.gettext("Solved"),
        cells.columns(
            reader,
            *_TICKET,
            Column(N_("First reply after"), Unit.SECONDS),
            Column(N_("Solved after"), Unit.SECONDS),
            Column(N_("Calendar"), Unit.SECONDS),
        ),
        tuple(_solved(line, reader) for line in month.solved),
        empty=reader.gettext("No ticket was solved in this month."),
        shown=SHOWN_TICKETS,
        note=reader.gettext(
            "Solved after: from the creation to the last solution, in business hours, and beside "
            "it on the calendar, nights and weekends too."
        )
        if month.solved
        else "",
    )
    waiting = Table(
        "open",
        reader.gettext("Open"),
        cells.columns(reader, *_TICKET, Column(N_("Next"))),
        tuple(_open(line, figures.as_of, reader) for line in month.waiting),
        shown=SHOWN_TICKETS,
    )
    return (*([Words(said)] if said else []), solved, *((waiting,) if waiting.rows else ()))


_TICKET = (
    Column(N_("Ticket")),
    Column(N_("Subject")),
    Column(N_("Tier")),
    Column(N_("Arrived"), Unit.INSTANT),
)


def _ticket(line: TicketLine, reader: Reader) -> tuple[Cell, ...]:
    return (
        cells.text(line.number),
        cells.text(line.subject),
        Cell(labels.tier(line.tier, reader)),
        cells.instant(line.created_at, reader),
    )


def _open(line: TicketLine, as_of: datetime, reader: Reader) -> tuple[Cell, ...]:
    said = reader.gettext("we are working on it")
    if line.due_metric is not None:
        zone = ZoneInfo(reader.zone)
        said = due_by(line.due_metric, line.due_at, language=reader.language, zone=zone, now=as_of)
    return (*_ticket(line, reader), Cell(said))


def _solved(line: TicketLine, reader: Reader) -> tuple[Cell, ...]:
    return (
        *_ticket(line, reader),
        cells.business(line.answered_after, reader),
        cells.business(line.solved_after_business, reader),
        cells.calendar(line.solved_after, reader),
    )


def work(month: Month, reader: Reader) -> tuple[Block, ...]:
    """The solved tickets in words: a sentence a tier."""
    by_tier: defaultdict[str, list[TicketLine]] = defaultdict(list)
    for line in month.solved:
        by_tier[line.tier].append(line)
    if not by_tier:
        return (
            Words(
                reader.gettext("No ticket was solved in this month."),
            ),
        )
    last = len(reader.tier_ranks)
    order = sorted(by_tier, key=lambda name: (reader.tier_ranks.get(name, last), name))
    return tuple(Words(_done(name, by_tier[name], reader)) for name in order)


def _done(tier: str, lines: list[TicketLine], reader: Reader) -> str:
    subjects = list(dict.fromkeys(labels.short_line(each.subject, 100) for each in lines))
    named = [reader.gettext("“{subject}”", subject=each) for each in subjects if each]
    shown, more = named[:_NAMED_SUBJECTS], len(named[_NAMED_SUBJECTS:])
    if more:
        shown.append(reader.ngettext("{number} more", "{number} more", more))
    count = reader.ngettext("{number} ticket", "{number} tickets", len(lines))
    values = {"tier": labels.tier(tier, reader), "tickets": count}
    if not shown:
        return reader.gettext("{tier}: {tickets}.", **values)
    return reader.gettext("{tier}, {tickets}: {subjects}.", subjects=reader.listed(shown), **values)
