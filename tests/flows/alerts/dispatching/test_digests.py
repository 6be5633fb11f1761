"""Service-level alerts from the store to real receivers: one message per audience."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from alert_builders import NIGHT, NOON
from dispatching import Desk, configuration, everything_to, receivers, secrets
from inboxes import Assassin, Endpoint, Mailbox, assassin
from service_level_alerts import ticket_alert
from supportops.alerts import claims
from supportops.alerts import store as alert_store
from supportops.alerts.alert import Alert, Kind
from supportops.customers import UNLISTED
from supportops.db.engine import reading, store_url, writing
from supportops.web.alerting.filters import Filters
from supportops.web.alerting.reading import find

TESTS = Path(__file__).parents[3]
OPENING = NIGHT.replace(hour=9)
BREACHES = everything_to("team_email", "team_chat", digest=True, hours="office")


@pytest.fixture
def http() -> Iterator[Assassin]:
    with assassin() as receiver:
        yield receiver


@pytest.fixture
def desk(store: Engine, mail: Mailbox, http: Endpoint) -> Desk:
    """Everything goes in digests, in office hours, to an e-mail and a chat receiver."""
    desk = Desk(store, secrets(mail, http))
    desk.activate(configuration("team_email", "team_chat", routes=[BREACHES]))
    return desk


def texts(http: Endpoint, path: str = "chat") -> list[str]:
    return [request.json()["message"] for request in http.requests if request.path == f"/{path}"]


def end(desk: Desk, alert: Alert, **facts: Any) -> None:
    with writing(desk.store) as connection:
        assert alert_store.resolve_alert(
            connection, alert.kind, alert.subject, desk.clock.now, facts
        )


def answered(desk: Desk, alert: Alert) -> None:
    end(desk, alert, ended=desk.clock.now.isoformat())


def retracted(desk: Desk, alert: Alert) -> None:
    end(desk, alert, retracted=True, why="a reply came late into the log")


def test_three_hundred_breaches_are_one_message_to_each_audience(
    desk: Desk, mail: Mailbox, http: Endpoint
) -> None:
    desk.raise_(*(ticket_alert(number) for number in range(300)))
    assert desk.dispatch()["handed_over"] == 600
    (email,) = mail.wait_for(1)
    assert email.subject == "SLA: 300 breached - first: #0 reply was due Tue 11:00"
    assert len(texts(http)) == 1
    assert "and 250 more" in email.part("html")
    assert desk.dispatch() == {"queued": 0, "superseded": 0, "held_back": 0}
    assert len({row.bundle for row in desk.attempts()}) == 2


def test_a_digest_counts_once_against_the_rate_limit(
    desk: Desk, mail: Mailbox, http: Endpoint
) -> None:
    limits = {"email": [{"count": 2, "period": "15m"}]}
    desk.activate(
        configuration(
            "team_email", routes=[everything_to("team_email", digest=True)], limits=limits
        )
    )
    for first in (0, 100):
        desk.raise_(*(ticket_alert(number) for number in range(first, first + 40)))
        assert desk.dispatch()["handed_over"] == 40
    assert len(mail.wait_for(2)) == 2
    desk.raise_(ticket_alert(200))
    assert desk.dispatch()["held_back"] == 1


def test_more_than_a_digest_holds_goes_in_the_next(
    desk: Desk, http: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "MOST_TOGETHER", 40)
    desk.activate(configuration("team_chat", routes=[everything_to("team_chat", digest=True)]))
    desk.raise_(*(ticket_alert(number) for number in range(41)))
    assert desk.dispatch()["handed_over"] == 41
    assert [text.split(" - ")[0] for text in texts(http)] == [
        "**SLA: 40 breached",
        "**SLA: 1 breached",
    ]


def test_breaches_wait_for_the_office_and_then_say_how_late_it_is_by_then(
    desk: Desk, mail: Mailbox, http: Endpoint
) -> None:
    desk.clock.now = NIGHT
    closing = NIGHT - timedelta(hours=10)
    desk.raise_(ticket_alert(7, deadline=closing, seen_at=NIGHT, left_seconds=0.0))
    assert desk.dispatch()["queued"] == 0
    desk.clock.now = OPENING + timedelta(minutes=30)
    assert desk.dispatch()["handed_over"] == 2
    (email,) = mail.wait_for(1)
    text = " ".join(email.part("plain").split())
    assert (
        "Mon 23 Nov 2026 17:00 GMT, 30 min over in business time, 16 h 30 min in calendar time"
    ) in text


def test_what_is_mission_critical_does_not_wait_and_comes_alone(
    desk: Desk, mail: Mailbox, http: Endpoint
) -> None:
    everyone = receivers("team_email", "team_chat", "engineer_sms")
    at_once = {
        "name": "at_once",
        "match": {"severity": ["critical"]},
        "steps": [{"receivers": ["engineer_sms"]}],
    }
    others = BREACHES | {"match": {"severity": ["warning"]}}
    desk.activate(configuration(receivers=everyone, routes=[at_once, others]))
    desk.clock.now = NIGHT
    desk.raise_(*(ticket_alert(n, critical=n < 2, deadline=NIGHT) for n in range(4)))
    assert desk.dispatch()["handed_over"] == 2
    assert [text.split(":")[0] for text in texts(http, "sms")] == [
        "#0 Question 0 SLA BREACHED",
        "#1 Question 1 SLA BREACHED",
    ]
    assert mail.mails == []


def test_a_breach_that_was_answered_before_the_dispatch_still_goes_out(
    desk: Desk, mail: Mailbox
) -> None:
    desk.clock.now = NIGHT
    late = ticket_alert(7, deadline=NIGHT)
    desk.raise_(late)
    desk.dispatch()
    answered(desk, late)
    desk.dispatch()
    assert [alert.key for alert in desk.unsettled()] == [late.key]
    desk.clock.now = OPENING
    assert desk.dispatch()["handed_over"] == 2
    (email,) = mail.wait_for(1)
    assert "1 breached" in email.subject
    assert "done by now, late" in email.part("plain")
    assert desk.unsettled() == []
    desk.clock.turn(hours=1)
    assert desk.dispatch()["queued"] == 0


def test_a_breach_queued_and_then_answered_is_not_taken_back(desk: Desk, mail: Mailbox) -> None:
    url = desk.secrets["apprise_team_email"]
    desk.secrets = {**desk.secrets, "apprise_team_email": ""}
    late = ticket_alert(7)
    desk.raise_(late)
    desk.dispatch()
    answered(desk, late)
    desk.secrets = {**desk.secrets, "apprise_team_email": url}
    desk.clock.turn(minutes=20)
    assert desk.dispatch()["superseded"] == 0
    assert [email.subject[:15] for email in mail.wait_for(1)] == ["SLA: 1 breached"]


def test_the_end_of_a_breach_sends_nothing(desk: Desk, mail: Mailbox, http: Endpoint) -> None:
    late = ticket_alert(7)
    desk.raise_(late)
    desk.dispatch()
    answered(desk, late)
    assert desk.dispatch() == {"queued": 0, "superseded": 0, "held_back": 0}
    assert desk.unsettled() == []


def test_a_retraction_goes_to_those_who_were_notified_and_to_nobody_else(
    desk: Desk, mail: Mailbox, http: Endpoint
) -> None:
    steps = [{"receivers": ["team_email"]}, {"after": "30m", "receivers": ["boss_email"]}]
    everyone = receivers("team_email", "boss_email")
    route = everything_to(steps=steps, digest=True, resolved=False)
    desk.activate(configuration(receivers=everyone, routes=[route]))
    wrong = ticket_alert(7, deadline=NOON)
    desk.raise_(wrong)
    assert desk.dispatch()["handed_over"] == 1
    desk.clock.turn(minutes=5)
    retracted(desk, wrong)
    assert desk.dispatch()["handed_over"] == 1
    first, second = mail.wait_for(2)
    assert {email.recipients for email in (first, second)} == {("team@example.com",)}
    assert second.subject.startswith("SLA: 1 retracted - #7 ")
    assert "a reply came late into the log" in second.part("plain")
    assert desk.unsettled() == []


def test_a_retraction_withdraws_what_was_not_sent_yet(
    desk: Desk, mail: Mailbox, http: Endpoint
) -> None:
    desk.secrets = {}
    wrong = ticket_alert(7)
    desk.raise_(wrong)
    desk.dispatch()
    retracted(desk, wrong)
    summary = desk.dispatch()
    assert summary["superseded"] == 2
    assert {row.state for row in desk.outbox() if row.alert == wrong.key} == {"superseded"}
    assert wrong.key not in {alert.key for alert in desk.unsettled()}


def test_a_warning_whose_clock_ended_is_withdrawn_and_its_end_sends_nothing(
    desk: Desk, mail: Mailbox, http: Endpoint
) -> None:
    sent, unsent = (ticket_alert(number, Kind.SLA_WARNING) for number in (1, 2))
    desk.raise_(sent)
    assert desk.dispatch()["handed_over"] == 2
    desk.clock.now = NIGHT + timedelta(days=1)
    desk.raise_(unsent)
    for warning in (sent, unsent):
        end(desk, warning)
    desk.clock.now = OPENING + timedelta(days=1)
    assert desk.dispatch() == {"queued": 0, "superseded": 0, "held_back": 0}
    assert len(mail.mails) == 1
    assert desk.unsettled() == []


def test_a_queued_warning_is_superseded_when_its_clock_ends(desk: Desk) -> None:
    desk.secrets = {}
    warning = ticket_alert(1, Kind.SLA_WARNING)
    desk.raise_(warning)
    desk.dispatch()
    end(desk, warning)
    assert desk.dispatch()["superseded"] == 2


def test_a_digest_that_failed_is_tried_again_as_one(desk: Desk, http: Endpoint) -> None:
    desk.activate(configuration("team_chat", routes=[everything_to("team_chat", digest=True)]))
    url, desk.secrets = (
        desk.secrets["apprise_team_chat"],
        {"apprise_team_chat": "json://127.0.0.1:1/"},
    )
    desk.raise_(*(ticket_alert(number) for number in range(50)))
    desk.dispatch()
    tickets = [row for row in desk.outbox() if row.alert.startswith("sla:")]
    assert len({row.next_attempt_at for row in tickets}) == 1
    desk.secrets = {"apprise_team_chat": url}
    desk.clock.turn(minutes=1)
    desk.dispatch()
    assert [text for text in texts(http) if "50 breached" in text]


def test_killed_between_send_and_log_the_digest_is_repeated_and_marked_so(
    desk: Desk, store_address: str, http: Assassin
) -> None:
    desk.activate(configuration("team_chat", routes=[everything_to("team_chat", digest=True)]))
    desk.raise_(*(ticket_alert(number) for number in range(40)))
    order = {"store": store_url(store_address).render_as_string(hide_password=False)}
    order |= {"secrets": dict(desk.secrets), "act": "once", "now": desk.clock.now.isoformat()}
    dispatcher = subprocess.Popen(
        [sys.executable, str(TESTS / "dispatcher_process.py"), json.dumps(order)],
        env={"PYTHONPATH": f"{TESTS.parent / 'include'}:{TESTS}", "PATH": os.environ["PATH"]},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert dispatcher.stdout is not None
    assert dispatcher.stdout.readline() == "ready\n"
    http.victim = dispatcher.pid
    dispatcher.communicate("go\n", timeout=60)
    assert dispatcher.returncode == -signal.SIGKILL
    assert desk.attempts() == []

    desk.clock.turn(minutes=10)
    assert desk.dispatch()["handed_over"] == 40
    first, second = texts(http)
    assert "may be repeated" not in first
    assert second.startswith("**SLA: 40 breached")
    assert "may be repeated" in second.splitlines()[0]
    assert {(row.state, row.attempts) for row in desk.outbox()} == {("handed_over", 2)}


def test_the_link_of_a_digest_lists_exactly_what_it_was_about(desk: Desk, http: Endpoint) -> None:
    board = "https://airflow.example/plugin/support"
    targets = ("team_email", "team_chat")
    desk.activate(configuration(*targets, routes=[BREACHES], board_url=board))
    desk.clock.now = OPENING
    first = [ticket_alert(number, Kind.SLA_BREACH) for number in range(3)]
    desk.raise_(*first)
    desk.dispatch()
    desk.raise_(ticket_alert(9, Kind.SLA_BREACH))
    (sent,) = {
        part.split(")")[0]
        for request in http.requests
        for part in request.body.decode().split("alerts?message=")[1:]
    }
    with reading(desk.store) as connection:
        found = find(connection, UNLISTED, Filters(message=sent), "ada", desk.clock.now, 50)
    assert {each.key for each in found.alerts} == {each.key for each in first}
    assert found.total == 3
