"""The stored reports, the newest first: what each is about, its recipients, and its state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

from sqlalchemy import RowMapping

from supportops.reports import store
from supportops.reports.links import report_path
from supportops.reports.period import Cadence, parse
from supportops.reports.store import ReportEntry
from supportops.reports.words.dates import Reader
from supportops.web import queries, report_queries
from supportops.web.notifications import message_line
from supportops.web.page import Choice, Page, PageContext, PageNumber, Query, Text, last_check, link

SHOWN = 40
MOST_MESSAGES = 5000
MOST_WAITING = 1000
FIRST_NAMES = 3


class Filters(Query):
    """The filters and the page number of an address."""

    cadence: Cadence | None = None
    audience: Text = ""
    page: PageNumber = 1
    waiting: bool = False

    flags: ClassVar[frozenset[str]] = frozenset({"waiting"})

    def href(self, **changes: str | int) -> str:
        cadence = self.cadence.value if self.cadence else ""
        return link("reports", **{"cadence": cadence, "audience": self.audience} | changes)


@dataclass(frozen=True, slots=True)
class Recipient:
    """A receiver of a report, and the state of the message; `tone`: good, bad, warning or plain."""

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
        """Those to be named, the ones that it did not reach first."""
        return tuple(sorted(self.recipients, key=lambda each: each.tone == "good"))[:FIRST_NAMES]


def reports(page: PageContext, filters: Filters) -> dict[str, Any]:
    """What the list's template shows."""
    known = report_queries.audiences(page.connection)
    waiting = store.waiting(page.connection, MOST_WAITING)
    if filters.waiting:
        found = [report_queries.Line(each, each.edition) for each in waiting]
    else:
        found = _lines(page, filters) if filters.audience in ("", *known) else []
    keys = [line.entry.alert for line in found if line.entry.alert]
    messages = queries.messages_of_all(page.connection, keys, MOST_MESSAGES)
    return {
        "check": last_check(page.connection, page.now),
        "filters": filters,
        "cadences": list(_cadences(filters)),
        "audiences": list(_audiences(page, filters, known)),
        "rows": [_row(page, line, messages) for line in found[: _most(filters)]],
        "waiting": [each.id for each in waiting],
        "newer": filters.href(page=filters.page - 1) if filters.page > 1 else "",
        "older": filters.href(page=filters.page + 1) if len(found) > _most(filters) else "",
        "compare": link(
            "compare",
            cadence=(filters.cadence or Cadence.WEEKLY).value,
            audience=filters.audience if filters.audience in known else "",
        ),
        "planned": len(page.configuration.reports.audiences),
        "zone": page.zone,
    }


def _most(filters: Filters) -> int:
    return MOST_WAITING if filters.waiting else SHOWN


def recipients(entry: ReportEntry, messages: Sequence[RowMapping]) -> tuple[Recipient, ...]:
    """Everybody that an issued report was addressed to, with the state of their message."""
    found = {row["target"]: message_line(row) for row in messages}
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


def title_of(page: PageContext, audience: str) -> str:
    """The title of an audience in reports.yaml; its name where it is no longer there."""
    known = {each.name: each.title for each in page.configuration.reports.audiences}
    return known.get(audience, audience)


def _lines(page: PageContext, filters: Filters) -> list[report_queries.Line]:
    """The lines of this page of the list, and one more if there is another page."""
    skip = (filters.page - 1) * SHOWN
    return report_queries.lines(page.connection, filters.cadence, filters.audience, skip, SHOWN + 1)


def _row(
    page: PageContext, line: report_queries.Line, messages: Mapping[str, Sequence[RowMapping]]
) -> Row:
    entry = line.entry
    return Row(
        entry=entry,
        days=days(entry),
        title=title_of(page, entry.audience),
        href=report_path(
            entry.cadence, entry.period, entry.audience, entry.edition if entry.approval else None
        ),
        recipients=recipients(entry, messages.get(entry.alert or "", ())),
        draft=line.newest if line.newest > entry.edition else None,
    )


def _cadences(filters: Filters) -> Iterator[Choice]:
    yield Choice("All", filters.href(cadence=""), 0, filters.cadence is None)
    for each in Cadence:
        words = each.value.capitalize()
        yield Choice(words, filters.href(cadence=each.value), 0, filters.cadence is each)


def _audiences(page: PageContext, filters: Filters, known: Sequence[str]) -> Iterator[Choice]:
    for name in known:
        words, chosen = title_of(page, name), name == filters.audience
        yield Choice(words, filters.href(audience=name), 0, chosen)


REPORTS = Page("reports", Filters, reports)
