"""From the rota to the message: who is notified across a hand-over, and what they are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from alert_builders import alert
from dispatching import ENDPOINTS, LEVELS, Desk, Service, receivers
from supportops.alerts.alert import Kind
from supportops.config.configuration import Configuration
from supportops.config.documents import restore
from supportops.flows.alerts.dispatching import addressing, hand_over
from supportops.notify.outgoing import Outcome

# A Tuesday at 09:00 in London: anna hands over to ben.
HAND_OVER = datetime(2026, 11, 24, 9, tzinfo=UTC)
NAMES = ("team_email", "boss_email", "owner_email", "other_sms", "engineer_sms")
ROTA = {
    "people": {
        "anna": {"name": "Anna Berg", "receivers": ["boss_email", "engineer_sms"]},
        "ben": {"name": "Ben <b>", "receivers": ["owner_email", "other_sms"]},
    },
    "teams": {
        "web": {
            "turns": [{"every": "day", "at": "09:00", "start": "2026-11-23",
                       "people": ["anna", "ben"]}]
        }
    },
}  # fmt: skip
STEPS = [{"receivers": [{"on_call": "web"}]}, {"after": "30m", "receivers": [{"on_call": "web"}]}]


def configuration(**changes: Any) -> Configuration:
    route = {"name": "outages", "match": {"kind": ["outage"]}, "steps": STEPS}
    alerts = {"receivers": receivers(*NAMES), "routes": [route]}
    document = {
        "sites": {"sites": []},
        "alerts": alerts | changes,
        "service_levels": LEVELS,
        "rota": ROTA,
    }
    return restore(document)


@pytest.fixture
def desk(store: Engine) -> Desk:
    addresses = {f"apprise_{name}": "json://localhost" for name in (*NAMES, *ENDPOINTS)}
    desk = Desk(store, addresses)
    desk.clock.now = HAND_OVER - timedelta(minutes=10)
    desk.activate(configuration())
    return desk


def sent_to(desk: Desk, kind: str = "outage") -> list[tuple[str, int]]:
    rows = [row for row in desk.outbox() if row.alert.startswith(f"{kind}:")]
    return sorted((row.target, row.step) for row in rows)


def test_an_alarm_stays_with_the_person_and_its_next_step_is_for_the_next(desk: Desk) -> None:
    service = Service(Outcome.HANDED_OVER)
    outage = alert(opened_at=desk.clock.now)
    desk.raise_(outage)
    desk.dispatch(service)
    first = [("boss_email", 0), ("engineer_sms", 0)]
    assert sent_to(desk) == first
    desk.clock.turn(minutes=15)
    desk.dispatch(service)
    assert sent_to(desk) == first
    desk.clock.turn(minutes=16)
    desk.dispatch(service)
    assert sent_to(desk) == sorted([*first, ("other_sms", 1), ("owner_email", 1)])
    assert {row.duty for row in desk.outbox() if row.alert == outage.key} == {"web"}
    desk.resolve(outage)
    desk.dispatch(service)
    ends = [row.target for row in desk.outbox() if row.phase == "resolved"]
    assert sorted(ends) == ["boss_email", "engineer_sms", "other_sms", "owner_email"]


def test_whoever_goes_on_duty_gets_one_mail_with_what_is_open(desk: Desk) -> None:
    service = Service(Outcome.HANDED_OVER)
    taken = alert("Acme Shop", opened_at=desk.clock.now)
    desk.raise_(taken, alert("Otter & Books", opened_at=desk.clock.now))
    desk.dispatch(service)
    desk.acknowledge(taken)
    desk.clock.now = HAND_OVER
    for _ in range(3):
        desk.dispatch(service)
        desk.clock.turn(minutes=1)
    told = [row for row in desk.outbox() if row.alert.startswith("hand_over:web:ben")]
    assert [(row.target, row.state, row.why) for row in told] == [
        ("owner_email", "handed_over", "addressed to it")
    ]
    mail = service.sent[-1]
    assert mail.title.startswith("ON DUTY: Ben <b>, web - 2 alerts open; on duty until Wed 25 Nov")
    assert "DOWN: Acme Shop" in mail.text
    assert "Ada has it" in mail.text
    assert "Otter & Books" in mail.text
    assert "<b>, web" not in (mail.html or "")
    assert desk.open_alerts(Kind.HAND_OVER) == []


def test_a_mail_after_a_kill_is_the_only_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.clock.now = HAND_OVER
    real = addressing.outbox.queue

    def killed(*arguments: Any) -> int:
        real(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(addressing.outbox, "queue", killed)
    with pytest.raises(KeyboardInterrupt):
        desk.dispatch(Service())
    monkeypatch.undo()
    assert sent_to(desk, "hand_over") == []
    service = Service(Outcome.HANDED_OVER)
    desk.dispatch(service)
    desk.dispatch(service, who="another")
    assert sent_to(desk, "hand_over") == [("owner_email", 0)]
    assert len(service.sent) == 1


def test_a_hand_over_long_ago_is_not_mentioned(desk: Desk) -> None:
    desk.clock.now = HAND_OVER + timedelta(hours=13)
    desk.dispatch(Service(Outcome.HANDED_OVER))
    assert sent_to(desk, "hand_over") == []


def test_it_lists_what_a_route_sends_to_the_person_and_nothing_else(desk: Desk) -> None:
    acme = {"name": "acme", "match": {"customer": ["Acme Ltd"]}, "steps": STEPS}
    desk.activate(configuration(routes=[acme]))
    desk.raise_(
        alert("Acme Shop", opened_at=desk.clock.now),
        alert("Secret Shop", opened_at=desk.clock.now, customer="Other Ltd"),
    )
    desk.clock.now = HAND_OVER
    service = Service(Outcome.HANDED_OVER)
    desk.dispatch(service)
    mail = next(each for each in service.sent if each.title.startswith("ON DUTY"))
    assert "1 alert open" in mail.title
    assert "Acme Shop" in mail.text
    assert "Secret" not in mail.text + (mail.html or "")


def test_an_alert_without_words_does_not_stop_the_dispatch(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def speechless(*_arguments: Any, **_more: Any) -> None:
        raise ValueError

    monkeypatch.setattr(hand_over, "describe", speechless)
    desk.raise_(alert("Acme Shop", opened_at=desk.clock.now))
    desk.clock.now = HAND_OVER
    service = Service(Outcome.HANDED_OVER)
    desk.dispatch(service)
    mail = next(each for each in service.sent if each.title.startswith("ON DUTY"))
    assert "DOWN: Acme Shop" in mail.text


def test_with_nothing_open_it_says_so(desk: Desk) -> None:
    desk.clock.now = HAND_OVER
    service = Service(Outcome.HANDED_OVER)
    desk.dispatch(service)
    assert "nothing open; on duty until" in service.sent[0].title
