"""Addresses of reports and their files on the board."""

from __future__ import annotations

from urllib.parse import urlencode

from supportops.rendering.board_links import page_link
from supportops.reports.period import Cadence


def report_path(cadence: Cadence, period: str, audience: str, edition: int | None = None) -> str:
    """A report's page, relative to the board: of one edition, or of the one that counts."""
    asked = {"cadence": cadence.value, "period": period, "audience": audience}
    if edition is not None:
        asked["edition"] = str(edition)
    return f"report?{urlencode(asked)}"


def file_path(cadence: Cadence, period: str, audience: str, edition: int, name: str) -> str:
    """A file of an edition, relative to the board. Its page finds the others beside itself."""
    return f"reports/{cadence.value}/{period}/{audience}/{edition}/{name}"


def report_link(board_url: str | None, cadence: Cadence, period: str, audience: str) -> str | None:
    """The page of a report for a message; None where there is no board."""
    return page_link(board_url, report_path(cadence, period, audience))
