"""What a report says of sites in its subject, first sentence and a tile, and when that leads."""

from __future__ import annotations

from supportops.reports.document import Tile, Tone
from supportops.reports.figures import By, Figures, Uptime
from supportops.reports.words.dates import Reader

_OUTAGE = "outage"


def whole(figures: Figures) -> Uptime | None:
    """All sites of the report together; None where it shows none."""
    line = next((u for u in figures.uptimes if u.customer is None), None)
    if line is None and len(figures.uptimes) == 1:
        line = figures.uptimes[0]
    return line if line is not None and line.sites else None


def outages(figures: Figures) -> int:
    """How many outages touched the period, as the parts that this audience chose show them."""
    line = whole(figures)
    listed = sum(incident.kind == _OUTAGE for incident in figures.incidents)
    return listed if line is None else line.outages


def has_tickets(figures: Figures) -> bool:
    """Whether anything of tickets is in the report: a promise, a ticket or one left out."""
    left = figures.left_out
    return bool(
        any(p.attainment.due or p.open for p in figures.promises)
        or any(v.arrived or v.open or v.solved or v.reopened for v in figures.volumes)
        or left.merged
        or left.deleted
        or left.unjudged
    )


def shows_tickets(figures: Figures) -> bool:
    """Whether the report is about tickets too: it has some, or a source of them, or no sites."""
    has_source = figures.data_until is not None
    return has_source or has_tickets(figures) or whole(figures) is None


def lead(figures: Figures) -> bool:
    """Whether sites come before tickets: no promise fell due, and there is more to say of sites.

    That is where there were outages, or where there is nothing to say of tickets at all.
    """
    line = figures.line(By.ALL, None)
    if line is not None and line.attainment.due:
        return False
    return bool(outages(figures)) or (whole(figures) is not None and not has_tickets(figures))


def counted(figures: Figures, reader: Reader) -> str:
    """ "5 outages", "no outage"."""
    number = outages(figures)
    if not number:
        return reader.gettext("no outage")
    return reader.ngettext("{number} outage", "{number} outages", number)


def in_subject(figures: Figures, reader: Reader) -> str:
    """ "5 outages, 3 sites up 99.71 % of the time"."""
    line, number = whole(figures), counted(figures, reader)
    if line is None:
        return number
    sites = _sites(line, reader)
    if line.up_share is None:
        return reader.gettext(
            "{outages}, {sites} with too few checks to give an uptime", outages=number, sites=sites
        )
    return reader.gettext(
        "{outages}, {sites} up {share} of the time",
        outages=number,
        sites=sites,
        share=reader.share(line.up_share, 2),
    )


def in_summary(figures: Figures, reader: Reader) -> str:
    """ "3 sites were up 99.71 % of the time, with 5 outages, down for 2 h 10 min in all"."""
    line, number = whole(figures), counted(figures, reader)
    if line is None:
        return _there_were(figures, reader)
    if line.up_share is None:
        seen = reader.ngettext(
            "{number} site had too few checks to give an uptime",
            "{number} sites had too few checks to give an uptime",
            line.sites,
        )
    else:
        seen = reader.ngettext(
            "{number} site was up {share} of the time",
            "{number} sites were up {share} of the time",
            line.sites,
            share=reader.share(line.up_share, 2),
        )
    if not line.down_seconds:
        return reader.gettext("{seen}, with {outages}", seen=seen, outages=number)
    return reader.gettext(
        "{seen}, with {outages}, down for {length} in all",
        seen=seen,
        outages=number,
        length=reader.duration(line.down_seconds),
    )


def _there_were(figures: Figures, reader: Reader) -> str:
    number = outages(figures)
    if not number:
        return reader.gettext("there was no outage")
    return reader.ngettext("there was {number} outage", "there were {number} outages", number)


def tile(figures: Figures, reader: Reader) -> Tile | None:
    """The uptime at a glance; None without a share."""
    line = whole(figures)
    if line is None or line.up_share is None:
        return None
    return Tile(
        title=reader.gettext("Uptime"),
        figure=reader.share(line.up_share, 2),
        detail=reader.gettext(
            "{sites}, {outages}", sites=_sites(line, reader), outages=counted(figures, reader)
        ),
        tone=Tone.PLAIN,
    )


def _sites(line: Uptime, reader: Reader) -> str:
    return reader.ngettext("{number} site", "{number} sites", line.sites)
