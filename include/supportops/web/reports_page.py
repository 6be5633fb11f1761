"""The reports that are kept, the newest first: what they say, to whom they went, and how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import RowMapping

from supportops.reports.links import report_path
from supportops.reports.period import Cadence, parse
from supportops.reports.store import ReportEntry
from supportops.reports.words.dates import Reader
from supportops.web import queries, report_queries
from supportops.web.notified import as_told
from supportops.web.parts import Choice, Desk, last_check, link

SHOWN = 40
MOST_MESSAGES = 5000
FIRST_NAMES = 3
MOST_PAGES = 10_000


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters and the page number of an address."""

    cadence: Cadence | None = None
    audience: str = ""
    page: int = 1

    def href(self, **changes: str | int) -> str:
        cadence = self.cadence.value if self.cadence else ""
        return link("reports", **{"cadence": cadence, "audience": self.audience} | changes)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a report was sent to, and what became of it: "good", "bad", "warning" or "plain"."""

    name: str
    state: str
    tone: str


@dataclass(frozen=True, slots=True)
class Row:
    """One report of the list. `days` names its period in words, `draft` a newer edition."""

    entry: ReportEntry
    days: str
    title: str
    href: str
    recipients: tuple[Recipient, ...]
    draft: int | None

    @property
    def first(self) -> tuple[Recipient, ...]:
        """Those to be named: whom it did not reach before all others."""
        return tuple(sorted(self.recipients, key=lambda each: each.tone == "good"))[:FIRST_NAMES]


def reports(desk: Desk, asked: Asked) -> dict[str, Any]:
    """What the list's template shows."""
    known = report_queries.audiences(desk.connection)
    found = _lines(desk, asked) if asked.audience in ("", *known) else []
    keys = [line.entry.alert for line in found if line.entry.alert]
    told = queries.messages_of_all(desk.connection, keys, MOST_MESSAGES)
    return {
        "check": last_check(desk.connection, desk.now),
        "asked": asked,
        "cadences": list(_cadences(asked)),
        "audiences": list(_audiences(desk, asked, known)),
        "rows": [_row(desk, line, told) for line in found[:SHOWN]],
        "newer": asked.href(page=asked.page - 1) if asked.page > 1 else "",
        "older": asked.href(page=asked.page + 1) if len(found) > SHOWN else "",
        "planned": len(desk.configuration.reports.audiences),
        "zone": desk.zone,
    }


def recipients(entry: ReportEntry, messages: Sequence[RowMapping]) -> tuple[Recipient, ...]:
    """Everybody that an issued report was addressed to, with the state of their message."""
    found = {row["target"]: as_told(row) for row in messages}
    return tuple(
        Recipient(name, found[name].state, found[name].tone)
        if name in found
        else Recipient(name, "not queued", "bad")
        for name in entry.recipients
    )


def days(entry: ReportEntry) -> str:
    """The period in words: "16-22 Nov 2026".

    A label names the same day in every zone; one of them may be an hour longer or shorter.
    """
    first = parse(entry.cadence, entry.period, "UTC").first_day
    count = round((entry.ends_at - entry.starts_at) / timedelta(days=1))
    return Reader("en-GB", "UTC").days(first, first + timedelta(days=count - 1), year=True)


def title_of(desk: Desk, audience: str) -> str:
    """How reports.yaml calls an audience; one that it names no more by its name."""
    known = {each.name: each.title for each in desk.configuration.reports.audiences}
    return known.get(audience, audience)


def _lines(desk: Desk, asked: Asked) -> list[report_queries.Line]:
    """Those of the page asked for, and one more if there is another page."""
    skip = (asked.page - 1) * SHOWN
    return report_queries.lines(desk.connection, asked.cadence, asked.audience, skip, SHOWN + 1)


def _row(desk: Desk, line: report_queries.Line, told: Mapping[str, Sequence[RowMapping]]) -> Row:
    entry = line.entry
    return Row(
        entry=entry,
        days=days(entry),
        title=title_of(desk, entry.audience),
        href=report_path(entry.cadence, entry.period, entry.audience),
        recipients=recipients(entry, told.get(entry.alert or "", ())),
        draft=line.newest if line.newest > entry.edition else None,
    )


def _cadences(asked: Asked) -> Iterator[Choice]:
    yield Choice("All", asked.href(cadence=""), 0, asked.cadence is None)
    for each in Cadence:
        words = each.value.capitalize()
        yield Choice(words, asked.href(cadence=each.value), 0, asked.cadence is each)


def _audiences(desk: Desk, asked: Asked, known: Sequence[str]) -> Iterator[Choice]:
    for name in known:
        words, chosen = title_of(desk, name), name == asked.audience
        yield Choice(words, asked.href(audience=name), 0, chosen)
