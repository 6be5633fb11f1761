"""Receivers: whether they have an address, test messages, and what happens once one is set."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from sqlalchemy import Engine, insert
from typer.testing import CliRunner

from alert_builders import NOON, alert
from dispatching import LEVELS, Desk, Service, configuration, everything_to, receivers
from inboxes import Endpoint, Mailbox
from supportops.alerts.alert import Kind
from supportops.cli.main import app
from supportops.context import Context
from supportops.db.engine import writing
from supportops.db.schema import alert_hold
from supportops.flows.alerts import receivers as flow
from supportops.flows.alerts.dispatching.posting import Send
from supportops.notify.outgoing import Outcome
from supportops.notify.send import send as real

NAMES = ("team_email", "engineer_sms", "team_chat")
ALERTS = {
    "receivers": receivers(*NAMES) | {"all": receivers("other_sms")["other_sms"]},
    "routes": [everything_to(*NAMES)],
    "fallback": ["team_chat"],
    "limits": {"sms": [{"count": 1, "period": "1h"}]},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    folder.mkdir()
    for name, content in (
        ("alerts", ALERTS),
        ("sites", {"sites": []}),
        ("service_levels", LEVELS),
    ):
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content))
    return folder


@pytest.fixture
def desk(store: Engine, mail: Mailbox, http: Endpoint) -> Desk:
    addresses = {
        "apprise_team_email": mail.url("team@example.com"),
        "apprise_engineer_sms": http.url("sms"),
        "apprise_team_chat": http.url("chat"),
    }
    desk = Desk(store, addresses)
    desk.activate(configuration(**ALERTS))
    return desk


def sent_to(desk: Desk, folder: Path, *names: str, send: Send = real) -> dict[str, str | None]:
    context = Context(desk.store, folder, lambda name: desk.secrets.get(name))
    found = flow.send_test(context, names, "Ada", desk.clock, send=send)
    return {each.target.name: each.outcome and each.outcome.outcome for each in found}


def test_a_marked_message_goes_the_real_way_to_each(
    desk: Desk, folder: Path, mail: Mailbox, http: Endpoint
) -> None:
    assert sent_to(desk, folder) == {
        "team_email": "handed_over",
        "engineer_sms": "handed_over",
        "team_chat": "handed_over",
        "other_sms": "nobody",
    }
    (letter,) = mail.wait_for(1)
    assert letter.subject.startswith("TEST: test message - nothing is wrong; Ada asked")
    assert {request.path for request in http.requests} == {"/sms", "/chat"}
    assert all("TEST" in request.json()["message"] for request in http.requests)
    assert len(desk.attempts()) == 4


def test_names_are_receivers_or_single_targets(desk: Desk, folder: Path) -> None:
    service = Service(Outcome.HANDED_OVER)
    assert sent_to(desk, folder, "engineer_sms", "all", send=service).keys() == {
        "engineer_sms",
        "other_sms",
    }
    with pytest.raises(LookupError, match=r"no receiver 'enginer_sms'.*engineer_sms"):
        sent_to(desk, folder, "enginer_sms", send=service)


def test_a_test_is_tried_once_raises_no_alert_and_is_not_open(desk: Desk, folder: Path) -> None:
    service = Service(Outcome.FAILED)
    assert set(sent_to(desk, folder, "team_email", "all", send=service).values()) == {
        "failed",
        "nobody",
    }
    desk.clock.turn(hours=2)
    desk.dispatch(service)
    assert len(service.sent) == 1
    assert desk.unsettled() == []
    assert {row.state for row in desk.outbox()} == {"given_up"}


def test_a_rate_limit_neither_holds_a_test_back_nor_is_used_up_by_it(
    desk: Desk, folder: Path
) -> None:
    service = Service(Outcome.HANDED_OVER)
    for _ in range(3):
        assert sent_to(desk, folder, "engineer_sms", send=service) == {
            "engineer_sms": "handed_over"
        }
    desk.raise_(alert("shop"))
    assert desk.dispatch(service)["held_back"] == 0
    assert sent_to(desk, folder, "engineer_sms", send=service) == {"engineer_sms": "handed_over"}


def test_a_test_goes_out_before_going_live(desk: Desk, folder: Path) -> None:
    with writing(desk.store) as connection:
        connection.execute(insert(alert_hold), {"id": 1, "since": NOON - timedelta(days=1)})
    desk.raise_(alert("shop"))
    service = Service(Outcome.HANDED_OVER)
    assert sent_to(desk, folder, "team_email", send=service) == {"team_email": "handed_over"}
    assert len(service.sent) == 1


def test_the_outcome_is_waited_for_where_another_dispatcher_has_the_message(
    desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service(Outcome.HANDED_OVER)
    first = flow.alert_dispatch.send_test

    def too_late(*arguments, **named):
        desk.dispatch(service, who="the other")
        return first(*arguments, **named)

    monkeypatch.setattr(flow.alert_dispatch, "send_test", too_late)
    assert sent_to(desk, folder, "team_email", send=service) == {"team_email": "handed_over"}
    assert len(service.sent) == 1


def test_what_waited_for_an_address_goes_out_with_the_next_dispatch(desk: Desk) -> None:
    service, known = Service(Outcome.HANDED_OVER), dict(desk.secrets)
    desk.secrets = {name: url for name, url in known.items() if name != "apprise_team_email"}
    desk.raise_(alert("shop"))
    desk.dispatch(service)
    assert [a.subject for a in desk.open_alerts(Kind.DELIVERY)] == ["team_email"]
    desk.clock.turn(minutes=1)
    desk.secrets = known
    service.sent.clear()
    desk.dispatch(service)
    assert any(title.startswith("DOWN: shop") for title in service.titles)
    assert desk.open_alerts(Kind.DELIVERY) == []


def test_an_address_that_is_set_ends_the_alert_where_nothing_is_due(desk: Desk) -> None:
    service, known = Service(Outcome.HANDED_OVER), dict(desk.secrets)
    desk.secrets = {name: url for name, url in known.items() if name != "apprise_team_email"}
    fault = alert("shop", Kind.FAULT)
    desk.raise_(fault)
    desk.dispatch(service)
    desk.resolve(fault)
    desk.clock.turn(minutes=1)
    desk.dispatch(service)
    assert desk.open_alerts(Kind.DELIVERY)
    desk.secrets = known
    desk.clock.turn(minutes=1)
    desk.dispatch(service)
    assert desk.open_alerts(Kind.DELIVERY) == []


def test_an_address_that_leads_nowhere_is_not_tried_at_every_dispatch(desk: Desk) -> None:
    service = Service(Outcome.HANDED_OVER)
    desk.secrets = {**desk.secrets, "apprise_team_email": ""}
    desk.raise_(alert("shop"))
    desk.dispatch(service)
    desk.secrets = {**desk.secrets, "apprise_team_email": "nonsense"}
    wrong = Service(Outcome.NOBODY)
    for _ in range(5):
        desk.clock.turn(minutes=1)
        desk.dispatch(wrong)
    assert desk.outcomes("team_email") == ["nobody", "nobody"]
    assert desk.open_alerts(Kind.DELIVERY)


def test_a_test_that_arrives_ends_the_alert_and_sends_what_waited(desk: Desk, folder: Path) -> None:
    failing, service = Service(Outcome.FAILED), Service(Outcome.HANDED_OVER)
    desk.raise_(alert("shop"))
    for _ in range(3):
        desk.dispatch(failing)
        desk.clock.turn(minutes=20)
    assert "team_email" in {a.subject for a in desk.open_alerts(Kind.DELIVERY)}
    desk.dispatch(failing)
    assert sent_to(desk, folder, "team_email", send=service) == {"team_email": "handed_over"}
    assert "team_email" not in {a.subject for a in desk.open_alerts(Kind.DELIVERY)}
    desk.dispatch(service)
    assert any(title.startswith("DOWN: shop") for title in service.titles)


@pytest.fixture
def shell(desk: Desk, store_address: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", store_address)
    monkeypatch.setenv("SUPPORTOPS_CONFIG", str(folder))
    for name, url in desk.secrets.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", url)
    return desk


def test_the_commands_show_what_the_log_has_and_never_a_secret(shell: Desk, mail: Mailbox) -> None:
    run = CliRunner()
    bad = run.invoke(app, ["receivers", "test", "--json"])
    assert bad.exit_code == 1
    assert {row["receiver"]: row["outcome"] for row in json.loads(bad.stdout)} == {
        "team_email": "handed_over",
        "engineer_sms": "handed_over",
        "team_chat": "handed_over",
        "other_sms": "nobody",
    }
    assert run.invoke(app, ["receivers", "test", "team_email", "--by", "Ada"]).exit_code == 0
    assert run.invoke(app, ["receivers", "test", "nobody_here"]).exit_code == 2
    listed = run.invoke(app, ["receivers", "list", "--json"])
    assert listed.exit_code == 1
    rows = {row["receiver"]: row for row in json.loads(listed.stdout)}
    assert rows["team_email"]["last_outcome"] == "handed_over"
    assert rows["other_sms"]["has_address"] is False
    table = run.invoke(app, ["receivers", "list"], env={"COLUMNS": "200"})
    assert "not set: apprise_other_sms" in table.stdout
    for shown in (bad, listed, table):
        assert "127.0.0.1" not in shown.output
        assert not any(url in shown.output for url in shell.secrets.values())
