"""Sites in a customer's month: uptime, incidents, and what ends soon."""

from __future__ import annotations

from dataclasses import replace

from supportops.rendering.catalogue import N_
from supportops.reports.document import Block, Cell, Column, Table, Tone, Unit, Words
from supportops.reports.figures import Ahead, Figures, IncidentLine, Month, SiteLine
from supportops.reports.measuring.month import AHEAD_DAYS
from supportops.reports.words import cells, labels, site_answers, site_tables
from supportops.reports.words.dates import Reader
from supportops.reports.words.reasons import plain_reason

SHOWN_SITES = 30
SHOWN_INCIDENTS = 30
SHOWN_AHEAD = 30
_SOON = 14  # days
_LITTLE = 0.001


def uptime(figures: Figures, reader: Reader) -> tuple[Block, ...]:
    """A row a site, what was down longest first."""
    words = _unseen(figures, reader)
    lines = sorted(figures.sites, key=lambda s: (-s.down_seconds, s.site))
    degraded = any(line.degraded_seconds for line in lines)
    table = Table(
        "sites",
        reader.gettext("Uptime by site"),
        cells.columns(
            reader,
            Column(N_("Site")),
            Column(N_("Up"), Unit.SHARE),
            Column(N_("Outages"), Unit.COUNT),
            Column(N_("Down"), Unit.SECONDS),
            *((Column(N_("Degraded"), Unit.SECONDS),) if degraded else ()),
            Column(N_("Maintenance"), Unit.SECONDS),
        ),
        tuple(_site(line, reader, degraded=degraded) for line in lines),
        empty=reader.gettext("No site was checked."),
        shown=SHOWN_SITES,
        note=_resolution(figures, reader),
    )
    return (*([words] if words else []), table)


def _unseen(figures: Figures, reader: Reader) -> Words | None:
    """How much of the month no check told anything of; None where that is next to nothing."""
    line = site_answers.whole(figures)
    if line is None or line.unknown_share < _LITTLE:
        return None
    share = reader.share(line.unknown_share, 1)
    return Words(
        reader.gettext(
            "For {share} of the time no check showed whether a site was up. It counts as neither.",
            share=share,
        )
    )


def _site(line: SiteLine, reader: Reader, *, degraded: bool) -> tuple[Cell, ...]:
    return (
        cells.text(line.site),
        _up(line, reader),
        cells.count(line.outages, reader),
        _length(line.down_seconds, reader),
        *((_length(line.degraded_seconds, reader),) if degraded else ()),
        _length(line.maintenance_seconds, reader),
    )


def _up(line: SiteLine, reader: Reader) -> Cell:
    """Without a verdict: the agency's own target is no promise to the customer."""
    found = site_tables.up(line, reader)
    return found if line.up_share is None else replace(found, tone=Tone.PLAIN)


def _length(seconds: float, reader: Reader) -> Cell:
    return cells.calendar(seconds, reader) if seconds else cells.NONE


def _resolution(figures: Figures, reader: Reader) -> str:
    longest = max((line.resolution_seconds for line in figures.sites), default=0.0)
    if not longest:
        return ""
    return reader.gettext(
        "Nothing shorter than the time between two checks (here {length}) is seen.",
        length=reader.duration(longest),
    )


def incidents(figures: Figures, reader: Reader) -> tuple[Block, ...]:
    """What happened to sites, in the order it began, with why."""
    lines = sorted(figures.incidents, key=lambda i: (i.started_at, i.site, i.key))
    with_done = any(line.done for line in lines)
    table = Table(
        "incidents",
        reader.gettext("Incidents"),
        cells.columns(
            reader,
            Column(N_("Site")),
            Column(N_("What")),
            Column(N_("Began"), Unit.INSTANT),
            Column(N_("Ended"), Unit.INSTANT),
            Column(N_("Lasted"), Unit.SECONDS),
            Column(N_("Seen as")),
            Column(N_("Cause")),
            *((Column(N_("What was done")),) if with_done else ()),
        ),
        tuple(_incident(line, reader, with_done=with_done) for line in lines),
        empty=reader.gettext("None: no site had an incident."),
        shown=SHOWN_INCIDENTS,
    )
    words = site_tables.recovery(figures, reader)
    return (*([words] if words else []), table)


def _incident(line: IncidentLine, reader: Reader, *, with_done: bool) -> tuple[Cell, ...]:
    ended = Cell(reader.gettext("still open"), tone=Tone.BAD) if line.ended_at is None else None
    return (
        cells.text(line.site),
        Cell(labels.kind(line.kind, reader)),
        cells.instant(line.started_at, reader),
        ended or cells.instant(line.ended_at, reader),
        cells.calendar(line.seconds, reader),
        cells.text(plain_reason(line.reason, reader)),
        cells.cause(line.cause, ""),
        *((cells.cause(line.done, ""),) if with_done else ()),
    )


def ahead(figures: Figures, month: Month, reader: Reader) -> tuple[Block, ...]:
    """Certificates and domains that end soon, or that none does, and of which nobody knows it."""
    unknown = _unknown(month, reader)
    return (*(_known(figures, month, reader) if month.watched else ()), *unknown)


def _unknown(month: Month, reader: Reader) -> tuple[Words, ...]:
    if not month.unknown:
        return ()
    named = [labels.short_line(each, 100) for each in month.unknown[:SHOWN_AHEAD]]
    if more := len(month.unknown) - len(named):
        named.append(reader.ngettext("{number} more", "{number} more", more))
    says = reader.gettext(
        "It is not known when these registrations end: {domains}.", domains=reader.listed(named)
    )
    return (Words(says),)


def _known(figures: Figures, month: Month, reader: Reader) -> tuple[Block, ...]:
    days = reader.ngettext("{number} day", "{number} days", AHEAD_DAYS)
    watched = reader.ngettext(
        "{number} certificate or domain is watched",
        "{number} certificates and domains are watched",
        month.watched,
    )
    if not month.ahead:
        words = reader.gettext(
            "{watched}; none ends in the next {days}.", watched=watched, days=days
        )
        return (Words(words),)
    words = reader.gettext(
        "{watched}; these end in the next {days}.",
        watched=watched,
        days=days,
    )
    table = Table(
        "ahead",
        reader.gettext("Ahead"),
        cells.columns(
            reader,
            Column(N_("What")),
            Column(N_("Name")),
            Column(N_("Ends"), Unit.INSTANT),
            Column(N_("Days left"), Unit.COUNT),
        ),
        tuple(_ending(each, figures, reader) for each in month.ahead),
        shown=SHOWN_AHEAD,
    )
    return (Words(words), table)


def _ending(each: Ahead, figures: Figures, reader: Reader) -> tuple[Cell, ...]:
    left = max(0, (each.ends_at - figures.as_of).days)
    kinds = {"certificate": N_("Certificate"), "domain": N_("Domain")}
    return (
        Cell(reader.gettext(kinds.get(each.kind, each.kind))),
        cells.text(each.name),
        Cell(reader.short_date(each.ends_at), each.ends_at),
        Cell(reader.count(left), left, Tone.BAD if left < _SOON else Tone.PLAIN),
    )
