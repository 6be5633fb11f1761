"""Definitions of a report's words, and a footer on what its figures are computed from."""

from __future__ import annotations

from collections.abc import Iterator

from supportops.rendering.render import duration
from supportops.reports.audience import Audience, Part
from supportops.reports.figures import FEW, Figures, LeftOut
from supportops.reports.period import Cadence
from supportops.reports.words import site_answers
from supportops.reports.words.dates import Reader
from supportops.reports.words.labels import plural, short_line
from supportops.reports.words.trend_blocks import because

_DUE = (
    "Due",
    "Promises whose deadline fell into this period, also those that nobody has answered yet. "
    "Each counts in exactly one period: that of its deadline, or of the moment it was broken.",
)
_MET = (
    "Met, kept",
    "Done before the deadline. Kept is the share of those due that were met; the others are "
    "broken.",
)
_RISK = ("At risk", "Open, not broken yet, and due soon. Overdue: broken and still open.")
_TIMES = (
    "Median and p90",
    "Half were done within the median, nine of ten within the p90. Promises that are still open "
    "count with the time they have waited, so neither looks better for what is left lying; "
    '"not reached" means that fewer than so many are done.',
)
_CLOCKS = (
    "Business and calendar time",
    "Business time runs in the hours that the promise is made for, and is told in hours. Calendar "
    "time is what the customer waited, nights and weekends too; its days have 24 hours.",
)
_VERDICT = (
    "Colours and signs",
    f"Under {FEW} due there is no percentage and no verdict. \u25b2 on target: at or above it. "
    "\u25bc missed: so far below that chance does not explain it. Below the target without a sign: "
    "with so few due it may be chance.",
)
_INTERVAL = (
    "Bars",
    "The light end of a bar is the 95 % interval (Wilson): how far off chance alone may put the "
    "share. The dark stroke is the target. Percentages are rounded down.",
)
_LIMITS = (
    "Natural limits",
    "The mean of the weeks, plus and minus 2.66 times the mean change from one to the next (XmR). "
    "What lies within is chance; a signal lies outside, or is the eighth in a row on one side.",
)
_UPTIME = (
    "Up",
    "The share of the time that was seen. Unknown time, in which checks did not tell, counts as "
    "neither up nor down, and announced maintenance is left out.",
)
_DEGRADED = (
    "Degraded",
    "The part of the time up in which many requests failed, though never so many in a row that it "
    "was an outage. It counts as up.",
)
_SITES = frozenset({Part.SITES, Part.INCIDENTS})


def definitions(figures: Figures, audience: Audience) -> tuple[tuple[str, str], ...]:
    """The words that this report uses."""
    parts = frozenset(audience.parts)
    weekly = figures.period.cadence is Cadence.WEEKLY
    chosen = []
    if site_answers.shows_tickets(figures):
        chosen += [_DUE, _MET, _RISK]
        chosen += [_TIMES] if weekly and Part.TIERS in parts else []
        chosen += [_CLOCKS, _VERDICT, _INTERVAL]
    chosen += [_LIMITS] if figures.trends and Part.TREND in parts else []
    chosen += [_UPTIME] if parts & _SITES else []
    degraded = any(line.degraded_seconds for line in figures.sites)
    chosen += [_DEGRADED] if degraded and parts & _SITES else []
    return tuple(chosen)


def footer(
    figures: Figures, reader: Reader, *, edition: int | None = None, version: str | None = None
) -> Iterator[str]:
    """Clock and zone, window, ages, what is left out, and by which rules it was counted."""
    period = figures.period
    yield f"Days and times are on the clock of {reader.zone}."
    yield f"Window: {reader.full(period.start)} until before {reader.full(period.end)}."
    yield f"As of {reader.full(figures.as_of)}: what happened later is not in it."
    yield _data_age(figures, reader)
    if figures.policies:
        named = ", ".join(short_line(name, 60) for name in figures.policies[:5])
        yield f"Promises as in {named}."
    yield _left_out(figures.left_out, reader)
    if edition is not None:
        yield f"Edition {edition}."
    if version:
        yield f"Made by supportops {short_line(version, 60)}."


def _data_age(figures: Figures, reader: Reader) -> str:
    if figures.data_until is None:
        return "No ticket source: it counts no tickets but those made here, such as calls."
    age = max(0.0, (figures.as_of - figures.data_until).total_seconds())
    return f"Ticket data until {reader.full(figures.data_until)}, {duration(age)} before."


def _left_out(left: LeftOut, reader: Reader) -> str:
    parts = [*_removed(left, reader), *_unjudged(left, reader)]
    return f"Left out: {'; '.join(parts)}." if parts else "Nothing is left out."


def _removed(left: LeftOut, reader: Reader) -> Iterator[str]:
    counts = ((left.merged, "merged"), (left.deleted, "deleted"))
    parts = [f"{reader.count(number)} {why}" for number, why in counts if number]
    if parts:
        tickets = "ticket" if left.merged + left.deleted == 1 else "tickets"
        yield f"{' and '.join(parts)} {tickets}, but for promises that had ended before"
    if left.broken:
        broken = plural(left.broken, "broken promise", reader=reader)
        yield f"{broken} of tickets that were merged or deleted later"


def _unjudged(left: LeftOut, reader: Reader) -> Iterator[str]:
    if left.unjudged:
        tickets = plural(len(left.unjudged), "ticket", reader=reader)
        yield f"{tickets} without a clock ({because(left.unjudged)})"
