"""Sites that a test breaks, checked and judged every five minutes; what each receiver then reads.

Checks are written as marks (see `builders.tries`), judged and dispatched by the real flows; only
the last step, the sending, is recorded instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, update

from builders import NOON, checks
from dispatching import LEVELS, everything_to, receivers
from supportops.alerts import store as alert_store
from supportops.alerts.acts import log as acts_log
from supportops.alerts.alert import Alert
from supportops.config import snapshots
from supportops.config.documents import restore
from supportops.config.snapshots import save
from supportops.db.engine import reading, writing
from supportops.db.schema import check_runs
from supportops.flows.alerts import alert_dispatch
from supportops.flows.sites import site_check
from supportops.notify.outgoing import Delivery, Outcome, OutgoingMessage
from supportops.sites import store as site_store
from supportops.sites.incident import Incident
from supportops.tickets.log.store import events_of
from supportops.tickets.source import OUTAGE

Answers = Mapping[str | tuple[str, str], str]
CONTROL_URL = "https://control.example/"
EVERYTHING = (everything_to("team_email", "team_sms", "team_chat"),)


def entry(name: str, **fields: Any) -> dict[str, Any]:
    """A site as in sites.yaml, at an address of its own."""
    return {"name": name, "customer": "Acme", "url": f"https://{name}.example/"} | fields


def sites(names: str, **fields: Any) -> list[dict[str, Any]]:
    """One site for each letter."""
    return [entry(name, **fields) for name in names]


def same(names: str, marks: str) -> dict[str | tuple[str, str], str]:
    return dict.fromkeys(names, marks)


@dataclass
class Watched:
    """`run` checks and judges, `dispatch` sends; `minute` counts from noon."""

    engine: Engine
    minute: float = 0
    inbox: dict[str, list[OutgoingMessage]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    digest: str = ""

    def configure(
        self,
        entries: list[dict[str, Any]],
        *,
        routes: Any = EVERYTHING,
        vantage: bool = False,
        **check: Any,
    ) -> None:
        names = sorted({n for r in routes for s in r["steps"] for n in s["receivers"]})
        document = {
            "sites": {
                "sites": entries,
                "check": check,
                "vantage": [CONTROL_URL] if vantage else [],
            },
            "alerts": {"receivers": receivers(*names), "routes": list(routes)},
            "service_levels": LEVELS,
        }
        configuration = restore(document)
        self.digest = configuration.digest
        with writing(self.engine) as connection:
            save(connection, configuration, self.now)

    @property
    def now(self) -> Any:
        return NOON + timedelta(minutes=self.minute)

    def run(self, answers: Answers, every: float = 5) -> None:
        """Checks that begin now and are judged a minute later; the next ones `every` minutes on."""
        run = checks(self.minute, answers)
        urls = {each["name"]: each["url"] for each in self._entries()}
        for attempt in run.attempts:  # the address that was checked is that of the site
            object.__setattr__(attempt.result, "url", urls.get(attempt.site, attempt.page))
        with writing(self.engine) as connection:
            site_store.begin_run(connection, run.slot, self.digest, run.slot, len(answers))
            site_store.append_results(connection, run.slot, run.attempts)
        site_check.judge(self.engine, run.slot, run.slot + timedelta(minutes=1))
        self.minute += every

    def _entries(self) -> list[dict[str, Any]]:
        with reading(self.engine) as connection:
            document = snapshots.get(connection, self.digest).document
        return list(document["sites"]["sites"])

    def dispatch(self, after: float = 0, *, checked: bool = True) -> dict[str, list[str]]:
        """What each receiver got now: subject line and text, by the receiver's name.

        `checked`: whether checks went on meanwhile, and found what the last ones did.
        """
        self.minute += after
        self.inbox = {}
        if checked:
            with writing(self.engine) as connection:
                connection.execute(update(check_runs).values(judged_at=self.now))

        def record(url: str, message: OutgoingMessage, *, timeout: float) -> Delivery:
            if url in self.broken:
                return Delivery(Outcome.FAILED, "no connection", 0.1)
            self.inbox.setdefault(url, []).append(message)
            return Delivery(Outcome.HANDED_OVER, "", 0.1)

        alert_dispatch.run(
            self.engine,
            lambda secret: secret.removeprefix("apprise_"),
            lambda: self.now,
            send=record,
        )
        return {
            target: sorted(f"{message.title}\n{message.text}".strip() for message in messages)
            for target, messages in sorted(self.inbox.items())
        }

    def lines(self, target: str = "team_email", after: float = 0) -> list[str]:
        """The first line of each message that `target` got now."""
        return [text.splitlines()[0] for text in self.dispatch(after).get(target, [])]

    def open_alerts(self) -> list[Alert]:
        with reading(self.engine) as connection:
            return alert_store.list_open(connection)

    def acknowledge(self, who: str = "Ada") -> None:
        """Takes every open alert."""
        with writing(self.engine) as connection:
            for alert in alert_store.list_open(connection):
                acts_log.acknowledge(connection, alert.key, who, self.now)

    def incidents(self) -> list[Incident]:
        with reading(self.engine) as connection:
            return site_store.list_incidents(connection, NOON, NOON + timedelta(days=9))

    def ticket_texts(self, number: str) -> list[str]:
        """What the ticket of an outage says, from its creation to its end."""
        with reading(self.engine) as connection:
            events = events_of(connection, OUTAGE, number)
        return [str(event.facts["text"]) for event in events if "text" in event.facts]
