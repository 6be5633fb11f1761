"""A new installation holds its alerts until somebody goes live, and then tells them as history."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, insert, text
from typer.testing import CliRunner

from alert_builders import NOON, alert
from dispatching import Desk, Service, configuration, everything_to, receivers
from service_level_alerts import ticket_alert
from supportops.alerts.alert import Kind, Phase, Severity
from supportops.alerts.hold import held_since
from supportops.alerts.outbox import queue
from supportops.alerts.routing.decision import Decision, Reason
from supportops.alerts.store import raise_ended
from supportops.cli.main import app
from supportops.context import Context
from supportops.db.activity import Flow
from supportops.db.engine import make_engine, reading, writing
from supportops.db.migrate import upgrade
from supportops.db.schema import alert_hold
from supportops.flows.alerts import alert_dispatch, go_live
from supportops.flows.alerts.watching.dispatch_watch import watch_dispatch
from supportops.notify.outgoing import Outcome

TARGETS = ("team_email", "engineer_sms", "team_chat", "boss_email")


def hold(store: Engine) -> None:
    with writing(store) as connection:
        connection.execute(insert(alert_hold), {"id": 1, "since": NOON - timedelta(days=1)})


@pytest.fixture
def desk(store: Engine) -> Desk:
    """Held: everything to the team, outages also to the engineer and after 30 min to the boss."""
    desk = Desk(store, {f"apprise_{name}": "json://x" for name in TARGETS})
    outages = [
        {"receivers": ["engineer_sms"]},
        {"after": "30m", "receivers": ["boss_email"]},
    ]
    routes = [
        everything_to("team_email"),
        {"name": "outages", "match": {"kind": ["outage"]}, "steps": outages, "remind": "1h"},
        everything_to("team_chat", name="in_office", hours="office"),
    ]
    desk.activate(configuration(receivers=receivers(*TARGETS), routes=routes))
    hold(store)
    return desk


def live(desk: Desk) -> None:
    assert go_live.run(Context(desk.store, Path(), desk.secrets.get), "Ada", desk.clock.now)


@pytest.mark.parametrize("outcome", [None, "nobody", "failed", "unknown", "handed_over"])
def test_a_new_store_is_held_and_one_that_may_have_notified_somebody_is_live(
    tmp_path: Path, outcome: str | None
) -> None:
    engine = make_engine(f"sqlite+pysqlite:///{tmp_path}/older.db")
    upgrade(engine, "0007")
    with writing(engine) as connection:
        statements = (
            "INSERT INTO alerts (key, kind, severity, subject, headline, facts, opened_at, "
            "last_seen_at) VALUES ('a', 'fault', 'info', 's', 'h', '{}', 1, 1)",
            "INSERT INTO messages (id, alert, target, channel, phase, step, reminder, why, "
            "urgency, due_at, queued_at, state, attempts, next_attempt_at, maybe_sent) VALUES "
            "(1, 'a', 't', 'sms', 'firing', 0, 0, 'w', 1, 1, 1, 'handed_over', 1, 1, 0)",
            "INSERT INTO notification_log (message, attempt, alert, target, channel, outcome, "
            f"detail, started_at, seconds) VALUES (1, 1, 'a', 't', 'sms', '{outcome}', '', 1, 0)",
        )
        for statement in statements if outcome else ():
            connection.execute(text(statement))
    upgrade(engine)
    with reading(engine) as connection:
        live = held_since(connection) is None
    assert live == (outcome in ("unknown", "handed_over"))
    engine.dispose()


def test_nothing_goes_out_before_and_one_summary_each_after(desk: Desk) -> None:
    shop, blog = alert("shop"), alert("blog")
    service = Service(Outcome.HANDED_OVER)
    desk.raise_(shop, blog, *(ticket_alert(number) for number in range(40)))
    desk.clock.turn(hours=2)
    summary = desk.dispatch(service)
    assert "alerts are held since" in summary["note"]
    assert desk.outbox() == []
    desk.resolve(blog)  # what is over by then is nobody's concern

    live(desk)
    assert desk.dispatch(service)["handed_over"] == 41 + 1 + 41 + 1
    assert len(service.sent) == 4
    assert all("History" in (each.title or each.text) for each in service.sent)
    (mail,) = (each for each in service.sent if "40 breached" in each.title)
    assert mail.title.startswith("History, from before going live: SLA: 40 breached, 1 other")
    assert "from before going live" in mail.text
    assert desk.dispatch(service) == {"queued": 0, "superseded": 0, "held_back": 0}


def test_what_is_raised_after_it_and_ends_of_what_was_held_are_news(desk: Desk) -> None:
    shop = alert("shop")
    service = Service(Outcome.HANDED_OVER)
    desk.raise_(shop)
    desk.clock.turn(minutes=10)
    live(desk)
    desk.dispatch(service)
    service.sent.clear()
    desk.clock.turn(minutes=1)
    desk.raise_(alert("wiki", opened_at=desk.clock.now))
    desk.resolve(shop)
    desk.dispatch(service)
    titles = [each.title for each in service.sent if each.title]
    assert any(title.startswith("DOWN: wiki") for title in titles)
    assert any(title.startswith("RESOLVED: shop") for title in titles)
    assert not any("History" in (each.title or each.text) for each in service.sent)


def test_a_route_that_is_closed_tells_the_history_when_it_opens(desk: Desk) -> None:
    service = Service(Outcome.HANDED_OVER)
    desk.clock.turn(hours=8)
    desk.raise_(*(alert(name, Kind.FAULT, opened_at=desk.clock.now) for name in "abc"))
    live(desk)
    desk.dispatch(service)
    assert {row.target for row in desk.outbox()} == {"team_email"}
    service.sent.clear()
    desk.clock.turn(hours=13, minutes=1)
    desk.dispatch(service)
    (chat,) = service.sent
    assert "History, from before going live" in chat.text


def test_what_an_older_version_queued_and_never_sent_goes_out_as_history(desk: Desk) -> None:
    with writing(desk.store) as connection:
        connection.execute(delete(alert_hold))
    desk.raise_(alert("shop"), alert("blog", Kind.FAULT))
    addresses, desk.secrets = desk.secrets, {}
    desk.dispatch(Service(Outcome.HANDED_OVER))
    hold(desk.store)
    desk.secrets = addresses
    service = Service(Outcome.HANDED_OVER)
    desk.clock.turn(minutes=1)
    live(desk)
    desk.dispatch(service)
    (team,) = (each for each in service.sent if each.title.startswith("History"))
    assert {"shop", "blog"} <= {*re.findall(r"\w+", team.text)}


def test_a_report_that_was_queued_meanwhile_is_not_sent(desk: Desk) -> None:
    report = replace(alert("managers", Kind.REPORT), severity=Severity.INFO)
    decision = Decision("team_email", "email", Phase.FIRING, 0, 0, Reason.ADDRESSED, desk.clock.now)
    with writing(desk.store) as connection:
        raise_ended(connection, report, desk.clock.now)
        queue(connection, [(report, [decision])], desk.clock.now)
    released = go_live.run(Context(desk.store, Path(), desk.secrets.get), "Ada", desk.clock.now)
    assert released is not None
    assert released.withdrawn == 1
    service = Service(Outcome.HANDED_OVER)
    desk.dispatch(service)
    assert service.sent == []


def test_going_live_twice_does_nothing_the_second_time(desk: Desk) -> None:
    context = Context(desk.store, Path(), desk.secrets.get)
    first = go_live.run(context, "Ada", desk.clock.now)
    assert first is not None
    assert first.alerts == 0
    assert go_live.run(context, "Bob", desk.clock.now) is None


def test_no_other_flow_notifies_anybody_meanwhile(desk: Desk) -> None:
    service, outage = Service(Outcome.HANDED_OVER), alert("shop")
    desk.raise_(outage)
    desk.clock.turn(hours=3)
    assert watch_dispatch(desk.store, Flow.SLA_SWEEP, desk.clock.now) is None
    sent = alert_dispatch.send_alone(
        desk.store, desk.secrets.get, outage.key, desk.clock, send=service
    )
    assert "held" in sent["note"]
    assert service.sent == []


@pytest.fixture
def shell(desk: Desk, store_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    folder = tmp_path / "config"
    folder.mkdir()
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", store_address)
    monkeypatch.setenv("SUPPORTOPS_CONFIG", str(folder))
    monkeypatch.setenv("AIRFLOW_CONN_APPRISE_TEAM_EMAIL", "json://x")
    return desk


def typed(*words: str, code: int) -> str:
    answer = CliRunner().invoke(app, [*words])
    assert answer.exit_code == code, answer.output
    return answer.output


def test_the_command_shows_who_is_notified_and_asks_before_it_does_it(shell: Desk) -> None:
    shell.raise_(alert("shop"), *(ticket_alert(number) for number in range(3)))

    assert "nobody is notified until go-live" in typed("alerts", "list", code=1)
    shown = typed("go-live", code=1)
    assert "team_email (email): 1 outage, 3 sla breach\n" in shown
    assert "engineer_sms (sms): 1 outage - no address set here" in shown
    (outage,) = (line for line in shown.splitlines() if line.startswith("  outage: "))
    assert {"engineer_sms", "team_email", "boss_email after 30 min"} <= {
        *outage.removeprefix("  outage: ").split(", ")
    }
    assert "Nothing was changed" in shown
    assert "summaries go out with the next dispatch" in typed("go-live", "--yes", code=0)
    assert "is live: alerts go out" in typed("go-live", code=0)
    assert "held" not in typed("alerts", "list", code=1)
