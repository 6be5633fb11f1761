"""What a report tells of messages: what they were about, when they arrived, what failed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, insert

from alert_builders import alert
from flows.gathering import gathered, rows
from sla.policies import london
from supportops.alerts.alert import Alert, Kind
from supportops.alerts.store import raise_alert
from supportops.db.engine import writing
from supportops.db.schema import messages, notification_log
from supportops.flows.reports.reporting.selection import FactsRequest
from supportops.reports.facts import Facts
from supportops.reports.period import week
from supportops.sites.incident import Change, ChangeKind, Incident, IncidentKind
from supportops.sites.store import save_changes

WEEK = week("2026-W16", "Europe/London")
REPORT = FactsRequest(WEEK, london("2026-04-20 08:00"))
TUESDAY = london("2026-04-14 10:00")
Try = tuple[str, float]


def minute(count: float) -> datetime:
    return TUESDAY + timedelta(minutes=count)


class Desk:
    """A store whose messages a test writes as the dispatcher leaves them."""

    def __init__(self, store: Engine) -> None:
        self.store = store

    def raised(self, kind: Kind = Kind.OUTAGE, at: float = 1, **changes: Any) -> Alert:
        gathered = alert("shop", kind, opened_at=minute(at), customer="Acme", **changes)
        with writing(self.store) as connection:
            raise_alert(connection, gathered, minute(at))
        return gathered

    def message(self, about: Alert, *tries: Try, state: str = "waiting", **changes: Any) -> None:
        """One message; each try came to an outcome, at a minute, and took two seconds."""
        row = {
            "alert": about.key,
            "target": "bo_email",
            "channel": "email",
            "phase": "firing",
            "step": 0,
            "reminder": 0,
            "why": "step",
            "urgency": 0,
            "due_at": about.opened_at,
            "queued_at": about.opened_at,
            "state": state,
            "attempts": len(tries),
            "next_attempt_at": about.opened_at,
            "maybe_sent": False,
            "finished_at": None if state == "waiting" else about.opened_at,
        } | changes
        with writing(self.store) as connection:
            statement = insert(messages).values(row).returning(messages.c.id)
            number = connection.execute(statement).scalar_one()
            log = [self._try(number, about, n, *each) for n, each in enumerate(tries, 1)]
            if log:
                connection.execute(insert(notification_log), log)

    def _try(self, number: int, about: Alert, attempt: int, outcome: str, at: float) -> Any:
        return {
            "message": number,
            "attempt": attempt,
            "alert": about.key,
            "target": "bo_email",
            "channel": "email",
            "outcome": outcome,
            "detail": "",
            "started_at": minute(at),
            "seconds": 2.0,
        }

    def gathered(self, request: FactsRequest = REPORT) -> Facts:
        return gathered(self.store, request)[0]

    def lines(self, *names: str, request: FactsRequest = REPORT) -> Sequence[tuple[Any, ...]]:
        return rows(self.gathered(request).alerts, *names)


def test_a_message_counts_from_the_first_failed_check_to_its_delivery(store: Engine) -> None:
    desk = Desk(store)
    down = Incident(IncidentKind.OUTAGE, "shop", "timeout", minute(0), minute(1), site="shop")
    with writing(store) as connection:
        save_changes(connection, [Change(ChangeKind.OPENED, down, "")])
    about = desk.raised(key=down.key)
    desk.message(about, ("failed", 2), ("unknown", 3), ("handed_over", 4))
    names = ("kind", "severity", "site", "customer", "channel", "caused_at", "failures")
    assert desk.lines(*names) == [
        ("outage", "critical", "shop", "Acme", "email", minute(0), 2),
    ]
    assert desk.lines("handed_over_at") == [(minute(4) + timedelta(seconds=2),)]


def test_without_an_incident_it_counts_from_when_the_alert_was_opened(store: Engine) -> None:
    desk = Desk(store)
    desk.message(desk.raised(Kind.SLA_BREACH, 7), ("handed_over", 9))
    desk.message(desk.raised(Kind.CALL, 8), ("handed_over", 9))
    assert desk.lines("kind", "caused_at") == [("sla_breach", minute(7)), ("call", minute(8))]


def test_a_reminder_an_escalation_and_the_end_count_from_when_they_were_due(
    store: Engine,
) -> None:
    desk = Desk(store)
    about = desk.raised()
    desk.message(about, ("handed_over", 61), reminder=1, due_at=minute(60))
    desk.message(about, ("handed_over", 32), step=1, due_at=minute(30))
    desk.message(about, ("handed_over", 91), phase="resolved", due_at=minute(90))
    assert desk.lines("caused_at") == [(minute(60),), (minute(30),), (minute(90),)]


def test_what_never_arrived_has_no_delivery(store: Engine) -> None:
    desk = Desk(store)
    desk.message(desk.raised(), ("failed", 2), ("nobody", 3), state="given_up")
    assert desk.lines("handed_over_at", "failures") == [(None, 2)]


def test_what_was_given_up_before_any_attempt_has_no_delivery(store: Engine) -> None:
    desk = Desk(store)
    desk.message(desk.raised(), state="given_up")
    assert desk.lines("handed_over_at", "failures") == [(None, 0)]


def test_what_was_superseded_unsent_or_was_not_due_yet_has_no_row(store: Engine) -> None:
    desk = Desk(store)
    about = desk.raised()
    desk.message(about, state="superseded")
    desk.message(about, state="waiting", step=1, due_at=REPORT.as_of + timedelta(hours=1))
    desk.message(about, ("failed", 2), state="superseded", step=2)
    assert desk.lines("failures") == [(1,)]


def test_what_was_queued_after_the_report_or_just_before_it_is_not_called_undelivered(
    store: Engine,
) -> None:
    desk = Desk(store)
    about = desk.raised()
    for step, minutes in enumerate((-20, -5, 5)):
        queued_at = REPORT.as_of + timedelta(minutes=minutes)
        desk.message(about, step=step, queued_at=queued_at)
    assert len(desk.lines("handed_over_at")) == 1


def test_what_was_ended_after_the_report_still_waited_in_it(store: Engine) -> None:
    desk = Desk(store)
    later = REPORT.as_of + timedelta(hours=1)
    desk.message(desk.raised(), state="superseded", finished_at=later)
    assert desk.lines("handed_over_at") == [(None,)]


def test_an_attempt_after_the_report_was_made_is_not_in_it(store: Engine) -> None:
    desk = Desk(store)
    desk.message(desk.raised(), ("failed", 2), ("handed_over", 10))
    early = FactsRequest(WEEK, minute(5))
    assert desk.lines("handed_over_at", "failures", request=early) == [(None, 1)]


def test_other_weeks_and_what_the_system_says_of_itself_are_left_out(store: Engine) -> None:
    desk = Desk(store)
    for kind, at in ((Kind.CHECK_STALE, 1), (Kind.OUTAGE, -60 * 24 * 7), (Kind.FAULT, 60 * 24 * 7)):
        desk.message(desk.raised(kind, at), ("handed_over", 2))
    assert desk.gathered().alerts.empty
    assert gathered(store, FactsRequest(WEEK, REPORT.as_of, due_only=True))[0].alerts.empty
