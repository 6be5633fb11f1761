from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes

import pytest
from sqlalchemy import Engine

from alert_builders import NIGHT, NOON, alert
from dispatching import Desk, configuration, everything_to, receivers, secrets
from inboxes import Endpoint, Mailbox
from supportops.alerts.alert import Kind
from supportops.notify.outgoing import Delivery, Outcome, OutgoingMessage
from supportops.rendering.gsm7 import gsm7, septets

HOSTILE = (
    'Bob\'s "Bikes"\r\nBcc: spy@example.com\u2028🔥<script>alert(1)</script>[x](http://e.example)'
)


@pytest.fixture
def desk(store: Engine, mail: Mailbox, http: Endpoint) -> Desk:
    """Every alert goes to an e-mail, an SMS-shaped and a chat receiver."""
    desk = Desk(store, secrets(mail, http))
    desk.activate(configuration("team_email", "engineer_sms", "team_chat"))
    return desk


def texts(http: Endpoint, path: str) -> list[str]:
    return [request.json()["message"] for request in http.requests if request.path == f"/{path}"]


def test_an_outage_reaches_every_channel_and_so_does_its_end(
    desk: Desk, mail: Mailbox, http: Endpoint
) -> None:
    outage = alert()
    desk.raise_(outage)
    assert desk.dispatch() == {"queued": 3, "superseded": 0, "held_back": 0, "handed_over": 3}
    desk.clock.turn(minutes=7)
    desk.resolve(outage)
    assert desk.dispatch()["handed_over"] == 3

    down, up = mail.wait_for(2)
    assert down.subject.startswith("DOWN: Acme Shop - connection refused")
    assert up.subject == "RESOLVED: Acme Shop - up again after 7 min"
    assert "connection refused" in down.part("plain")
    assert "<table" in down.part("html")
    for path in ("sms", "chat"):
        assert [("DOWN" in text, "RESOLVED" in text) for text in texts(http, path)] == [
            (True, False),
            (False, True),
        ]
    assert all(septets(gsm7(text)) <= 160 for text in texts(http, "sms"))
    assert desk.unsettled() == []


def test_dispatching_again_sends_nothing_again(desk: Desk, mail: Mailbox, http: Endpoint) -> None:
    desk.raise_(alert())
    desk.dispatch()
    for _ in range(3):
        assert desk.dispatch() == {"queued": 0, "superseded": 0, "held_back": 0}
        desk.clock.turn(minutes=5)
    assert (len(mail.mails), len(http.requests)) == (1, 2)


def test_outbox_and_notification_log_hold_who_was_notified_when_and_why(desk: Desk) -> None:
    outage = alert()
    desk.raise_(outage)
    desk.dispatch()
    assert {(row.target, row.why, row.state, row.due_at) for row in desk.outbox()} == {
        (name, "step reached", "handed_over", NOON)
        for name in ("team_email", "engineer_sms", "team_chat")
    }
    assert {(r.alert, r.attempt, r.outcome, r.detail) for r in desk.attempts()} == {
        (outage.key, 1, "handed_over", "handed over")
    }


def test_the_manager_is_notified_after_half_an_hour_unless_somebody_acknowledged(
    desk: Desk, mail: Mailbox
) -> None:
    steps = [{"receivers": ["team_email"]}, {"after": "30m", "receivers": ["boss_email"]}]
    desk.activate(
        configuration(
            receivers=receivers("team_email", "boss_email"), routes=[everything_to(steps=steps)]
        )
    )
    left, taken = alert("Left alone"), alert("Taken")
    desk.raise_(left, taken)
    desk.dispatch()
    desk.acknowledge(taken)
    desk.clock.turn(minutes=29)
    assert desk.dispatch()["queued"] == 0
    desk.clock.turn(minutes=1)
    assert desk.dispatch()["handed_over"] == 1
    assert mail.mails[-1].recipients == ("boss@example.com",)
    assert "Left alone" in mail.mails[-1].subject
    assert "escalation step 2" in mail.mails[-1].subject


def test_a_resolve_supersedes_an_alarm_that_never_went_out(desk: Desk, mail: Mailbox) -> None:
    mail.down()
    outage = alert()
    desk.raise_(outage)
    assert desk.dispatch()["failed"] == 1
    desk.clock.turn(minutes=10)
    desk.resolve(outage)
    mail.up()
    summary = desk.dispatch()
    assert (summary["superseded"], summary["handed_over"]) == (1, 2)
    assert mail.mails == []
    assert [row.state for row in desk.outbox() if row.target == "team_email"] == ["superseded"]
    assert desk.unsettled() == []


def test_an_acknowledged_alert_takes_back_what_would_have_gone_further(
    desk: Desk, mail: Mailbox
) -> None:
    steps = [{"receivers": ["engineer_sms"]}, {"after": "30m", "receivers": ["boss_email"]}]
    desk.activate(
        configuration(
            receivers=receivers("engineer_sms", "boss_email"), routes=[everything_to(steps=steps)]
        )
    )
    outage = alert()
    desk.raise_(outage)
    mail.down()
    desk.clock.turn(minutes=30)
    assert desk.dispatch()["failed"] == 1
    desk.acknowledge(outage)
    mail.up()
    desk.clock.turn(minutes=5)
    assert desk.dispatch()["superseded"] == 1
    assert mail.mails == []


def test_what_happens_at_night_waits_for_the_office_when_its_route_says_so(
    desk: Desk, mail: Mailbox
) -> None:
    desk.activate(configuration("team_email", routes=[everything_to("team_email", hours="office")]))
    desk.clock.now = NIGHT
    desk.raise_(alert(opened_at=NIGHT))
    assert desk.dispatch()["queued"] == 0
    desk.clock.now = NIGHT.replace(hour=9)
    assert desk.dispatch()["handed_over"] == 1
    assert len(mail.mails) == 1


def test_the_end_of_a_night_waits_unsettled_for_the_office(desk: Desk, mail: Mailbox) -> None:
    desk.activate(configuration("team_email", routes=[everything_to("team_email", hours="office")]))
    fault = alert(kind=Kind.FAULT)
    desk.raise_(fault)
    desk.dispatch()
    desk.clock.turn(hours=8)
    desk.resolve(fault)
    assert desk.dispatch()["queued"] == 0
    assert [found.key for found in desk.unsettled()] == [fault.key]
    desk.clock.now = NOON.replace(hour=9) + timedelta(days=1)
    assert desk.dispatch()["handed_over"] == 1
    assert desk.unsettled() == []


def test_twenty_outages_are_one_sms_that_counts_them(desk: Desk, http: Endpoint) -> None:
    limits = {"sms": [{"count": 5, "period": "15m"}, {"count": 11, "period": "1h"}]}
    desk.activate(configuration("engineer_sms", limits=limits))
    desk.raise_(*(alert(f"Site {n:02}") for n in range(20)))
    assert desk.dispatch()["handed_over"] == 20
    sent = texts(http, "sms")
    assert [text.startswith("20 sites down: Site 00 #") for text in sent] == [True]
    assert septets(gsm7(sent[0])) <= 160
    assert len({row.bundle for row in desk.attempts()}) == 1


def test_no_more_than_eleven_texts_reach_a_person_in_an_hour(desk: Desk, http: Endpoint) -> None:
    limits = {"sms": [{"count": 5, "period": "15m"}, {"count": 11, "period": "1h"}]}
    desk.activate(configuration("engineer_sms", limits=limits))
    sent = []
    for minute in range(60):
        desk.raise_(alert(f"Site {minute}", opened_at=desk.clock.now))
        desk.dispatch()
        sent.append(len(texts(http, "sms")))
        desk.clock.turn(minutes=1)
    sent_at = [0, 1, 2, 3, 4, 15, 16, 17, 18, 19, 30]
    assert sent == [sum(minute <= now for minute in sent_at) for now in range(60)]
    assert desk.dispatch()["held_back"] == 0
    assert texts(http, "sms")[-1].startswith("29 sites down: ")
    assert {row.state for row in desk.outbox()} == {"handed_over"}


def test_what_a_limit_holds_back_is_counted_and_bundled_later(desk: Desk, http: Endpoint) -> None:
    desk.activate(configuration("engineer_sms", limits={"sms": [{"count": 1, "period": "15m"}]}))
    desk.raise_(alert("First"))
    desk.dispatch()
    desk.raise_(alert("Second"), alert("Third"))
    assert desk.dispatch()["held_back"] == 2
    desk.clock.turn(minutes=15)
    assert desk.dispatch() == {"queued": 0, "superseded": 0, "held_back": 0, "handed_over": 2}
    assert texts(http, "sms")[1].startswith("2 sites down: Second #")


def test_a_rate_limit_of_one_target_delays_no_other(desk: Desk, http: Endpoint) -> None:
    limits = {"sms": [{"count": 1, "period": "1h"}]}
    desk.activate(configuration("engineer_sms", "team_chat", limits=limits))
    desk.raise_(*(alert(f"Site {n}") for n in range(4)))
    desk.dispatch()
    assert (len(texts(http, "sms")), len(texts(http, "chat"))) == (1, 4)


def test_the_urgent_go_first_however_late_they_came(desk: Desk) -> None:
    desk.activate(configuration("team_email"))
    desk.raise_(alert("Fault", Kind.FAULT), alert("Other fault", Kind.FAULT))
    desk.clock.turn(minutes=1)
    desk.raise_(alert("Outage"))
    order: list[str] = []

    def send(url: str, message: OutgoingMessage, *, timeout: float) -> Delivery:
        order.append(message.title.split(":")[1].split(" -")[0].strip())
        return Delivery(Outcome.HANDED_OVER, "handed over", 0.0)

    desk.dispatch(send)
    assert order == ["Outage", "Fault", "Other fault"]


def test_a_hostile_name_arrives_as_text_on_every_channel(
    desk: Desk, mail: Mailbox, http: Endpoint
) -> None:
    desk.raise_(alert(HOSTILE, headline=HOSTILE, customer=HOSTILE, facts={"words": HOSTILE}))
    assert desk.dispatch()["handed_over"] == 3
    (email,) = mail.wait_for(1)
    parsed = message_from_bytes(email.raw)
    assert parsed["Bcc"] is None
    assert email.recipients == ("team@example.com",)
    assert 'Bob\'s "Bikes" Bcc: spy@example.com' in email.subject
    assert "<script" not in email.part("html")
    assert "&lt;script&gt;" in email.part("html")
    assert "🔥" in email.part("plain")
    (sms,), (chat,) = texts(http, "sms"), texts(http, "chat")
    assert "\n" not in sms
    assert septets(gsm7(sms)) <= 160
    assert sms.startswith('Bob\'s "Bikes"')
    assert "<script" not in chat
    assert "[x](" not in chat


def test_a_message_that_cannot_be_rendered_stops_no_other(
    desk: Desk, mail: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from supportops.flows.alerts.dispatching import composing

    def compose(notifications, *rest):  # type: ignore[no-untyped-def]
        if notifications[0].alert.subject == "Broken":
            raise TypeError("secret words")
        return original(notifications, *rest)

    original = composing.compose
    monkeypatch.setattr(composing, "compose", compose)
    desk.activate(configuration("team_email"))
    desk.raise_(alert("Broken"), alert("Sound"))
    summary = desk.dispatch()
    assert (summary["failed"], summary["handed_over"]) == (1, 1)
    assert "could not be put into words: TypeError" in [row.detail for row in desk.attempts()]
    assert "Sound" in mail.mails[0].subject


def test_before_the_first_configuration_what_was_raised_waits(store: Engine) -> None:
    desk = Desk(store, {})
    desk.raise_(alert())
    assert "no configuration" in desk.dispatch()["note"]
    assert desk.outbox() == []
    desk.activate(configuration("team_email"))
    assert desk.dispatch()["queued"] == 1


def test_a_receiver_that_left_the_configuration_gets_nothing_and_alarms_nobody(
    desk: Desk, mail: Mailbox
) -> None:
    mail.down()
    outage = alert()
    desk.raise_(outage)
    for _ in range(4):
        desk.dispatch()
        desk.clock.turn(minutes=16)
    assert [found.subject for found in desk.open_alerts(Kind.DELIVERY)] == ["team_email"]
    desk.activate(configuration("team_chat"))
    desk.dispatch()
    assert desk.open_alerts(Kind.DELIVERY) == []
    left = [row for row in desk.outbox() if row.target == "team_email"]
    assert {row.state for row in left} == {"given_up"}
    assert any("configured any more" in row.detail for row in desk.attempts())
