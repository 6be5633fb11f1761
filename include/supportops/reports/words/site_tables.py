"""Sites and alerts as tables: uptime, incidents, and deliveries by channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from supportops.rendering.catalogue import N_
from supportops.reports.document import Cell, Column, Table, Tone, Unit, Words
from supportops.reports.figures import Delivered, Figures, IncidentLine, SiteLine, Uptime
from supportops.reports.words import cells, labels
from supportops.reports.words.dates import Reader
from supportops.reports.words.reasons import reason

SHOWN_SITES = 15
SHOWN_INCIDENTS = 20
# Titles are messages: `cells.columns` translates them.
_MEASURED = (
    Column(N_("Up"), Unit.SHARE),
    Column(N_("Checks"), Unit.COUNT),
    Column(N_("Unknown"), Unit.SHARE),
    Column(N_("Outages"), Unit.COUNT),
    Column(N_("Down"), Unit.SECONDS),
)
_DEGRADED = (Column(N_("Degraded"), Unit.SECONDS),)
_SITE, _CUSTOMER = Column(N_("Site")), Column(N_("Customer"))
# What 99.99 % of a week leaves, in seconds.
_ALLOWED = 0.0001 * 7 * 86400


def uptime(figures: Figures, reader: Reader, target: float | None) -> Words | None:
    """All sites together in a sentence; None where there is no such line."""
    line = next((u for u in figures.uptimes if u.customer is None), None)
    if line is None and len(figures.uptimes) == 1:
        line = figures.uptimes[0]
    if line is None or not line.sites:
        return None
    if line.up_share is None:
        return Words(_unseen(line, reader))
    values = {
        "sites": reader.ngettext("{number} site", "{number} sites", line.sites),
        "share": reader.share(line.up_share, 2),
        "counted": _counted(line, reader),
    }
    if line.degraded_seconds and line.degraded_share is not None:
        words = reader.gettext(
            "{sites} up {share} of the time that was seen, degraded for {part} of it ({length}): "
            "{counted}.",
            part=reader.share(line.degraded_share, 2),
            length=reader.duration(line.degraded_seconds),
            **values,
        )
    else:
        words = reader.gettext("{sites} up {share} of the time that was seen: {counted}.", **values)
    if target is not None:
        words += " " + reader.gettext("Target: {target}.", target=reader.target(target))
    return Words(words)


def _unseen(line: Uptime, reader: Reader) -> str:
    share = reader.share(line.unknown_share, 1)
    if line.unknown_share < 1:
        return reader.ngettext(
            "{number} site: too few checks, unknown for {share} of the period.",
            "{number} sites: too few checks, unknown for {share} of the period.",
            line.sites,
            share=share,
        )
    return reader.ngettext(
        "{number} site: not seen at all, unknown for {share} of the period.",
        "{number} sites: not seen at all, unknown for {share} of the period.",
        line.sites,
        share=share,
    )


def _counted(line: Uptime, reader: Reader) -> str:
    """ "6,048 checks, 2 outages, unknown for 0.3 % of the period"."""
    return reader.gettext(
        "{checks}, {outages}, unknown for {share} of the period",
        checks=reader.ngettext("{number} check", "{number} checks", line.checks),
        outages=reader.ngettext("{number} outage", "{number} outages", line.outages),
        share=reader.share(line.unknown_share, 1),
    )


def sites(figures: Figures, reader: Reader) -> Table:
    """One row a site, what was down longest first; with degraded time where there was any."""
    lines = sorted(figures.sites, key=lambda s: (-s.down_seconds, s.site))
    whose = figures.customer is None
    degraded = _any_degraded(lines)
    return Table(
        "sites",
        reader.gettext("Uptime by site"),
        (
            *cells.columns(
                reader,
                _SITE,
                *((_CUSTOMER,) if whose else ()),
                *_MEASURED,
                *(_DEGRADED if degraded else ()),
                Column(N_("Budget left"), Unit.SECONDS),
            ),
            Column(reader.pgettext("time between two checks", "Resolution"), Unit.SECONDS),
        ),
        tuple(_site(line, reader, whose=whose, degraded=degraded) for line in lines),
        empty=reader.gettext("No site was checked."),
        shown=SHOWN_SITES,
        note=resolution(figures.sites, reader) if lines else "",
    )


def _site(line: SiteLine, reader: Reader, *, whose: bool, degraded: bool) -> tuple[Cell, ...]:
    return (
        cells.text(line.site),
        *((cells.text(line.customer),) if whose else ()),
        *_measured(line, reader),
        *((_degraded(line, reader),) if degraded else ()),
        _budget(line, reader),
        cells.calendar(line.resolution_seconds, reader),
    )


def _measured(line: SiteLine | Uptime, reader: Reader) -> tuple[Cell, ...]:
    """The cells of _MEASURED."""
    return (
        up(line, reader),
        cells.count(line.checks, reader),
        Cell(reader.share(line.unknown_share, 1), line.unknown_share),
        cells.count(line.outages, reader),
        cells.calendar(line.down_seconds, reader),
    )


def up(line: SiteLine | Uptime, reader: Reader) -> Cell:
    """With a verdict where it is a site's, which alone has a target."""
    if line.up_share is None:
        seen = line.unknown_share < 1 and line.checks
        little = reader.gettext("too few checks") if seen else reader.gettext("not seen")
        return Cell(_dated(little, line, reader), tone=Tone.QUIET)
    tone = Tone.PLAIN
    if isinstance(line, SiteLine) and line.target is not None:
        tone = Tone.GOOD if line.up_share >= line.target else Tone.BAD
    return Cell(_dated(reader.share(line.up_share, 2), line, reader), line.up_share, tone)


def _any_degraded(lines: Sequence[SiteLine | Uptime]) -> bool:
    return any(line.degraded_seconds for line in lines)


def _degraded(line: SiteLine | Uptime, reader: Reader) -> Cell:
    tone = Tone.DEGRADED if line.degraded_seconds else Tone.QUIET
    return replace(cells.calendar(line.degraded_seconds, reader), tone=tone)


def _dated(seen: str, line: SiteLine | Uptime, reader: Reader) -> str:
    """With since when, and until when, a site that was added or removed in the period was there."""
    if not isinstance(line, SiteLine):
        return seen
    if line.since is not None:
        since = reader.instant(line.since)
        seen = reader.gettext("{share}, since {instant}", share=seen, instant=since)
    if line.until is not None:
        until = reader.instant(line.until)
        seen = reader.gettext("{share}, until {instant}", share=seen, instant=until)
    return seen


def _budget(line: SiteLine, reader: Reader) -> Cell:
    if line.budget_seconds is None or line.up_share is None:
        return cells.NONE
    if line.budget_seconds < 0:
        over = reader.gettext("{length} over", length=reader.duration(-line.budget_seconds))
        return Cell(over, line.budget_seconds, Tone.BAD)
    return cells.calendar(line.budget_seconds, reader)


def resolution(lines: tuple[SiteLine, ...], reader: Reader) -> str:
    """A note on what checks that far apart cannot measure."""
    longest = max(line.resolution_seconds for line in lines)
    if not longest:
        return ""
    length = reader.duration(longest)
    if longest > _ALLOWED:
        seen = reader.gettext(
            "Nothing shorter than the time between two checks (here {length}) is seen: {share} "
            "allows {allowed} a week, so such checks cannot measure it.",
            length=length,
            share=reader.share(0.9999, 2),
            allowed=reader.duration(60),
        )
    else:
        seen = reader.gettext(
            "Nothing shorter than the time between two checks (here {length}) is seen.",
            length=length,
        )
    rest = reader.gettext(
        "Unknown time is neither up nor down; without half of the time outside maintenance there "
        "is no share. Budget left: how much longer a site might have been down under its target."
    )
    return f"{seen} {rest}"


def customers(figures: Figures, reader: Reader) -> Table | None:
    """Uptime by customer, weighted by time; None unless there are several."""
    lines = sorted(
        (u for u in figures.uptimes if u.customer is not None), key=lambda u: str(u.customer)
    )
    if figures.customer is not None or len(lines) < 2:
        return None
    degraded = _any_degraded(lines)
    return Table(
        "uptimes",
        reader.gettext("Uptime by customer"),
        cells.columns(
            reader,
            _CUSTOMER,
            Column(N_("Sites"), Unit.COUNT),
            *_MEASURED,
            *(_DEGRADED if degraded else ()),
        ),
        tuple(_customer(line, reader, degraded=degraded) for line in lines),
        shown=SHOWN_SITES,
    )


def _customer(line: Uptime, reader: Reader, *, degraded: bool) -> tuple[Cell, ...]:
    return (
        cells.text(line.customer or ""),
        cells.count(line.sites, reader),
        *_measured(line, reader),
        *((_degraded(line, reader),) if degraded else ()),
    )


def recovery(figures: Figures, reader: Reader) -> Words | None:
    """The medians of the times to confirm an outage and to recover from it."""
    confirmed, over = (
        None if length is None else reader.duration(length)
        for length in (figures.detection_median, figures.recovery_median)
    )
    number = reader.ngettext("{number} incident", "{number} incidents", len(figures.incidents))
    values = {"incidents": number, "confirmed": confirmed, "over": over}
    if confirmed is not None and over is not None:
        words = reader.gettext(
            "{incidents}; half were confirmed within {confirmed} and half over within {over} of "
            "the first failed check.",
            **values,
        )
    elif confirmed is not None:
        words = reader.gettext(
            "{incidents}; half were confirmed within {confirmed} of the first failed check.",
            **values,
        )
    elif over is not None:
        words = reader.gettext(
            "{incidents}; half were over within {over} of the first failed check.", **values
        )
    else:
        return None
    return Words(words)


def incidents(figures: Figures, reader: Reader) -> Table:
    """What happened to sites, in the order it began."""
    lines = sorted(figures.incidents, key=lambda i: (i.started_at, i.site, i.key))
    whose = figures.customer is None
    explained = any(line.cause or line.note for line in lines)
    return Table(
        "incidents",
        reader.gettext("Incidents"),
        cells.columns(
            reader,
            _SITE,
            *((_CUSTOMER,) if whose else ()),
            Column(N_("What")),
            Column(N_("Reason")),
            Column(N_("Began"), Unit.INSTANT),
            Column(N_("Ended"), Unit.INSTANT),
            Column(N_("Lasted"), Unit.SECONDS),
            Column(N_("Down in period"), Unit.SECONDS),
            Column(N_("Confirmed after"), Unit.SECONDS),
            *((Column(N_("Cause")),) if explained else ()),
        ),
        tuple(_incident(line, reader, whose=whose, explained=explained) for line in lines),
        empty=reader.gettext("None: no site had an incident."),
        shown=SHOWN_INCIDENTS,
        note=_lasted(reader) if any(line.kind == "outage" for line in lines) else "",
    )


def _lasted(reader: Reader) -> str:
    return reader.gettext(
        "An outage lasted as long as the site was down, without maintenance and unknown time; "
        "what of it lies in the period adds up to the time down of the site."
    )


def _incident(
    line: IncidentLine, reader: Reader, *, whose: bool, explained: bool
) -> tuple[Cell, ...]:
    ended = Cell(reader.gettext("still open"), tone=Tone.BAD) if line.ended_at is None else None
    return (
        cells.text(line.site),
        *((cells.text(line.customer or "–"),) if whose else ()),
        Cell(labels.kind(line.kind, reader)),
        cells.text(reason(line.reason, reader)),
        cells.instant(line.started_at, reader),
        ended or cells.instant(line.ended_at, reader),
        cells.calendar(line.seconds, reader),
        cells.calendar(line.down_seconds, reader),
        cells.calendar(line.detected_after, reader),
        *((cells.cause(line.cause, line.note),) if explained else ()),
    )


def alerts(figures: Figures, reader: Reader) -> Table:
    """One row a channel."""
    return Table(
        "alerts",
        reader.gettext("Alerts"),
        cells.columns(
            reader,
            Column(N_("By")),
            Column(N_("Handed over"), Unit.COUNT),
            Column(N_("Failed attempts"), Unit.COUNT),
            Column(N_("Never delivered"), Unit.COUNT),
            Column(N_("Half within"), Unit.SECONDS),
            Column(N_("Nine of ten within"), Unit.SECONDS),
        ),
        tuple(_channel(line, reader) for line in figures.delivered),
        empty=reader.gettext("No alert was sent."),
        note=_runs(reader) if figures.delivered else "",
    )


def _runs(reader: Reader) -> str:
    return reader.gettext("Times run from the cause to the handing over.")


def _channel(line: Delivered, reader: Reader) -> tuple[Cell, ...]:
    lost = cells.count(line.undelivered, reader)
    if line.undelivered:
        lost = Cell(lost.text, lost.value, Tone.BAD)
    return (
        Cell(labels.channel(line.channel, reader)),
        cells.count(line.handed_over, reader),
        cells.count(line.failed_attempts, reader),
        lost,
        cells.calendar(line.median, reader),
        cells.calendar(line.p90, reader),
    )
