"""Reads from the store what channels show of issued reports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from supportops.alerts.alert import Alert, Kind
from supportops.alerts.channels.content import ReportContent
from supportops.notify.mail_parts import Attachment
from supportops.rendering.catalogue import DEFAULT
from supportops.reports import store
from supportops.reports.formats.file import (
    CLOCKS,
    COUNTED,
    CSV,
    JSON,
    MAIL_HTML,
    MAIL_TEXT,
    PAGE,
    PDF,
    SUMMARY,
    WORKBOOK,
    File,
)
from supportops.reports.links import report_link
from supportops.reports.store import StoredReport

# Stored with a report and never sent.
_NOT_SENT = frozenset({COUNTED, PAGE})
# Attached where it was made, in this order, under a name with this ending.
_ATTACHED = {PDF: "pdf", WORKBOOK: "xlsx", CLOCKS: "clocks.csv", CSV: "csv", JSON: "json"}


def report_contents(
    connection: Connection, alerts: Iterable[Alert], board_url: str | None, attach_at_most: int
) -> dict[str, ReportContent]:
    """The contents of those of `alerts` that announce a report, by the alerts' keys.

    An e-mail with its attachments may have `attach_at_most` bytes. A report that is no longer
    stored is left out.
    """
    keys = sorted(alert.key for alert in alerts if alert.kind is Kind.REPORT)
    found = store.by_alert(connection, keys) if keys else {}
    return {
        key: _content(connection, report, board_url, attach_at_most)
        for key, report in found.items()
    }


def _content(
    connection: Connection, report: StoredReport, board_url: str | None, attach_at_most: int
) -> ReportContent:
    names = [name for name in store.digests(connection, report.id) if name not in _NOT_SENT]
    files = {file.name: file for file in store.files(connection, report.id, names)}
    name = f"{report.cadence}-{report.period}"
    return ReportContent(
        name=name,
        subject=report.subject,
        html=_text(files, MAIL_HTML),
        text=_text(files, MAIL_TEXT),
        summary=tuple((_text(files, SUMMARY) or "").splitlines()),
        images=tuple(
            Attachment(file.name, file.media_type, file.content)
            for stored_as, file in sorted(files.items())
            if stored_as.endswith(".png")
        ),
        attachments=tuple(
            Attachment(f"{name}.{ending}", file.media_type, file.content)
            for stored_as, ending in _ATTACHED.items()
            if (file := files.get(stored_as)) is not None
        ),
        attach_at_most=attach_at_most,
        page=_page(report, board_url),
        language=_language(_text(files, MAIL_HTML)),
    )


def _language(html: str | None) -> str:
    """What the report's own e-mail says of itself; it was made by whatever configuration then."""
    found = re.search(r'<html lang="([A-Za-z-]+)">', html[:1000]) if html else None
    return found[1] if found else DEFAULT


def _text(files: Mapping[str, File], name: str) -> str | None:
    file = files.get(name)
    return None if file is None else file.content.decode("utf-8", "replace")


def _page(report: StoredReport, board_url: str | None) -> str | None:
    """The report's page on the board, to which a customer's contact has no access."""
    if report.customer is not None:
        return None
    return report_link(board_url, report.cadence, report.period, report.audience)
