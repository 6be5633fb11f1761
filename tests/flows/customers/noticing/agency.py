"""An agency with customers who get notices: its sites go down and up, and time passes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from alert_builders import NOON
from dispatching import LEVELS, Clock, Desk, Service, everything_to, receivers
from supportops.alerts.alert import Kind
from supportops.config.configuration import Configuration
from supportops.config.documents import restore
from supportops.context import Context
from supportops.db.engine import reading, writing
from supportops.flows.customers import notice_acts, notices
from supportops.flows.sites.checking.incident_alerts import raise_or_resolve
from supportops.notices import store as notice_store
from supportops.notices.notice import Notice, Thread
from supportops.notices.published import Published, published
from supportops.notify.outgoing import Outcome
from supportops.sites.check import WORDS, Reason
from supportops.sites.ending import Ending
from supportops.sites.incident import (
    Change,
    ChangeKind,
    Incident,
    IncidentKind,
    affected,
)
from supportops.sites.site import Site
from supportops.sites.store import load_state, save_changes

SITES = {
    "acme-shop": "Acme",
    "acme-blog": "Acme",
    "borealis": "Borealis",
    "cirrus": "Cirrus",
}
HOST = "web-17.internal"
CONTACTS = {"Acme": "acme_email", "Borealis": "borealis_email", "Cirrus": "cirrus_email"}


def configuration(
    rules: Mapping[str, Any] | None = None,
    own: Mapping[str, Mapping[str, Any]] | None = None,
    sites: Mapping[str, Any] | None = None,
    **alerts: Any,
) -> Configuration:
    """Every customer has one contact; outages go to nobody, what is about notices to the team."""
    entries = [
        {"name": name, "customer": customer, "host": HOST, "url": f"https://{name}.example/"}
        | dict((sites or {}).get(name, {}))
        for name, customer in SITES.items()
    ]
    known = receivers(*CONTACTS.values(), "team_email")
    route = everything_to("team_email", match={"kind": ["notice_waiting", "notice_late"]})
    customers = [
        {"name": name, "contacts": [contact]} | dict((own or {}).get(name, {}))
        for name, contact in CONTACTS.items()
    ]
    return restore(
        {
            "version": 2,
            "sites": {"sites": entries},
            "alerts": {"receivers": known, "routes": [route]} | alerts,
            "service_levels": LEVELS,
            "customers": {
                "notices": {"signature": "Example Agency"} | dict(rules or {}),
                "customers": customers,
            },
        }
    )


@dataclass
class Agency:
    """One installation; `pass_minutes` runs its flows as often as their DAGs do."""

    store: Engine
    clock: Clock = field(default_factory=Clock)
    service: Service = field(default_factory=lambda: Service(Outcome.HANDED_OVER))
    open: dict[str, Incident] = field(default_factory=dict)
    addresses: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        names = [*CONTACTS.values(), "team_email"]
        self.desk = Desk(self.store, {f"apprise_{n}": f"mailto://{n}" for n in names}, self.clock)
        self.context = Context(self.store, Path("/nowhere"), self.desk.secrets.get)
        self.configuration = configuration()
        self.desk.activate(self.configuration)

    def activate(self, found: Configuration) -> None:
        self.configuration = found
        self.desk.activate(found)

    def down(
        self,
        site: str,
        reason: Reason = Reason.REFUSED,
        kind: IncidentKind = IncidentKind.OUTAGE,
        page: str = "",
        **facts: Any,
    ) -> Incident:
        """A failure that began a minute ago and is confirmed now."""
        began = self.clock.now - timedelta(minutes=1)
        known = {"words": WORDS[reason], "first_failed_at": began.isoformat(), "page": page}
        return self._opened(
            Incident(
                kind=kind,
                subject=f"{site} {page}" if page else site,
                reason=reason.value,
                started_at=began,
                opened_at=self.clock.now,
                site=site,
                page=page,
                host=HOST,
                customer=self.customer_of(site),
                facts=known | facts,
            )
        )

    def host_down(self, *sites: str) -> Incident:
        began = self.clock.now - timedelta(minutes=1)
        return self._opened(
            Incident(
                kind=IncidentKind.HOST_OUTAGE,
                subject=HOST,
                reason=Reason.REFUSED.value,
                started_at=began,
                opened_at=self.clock.now,
                host=HOST,
                facts={
                    "words": WORDS[Reason.REFUSED],
                    "first_failed_at": began.isoformat(),
                    "sites": sorted(sites),
                    "affected": self._affected(sites, began),
                    "evidence_of": sites[0],
                },
            )
        )

    def more_of_the_host(self, *sites: str) -> None:
        """These are down with the server now, beside those that were."""
        known = self.open[HOST]
        listed = [*known.facts["affected"], *self._affected(sites, self.clock.now)]
        facts = {**known.facts, "affected": listed, "sites": [each["site"] for each in listed]}
        self._changed(ChangeKind.UPDATED, replace(known, facts=facts))

    def back_on_the_host(self, *sites: str) -> None:
        known, now = self.open[HOST], self.clock.now.isoformat()
        listed = [
            {**each, "until": now} if each["site"] in sites else each
            for each in known.facts["affected"]
        ]
        self._changed(ChangeKind.UPDATED, replace(known, facts={**known.facts, "affected": listed}))

    def rename_on_the_host(self, old: str, new: str) -> None:
        """A site that is down with the server is called otherwise from now on."""
        known = self.open[HOST]
        named = [
            {**each, "site": new} if each["site"] == old else each
            for each in known.facts["affected"]
        ]
        facts = {**known.facts, "affected": named, "sites": [each["site"] for each in named]}
        self._changed(ChangeKind.UPDATED, replace(known, facts={**facts, "renamed": {old: new}}))

    def up(self, subject: str, ending: Ending = Ending.RECOVERED, **facts: Any) -> Incident:
        """It worked from a minute ago on, which is confirmed now."""
        incident, now = self.open.pop(subject), self.clock.now
        ended = max(incident.started_at, now - timedelta(minutes=1))
        end = {"ended_at": ended.isoformat(), "ending": ending.value, "over": "up again", **facts}
        closed = replace(incident, ended_at=ended, closed_at=now, facts={**incident.facts, **end})
        self._change(ChangeKind.CLOSED, closed)
        return closed

    def still_open(self) -> list[Incident]:
        """Those that the store has open, whoever opened them."""
        with reading(self.store) as connection:
            return list(load_state(connection).open.values())

    def blind(self) -> None:
        now = self.clock.now
        facts = {"words": "no route", "first_failed_at": now.isoformat()}
        kind = IncidentKind.BLIND
        self._opened(Incident(kind, "our own connection", "unreachable", now, now, facts=facts))

    def round(self) -> dict[str, Any]:
        self.checked()
        return notices.run(self.context, self.clock)

    def dispatch(self) -> None:
        self.desk.dispatch(self.send)

    def send(self, url: str, message: Any, *, timeout: float) -> Any:
        self.addresses.append(url)
        return self.service(url, message, timeout=timeout)

    def pass_minutes(self, count: int, checked: bool = True) -> None:
        """One round and one dispatch each minute, from now on."""
        for _ in range(count):
            if checked:
                self.checked()
            notices.run(self.context, self.clock)
            self.dispatch()
            self.clock.turn(minutes=1)

    def checked(self) -> None:
        self.desk.check(self.configuration)

    def mails(self, to: str) -> list[str]:
        """The subjects of what a target was sent, in order."""
        return [message.title for message in self.messages(to)]

    def messages(self, to: str) -> list[Any]:
        sent = zip(self.addresses, self.service.sent, strict=True)
        return [message for url, message in sent if url == f"mailto://{to}"]

    def threads(self) -> list[Thread]:
        with reading(self.store) as connection:
            return notice_store.threads(connection, closed_since=datetime.min.replace(tzinfo=UTC))

    def notices(self, customer: str = "Acme") -> list[Notice]:
        return [n for t in self.threads() if t.customer == customer for n in t.notices]

    def waiting(self, customer: str = "Acme") -> Notice:
        (found,) = [n for n in self.notices(customer) if n.state.value == "waiting"]
        return found

    def states(self, customer: str = "Acme") -> list[str]:
        return [f"{n.kind.value} {n.state.value}" for n in self.notices(customer)]

    def late(self) -> list[str]:
        return [alert.headline for alert in self.desk.open_alerts(Kind.NOTICE_LATE)]

    def asked(self) -> list[str]:
        return [alert.headline for alert in self.desk.open_alerts(Kind.NOTICE_WAITING)]

    def approve(self, customer: str = "Acme", who: str = "Ada") -> None:
        notice_acts.approve(self.context, self.waiting(customer).id, who, self.clock.now)

    def customer_of(self, site: str) -> str:
        return next(each.customer for each in self._sites() if each.name == site)

    def _sites(self) -> Sequence[Site]:
        return self.configuration.fleet.sites

    def _affected(self, sites: Sequence[str], began: datetime) -> list[dict[str, Any]]:
        return affected((site, began) for site in self._sites() if site.name in sites)

    def _opened(self, incident: Incident) -> Incident:
        self._changed(ChangeKind.OPENED, incident)
        return incident

    def _changed(self, kind: ChangeKind, incident: Incident) -> None:
        self.open[incident.subject] = incident
        self._change(kind, incident)

    def _change(self, kind: ChangeKind, incident: Incident) -> None:
        change = Change(kind, incident, "so it is")
        with writing(self.store) as connection:
            save_changes(connection, [change])
            raise_or_resolve(connection, change, self.clock.now)


START = NOON


def published_to(
    connection: Connection,
    configuration: Configuration,
    customer: str,
    since: datetime,
    incident: str | None = None,
) -> list[Published]:
    """The notices as a customer has them, the oldest first: those of threads that are open, or were
    closed since an instant; with `incident`, its key, those about it alone."""
    names = configuration.customers.also_called([customer])
    threads = notice_store.threads(connection, closed_since=since, customers=names)
    return published(threads, names, configuration.displayed().alerts.timezone, incident)
