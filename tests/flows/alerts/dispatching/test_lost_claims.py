"""What a dispatcher claimed that died is withdrawn or repeated, as its alert then stands."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from alert_builders import alert
from dispatching import (
    Desk,
    Service,
    everything_to,
    outages_to,
    pass_time,
    secrets,
)
from inboxes import Endpoint, Mailbox
from supportops.flows.alerts.dispatching.recording import Recorder
from supportops.notify.outgoing import Outcome

HANDED_OVER, FAILED, UNKNOWN = Outcome.HANDED_OVER, Outcome.FAILED, Outcome.UNKNOWN
OUTAGES = {"kind": ["outage"]}


@pytest.fixture
def desk(store: Engine, mail: Mailbox, http: Endpoint) -> Desk:
    desk = Desk(store, secrets(mail, http))
    desk.activate(outages_to("team_email"))
    return desk


class Killed(BaseException):
    """The dispatcher dies where this is raised: nothing after it runs."""


def claim_and_die(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dispatcher that claimed what is due and died before it could record anything."""
    from supportops.flows.alerts.dispatching import dispatcher

    def killed(*_: object, **__: object) -> Any:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(dispatcher, "send_all", killed)
        with pytest.raises(Killed):
            desk.dispatch(who="dead")
    assert desk.outbox()[-1].state == "claimed"


@pytest.mark.parametrize("resolved_after", [timedelta(seconds=5), timedelta(minutes=1)])
def test_the_claim_of_a_dead_dispatcher_ends_with_its_alert(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, resolved_after: timedelta
) -> None:
    outage = alert()
    desk.raise_(outage)
    claim_and_die(desk, monkeypatch)
    desk.clock.now += resolved_after
    desk.resolve(outage)
    service = Service(HANDED_OVER)
    pass_time(desk, service, minutes=20)
    (title,) = service.titles
    assert title.startswith("RESOLVED: Acme Shop - up again after")
    assert row_of_phase(desk, "firing").state == "unknown"
    assert outage.key not in [each.key for each in desk.unsettled()]


def row_of_phase(desk: Desk, phase: str) -> Any:
    (row,) = [row for row in desk.outbox() if row.phase == phase]
    return row


def test_a_claim_that_runs_out_between_two_steps_of_a_dispatch_is_not_sent_after_the_end(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lease is over when messages are claimed, and was not when they were withdrawn."""
    from supportops.flows.alerts.dispatching.dispatcher import Dispatcher

    outage = alert()
    desk.raise_(outage)
    claim_and_die(desk, monkeypatch)
    desk.resolve(outage)
    queue = Dispatcher.queue

    def queue_slowly(self: Dispatcher) -> None:
        queue(self)
        desk.clock.turn(minutes=10)

    service = Service(HANDED_OVER)
    with monkeypatch.context() as patch:
        patch.setattr(Dispatcher, "queue", queue_slowly)
        desk.dispatch(service)
    assert service.titles == []
    desk.dispatch(service)
    assert [title.split(":")[0] for title in service.titles] == ["RESOLVED"]


def test_the_claim_of_a_dead_dispatcher_on_an_open_alert_goes_out_marked(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.raise_(alert())
    claim_and_die(desk, monkeypatch)
    service = Service(HANDED_OVER)
    pass_time(desk, service, minutes=20)
    (title,) = service.titles
    assert title.startswith("DOWN")
    assert "may be repeated" in title


def kill_each_dispatch(
    desk: Desk, service: Service, monkeypatch: pytest.MonkeyPatch, hours: float
) -> None:
    """Every dispatcher dies after it has sent and before it can record that."""

    def killed(*_: object, **__: object) -> Any:
        raise Killed

    end = desk.clock.now + timedelta(hours=hours)
    with monkeypatch.context() as patch:
        patch.setattr(Recorder, "record", killed)
        while desk.clock.now < end:
            with suppress(Killed):
                desk.dispatch(service)
            desk.clock.turn(minutes=2)


def test_dispatchers_that_die_again_and_again_repeat_an_alarm_three_times_and_then_slowly(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    outage = alert()
    desk.raise_(outage)
    service = Service(HANDED_OVER)
    kill_each_dispatch(desk, service, monkeypatch, hours=5)
    assert 7 <= len(service.sent) <= 9, "three, and then about once an hour"
    assert all("may be repeated" in title for title in service.titles[1:])
    pass_time(desk, service, timedelta(minutes=10), minutes=80)
    assert row_of_phase(desk, "firing").state == "handed_over"
    desk.resolve(outage)
    before = len(service.sent)
    kill_each_dispatch(desk, service, monkeypatch, hours=5)
    assert len(service.sent) == before + 3
    assert row_of_phase(desk, "resolved").state == "unknown"


def test_a_storm_that_dispatchers_die_of_stays_one_message(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.activate(outages_to("team_email", limits={"email": [{"count": 3, "period": "15m"}]}))
    desk.raise_(*(alert(f"Site {n:02}") for n in range(40)))
    service = Service(HANDED_OVER)
    kill_each_dispatch(desk, service, monkeypatch, hours=2)
    pass_time(desk, service, timedelta(minutes=5), minutes=80)
    assert 4 <= len(service.sent) <= 6
    assert all(title.startswith("40 sites down") for title in service.titles)
    assert {row.state for row in desk.outbox()} == {"handed_over"}


def test_lost_claims_and_unknown_answers_count_together(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.raise_(alert())
    service = Service(UNKNOWN)
    kill_each_dispatch(desk, service, monkeypatch, hours=0.1)
    assert len(service.sent) == 2
    pass_time(desk, service, minutes=45)
    assert len(service.sent) == 3


def test_a_dead_dispatchers_reminder_is_withdrawn_by_an_acknowledgement(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    route = everything_to("team_email", match=OUTAGES, remind="1h")
    desk.activate(outages_to("team_email", routes=[route]))
    outage = alert()
    desk.raise_(outage)
    desk.dispatch(Service(HANDED_OVER))
    desk.clock.turn(hours=1)
    claim_and_die(desk, monkeypatch)
    desk.acknowledge(outage)
    service = Service(HANDED_OVER)
    pass_time(desk, service, minutes=30)
    assert service.titles == []
