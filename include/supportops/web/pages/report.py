"""One report, issued or a draft: its page, its files, and its recipients."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from supportops.reports import store
from supportops.reports.formats.file import CLOCKS, CSV, JSON, PAGE, PDF, WORKBOOK, File
from supportops.reports.links import file_path, report_path
from supportops.reports.period import Cadence
from supportops.reports.store import Approval, ReportEntry
from supportops.web import queries, report_queries
from supportops.web.guard import FRAME_HEADERS
from supportops.web.notifications import MessageLine, message_line
from supportops.web.page import (
    NotFound,
    Page,
    PageContext,
    Query,
    ServedFile,
    Text,
    last_check,
    link,
)
from supportops.web.pages.reports import days, title_of

MOST_EDITIONS = 50
MOST_MESSAGES = 200
MOST_ATTEMPTS = 1000

_DOWNLOAD_NAMES = {
    PDF: "PDF",
    WORKBOOK: "Excel",
    CLOCKS: "All promises (CSV)",
    CSV: "CSV",
    JSON: "JSON",
}
# The files that are served and their media types; a stored media type is not trusted.
_DOWNLOADS = {
    PDF: "application/pdf",
    WORKBOOK: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    CLOCKS: "text/csv; charset=utf-8",
    CSV: "text/csv; charset=utf-8",
    JSON: "application/json",
}
_PERIOD = re.compile(r"\d{4}-(?:\d{2}(?:-\d{2})?|W\d{2})", re.ASCII)
_AUDIENCE = re.compile(r"[a-z][a-z0-9_]{0,62}")
_EDITION = re.compile(r"[1-9]\d{0,8}", re.ASCII)
_PICTURE = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}\.png")


@dataclass(frozen=True, slots=True)
class ReportAddress:
    """Which report an address is about; `edition` None: the newest issued one, else the newest."""

    cadence: Cadence
    period: str
    audience: str
    edition: int | None = None

    @classmethod
    def of(cls, cadence: str, period: str, audience: str, edition: str = "") -> ReportAddress:
        """From the parts of an address, which may hold anything. Raises NotFound."""
        fits = _PERIOD.fullmatch(period) and _AUDIENCE.fullmatch(audience)
        if cadence not in set(Cadence) or not fits:
            raise NotFound("no report has this address")
        if edition and not _EDITION.fullmatch(edition):
            raise NotFound("no report has this edition")
        return cls(Cadence(cadence), period, audience, int(edition) if edition else None)


@dataclass(frozen=True, slots=True)
class Download:
    """A file of a report to download; `size` in bytes."""

    words: str
    href: str
    size: int


@dataclass(frozen=True, slots=True)
class Edition:
    """One of the editions of a report."""

    number: int
    made_at: datetime
    issued_at: datetime | None
    href: str
    shown: bool


class Address(Query):
    """The parts of a report's address, as they are written."""

    cadence: Text
    period: Text
    audience: Text
    edition: Text = ""


def report(page: PageContext, query: Address) -> dict[str, Any]:
    """What the report's template shows. Raises NotFound where none is stored."""
    address = ReportAddress.of(query.cadence, query.period, query.audience, query.edition)
    known = report_queries.editions(
        page.connection, address.cadence, address.period, address.audience, MOST_EDITIONS
    )
    entry = _chosen(page, address)
    sizes = report_queries.sizes(page.connection, entry.id)
    issued = [each.edition for each in known if each.issued_at]
    return {
        "check": last_check(page.connection, page.now),
        "entry": entry,
        "days": days(entry),
        "title": title_of(page, entry.audience),
        "counts": report_path(entry.cadence, entry.period, entry.audience),
        "superseded": max(issued, default=0) > entry.edition,
        "draft": known[0].edition if known and not known[0].issued_at else None,
        "waits": entry.approval is Approval.WAITING,
        "receivers": _receivers(page, entry),
        "page": _file(entry, PAGE) if PAGE in sizes else "",
        "downloads": list(downloads(entry, sizes)),
        "messages": _messages(page, entry),
        "editions": [_edition(each, entry) for each in known],
        "all_of_audience": link("reports", audience=entry.audience),
        "compare": link(
            "compare",
            cadence=entry.cadence.value,
            audience=entry.audience,
            second=f"{entry.period}/{entry.edition}",
        ),
        "now": page.now,
        "zone": page.zone,
    }


def served_file(connection: Connection, address: ReportAddress, name: str) -> ServedFile:
    """A file of an edition. Raises NotFound for one that is not stored, or not for the board."""
    if name != PAGE and name not in _DOWNLOADS and not _PICTURE.fullmatch(name):
        raise NotFound("no report has such a file")
    of = (address.cadence, address.period, address.audience, address.edition)
    found = store.file(connection, *of, name)
    if found is None:
        raise NotFound("this report has no such file")
    return _served(address, found)


def _served(address: ReportAddress, file: File) -> ServedFile:
    if file.name == PAGE:
        return ServedFile(file.content, "text/html; charset=utf-8", None)
    if file.name not in _DOWNLOADS:
        return ServedFile(file.content, "image/png", None)
    ending = CLOCKS if file.name == CLOCKS else file.name.rpartition(".")[2]
    name = f"{address.cadence}-{address.period}-{address.audience}.{ending}"
    return ServedFile(file.content, _DOWNLOADS[file.name], name)


def _chosen(page: PageContext, address: ReportAddress) -> ReportEntry:
    """The requested edition, else the newest issued one, else the newest."""
    of = (page.connection, address.cadence, address.period, address.audience)
    entry: ReportEntry | None
    if address.edition is not None:
        entry = store.edition(*of, address.edition)
    else:
        entry = store.issued(*of) or store.newest(*of)
    if entry is None:
        raise NotFound("there is no such report")
    return entry


def _receivers(page: PageContext, entry: ReportEntry) -> tuple[str, ...]:
    """Who is sent it when it is approved, by the names of receivers."""
    readers = page.configuration.reports.audiences
    return next((each.receivers for each in readers if entry.audience in each.names), ())


def _file(entry: ReportEntry, name: str) -> str:
    return file_path(entry.cadence, entry.period, entry.audience, entry.edition, name)


def downloads(entry: ReportEntry, sizes: Mapping[str, int]) -> Iterator[Download]:
    """The files of an edition that are handed out, of those that are stored."""
    for name, words in _DOWNLOAD_NAMES.items():
        if name in sizes:
            yield Download(words, _file(entry, name), sizes[name])


def _messages(page: PageContext, entry: ReportEntry) -> list[MessageLine]:
    """The messages that the report was sent with."""
    if entry.alert is None:
        return []
    rows = queries.messages_of(page.connection, entry.alert, MOST_MESSAGES)
    attempts = queries.attempts_of(page.connection, entry.alert, MOST_ATTEMPTS)
    return [message_line(row, attempts.get(row["id"], ())) for row in rows]


def _edition(each: ReportEntry, shown: ReportEntry) -> Edition:
    href = report_path(each.cadence, each.period, each.audience, each.edition)
    return Edition(each.edition, each.made_at, each.issued_at, href, each.id == shown.id)


REPORT = Page("report", Address, report, headers=FRAME_HEADERS)
