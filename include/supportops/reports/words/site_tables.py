"""Sites and alerts as tables: uptime, incidents, and deliveries by channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from supportops.rendering.render import duration
from supportops.reports.document import Cell, Column, Table, Tone, Unit, Words
from supportops.reports.figures import Delivered, Figures, IncidentLine, SiteLine, Uptime
from supportops.reports.words import cells, labels
from supportops.reports.words.dates import Reader
from supportops.reports.words.labels import plural

SHOWN_SITES = 15
SHOWN_INCIDENTS = 20
_MEASURED = (
    Column("Up", Unit.SHARE),
    Column("Checks", Unit.COUNT),
    Column("Unknown", Unit.SHARE),
    Column("Outages", Unit.COUNT),
    Column("Down", Unit.SECONDS),
)
_DEGRADED = (Column("Degraded", Unit.SECONDS),)
_LASTED = (
    "An outage lasted as long as the site was down, without maintenance and unknown time; what of "
    "it lies in the period adds up to the time down of the site."
)
# What 99.99 % of a week leaves, in seconds.
_ALLOWED = 0.0001 * 7 * 86400


def uptime(figures: Figures, reader: Reader, target: float | None) -> Words | None:
    """All sites together in a sentence; None where there is no such line."""
    line = next((u for u in figures.uptimes if u.customer is None), None)
    if line is None and len(figures.uptimes) == 1:
        line = figures.uptimes[0]
    if line is None or not line.sites:
        return None
    unseen = f"unknown for {reader.share(line.unknown_share, 1)} of the period"
    if line.up_share is None:
        little = "seen too little" if line.unknown_share < 1 else "not seen at all"
        return Words(f"{plural(line.sites, 'site')}: {little}, {unseen}.")
    seen = f"{reader.share(line.up_share, 2)} of the time that was seen"
    if line.degraded_seconds and line.degraded_share is not None:
        share = reader.share(line.degraded_share, 2)
        seen += f", degraded for {share} of it ({duration(line.degraded_seconds)})"
    counted = f"{reader.count(line.checks)} checks, {plural(line.outages, 'outage')}, {unseen}"
    aim = "" if target is None else f" Target: {reader.target(target)}."
    return Words(f"{plural(line.sites, 'site')} up {seen}: {counted}.{aim}")


def sites(figures: Figures, reader: Reader) -> Table:
    """One row a site, what was down longest first; with degraded time where there was any."""
    lines = sorted(figures.sites, key=lambda s: (-s.down_seconds, s.site))
    whose = figures.customer is None
    degraded = _any_degraded(lines)
    return Table(
        "sites",
        "Uptime by site",
        (
            Column("Site"),
            *((Column("Customer"),) if whose else ()),
            *_MEASURED,
            *(_DEGRADED if degraded else ()),
            Column("Budget left", Unit.SECONDS),
            Column("Resolution", Unit.SECONDS),
        ),
        tuple(_site(line, reader, whose=whose, degraded=degraded) for line in lines),
        empty="No site was checked.",
        shown=SHOWN_SITES,
        note=resolution(figures.sites) if lines else "",
    )


def _site(line: SiteLine, reader: Reader, *, whose: bool, degraded: bool) -> tuple[Cell, ...]:
    return (
        cells.text(line.site),
        *((cells.text(line.customer),) if whose else ()),
        *_measured(line, reader),
        *((_degraded(line),) if degraded else ()),
        _budget(line),
        cells.calendar(line.resolution_seconds),
    )


def _measured(line: SiteLine | Uptime, reader: Reader) -> tuple[Cell, ...]:
    """The cells of _MEASURED."""
    return (
        _up(line, reader),
        cells.count(line.checks, reader),
        Cell(reader.share(line.unknown_share, 1), line.unknown_share),
        cells.count(line.outages, reader),
        cells.calendar(line.down_seconds),
    )


def _up(line: SiteLine | Uptime, reader: Reader) -> Cell:
    """With a verdict where it is a site's, which alone has a target."""
    dated = _configured(line, reader) if isinstance(line, SiteLine) else ""
    if line.up_share is None:
        little = "seen too little" if line.unknown_share < 1 and line.checks else "not seen"
        return Cell(f"{little}{dated}", tone=Tone.QUIET)
    tone = Tone.PLAIN
    if isinstance(line, SiteLine) and line.target is not None:
        tone = Tone.GOOD if line.up_share >= line.target else Tone.BAD
    return Cell(f"{reader.share(line.up_share, 2)}{dated}", line.up_share, tone)


def _any_degraded(lines: Sequence[SiteLine | Uptime]) -> bool:
    return any(line.degraded_seconds for line in lines)


def _degraded(line: SiteLine | Uptime) -> Cell:
    tone = Tone.DEGRADED if line.degraded_seconds else Tone.QUIET
    return replace(cells.calendar(line.degraded_seconds), tone=tone)


def _configured(line: SiteLine, reader: Reader) -> str:
    """Since when, and until when, a site that was added or removed in the period was there."""
    edges = (("since", line.since), ("until", line.until))
    return "".join(f", {word} {reader.instant(at)}" for word, at in edges if at is not None)


def _budget(line: SiteLine) -> Cell:
    if line.budget_seconds is None or line.up_share is None:
        return cells.NONE
    if line.budget_seconds < 0:
        over = f"{duration(-line.budget_seconds)} over"
        return Cell(over, line.budget_seconds, Tone.BAD)
    return cells.calendar(line.budget_seconds)


def resolution(lines: tuple[SiteLine, ...]) -> str:
    """A note on what checks that far apart cannot measure."""
    longest = max(line.resolution_seconds for line in lines)
    if not longest:
        return ""
    parts = f"Nothing shorter than the time between two checks (here {duration(longest)}) is seen"
    if longest > _ALLOWED:
        parts += ": 99.99 % allows 1 min a week, so such checks cannot measure it"
    return (
        f"{parts}. Unknown time is neither up nor down; without half of the time outside "
        "maintenance there is no share. Budget left: how much longer a site might have been down "
        "under its target."
    )


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
        "Uptime by customer",
        (
            Column("Customer"),
            Column("Sites", Unit.COUNT),
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
        *((_degraded(line),) if degraded else ()),
    )


def recovery(figures: Figures) -> Words | None:
    """The medians of the times to confirm an outage and to recover from it."""
    medians = (
        ("confirmed", figures.detection_median),
        ("over", figures.recovery_median),
    )
    parts = [f"{what} within {duration(length)}" for what, length in medians if length is not None]
    if not parts:
        return None
    number = plural(len(figures.incidents), "incident")
    return Words(f"{number}; half were {' and half '.join(parts)} of the first failed check.")


def incidents(figures: Figures, reader: Reader) -> Table:
    """What happened to sites, in the order it began."""
    lines = sorted(figures.incidents, key=lambda i: (i.started_at, i.site, i.key))
    whose = figures.customer is None
    columns = (Column("Began", Unit.INSTANT), Column("Ended", Unit.INSTANT))
    lengths = (
        Column("Lasted", Unit.SECONDS),
        Column("Down in period", Unit.SECONDS),
        Column("Confirmed after", Unit.SECONDS),
    )
    return Table(
        "incidents",
        "Incidents",
        (
            Column("Site"),
            *((Column("Customer"),) if whose else ()),
            Column("What"),
            Column("Reason"),
            *columns,
            *lengths,
        ),
        tuple(_incident(line, reader, whose=whose) for line in lines),
        empty="None: no site had an incident.",
        shown=SHOWN_INCIDENTS,
        note=_LASTED if any(line.kind == "outage" for line in lines) else "",
    )


def _incident(line: IncidentLine, reader: Reader, *, whose: bool) -> tuple[Cell, ...]:
    ended = Cell("still open", tone=Tone.BAD) if line.ended_at is None else None
    return (
        cells.text(line.site),
        *((cells.text(line.customer or "–"),) if whose else ()),
        Cell(labels.kind(line.kind)),
        cells.text(line.reason),
        cells.instant(line.started_at, reader),
        ended or cells.instant(line.ended_at, reader),
        cells.calendar(line.seconds),
        cells.calendar(line.down_seconds),
        cells.calendar(line.detected_after),
    )


def alerts(figures: Figures, reader: Reader) -> Table:
    """One row a channel."""
    return Table(
        "alerts",
        "Alerts",
        (
            Column("By"),
            Column("Handed over", Unit.COUNT),
            Column("Failed attempts", Unit.COUNT),
            Column("Never delivered", Unit.COUNT),
            Column("Half within", Unit.SECONDS),
            Column("Nine of ten within", Unit.SECONDS),
        ),
        tuple(_channel(line, reader) for line in figures.delivered),
        empty="No alert was sent.",
        note="Times run from the cause to the handing over." if figures.delivered else "",
    )


def _channel(line: Delivered, reader: Reader) -> tuple[Cell, ...]:
    lost = cells.count(line.undelivered, reader)
    if line.undelivered:
        lost = Cell(lost.text, lost.value, Tone.BAD)
    return (
        Cell(labels.channel(line.channel, reader)),
        cells.count(line.handed_over, reader),
        cells.count(line.failed_attempts, reader),
        lost,
        cells.calendar(line.median),
        cells.calendar(line.p90),
    )
