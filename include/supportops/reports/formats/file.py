"""A finished document of a report, as bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class File:
    """`name` is fixed by what it is: "report.pdf", "mail.html", "mail.txt", "page.html"."""

    name: str
    media_type: str
    content: bytes

    @property
    def digest(self) -> str:
        """SHA-256 of the content, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


MAIL_HTML, MAIL_TEXT, PAGE = "mail.html", "mail.txt", "page.html"
PDF, WORKBOOK, CSV, JSON = "report.pdf", "report.xlsx", "report.csv", "figures.json"
# Every promise of the period; made where the workbook's list had to be cut.
CLOCKS = "clocks.csv"
# So many promises a workbook lists: more take minutes to open, and seconds of CPU to write.
LISTED_AT_MOST = 10_000
# The notices and the summary, a line each, for a chat message.
SUMMARY = "lead.txt"
# Every promise that was counted: what a later report compares with. Never sent.
COUNTED = "counted.csv"
