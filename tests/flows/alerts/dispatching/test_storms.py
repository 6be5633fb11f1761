"""Many alerts at once under the shipped limits: everybody has all of it with the first dispatch."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Engine

from alert_builders import alert
from dispatching import Desk, configuration, everything_to
from inboxes import Assassin, Endpoint, Mailbox, assassin
from service_level_alerts import ticket_alert
from supportops.alerts.alert import Alert, Kind, Severity
from supportops.alerts.description import reference
from supportops.db.engine import store_url
from supportops.notify.outgoing import Delivery, Outcome, OutgoingMessage
from supportops.rendering.gsm7 import gsm7, septets

TESTS = Path(__file__).parents[3]
SHIPPED = yaml.safe_load((TESTS.parent / "include/config/alerts.yaml").read_text())["limits"]
TARGETS = ("engineer_sms", "team_chat", "team_email")


@pytest.fixture
def http() -> Iterator[Assassin]:
    with assassin() as receiver:
        yield receiver


@pytest.fixture
def desk(store: Engine, mail: Mailbox, http: Endpoint) -> Desk:
    """Every alert goes to an SMS-shaped, a chat and an e-mail receiver, within shipped limits."""
    desk = Desk(store, {f"apprise_{name}": name for name in TARGETS})
    desk.activate(configuration(*TARGETS, limits=SHIPPED))
    return desk


class Inbox:
    """Takes every message and remembers it by its target."""

    def __init__(self) -> None:
        self.messages: dict[str, list[OutgoingMessage]] = {name: [] for name in TARGETS}

    def __call__(self, url: str, message: OutgoingMessage, *, timeout: float) -> Delivery:
        self.messages[url].append(message)
        return Delivery(Outcome.HANDED_OVER, "handed over", 0.0)

    def take(self, target: str) -> OutgoingMessage:
        (only,) = self.messages[target]
        self.messages[target].clear()
        return only


def outages(count: int, servers: Sequence[str] = (), **changes: Any) -> list[Alert]:
    """`servers` in turn, as many sites on the first as on the others together."""
    found = []
    for number in range(count):
        host = None
        if servers:
            host = servers[0] if number % 2 else servers[1 + number // 2 % (len(servers) - 1)]
        found.append(alert(f"Site {number:04}", host=host, **changes))
    return found


def headline(message: OutgoingMessage) -> str:
    """What a reader sees first."""
    return message.title or message.text.splitlines()[0].strip("*")


@pytest.mark.parametrize("count", [40, 200])
def test_the_first_dispatch_of_a_storm_has_all_of_it_for_everybody(desk: Desk, count: int) -> None:
    inbox = Inbox()
    desk.raise_(*outages(count, ["web-1", "web-2", "web-3"]))
    summary = desk.dispatch(inbox)
    assert (summary["handed_over"], summary["held_back"]) == (3 * count, 0)
    begins = f"{count} sites down: web-1 ({count // 2}), web-2 ({count // 4}), web-3 ({count // 4})"
    for target in TARGETS:
        assert headline(inbox.take(target)).startswith(begins)
    assert desk.dispatch(inbox) == {"queued": 0, "superseded": 0, "held_back": 0}


def test_each_channel_lists_what_it_has_room_for_and_counts_the_rest(desk: Desk) -> None:
    inbox = Inbox()
    desk.raise_(*outages(300))
    desk.dispatch(inbox)
    sms = inbox.take("engineer_sms").text
    assert sms.startswith("300 sites down: Site 0000 #")
    assert sms.endswith(f" and {300 - sms.count('#')} more: see the board")
    assert septets(gsm7(sms)) <= 160
    chat = inbox.take("team_chat").text
    assert f"and {300 - chat.count('🔴')} more: see the board" in chat
    email = inbox.take("team_email")
    assert (email.html or "").count("#") > 200
    for part in (email.text, email.html or ""):
        assert "and 100 more: see the board" in part


def test_a_storm_leaves_room_for_what_comes_after_it(desk: Desk) -> None:
    inbox = Inbox()
    first = outages(200)
    desk.raise_(*first)
    desk.dispatch(inbox)
    desk.clock.turn(minutes=1)
    desk.raise_(alert("Latecomer"))
    desk.dispatch(inbox)
    assert "Latecomer DOWN" in inbox.messages["engineer_sms"][1].text
    desk.clock.turn(minutes=1)
    for each in first:
        desk.resolve(each)
    desk.dispatch(inbox)
    assert inbox.messages["engineer_sms"][2].text.startswith("200 sites up again: Site 0000 #")


def test_up_and_down_in_one_message_are_counted_apart_the_urgent_first(desk: Desk) -> None:
    inbox = Inbox()
    limits = {"sms": [{"count": 1, "period": "15m"}]}
    ended = outages(3)
    desk.activate(configuration("engineer_sms", limits=limits))
    desk.raise_(*ended)
    desk.dispatch(inbox)
    inbox.messages["engineer_sms"].clear()
    for each in ended:
        desk.resolve(each)
    desk.raise_(alert("A fault", Kind.FAULT), alert("Shop"), alert("Blog"))
    assert desk.dispatch(inbox)["held_back"] == 6
    desk.clock.turn(minutes=15)
    assert desk.dispatch(inbox)["held_back"] == 0
    text = inbox.take("engineer_sms").text
    assert text.startswith("2 sites down, 1 fault, 3 sites up again: Blog #")


def test_whoever_has_a_reference_from_a_bundle_can_find_the_alert(desk: Desk) -> None:
    inbox = Inbox()
    storm = outages(31, ["web-1", "web-2"])
    desk.raise_(*storm)
    desk.dispatch(inbox)
    html = inbox.take("team_email").html or ""
    assert all(f"#{reference(each)}" in html for each in storm)


def test_reminders_and_steps_of_a_storm_are_bundles_and_say_so(desk: Desk) -> None:
    inbox = Inbox()
    steps = [
        {"receivers": ["engineer_sms"]},
        {"after": "30m", "receivers": ["team_chat", "engineer_sms"]},
    ]
    route = {"name": "all", "steps": steps, "remind": "1h"}
    desk.activate(configuration(*TARGETS, routes=[route], limits=SHIPPED))
    desk.raise_(*outages(100))
    desk.dispatch(inbox)
    desk.clock.turn(minutes=30)
    inbox.messages["engineer_sms"].clear()
    desk.dispatch(inbox)
    assert "100 sites down" in headline(inbox.messages["team_chat"][0])
    assert headline(inbox.messages["team_chat"][0]).endswith("(escalation step 2)")
    assert inbox.take("engineer_sms").text.endswith("(escalation step 2)")
    desk.clock.turn(minutes=60)
    desk.dispatch(inbox)
    assert inbox.take("engineer_sms").text.startswith("100 sites down (reminder): ")


def test_a_bundle_that_uses_up_the_limit_says_when_the_next_can_come(desk: Desk) -> None:
    inbox = Inbox()
    limits = {"sms": [{"count": 1, "period": "15m"}], "chat": [{"count": 1, "period": "15m"}]}
    desk.activate(configuration("engineer_sms", "team_chat", limits=limits))
    desk.raise_(*outages(9, ["web-1", "web-2"]))
    desk.dispatch(inbox)
    assert inbox.take("engineer_sms").text.endswith(" Next SMS 12:15 GMT")
    assert "what comes next is sent from 12:15 GMT on" in inbox.take("team_chat").text


def test_alerts_and_a_digest_share_the_only_message_that_is_left(desk: Desk) -> None:
    inbox = Inbox()
    tickets = everything_to("team_chat", digest=True) | {"match": {"kind": ["sla_breach"]}}
    sites = {"name": "sites", "match": {"kind": ["outage"]}} | {
        "steps": [{"receivers": ["team_chat"]}]
    }
    limits = {"chat": [{"count": 1, "period": "15m"}]}
    desk.activate(configuration("team_chat", routes=[tickets, sites], limits=limits))
    desk.raise_(*outages(3), *(ticket_alert(number) for number in range(4)))
    assert desk.dispatch(inbox)["handed_over"] == 7
    assert headline(inbox.take("team_chat")).startswith("3 sites down, 4 tickets breached")


def test_a_target_with_a_long_outbox_or_a_slow_server_delays_no_other(desk: Desk) -> None:
    other_has_its_own = threading.Event()
    in_time = []

    def send(url: str, message: OutgoingMessage, *, timeout: float) -> Delivery:
        if url == "team_email":
            other_has_its_own.set()
        else:
            in_time.append(other_has_its_own.wait(10))
            desk.clock.turn(seconds=9)
        return Delivery(Outcome.HANDED_OVER, "handed over", 0.0)

    only_chat = everything_to("team_chat") | {"match": {"kind": ["outage"]}}
    faults = {"name": "faults", "match": {"kind": ["fault"]}} | {
        "steps": [{"receivers": ["team_email"]}]
    }
    desk.activate(configuration("team_chat", "team_email", routes=[only_chat, faults]))
    desk.raise_(*outages(60), alert("A fault", Kind.FAULT))
    desk.dispatch(send)
    assert in_time[0], "the less urgent message to another went out beside the first"
    assert len(in_time) > 20


def test_a_second_storm_waits_with_the_first_only_where_the_limit_says_so(desk: Desk) -> None:
    inbox = Inbox()
    desk.raise_(*outages(50))
    desk.dispatch(inbox)
    desk.clock.turn(minutes=2)
    desk.raise_(*(alert(f"Other {n}") for n in range(70)))
    assert desk.dispatch(inbox)["held_back"] == 0
    first, second = (m.text for m in inbox.messages["engineer_sms"])
    assert (first[:13], second[:13]) == ("50 sites down", "70 sites down")


def test_a_bundle_that_failed_is_tried_again_as_one(desk: Desk) -> None:
    inbox, broken = Inbox(), True

    def send(url: str, message: OutgoingMessage, *, timeout: float) -> Delivery:
        if broken:
            return Delivery(Outcome.FAILED, "refused", 0.0)
        return inbox(url, message, timeout=timeout)

    desk.activate(configuration("team_email", limits=SHIPPED))
    desk.raise_(*outages(80))
    for _ in range(4):
        desk.dispatch(send)
        desk.clock.turn(minutes=5)
    broken = False
    desk.clock.turn(minutes=15)
    desk.dispatch(send)
    mails = [m.title for m in inbox.messages["team_email"] if "sites down" in m.title]
    assert [title[:13] for title in mails] == ["80 sites down"]


def test_killed_between_send_and_log_the_bundle_is_repeated_and_marked_so(
    desk: Desk, store_address: str, http: Assassin
) -> None:
    desk.secrets = {"apprise_team_chat": http.url("chat")}
    desk.activate(configuration("team_chat", limits=SHIPPED))
    desk.raise_(*outages(60))
    order = {
        "store": store_url(store_address).render_as_string(hide_password=False),
        "secrets": desk.secrets,
        "act": "once",
        "now": desk.clock.now.isoformat(),
    }
    dispatcher = subprocess.Popen(
        [sys.executable, str(TESTS / "dispatcher_process.py"), json.dumps(order)],
        env={"PYTHONPATH": f"{TESTS.parent / 'include'}:{TESTS}", "PATH": os.environ["PATH"]},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    http.victim = dispatcher.pid
    dispatcher.communicate("go\n", timeout=60)
    assert dispatcher.returncode == -signal.SIGKILL
    desk.clock.turn(minutes=5)
    desk.raise_(alert("New by then"))
    assert desk.dispatch()["handed_over"] == 61
    first, second = (json.loads(request.body)["message"] for request in http.requests)
    assert "repeated" not in first
    assert second.startswith("**61 sites down")
    assert "(some may be repeated)" in second.splitlines()[0]


def test_severities_are_bundled_apart_where_the_urgent_ones_can_stay_alone(desk: Desk) -> None:
    inbox = Inbox()
    desk.raise_(
        *(alert(f"Fault {n:02}", Kind.FAULT, severity=Severity.WARNING) for n in range(40)),
        *outages(2),
    )
    desk.dispatch(inbox)
    texts = [message.text for message in inbox.messages["engineer_sms"]]
    assert [text[:9] for text in texts] == ["Site 0000", "Site 0001", "40 faults"]


def test_a_bundle_counts_apart_what_is_not_good_and_what_answers_by_now(desk: Desk) -> None:
    inbox = Inbox()
    desk.activate(configuration("team_chat", limits={"chat": [{"count": 1, "period": "1h"}]}))
    answers = {"words": "connection refused", "present": {"state": "answers"}}
    ended = [alert("Good"), alert("Gone"), alert("Moved")]
    desk.raise_(*ended)
    desk.dispatch(inbox)
    inbox.messages["team_chat"].clear()
    desk.raise_(alert("Down"), alert("Down too"), alert("Flaky", facts=answers))
    for each, how in zip(ended, (None, "site_removed", "renamed"), strict=True):
        desk.resolve(each, **({"ending": how} if how else {}))
    desk.clock.turn(hours=1)
    desk.dispatch(inbox)
    assert headline(inbox.take("team_chat")).startswith(
        "2 sites down, 1 answers again, 1 no longer checked, 1 site up again, 1 renamed: "
    )
