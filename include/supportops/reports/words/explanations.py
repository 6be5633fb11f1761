"""Definitions of a report's words, and a footer on what its figures are computed from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from supportops.rendering.catalogue import N_
from supportops.reports.audience import Audience, Part
from supportops.reports.figures import FEW, Figures, LeftOut
from supportops.reports.period import Cadence
from supportops.reports.words import site_answers
from supportops.reports.words.dates import Reader
from supportops.reports.words.labels import short_line
from supportops.reports.words.trend_blocks import because

_Definition = tuple[str, str]
_POLICIES = 5  # as many as are named
_FRESH = timedelta(hours=1)
_DUE = (
    N_("Due"),
    N_(
        "Promises whose deadline fell into this period, also those that nobody has answered yet. "
        "Each counts in exactly one period: that of its deadline, or of the moment it was broken."
    ),
)
_MET = (
    N_("Met, kept"),
    N_(
        "Done before the deadline. Kept is the share of those due that were met; the others are "
        "broken."
    ),
)
_RISK = (
    N_("At risk"),
    N_("Open, not broken yet, and due soon. Overdue: broken and still open."),
)
_TIMES = (
    N_("Median and p90"),
    N_(
        "Half were done within the median, nine of ten within the p90. Promises that are still "
        "open count with the time they have waited, so neither looks better for what is left "
        'lying; "not reached" means that fewer than so many are done.'
    ),
)
_TICKET_TIMES = (
    N_("Creation to solution, requester's wait"),
    N_(
        "Of tickets created in this period. Creation to solution (full resolution time) ends with "
        "the last solution: a reopened ticket is not solved. The requester's wait is the time in "
        "which a ticket was new, open or on hold: not while we waited for the customer, nor while "
        "it was solved. A ticket solved without a reply counts; one that no customer created has "
        "no requester. Resolution, among the promises, runs from the first reply (or when that was "
        "due) and pauses as promised."
    ),
)
_CLOCKS = (
    N_("Business and calendar time"),
    N_(
        "Business time runs in the hours that the promise is made for, and is given in hours. "
        "Calendar time is what the customer waited, nights and weekends too; its days have 24 "
        "hours."
    ),
)
_VERDICT = (
    N_("Colours and signs"),
    N_(
        "Under {few} due there is no percentage and no verdict. \u25b2 on target: at or above it. "
        "\u25bc missed: so far below that chance does not explain it. Below the target without a "
        "sign: with so few due it may be chance."
    ),
)
_INTERVAL = (
    N_("Bars"),
    N_(
        "The light end of a bar is the {interval} interval (Wilson): how far off chance alone may "
        "put the share. The dark stroke is the target. Percentages are rounded down."
    ),
)
_LIMITS = (
    N_("Natural limits"),
    N_(
        "The mean of the weeks, plus and minus {factor} times the mean change from one to the next "
        "(XmR). What lies within is chance; a signal lies outside, or is the eighth in a row on "
        "one side."
    ),
)
_UPTIME = (
    N_("Up"),
    N_(
        "The share of the observed time. Unknown time, for which no check is conclusive, counts "
        "as neither up nor down, and announced maintenance is left out."
    ),
)
_DEGRADED = (
    N_("Degraded"),
    N_(
        "The part of the time up in which many requests failed, though never so many in a row "
        "that it was an outage. It counts as up."
    ),
)
_SITES = frozenset({Part.SITES, Part.INCIDENTS})


@dataclass(frozen=True, slots=True)
class Policy:
    """Promises that a customer knows by their title, or by the day from which on they hold."""

    title: str | None
    since: date


def definitions(
    figures: Figures, audience: Audience, reader: Reader
) -> tuple[tuple[str, str], ...]:
    """The words that this report uses."""
    values = {
        "few": reader.count(FEW),
        "interval": reader.share(0.95),
        "factor": reader.decimal("2.66"),
    }
    return tuple(
        (reader.gettext(word), reader.gettext(meaning, **values))
        for word, meaning in _chosen(figures, audience)
    )


def for_customers(figures: Figures, reader: Reader) -> tuple[tuple[str, str], ...]:
    """The words that a customer's month uses."""
    found: list[_Definition] = []
    if site_answers.whole(figures) is not None:
        found.append(_UPTIME)
        if any(line.degraded_seconds for line in figures.sites):
            found.append(_DEGRADED)
    if site_answers.has_tickets(figures):
        found += [_DUE, _MET, _CLOCKS]
    return tuple((reader.gettext(word), reader.gettext(meaning)) for word, meaning in found)


def _chosen(figures: Figures, audience: Audience) -> Iterator[_Definition]:
    parts = frozenset(audience.parts)
    if site_answers.shows_tickets(figures):
        yield from (_DUE, _MET, _RISK)
        if figures.period.cadence is not Cadence.DAILY and Part.TIERS in parts:
            yield _TIMES
        if figures.ticket_times and Part.TIERS in parts:
            yield _TICKET_TIMES
        yield from (_CLOCKS, _VERDICT, _INTERVAL)
    if figures.trends and Part.TREND in parts:
        yield _LIMITS
    if parts & _SITES:
        yield _UPTIME
        if any(line.degraded_seconds for line in figures.sites):
            yield _DEGRADED


def footer_for_customers(
    figures: Figures, reader: Reader, policies: Sequence[Policy], *, version: str | None = None
) -> Iterator[str]:
    """What a customer's month is computed from, in two lines; without names of files.

    `policies`: those by which its promises were judged.
    """
    gettext = reader.gettext
    said = [
        gettext("Days and times are on the clock of {zone}.", zone=reader.zone),
        gettext(
            "As of {instant}: what happened later is not in it.", instant=reader.full(figures.as_of)
        ),
    ]
    if figures.data_until is not None and figures.as_of - figures.data_until > _FRESH:
        said.append(_data_age(figures, reader))
    yield " ".join(said)
    said = [_policies(policies, reader)] if policies else []
    said.append(_left_out(figures.left_out, reader))
    if version:
        said.append(gettext("Made by supportops {version}.", version=short_line(version, 60)))
    yield " ".join(said)


def _policies(policies: Sequence[Policy], reader: Reader) -> str:
    """By their titles, or by the days from which on they are valid."""
    shown = policies[:_POLICIES]
    if all(each.title for each in shown):
        named = reader.listed([short_line(each.title or "", 80) for each in shown])
        return reader.gettext("Promises as in {policies}.", policies=named)
    days = [reader.days(each.since, each.since, year=True) for each in shown]
    return reader.gettext("Promises as valid since {days}.", days=reader.listed(days))


def footer(
    figures: Figures, reader: Reader, *, edition: int | None = None, version: str | None = None
) -> Iterator[str]:
    """Clock and zone, window, ages, what is left out, and by which rules it was counted."""
    period, gettext = figures.period, reader.gettext
    yield gettext("Days and times are on the clock of {zone}.", zone=reader.zone)
    yield gettext(
        "Window: {start} until before {end}.",
        start=reader.full(period.start),
        end=reader.full(period.end),
    )
    yield gettext(
        "As of {instant}: what happened later is not in it.", instant=reader.full(figures.as_of)
    )
    yield _data_age(figures, reader)
    if figures.policies:
        named = ", ".join(short_line(name, 60) for name in figures.policies[:_POLICIES])
        yield gettext("Promises as in {policies}.", policies=named)
    yield _left_out(figures.left_out, reader)
    if edition is not None:
        yield gettext("Edition {edition}.", edition=edition)
    if version:
        yield gettext("Made by supportops {version}.", version=short_line(version, 60))


def _data_age(figures: Figures, reader: Reader) -> str:
    if figures.data_until is None:
        return reader.gettext(
            "No ticket source: it counts no tickets but those made here, such as calls."
        )
    age = max(0.0, (figures.as_of - figures.data_until).total_seconds())
    return reader.gettext(
        "Ticket data until {instant}, {age} before.",
        instant=reader.full(figures.data_until),
        age=reader.duration(age),
    )


def _left_out(left: LeftOut, reader: Reader) -> str:
    parts = [*_removed(left, reader), *_unjudged(left, reader)]
    if not parts:
        return reader.gettext("Nothing is left out.")
    return reader.gettext("Left out: {parts}.", parts=reader.words.clauses(parts))


def _removed(left: LeftOut, reader: Reader) -> Iterator[str]:
    counts = {"merged": reader.count(left.merged), "deleted": reader.count(left.deleted)}
    if left.merged and left.deleted:
        yield reader.gettext(
            "{merged} merged and {deleted} deleted tickets, but for promises that had ended before",
            **counts,
        )
    elif left.merged:
        yield reader.ngettext(
            "{number} merged ticket, but for promises that had ended before",
            "{number} merged tickets, but for promises that had ended before",
            left.merged,
        )
    elif left.deleted:
        yield reader.ngettext(
            "{number} deleted ticket, but for promises that had ended before",
            "{number} deleted tickets, but for promises that had ended before",
            left.deleted,
        )
    if left.broken:
        yield reader.ngettext(
            "{number} broken promise of tickets that were merged or deleted later",
            "{number} broken promises of tickets that were merged or deleted later",
            left.broken,
        )


def _unjudged(left: LeftOut, reader: Reader) -> Iterator[str]:
    if left.unjudged:
        yield reader.ngettext(
            "{number} ticket without a clock ({reasons})",
            "{number} tickets without a clock ({reasons})",
            len(left.unjudged),
            reasons=because(left.unjudged, reader),
        )
