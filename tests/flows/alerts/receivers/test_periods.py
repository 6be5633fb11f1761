"""Digests that follow a person's day."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from alert_builders import NOON, alert
from dispatching import Desk, Service, configuration, everything_to, receivers
from service_level_alerts import ticket_alert
from supportops.alerts.alert import Kind
from supportops.notify.outgoing import Outcome

NAMES = ("boss_email", "team_chat", "other_sms")


def make(store: Engine, **route: object) -> tuple[Desk, Service]:
    """The boss reads what is not critical at 08:30, the room as the route says."""
    desk = Desk(store, {f"apprise_{name}": "json://x" for name in NAMES})
    named = receivers(*NAMES)
    named["boss_email"][0]["digest"] = "daily 08:30"
    routes = [everything_to("boss_email"), everything_to("team_chat", name="room", **route)]
    desk.activate(configuration(receivers=named, routes=routes))
    return desk, Service(Outcome.HANDED_OVER)


def raise_every_two_minutes(desk: Desk, service: Service, count: int) -> None:
    for number in range(count):
        desk.raise_(ticket_alert(number, seen_at=desk.clock.now))
        desk.clock.turn(minutes=2)
        desk.dispatch(service)


def test_a_manager_gets_one_letter_at_the_chosen_hour(store: Engine) -> None:
    desk, service = make(store, digest="hourly")
    raise_every_two_minutes(desk, service, 20)
    assert service.sent == []
    desk.clock.turn(minutes=20)
    desk.dispatch(service)
    (room,) = service.sent
    assert "20 breached" in room.text
    service.sent.clear()
    desk.clock.now = NOON + timedelta(hours=20, minutes=29)
    desk.dispatch(service)
    assert service.sent == []
    desk.clock.turn(minutes=1)
    desk.dispatch(service)
    assert [title.split(" - ")[0] for title in service.titles] == ["SLA: 20 breached"]
    desk.clock.turn(days=2)
    assert "handed_over" not in desk.dispatch(service)


def test_what_is_critical_is_not_held_back_by_a_receivers_period(store: Engine) -> None:
    desk, service = make(store, digest="hourly", match={"severity": ["warning"]})
    desk.clock.turn(minutes=1)
    desk.raise_(alert("shop"), ticket_alert(1), alert("blog", Kind.FAULT))
    desk.dispatch(service)
    assert [title.split(" - ")[0] for title in service.titles] == ["DOWN: shop"]


def test_what_ends_before_its_letter_is_left_out_of_it(store: Engine) -> None:
    desk, service = make(store, match={"kind": ["outage"]})
    fault, other = alert("blog", Kind.FAULT), alert("wiki", Kind.FAULT)
    desk.raise_(fault, other)
    desk.dispatch(service)
    desk.clock.turn(hours=1)
    desk.resolve(fault)
    desk.clock.now = NOON + timedelta(hours=20, minutes=30)
    desk.dispatch(service)
    (letter,) = service.sent
    assert "wiki" in letter.text
    assert "blog" not in letter.text


def test_a_receiver_that_works_again_gets_no_letter_before_its_hour(store: Engine) -> None:
    desk, service = make(store, match={"kind": ["outage"]})
    desk.raise_(alert("blog", Kind.FAULT))
    desk.dispatch(service)
    service.outcome = Outcome.FAILED
    desk.raise_(alert("shop"))
    for _ in range(4):
        desk.dispatch(service)
        desk.clock.turn(minutes=10)
    assert desk.open_alerts(Kind.DELIVERY)
    service.outcome = Outcome.HANDED_OVER
    service.sent.clear()
    desk.clock.turn(hours=1)
    desk.dispatch(service)
    desk.dispatch(service)
    assert not any("blog" in message.text for message in service.sent)
    assert not desk.open_alerts(Kind.DELIVERY)


def test_a_letter_that_fails_is_tried_for_as_long_as_any_message(store: Engine) -> None:
    desk, service = make(store, match={"kind": ["outage"]})
    desk.clock.turn(hours=-3)
    breach = ticket_alert(1)
    desk.raise_(breach)
    desk.dispatch(service)
    desk.resolve(breach)
    service.outcome = Outcome.FAILED
    desk.clock.now = NOON + timedelta(hours=20, minutes=30)
    desk.dispatch(service)
    desk.clock.turn(hours=12)  # over a day after the breach, half a day after the letter's hour
    desk.dispatch(service)
    assert {row.state for row in desk.outbox() if row.alert == breach.key} == {"waiting"}


@pytest.mark.parametrize("digest", ["7m", "daily", 5, "workdays 25:00"])
def test_a_period_that_is_none_is_a_fault(digest: object) -> None:
    with pytest.raises(Exception, match=r"daily 08:30|divides a day"):
        configuration("team_chat", routes=[everything_to("team_chat", digest=digest)])
