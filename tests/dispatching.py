"""A store with a configuration and alerts in it, a clock to turn, and a real dispatcher."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, select, update

from alert_builders import NOON
from inboxes import Endpoint, Mailbox
from supportops.alerts import store as alert_store
from supportops.alerts.acts import log as acts_log
from supportops.alerts.alert import Alert, Kind
from supportops.config.configuration import Configuration
from supportops.config.documents import restore
from supportops.config.snapshots import save
from supportops.db.engine import reading, writing
from supportops.db.schema import check_runs, messages, notification_log
from supportops.flows.alerts import alert_dispatch
from supportops.flows.alerts.dispatching.posting import Send
from supportops.notify.outgoing import Delivery, Outcome, OutgoingMessage
from supportops.notify.send import send

PEOPLE = ("team", "boss", "owner", "acme")
ENDPOINTS = {
    "engineer_sms": "sms",
    "other_sms": "other",
    "team_chat": "chat",
    "manager_sms": "sms",
    "manager_chat": "chat",
}
STEADY_CHECKS = 1_000_000
NINE_TO_FIVE = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
LEVELS = {"calendars": {"office": {"timezone": "Europe/London", "hours": NINE_TO_FIVE}}}


def secrets(mail: Mailbox, http: Endpoint) -> dict[str, str]:
    """The address of every receiver that tests name, by its secret's name."""
    people = {f"apprise_{who}_email": mail.url(f"{who}@example.com") for who in PEOPLE}
    return people | {f"apprise_{name}": http.url(path) for name, path in ENDPOINTS.items()}


def receivers(*targets: str) -> dict[str, Any]:
    """A receiver of each target's own name; its channel is the last word of it."""
    return {
        name: [{"name": name, "channel": name.rpartition("_")[2], "secret": f"apprise_{name}"}]
        for name in targets
    }


def everything_to(*targets: str, **route: Any) -> dict[str, Any]:
    """A route that matches every alert and notifies `targets` at once."""
    return {"name": "everything", "steps": [{"receivers": list(targets)}]} | route


def configuration(*targets: str, **alerts: Any) -> Configuration:
    """Every alert goes to `targets` at once, unless `alerts` has routes of its own."""
    known = {"receivers": receivers(*targets), "routes": [everything_to(*targets)]}
    return restore({"sites": {"sites": []}, "alerts": known | alerts, "service_levels": LEVELS})


def outages_to(*targets: str, **alerts: Any) -> Configuration:
    """Outages go to `targets`; what their failures raise goes to nobody."""
    route = everything_to(*targets, match={"kind": ["outage"]})
    return configuration(receivers=receivers(*targets), **({"routes": [route]} | alerts))


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **amount: float) -> None:
        self.now += timedelta(**amount)


@dataclass
class Desk:
    """One installation: `dispatch()` runs the flow as a DAG does, at the clock's time."""

    store: Engine
    secrets: Mapping[str, str]
    clock: Clock = field(default_factory=Clock)

    def activate(self, configuration: Configuration) -> None:
        """Makes it the active one; the sites are checked before each dispatch: nothing is stale."""
        with writing(self.store) as connection:
            save(connection, configuration, self.clock.now)
        self.check(configuration)

    def check(self, configuration: Configuration) -> None:
        now = self.clock.now
        with writing(self.store) as connection:
            connection.execute(check_runs.delete())
            row = {"slot": now, "configuration": configuration.digest, "started_at": now}
            row |= {"sites": 0, "judged_at": now, "judged_order": STEADY_CHECKS}
            connection.execute(check_runs.insert(), [row])

    def raise_(self, *alerts: Alert) -> None:
        with writing(self.store) as connection:
            for alert in alerts:
                assert alert_store.raise_alert(connection, alert, self.clock.now)

    def resolve(self, alert: Alert, **facts: Any) -> None:
        kind, subject, now = alert.kind, alert.subject, self.clock.now
        with writing(self.store) as connection:
            assert alert_store.resolve_alert(connection, kind, subject, now, facts)

    def acknowledge(self, alert: Alert) -> None:
        with writing(self.store) as connection:
            assert acts_log.acknowledge(connection, alert.key, "Ada", self.clock.now)

    def dispatch(self, send: Send = send, who: str = "dispatcher") -> dict[str, Any]:
        steady = check_runs.c.judged_order == STEADY_CHECKS
        with writing(self.store) as connection:
            connection.execute(update(check_runs).where(steady).values(judged_at=self.clock.now))
        return alert_dispatch.run(
            self.store, lambda name: self.secrets.get(name), self.clock, send=send, who=who
        )

    def open_alerts(self, kind: Kind) -> list[Alert]:
        with reading(self.store) as connection:
            return alert_store.list_open(connection, kind)

    def unsettled(self) -> list[Alert]:
        with reading(self.store) as connection:
            return alert_store.unsettled(connection)

    def outbox(self) -> list[Any]:
        return self._rows(select(messages).order_by(messages.c.id))

    def attempts(self) -> list[Any]:
        return self._rows(select(notification_log).order_by(notification_log.c.id))

    def outcomes(self, target: str | None = None) -> list[str]:
        """What each attempt came to, in order, to everybody or to `target`."""
        return [row.outcome for row in self.attempts() if target in (None, row.target)]

    def _rows(self, statement: Any) -> list[Any]:
        with reading(self.store) as connection:
            return list(connection.execute(statement))


class Service:
    """Sends nothing: gives the outcome of the moment, and keeps what it was handed."""

    def __init__(self, outcome: Outcome = Outcome.UNKNOWN) -> None:
        self.outcome = outcome
        self.sent: list[OutgoingMessage] = []

    def __call__(self, url: str, message: OutgoingMessage, *, timeout: float) -> Delivery:
        self.sent.append(message)
        return Delivery(self.outcome, "so it goes", 0.1)

    @property
    def titles(self) -> list[str]:
        return [message.title for message in self.sent]


def pass_time(
    desk: Desk, service: Send, each: timedelta = timedelta(minutes=1), **amount: float
) -> None:
    """Dispatches as often as the schedule does, for so long."""
    end = desk.clock.now + timedelta(**amount)
    while desk.clock.now < end:
        desk.dispatch(service)
        desk.clock.now += each
