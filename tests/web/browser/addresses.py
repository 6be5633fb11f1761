"""The pages that are tried in a browser: a new page adds itself here, with one line.

Its key is the page's name in `supportops.web.pages.registry`, its value an address of it on the
board that `seeding.seeded` makes. `test_every_page.py` then opens it in both themes and on a small
screen, and looks for what a browser reports and what people with a disability meet.
"""

from __future__ import annotations

from urllib.parse import quote

from supportops.reports.links import report_path
from supportops.reports.period import Cadence
from web.browser.seeding import CUSTOMER, DOWN, INCIDENT, TICKET, WEEK

ADDRESSES = {
    "board": "",
    "tickets": "tickets",
    "ticket": f"ticket?source=zendesk&id={TICKET}",
    "call": f"call?customer={CUSTOMER}&site={quote(DOWN)}",
    "alerts": "alerts",
    "silences": "silences?value=alpha",
    "notices": "notices?id=1",
    "what_if": "what_if",
    "configuration": "configuration?kind=outage&name=x",
    "doctor": "doctor",
    "incident": f"incident?key={quote(INCIDENT)}",
    "site": f"site?name={quote(DOWN)}",
    "rota": "rota",
    "reports": "reports",
    "compare": f"compare?audience=managers&first=2026-W45&second={WEEK}",
    "report": report_path(Cadence.WEEKLY, WEEK, "managers"),
}
