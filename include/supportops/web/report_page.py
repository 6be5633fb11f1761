"""One report as it was issued, or as it stands as a draft: its page, its files, who got it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from supportops.reports import store
from supportops.reports.formats.file import CSV, JSON, PAGE, PDF, WORKBOOK, File
from supportops.reports.links import file_path, report_path
from supportops.reports.period import Cadence
from supportops.reports.store import ReportEntry
from supportops.web import queries, report_queries
from supportops.web.notified import Told, as_told
from supportops.web.parts import Desk, NotHere, last_check, link
from supportops.web.reports_page import days, title_of

MOST_EDITIONS = 50
MOST_MESSAGES = 200
MOST_ATTEMPTS = 1000

_FORMS = {PDF: "PDF", WORKBOOK: "Excel", CSV: "CSV", JSON: "JSON"}
# What is served, and as what, whatever was written down beside the file.
_DOWNLOADS = {
    PDF: "application/pdf",
    WORKBOOK: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    CSV: "text/csv; charset=utf-8",
    JSON: "application/json",
}
_PERIOD = re.compile(r"\d{4}-(?:\d{2}-\d{2}|W\d{2})", re.ASCII)
_AUDIENCE = re.compile(r"[a-z][a-z0-9_]{0,62}")
_EDITION = re.compile(r"[1-9]\d{0,8}", re.ASCII)
_PICTURE = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}\.png")


@dataclass(frozen=True, slots=True)
class Named:
    """A report that an address names; `edition` None: the one that counts."""

    cadence: Cadence
    period: str
    audience: str
    edition: int | None = None

    @classmethod
    def of(cls, cadence: str, period: str, audience: str, edition: str = "") -> Named:
        """Out of an address, where anything may stand. Raises NotHere."""
        fits = _PERIOD.fullmatch(period) and _AUDIENCE.fullmatch(audience)
        if cadence not in set(Cadence) or not fits:
            raise NotHere("no report has this address")
        if edition and not _EDITION.fullmatch(edition):
            raise NotHere("no report has this edition")
        return cls(Cadence(cadence), period, audience, int(edition) if edition else None)


@dataclass(frozen=True, slots=True)
class Download:
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


@dataclass(frozen=True, slots=True)
class Served:
    """A file as it is handed out; `name`: what a browser saves it as, None where it is shown."""

    content: bytes
    media_type: str
    name: str | None


def report(desk: Desk, named: Named) -> dict[str, Any]:
    """What the report's template shows. Raises NotHere where none is kept."""
    known = report_queries.editions(
        desk.connection, named.cadence, named.period, named.audience, MOST_EDITIONS
    )
    entry = _chosen(desk, named)
    sizes = report_queries.sizes(desk.connection, entry.id)
    issued = [each.edition for each in known if each.issued_at]
    return {
        "check": last_check(desk.connection, desk.now),
        "entry": entry,
        "days": days(entry),
        "title": title_of(desk, entry.audience),
        "counts": report_path(entry.cadence, entry.period, entry.audience),
        "superseded": max(issued, default=0) > entry.edition,
        "draft": known[0].edition if known and not known[0].issued_at else None,
        "page": _file(entry, PAGE) if PAGE in sizes else "",
        "downloads": list(_downloads(entry, sizes)),
        "told": _told(desk, entry),
        "editions": [_edition(each, entry) for each in known],
        "all_of_audience": link("reports", audience=entry.audience),
        "now": desk.now,
        "zone": desk.zone,
    }


def served(connection: Connection, named: Named, name: str) -> Served:
    """A file of an edition. Raises NotHere for one that is not kept, or not for the board."""
    if name != PAGE and name not in _DOWNLOADS and not _PICTURE.fullmatch(name):
        raise NotHere("no report has such a file")
    found = store.file(connection, named.cadence, named.period, named.audience, named.edition, name)
    if found is None:
        raise NotHere("this file is not kept of this report")
    return _served(named, found)


def _served(named: Named, file: File) -> Served:
    if file.name == PAGE:
        return Served(file.content, "text/html; charset=utf-8", None)
    if file.name not in _DOWNLOADS:
        return Served(file.content, "image/png", None)
    ending = file.name.rpartition(".")[2]
    name = f"{named.cadence}-{named.period}-{named.audience}.{ending}"
    return Served(file.content, _DOWNLOADS[file.name], name)


def _chosen(desk: Desk, named: Named) -> ReportEntry:
    """The edition asked for, else the newest that was issued, else the newest."""
    of = (desk.connection, named.cadence, named.period, named.audience)
    found: ReportEntry | None
    if named.edition is not None:
        found = store.edition(*of, named.edition)
    else:
        found = store.issued(*of) or store.newest(*of)
    if found is None:
        raise NotHere("this report is not kept")
    return found


def _file(entry: ReportEntry, name: str) -> str:
    return file_path(entry.cadence, entry.period, entry.audience, entry.edition, name)


def _downloads(entry: ReportEntry, sizes: Mapping[str, int]) -> Iterator[Download]:
    for name, words in _FORMS.items():
        if name in sizes:
            yield Download(words, _file(entry, name), sizes[name])


def _told(desk: Desk, entry: ReportEntry) -> list[Told]:
    """The messages that the report went out with."""
    if entry.alert is None:
        return []
    rows = queries.messages_of(desk.connection, entry.alert, MOST_MESSAGES)
    ledger = queries.attempts_of(desk.connection, entry.alert, MOST_ATTEMPTS)
    return [as_told(row, ledger.get(row["id"], ())) for row in rows]


def _edition(each: ReportEntry, shown: ReportEntry) -> Edition:
    href = report_path(each.cadence, each.period, each.audience, each.edition)
    return Edition(each.edition, each.made_at, each.issued_at, href, each.id == shown.id)
