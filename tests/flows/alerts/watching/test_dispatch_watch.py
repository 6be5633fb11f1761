"""A dispatch that stands still: who notices, who is notified, and what is no standstill."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, update

from alert_builders import NOON, alert
from builders import configure
from dispatching import Desk, configuration, everything_to
from flows.websites import Checks, Websites, websites
from inboxes import Endpoint, Mailbox
from supportops.alerts import store as alert_store
from supportops.alerts.alert import Kind
from supportops.db.activity import Flow, longest, standstill, worked
from supportops.db.engine import reading, writing
from supportops.db.schema import alerts, flow_activity, messages
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.alerts import alert_dispatch
from supportops.flows.alerts.dispatching import dispatcher
from supportops.flows.alerts.watching import dispatch_watch
from supportops.flows.alerts.watching.dispatch_watch import SUBJECT, watch_dispatch, watch_flows
from supportops.notify.outgoing import Delivery, Outcome
from supportops.web.page import last_check

NEVER = timedelta(minutes=10)


@pytest.fixture
def desk(store: Engine, mail: Mailbox) -> Desk:
    desk = Desk(store, {"apprise_team_email": mail.url("team@example.com")})
    desk.activate(configuration("team_email"))
    return desk


def look(desk: Desk, watcher: Flow = Flow.SITE_CHECK) -> str | None:
    return watch_dispatch(desk.store, watcher, desk.clock.now)


def standing(desk: Desk) -> list[str]:
    return [a.headline for a in desk.open_alerts(Kind.TASK_FAILED) if a.subject == SUBJECT]


def test_a_dispatch_that_stands_still_for_two_intervals_raises_one_alert(
    desk: Desk, mail: Mailbox
) -> None:
    desk.dispatch()
    found = []
    for _ in range(6):
        found.append(look(desk))
        desk.clock.turn(minutes=5)
    assert found[:3] == [None] * 3, "at 0, 5 and 10 minutes"
    assert found[3:] == [f"no dispatch has finished for {n} min" for n in (15, 20, 25)]
    assert len(standing(desk)) == 1
    desk.dispatch()
    assert standing(desk) == [], "it works again"
    assert mail.mails[-1].subject.startswith("TASK FAILED: alert dispatch - ")
    assert "supportops alert-dispatch" in mail.mails[-1].part("plain")
    desk.dispatch()
    assert mail.mails[-1].subject.startswith("RESOLVED: alert dispatch - messages go out again")
    assert look(desk) is None


@pytest.mark.parametrize("watcher", [Flow.SLA_SWEEP, Flow.TICKET_SYNC])
def test_whatever_works_notices_it(desk: Desk, watcher: Flow) -> None:
    desk.dispatch()
    every = longest(watcher) / 2
    for _ in range(3):
        look(desk, watcher)
        desk.clock.now += every
    assert look(desk, watcher) is not None
    assert len(standing(desk)) == 1


def test_a_new_installation_and_a_machine_that_was_off_do_not_cry(desk: Desk) -> None:
    assert look(desk) is None
    desk.clock.turn(minutes=10)
    assert look(desk) is None, "two intervals have not passed since the first look"
    desk.clock.turn(minutes=1)
    assert look(desk) is not None, "now they have, and no dispatch ever worked"
    desk.dispatch()
    desk.clock.turn(days=2)
    for _ in range(3):
        assert look(desk) is None, "nothing at all ran for two days"
        desk.clock.turn(minutes=5)
    assert look(desk) is not None


def test_a_dispatch_that_only_fails_stands_still(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise RuntimeError

    desk.dispatch()
    monkeypatch.setattr(dispatcher.Dispatcher, "settle", fails)
    for _ in range(4):
        with pytest.raises(RuntimeError):
            desk.dispatch()
        look(desk)
        desk.clock.turn(minutes=5)
    assert len(standing(desk)) == 1


def test_a_message_that_is_due_for_too_long_counts_whatever_a_dispatch_says(desk: Desk) -> None:
    def fails(*_: Any, **__: Any) -> Delivery:
        return Delivery(Outcome.FAILED, "refused", 0.0)

    desk.raise_(alert())
    desk.dispatch(fails)
    desk.clock.turn(minutes=12)
    with writing(desk.store) as connection:
        worked(connection, Flow.ALERT_DISPATCH, desk.clock.now)
    assert look(desk) == "a message has been due for 11 min"
    desk.dispatch()
    assert look(desk) is None


def test_what_a_rate_limit_holds_back_is_no_standstill(desk: Desk) -> None:
    limits = {"email": [{"count": 1, "period": "1h"}]}
    desk.activate(configuration("team_email", limits=limits))
    desk.raise_(alert("First"))
    desk.dispatch()
    desk.raise_(alert("Second"))
    for _ in range(14):
        desk.clock.turn(minutes=5)
        assert look(desk) is None
        desk.dispatch()
    assert {row.state for row in desk.outbox()} == {"handed_over"}


def test_a_message_of_an_unreadable_alert_is_no_standstill(desk: Desk, mail: Mailbox) -> None:
    mail.down()
    desk.raise_(alert())
    desk.dispatch()
    with writing(desk.store) as connection:
        connection.execute(update(alerts).where(alerts.c.kind == "outage").values(kind="volcano"))
    mail.up()
    for _ in range(5):
        desk.clock.turn(minutes=5)
        desk.dispatch()
        assert look(desk) is None


def test_an_hour_of_clock_set_back_raises_nothing(desk: Desk) -> None:
    desk.dispatch()
    look(desk)
    desk.clock.turn(hours=-1)
    for _ in range(5):
        desk.dispatch()
        assert look(desk) is None
        desk.clock.turn(minutes=5)


def test_the_dispatch_watches_what_ran_on_a_schedule(desk: Desk) -> None:
    def note(flow: Flow) -> None:
        with writing(desk.store) as connection:
            worked(connection, flow, desk.clock.now)

    def subjects() -> list[str]:
        return sorted(a.subject for a in desk.open_alerts(Kind.TASK_FAILED))

    for _ in range(3):
        note(Flow.TICKET_SYNC)
        note(Flow.HOUSEKEEPING)
        desk.dispatch()
        desk.clock.turn(minutes=5)
    note(Flow.SLA_SWEEP)  # once, by hand
    for _ in range(40):
        desk.dispatch()
        desk.clock.turn(minutes=5)
    assert subjects() == ["housekeeping schedule", "ticket_sync schedule"]
    note(Flow.TICKET_SYNC)
    note(Flow.HOUSEKEEPING)
    with writing(desk.store) as connection:
        watch_flows(connection, desk.clock.now)
    assert subjects() == []


def test_the_board_says_so(desk: Desk) -> None:
    def idle() -> timedelta | None:
        with reading(desk.store) as connection:
            return last_check(connection, desk.clock.now).dispatch_idle

    assert idle() is None
    desk.dispatch()
    desk.clock.turn(minutes=10)
    assert idle() is None
    desk.clock.turn(minutes=2)
    assert idle() == timedelta(minutes=12)


def test_activity_without_a_gap_keeps_its_beginning(store: Engine) -> None:
    with writing(store) as connection:
        assert standstill(connection, Flow.SITE_CHECK, NOON) is None
        for minute in (0, 5, 15):
            worked(connection, Flow.SITE_CHECK, NOON + timedelta(minutes=minute))
        (row,) = connection.execute(flow_activity.select())
        assert (row.since, row.at) == (NOON, NOON + timedelta(minutes=15))
        worked(connection, Flow.SITE_CHECK, NOON + timedelta(minutes=26))
        (row,) = connection.execute(flow_activity.select())
        assert row.since == row.at == NOON + timedelta(minutes=26)


class TestTheSiteCheck:
    @pytest.fixture
    def web(self) -> Iterator[Websites]:
        with websites("shop") as them:
            yield them

    @pytest.fixture
    def checks(self, store: Engine, tmp_path: Path, web: Websites, http: Endpoint) -> Checks:
        found = Checks(store, tmp_path / "config")
        found.secrets = {
            "beat": http.url("beat", scheme="http"),
            "fail": http.url("fail", scheme="http"),
            "apprise_team_email": http.url("mail"),
        }
        found.write(web.entries(), heartbeat="beat")
        return found

    def dispatch(self, checks: Checks) -> None:
        alert_dispatch.run(checks.engine, checks.secrets.get, checks.clock)

    def test_the_heartbeat_is_called_while_checks_and_dispatch_work(
        self, checks: Checks, web: Websites
    ) -> None:
        for _ in range(4):
            self.dispatch(checks)
            assert checks.run(after=5)["heartbeat"] == "ok"
        found = [checks.run(after=5)["heartbeat"] for _ in range(3)]
        assert found[0] == "ok"
        assert found[2].startswith("not called: no dispatch has finished for ")
        checks.write(web.entries(), heartbeat="beat", heartbeat_failure="fail")
        assert checks.run(after=5)["heartbeat"].endswith("; failure reported: ok")
        self.dispatch(checks)
        assert checks.run(after=1)["heartbeat"] == "ok"

    def test_it_sends_the_alert_on_the_dispatch_by_itself_and_once(
        self, checks: Checks, http: Endpoint
    ) -> None:
        self.dispatch(checks)
        for _ in range(8):
            checks.run(after=5)
        sent = [r.json() for r in http.requests if r.path == "/mail"]
        assert [each["title"].split(" - ")[0] for each in sent] == ["TASK FAILED: alert dispatch"]

    def test_an_alert_that_waits_for_a_dead_dispatch_stays_queued_for_it(
        self, checks: Checks, store: Engine
    ) -> None:
        self.dispatch(checks)
        with writing(store) as connection:
            alert_store.raise_alert(connection, alert(), checks.clock())
        for _ in range(4):
            checks.run(after=5)
        with reading(store) as connection:
            rows = connection.execute(messages.select()).all()
        assert {row.alert.split(":")[0] for row in rows} <= {"task_failed", "delivery"}

    def test_no_fault_of_the_sending_fails_the_check(
        self, checks: Checks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from supportops.flows.sites import site_check

        def fails(*_: Any, **__: Any) -> None:
            raise RuntimeError("secret")

        monkeypatch.setattr(site_check, "send_alone", fails)
        self.dispatch(checks)
        for _ in range(4):
            checks.run(after=5)
        assert dispatch_watch.standing_alert(checks.engine) is not None


def test_one_alert_can_be_sent_without_the_others(desk: Desk, mail: Mailbox) -> None:
    desk.activate(configuration("team_email", routes=[everything_to("team_email")]))
    desk.raise_(alert("Mine"), alert("Other"))
    key = alert("Mine").key
    alert_dispatch.send_alone(desk.store, lambda name: desk.secrets.get(name), key, desk.clock)
    assert [email.subject.split(" - ")[0] for email in mail.mails] == ["DOWN: Mine"]
    assert [row.alert for row in desk.outbox()] == [key]


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_it_watches_the_mailboxes_by_their_own_interval(desk: Desk, tmp_path: Path) -> None:
    def configure_mailboxes(text: str) -> None:
        (folder / "mailbox.yaml").write_text(text)
        load_or_last_good(desk.store, folder, desk.clock.now)

    def run(minutes: int, *, reads: bool) -> list[str]:
        for _ in range(0, minutes, 5):
            if reads:
                with writing(desk.store) as connection:
                    worked(connection, Flow.MAILBOX, desk.clock.now)
            desk.dispatch()
            desk.clock.turn(minutes=5)
        return sorted(a.subject for a in desk.open_alerts(Kind.TASK_FAILED))

    folder = configure(tmp_path / "with mailboxes", [])
    box = "mailboxes: [{name: answerphone, maildir: /nowhere}]"
    configure_mailboxes(box)
    assert run(15, reads=True) == []
    assert run(10, reads=False) == []
    assert run(10, reads=False) == ["mailboxes"]
    configure_mailboxes(f"interval: 30m\n{box}")
    assert run(5, reads=False) == []
    assert run(60, reads=False) == ["mailboxes"]
    configure_mailboxes("mailboxes: []")
    assert run(5, reads=False) == []
