"""An agency whose checks, alerts, notices, mails and status pages all run, minute by minute."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from flows.customers.publishing.agency import Agency
from supportops.alerts.alert import Alert
from supportops.alerts.store import list_open
from supportops.db.engine import reading
from supportops.flows.alerts import alert_dispatch, incident_notes
from supportops.flows.customers import notice_acts, notices
from supportops.notices import store as notice_store
from supportops.notices.notice import Notice
from supportops.notify.outgoing import Delivery, Outcome
from supportops.sites.check import Reason
from supportops.sites.incident import Incident
from supportops.sites.store import list_incidents
from web.boards import NOON, site_entry, visible

SHOP, BLOG, BIKES = "bluebird-shop.example", "bluebird-blog.example", "kestrel.example"
SITES = [
    site_entry(SHOP, "Bluebird Books"),
    site_entry(BLOG, "Bluebird Books"),
    site_entry(BIKES, "Kestrel Cycles"),
]
BOOKS = {"name": "Bluebird Books", "contacts": ["books"]}
CYCLES = {"name": "Kestrel Cycles", "contacts": ["cycles"]}
RULES = {"signature": "Example Agency", "approval": "required", "after": "5m", "first": "10m"}
MINUTE, FIVE = timedelta(minutes=1), timedelta(minutes=5)


class Story(Agency):
    """Each minute notices and alerts have their turn, each fifth the sites are checked."""

    def __init__(self, engine: Engine, root: Path) -> None:
        self.mails: list[tuple[str, Any]] = []
        super().__init__(engine, root, SITES)
        self.begin(SITES)
        self.check(2)
        self.pass_minutes(1)

    def begin(self, sites: list[dict[str, Any]], *customers: dict[str, Any], **rules: Any) -> None:
        """This configuration is in force from now on."""
        names = ("books", "cycles", "team")
        receivers = {
            name: [{"name": f"{name}_email", "channel": "email", "secret": f"apprise_{name}"}]
            for name in names
        }
        self.secrets |= {f"apprise_{name}": f"mailto://{name}" for name in names}
        steps = [{"receivers": ["team"]}]
        alerts = {"receivers": receivers, "routes": [{"name": "all", "steps": steps}]}
        listed = list(customers) or [BOOKS, CYCLES]
        self.configure(sites, listed, notices=RULES | rules)
        (self.config / "alerts.yaml").write_text(json.dumps(alerts))
        (self.config / "reports.yaml").write_text("audiences: []\n")
        self.activate()

    def pass_minutes(self, count: int) -> None:
        for _ in range(count):
            self.now += MINUTE
            if (self.now - NOON) % FIVE < MINUTE:
                self.check()
                self.write()
            notices.run(self.context, lambda: self.now)
            alert_dispatch.run(
                self.engine, self.secrets.get, lambda: self.now, send=self._send, folder=self.config
            )

    def breaks(self, *sites: str) -> None:
        self.down |= dict.fromkeys(sites, Reason.TIMEOUT)

    def is_mended(self, *sites: str) -> None:
        self.down = {site: why for site, why in self.down.items() if site not in sites}

    def notices(self) -> list[Notice]:
        with reading(self.engine) as connection:
            threads = notice_store.threads(connection, closed_since=NOON - timedelta(days=1))
        found = (notice for thread in threads for notice in thread.notices)
        return sorted(found, key=lambda notice: notice.id)

    def states(self) -> list[str]:
        return [f"{each.kind.value} {each.state.value}" for each in self.notices()]

    def waiting(self) -> Notice:
        (found,) = (each for each in self.notices() if each.state.value == "waiting")
        return found

    def approve(self, who: str = "Ada") -> None:
        notice_acts.approve(self.context, self.waiting().id, who, self.now)

    def pass_and_approve(self, count: int) -> None:
        """Whatever waits is approved at once."""
        for _ in range(count):
            self.pass_minutes(1)
            if any(each.state.value == "waiting" for each in self.notices()):
                self.approve()

    def alerts(self) -> list[Alert]:
        with reading(self.engine) as connection:
            return list_open(connection)

    def kinds(self) -> list[str]:
        return sorted(alert.kind.value for alert in self.alerts())

    def incident(self) -> Incident:
        with reading(self.engine) as connection:
            return list_incidents(connection, NOON - timedelta(days=1), self.now + MINUTE)[-1]

    def note(self, cause: str) -> None:
        incident_notes.note(self.context, self.incident().key, cause, None, "Ada", self.now)

    def to(self, who: str) -> list[str]:
        return [message.title for name, message in self.mails if name == f"mailto://{who}"]

    def last(self, who: str) -> str:
        return str([message for name, message in self.mails if name == f"mailto://{who}"][-1].text)

    def shown(self, customer: str = "Bluebird Books") -> str:
        return visible(self.page(customer))

    def _send(self, url: str, message: Any, *, timeout: float) -> Delivery:
        self.mails.append((url, message))
        return Delivery(Outcome.HANDED_OVER, "handed over", 0.0)
