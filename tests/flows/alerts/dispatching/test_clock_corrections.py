"""A clock that is corrected by an hour delays nothing and makes no length of time negative."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, update

from alert_builders import NIGHT, NOON, alert
from dispatching import (
    Desk,
    Service,
    everything_to,
    outages_to,
    pass_time,
    secrets,
)
from inboxes import Endpoint, Mailbox
from supportops.alerts.alert import Kind
from supportops.db.engine import writing
from supportops.db.schema import check_runs
from supportops.flows.alerts.dispatching import time_limit
from supportops.notify.outgoing import Delivery, Outcome, OutgoingMessage

# What is decided is the same on both databases, whose statements others try.
pytestmark = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)

HANDED_OVER, FAILED, UNKNOWN = Outcome.HANDED_OVER, Outcome.FAILED, Outcome.UNKNOWN
OUTAGES = {"kind": ["outage"]}


@pytest.fixture
def desk(store: Engine, mail: Mailbox, http: Endpoint) -> Desk:
    desk = Desk(store, secrets(mail, http))
    desk.activate(outages_to("team_email"))
    return desk


STEPS = [{"receivers": ["team_email"]}, {"after": "30m", "receivers": ["boss_email"]}]
BACK, FORWARD = timedelta(hours=-1), timedelta(hours=1)


@pytest.mark.parametrize("hours", [1, 26])
def test_an_alert_from_an_hour_to_come_goes_out_at_once_and_its_steps_after_it(
    desk: Desk, hours: int
) -> None:
    routes = [{"name": "steps", "match": OUTAGES, "steps": STEPS, "remind": "1h"}]
    desk.activate(outages_to("team_email", "boss_email", routes=routes))
    service, outage = Service(HANDED_OVER), alert(opened_at=NOON + timedelta(hours=hours))
    desk.raise_(outage)
    desk.dispatch(service)
    assert len(service.sent) == 1
    pass_time(desk, service, minutes=29)
    assert len(service.sent) == 1
    pass_time(desk, service, minutes=3)
    assert len(service.sent) == 2, "the boss, half an hour later"
    pass_time(desk, service, minutes=40)
    assert "reminder" in service.titles[2]
    desk.resolve(outage)
    pass_time(desk, service, minutes=2)
    assert [title.split(":")[0] for title in service.titles[-2:]] == ["RESOLVED"] * 2
    assert not [m for m in service.sent if "after -" in m.title + m.text + (m.html or "")]


def test_a_step_counts_from_the_correction_where_the_first_message_was_sent_before_it(
    desk: Desk,
) -> None:
    routes = [{"name": "steps", "match": OUTAGES, "steps": STEPS, "remind": "1h"}]
    desk.activate(outages_to("team_email", "boss_email", routes=routes))
    service = Service(HANDED_OVER)
    desk.raise_(alert())
    desk.dispatch(service)
    desk.clock.now += BACK
    pass_time(desk, service, minutes=32)
    assert len(service.sent) == 2
    pass_time(desk, service, minutes=35)
    assert len([title for title in service.titles if "reminder" in title]) == 1


@pytest.mark.parametrize("jump", [BACK, FORWARD, timedelta(days=-2)])
def test_a_retry_waits_for_no_hour_that_is_to_come(desk: Desk, jump: timedelta) -> None:
    service = Service(FAILED)
    desk.raise_(alert())
    pass_time(desk, service, minutes=40)
    desk.clock.now += jump
    service.outcome, before = HANDED_OVER, len(service.sent)
    pass_time(desk, service, minutes=1)
    assert len(service.sent) == before + 1


def test_a_rate_limit_does_not_last_until_an_hour_to_come(desk: Desk) -> None:
    desk.activate(outages_to("team_email", limits={"email": [{"count": 1, "period": "15m"}]}))
    service = Service(HANDED_OVER)
    desk.raise_(alert("First"))
    desk.dispatch(service)
    desk.clock.now += BACK
    desk.raise_(alert("Second", opened_at=desk.clock.now))
    pass_time(desk, service, minutes=16)
    assert len(service.sent) == 2


@pytest.mark.parametrize("jump", [BACK, FORWARD])
def test_an_alert_that_ends_after_a_jump_lasted_no_negative_time(
    desk: Desk, jump: timedelta
) -> None:
    facts = {"first_failed_at": NOON.isoformat(), "words": "connection refused"}
    service, outage = Service(HANDED_OVER), alert(facts=facts)
    desk.raise_(outage)
    desk.dispatch(service)
    desk.clock.now += jump
    desk.resolve(outage)
    pass_time(desk, service, minutes=2)
    resolved = service.sent[-1]
    lasted = "0 s" if jump < timedelta(0) else "1 h 00 min"
    assert resolved.title == f"RESOLVED: Acme Shop - up again after {lasted}"
    assert "-1 h" not in resolved.text + (resolved.html or "")


def test_clocks_that_differ_by_a_minute_change_no_alert(desk: Desk) -> None:
    ahead = NOON + timedelta(seconds=90)
    desk.raise_(alert(opened_at=ahead))
    service = Service(HANDED_OVER)
    desk.dispatch(service)
    assert len(service.sent) == 1
    assert [each.opened_at for each in desk.open_alerts(Kind.OUTAGE)] == [ahead]


def test_an_office_alert_from_an_hour_to_come_goes_out_when_the_office_opens(desk: Desk) -> None:
    route = everything_to("team_email", match=OUTAGES, hours="office")
    desk.activate(outages_to("team_email", routes=[route]))
    desk.clock.now = NIGHT
    desk.check(outages_to("team_email", routes=[route]))
    desk.raise_(alert(opened_at=NIGHT + timedelta(hours=20)))
    service = Service(HANDED_OVER)
    pass_time(desk, service, timedelta(minutes=30), hours=6)
    assert service.sent == []
    pass_time(desk, service, timedelta(minutes=10), minutes=10)
    assert len(service.sent) == 1


def test_what_was_queued_and_never_claimed_waits_for_no_hour_that_is_to_come(desk: Desk) -> None:
    desk.activate(outages_to("team_email", limits={"email": [{"count": 1, "period": "15m"}]}))
    service = Service(HANDED_OVER)
    for name in ("First", "Second"):
        desk.raise_(alert(name))
        desk.dispatch(service)
    assert len(service.sent) == 1
    desk.clock.now += BACK
    pass_time(desk, service, minutes=2)
    assert len(service.sent) == 2


def test_a_last_check_from_an_hour_to_come_hides_no_standstill_of_the_checks(desk: Desk) -> None:
    last = update(check_runs).values(judged_order=1, judged_at=NOON)
    with writing(desk.store) as connection:
        connection.execute(last)
    service = Service(HANDED_OVER)
    desk.dispatch(service)
    desk.clock.now += BACK
    pass_time(desk, service, minutes=9)
    assert desk.open_alerts(Kind.CHECK_STALE) == []
    pass_time(desk, service, minutes=5)
    assert desk.open_alerts(Kind.CHECK_STALE)


def test_a_clock_that_is_set_back_again_and_again_prolongs_no_dispatch(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seconds that really pass are those of a clock that nobody sets."""
    passed = [0.0]
    monkeypatch.setattr(time_limit, "monotonic", lambda: passed[0])
    sent: list[str] = []

    def send(url: str, message: OutgoingMessage, *, timeout: float) -> Delivery:
        sent.append(message.title)
        passed[0] += 5
        desk.clock.now -= timedelta(minutes=1)
        return Delivery(HANDED_OVER, "handed over", 5.0)

    desk.raise_(*(alert(f"Site {n:03}") for n in range(100)))
    desk.dispatch(send)
    assert len(sent) <= 240 / 5 + 2, "four minutes"
    pass_time(desk, Service(HANDED_OVER), minutes=3)
    assert {row.state for row in desk.outbox()} == {"handed_over"}


def test_a_clock_that_jumps_ahead_by_a_day_in_a_dispatch_loses_nothing(desk: Desk) -> None:
    service = Service(HANDED_OVER)

    def send(url: str, message: OutgoingMessage, *, timeout: float) -> Delivery:
        if len(service.sent) == 3:
            desk.clock.turn(days=1)
        return service(url, message, timeout=timeout)

    desk.raise_(*(alert(f"Site {n:03}") for n in range(10)))
    for _ in range(3):
        desk.dispatch(send)
        desk.clock.turn(minutes=1)
    about_sites = [title for title in service.titles if "Site" in title]
    assert len(about_sites) == len(set(about_sites)) == 10
