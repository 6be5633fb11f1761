"""What a login sees that is bound to customers: the list of their reports, and each report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from supportops.reports import store
from supportops.reports.formats.file import PAGE
from supportops.reports.links import file_path, report_path
from supportops.reports.store import ReportEntry
from supportops.web import report_queries
from supportops.web.customers.shown import sees, shown_reports
from supportops.web.guard import FRAME_HEADERS
from supportops.web.page import NotFound, Page, PageContext, Query, Redirect, link
from supportops.web.pages.report import Address, ReportAddress, downloads
from supportops.web.pages.reports import Filters, days

SHOWN = 40
REPORT_FILE = "/reports/{cadence}/{period}/{audience}/{edition}/{name}"


@dataclass(frozen=True, slots=True)
class Line:
    """A report of the list: what it is about, and its address."""

    cadence: str
    days: str
    customer: str
    subject: str
    href: str


def reports(page: PageContext, query: Filters) -> dict[str, Any]:
    """What the list's template shows: the newest issued edition of each report."""
    skip = (query.page - 1) * SHOWN
    about = shown_reports(page)
    found = report_queries.issued_lines(page.connection, about, skip, SHOWN + 1)
    return {
        "check": None,
        "rows": [_line(page, each) for each in found[:SHOWN]],
        "page": query.page,
        "newer": link("reports", page=query.page - 1) if query.page > 1 else "",
        "older": link("reports", page=query.page + 1) if len(found) > SHOWN else "",
    }


def report(page: PageContext, query: Address) -> dict[str, Any]:
    """What the report's template shows. Raises NotFound for one that is not theirs, in the words
    of one that is not there."""
    entry = _theirs(page, ReportAddress.of(*_parts(query)))
    sizes = report_queries.sizes(page.connection, entry.id)
    of = (entry.cadence, entry.period, entry.audience, entry.edition)
    return {
        "check": None,
        "cadence": entry.cadence.value,
        "days": days(entry),
        "customer": page.configuration.customers.named(entry.customer or ""),
        "subject": entry.subject,
        "page": file_path(*of, PAGE) if PAGE in sizes else "",
        "downloads": list(downloads(entry, sizes)),
    }


def require(page: PageContext, address: ReportAddress) -> None:
    """Raises NotFound for a report that is not theirs, as for one that is not there."""
    _theirs(page, address)


def _theirs(page: PageContext, address: ReportAddress) -> ReportEntry:
    of = (page.connection, address.cadence, address.period, address.audience)
    if address.edition is not None:
        entry = store.edition(*of, address.edition)
    else:
        entry = store.issued(*of)
    if entry is None or not sees(page, entry):
        raise NotFound("there is no such report")
    return entry


def _parts(query: Address) -> tuple[str, str, str, str]:
    return query.cadence, query.period, query.audience, query.edition


def _line(page: PageContext, entry: ReportEntry) -> Line:
    href = report_path(entry.cadence, entry.period, entry.audience)
    customer = page.configuration.customers.named(entry.customer or "")
    return Line(entry.cadence.value, days(entry), customer, entry.subject, href)


def _front(_page: PageContext, _query: Query) -> dict[str, Any]:
    raise Redirect("reports")


FRONT = Page("customers/front", Query, _front)
REPORTS_OF_CUSTOMERS = Page("customers/reports", Filters, reports)
REPORT_OF_CUSTOMER = Page("customers/report", Address, report, headers=FRAME_HEADERS)
