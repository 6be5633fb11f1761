"""Every page of the board, and those that the head of each page leads to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from supportops.web.customers.pages import FRONT, REPORT_OF_CUSTOMER, REPORTS_OF_CUSTOMERS
from supportops.web.page import MadeFile, Page
from supportops.web.pages.alerts import ALERTS
from supportops.web.pages.board import BOARD
from supportops.web.pages.call import CALL
from supportops.web.pages.compare import COMPARE
from supportops.web.pages.configuration import CONFIGURATION
from supportops.web.pages.doctor import DOCTOR
from supportops.web.pages.incident import INCIDENT
from supportops.web.pages.notices import NOTICES
from supportops.web.pages.report import REPORT
from supportops.web.pages.reports import REPORTS
from supportops.web.pages.silences import SILENCES
from supportops.web.pages.site import SITE
from supportops.web.pages.ticket import TICKET
from supportops.web.pages.tickets import TICKETS, TICKETS_CSV
from supportops.web.pages.what_if import WHAT_IF
from supportops.web.rota.page import ROTA
from supportops.web.tickets.bundle import BUNDLE

PAGES: tuple[Page[Any], ...] = (
    *(
        replace(BOARD, for_customers=FRONT),
        TICKETS,
        TICKET,
        CALL,
        INCIDENT,
        ALERTS,
        SILENCES,
        NOTICES,
        SITE,
        replace(REPORTS, for_customers=REPORTS_OF_CUSTOMERS),
        replace(REPORT, for_customers=REPORT_OF_CUSTOMER),
        *(COMPARE, CONFIGURATION, DOCTOR, WHAT_IF, ROTA),
    ),
)

REPORT_FILE = "/reports/{cadence}/{period}/{audience}/{edition}/{name}"
"""The path of the files of stored reports."""
OPEN_TO_CUSTOMERS = frozenset(
    {
        path
        for page in PAGES
        if page.for_customers is not None
        for path in (page.path, f"/api/{page.name}")
    }
    | {REPORT_FILE}
)
"""The paths of the routes that a login gets which is bound to customers; all others are closed."""

FILES: tuple[MadeFile[Any], ...] = (TICKETS_CSV, BUNDLE)

NAVIGATION = (
    ("board", "./", "Now"),
    ("tickets", "tickets", "Tickets"),
    ("alerts", "alerts", "Alerts"),
    ("notices", "notices", "Notices"),
    ("rota", "rota", "Rota"),
    ("reports", "reports", "Reports"),
    ("configuration", "configuration", "Configuration"),
    ("what_if", "what_if", "What if"),
    ("call", "call", "Take a call"),
)
"""The name of a page's template, its address and its title."""
