"""Two stored reports of an audience side by side, chosen in the page's address."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from supportops.flows.reports.report_comparison import (
    Choice as Chosen,
)
from supportops.flows.reports.report_comparison import (
    Compared,
    NotCompared,
    choices,
    compared,
    last_two,
)
from supportops.rendering.catalogue import DEFAULT
from supportops.reports.links import report_path
from supportops.reports.period import Cadence
from supportops.reports.store import ReportEntry
from supportops.reports.words import comparing
from supportops.reports.words.dates import Reader
from supportops.web import report_queries
from supportops.web.page import Choice, NotFound, Page, PageContext, Query, Text, last_check, link
from supportops.web.pages.reports import days, title_of


class Pair(Query):
    """Whose reports, and which two: "2026-W47", or "2026-W47/2" for an edition.

    What is left out: the first audience that has any, and the last two periods.
    """

    cadence: Cadence = Cadence.WEEKLY
    audience: Text = ""
    first: Text = ""
    second: Text = ""


@dataclass(frozen=True, slots=True)
class Option:
    """A stored edition to choose."""

    value: str
    words: str


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two, for the head of its column."""

    entry: ReportEntry
    days: str
    href: str


def compare(page: PageContext, query: Pair) -> dict[str, Any]:
    """What the template shows. Raises NotFound for a report that is not stored."""
    known = report_queries.audiences_of(page.connection, query.cadence)
    audience = query.audience or next(iter(known), "")
    entries = choices(page.connection, query.cadence, audience) if audience in known else []
    pair = _pair(query, entries)
    found = _compared(page, query.cadence, audience, pair) if pair else None
    values: dict[str, Any] = {
        "check": last_check(page.connection, page.now),
        "cadence": query.cadence,
        "cadences": list(_cadences(query)),
        "audience": audience,
        "title": title_of(page, audience) if audience else "",
        "audiences": list(_audiences(page, query, known, audience)),
        "options": [_option(each) for each in entries],
        "chosen": [_value(found.first), _value(found.second)] if found else [],
        "few": len({each.period for each in entries}) < 2,
        "zone": page.zone,
        "compared": None,
    }
    return values | (_shown(page, query.cadence, audience, found) if found else {})


def _shown(page: PageContext, cadence: Cadence, audience: str, found: Compared) -> dict[str, Any]:
    tiers = page.configuration.tiers.titles()
    reader = Reader(DEFAULT, page.zone, tier_titles=tiers)
    return {
        "compared": found.comparison,
        "first": _side(found.first),
        "second": _side(found.second),
        "notes": found.notes,
        "answer": comparing.answer(found.comparison),
        "blocks": comparing.blocks(found.comparison, reader),
        "restated": [comparing.restated(each, reader) for each in found.comparison.restated],
        "swapped": link(
            "compare",
            cadence=cadence.value,
            audience=audience,
            first=_value(found.second),
            second=_value(found.first),
        ),
    }


def _pair(query: Pair, entries: Sequence[ReportEntry]) -> tuple[Chosen, Chosen] | None:
    """The two of the address; what it leaves out is chosen among the last ones."""
    last = last_two(list(entries))
    try:
        first = Chosen.of(query.first) if query.first else None
        second = Chosen.of(query.second) if query.second else None
    except NotCompared as error:
        raise NotFound(str(error)) from None
    if first and second:
        return first, second
    if second is not None:
        earlier = [each for each in entries if each.period < second.period]
        return (Chosen(earlier[0].period), second) if earlier else None
    if first is not None:
        later = [each for each in entries if each.period > first.period]
        return (first, Chosen(later[-1].period)) if later else None
    return last


def _compared(
    page: PageContext, cadence: Cadence, audience: str, pair: tuple[Chosen, Chosen]
) -> Compared:
    try:
        return compared(page.connection, cadence, audience, *pair)
    except NotCompared as error:
        raise NotFound(str(error)) from None


def _value(entry: ReportEntry) -> str:
    return f"{entry.period}/{entry.edition}"


def _option(entry: ReportEntry) -> Option:
    edition = f", edition {entry.edition}" if entry.edition > 1 else ""
    draft = "" if entry.issued_at else ", draft"
    return Option(_value(entry), f"{entry.period}: {days(entry)}{edition}{draft}")


def _side(entry: ReportEntry) -> Side:
    href = report_path(entry.cadence, entry.period, entry.audience, entry.edition)
    return Side(entry, days(entry), href)


def _cadences(query: Pair) -> Iterator[Choice]:
    for each in Cadence:
        href = link("compare", cadence=each.value, audience=query.audience)
        yield Choice(each.value.capitalize(), href, 0, each is query.cadence)


def _audiences(
    page: PageContext, query: Pair, known: Sequence[str], chosen: str
) -> Iterator[Choice]:
    for name in known:
        href = link("compare", cadence=query.cadence.value, audience=name)
        yield Choice(title_of(page, name), href, 0, name == chosen)


COMPARE = Page("compare", Pair, compare)
