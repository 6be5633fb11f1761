"""Rows that a newer version wrote, or that are damaged: everybody else still gets everything."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, text, update

from alert_builders import alert, minutes
from dispatching import Desk, configuration
from inboxes import Endpoint, Mailbox
from service_level_alerts import ticket_alert
from supportops.alerts import store as alert_store
from supportops.alerts.alert import Kind
from supportops.context import Context
from supportops.db.engine import reading, writing
from supportops.db.schema import alerts, messages, notification_log
from supportops.flows.alerts import alert_acts
from supportops.flows.alerts.dispatching import composing
from supportops.flows.alerts.watching.unreadable import SUBJECT
from supportops.flows.sla.sweeping.alerts import stored_alerts
from supportops.flows.sla.sweeping.evaluation import ticket_part
from supportops.notify.outgoing import Delivery, Outcome, OutgoingMessage

ODD, SOUND = alert("Odd"), alert("Sound")


@pytest.fixture
def desk(store: Engine, mail: Mailbox) -> Desk:
    desk = Desk(store, {"apprise_team_email": mail.url("team@example.com")})
    desk.activate(configuration("team_email"))
    return desk


def damage(desk: Desk, **values: Any) -> None:
    with writing(desk.store) as connection:
        connection.execute(update(alerts).where(alerts.c.key == ODD.key).values(values))


def subjects(mail: Mailbox) -> list[str]:
    return [email.subject for email in mail.mails]


def trouble(desk: Desk) -> list[str]:
    return [a.headline for a in desk.open_alerts(Kind.TASK_FAILED) if a.subject == SUBJECT]


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "volcano"},
        {"severity": "apocalyptic"},
        {"facts": [1, 2]},
        {"facts": "words"},
        {"facts": None},
    ],
)
def test_an_alert_that_cannot_be_read_stops_no_other_and_one_alert_says_so(
    desk: Desk, mail: Mailbox, values: dict[str, Any]
) -> None:
    desk.raise_(ODD, SOUND)
    damage(desk, **values)
    for _ in range(3):
        desk.dispatch()
        desk.clock.turn(minutes=5)
    assert [subject.split(" - ")[0] for subject in sorted(subjects(mail))] == [
        "DOWN: Sound",
        "TASK FAILED: stored alerts",
    ]
    (headline,) = trouble(desk)
    assert headline.startswith(f"1 row cannot be read or put into words: alert {ODD.key}: ")
    damage(desk, kind="outage", severity="critical", facts={})
    desk.dispatch()
    assert trouble(desk) == []
    assert any(subject.startswith("DOWN: Odd") for subject in subjects(mail))


def test_broken_json_in_sqlite_stops_no_other(desk: Desk, mail: Mailbox) -> None:
    if desk.store.dialect.name != "sqlite":
        pytest.skip("PostgreSQL stores no broken JSON")
    storm = [alert(f"Site {n}") for n in range(20)]
    desk.raise_(*storm, ODD)
    with writing(desk.store) as connection:
        connection.execute(text("UPDATE alerts SET facts = '{' WHERE subject = 'Odd'"))
        connection.execute(text("UPDATE alerts SET opened_at = 'noon' WHERE subject = 'Site 3'"))
    assert desk.dispatch()["handed_over"] == 20, "nineteen sites and the alert on these rows"
    (headline,) = trouble(desk)
    assert headline.startswith("2 rows cannot be read")


def test_an_unreadable_alert_is_ended_by_its_cause_all_the_same(desk: Desk) -> None:
    desk.raise_(ODD)
    damage(desk, severity="apocalyptic")
    desk.resolve(ODD)
    assert desk.open_alerts(Kind.OUTAGE) == []
    desk.raise_(alert("Odd", opened_at=desk.clock.now + minutes(1)))


def test_a_queued_message_of_an_alert_that_became_unreadable_waits_and_blames_no_target(
    desk: Desk, mail: Mailbox
) -> None:
    mail.down()
    desk.raise_(ODD, SOUND)
    desk.dispatch()
    damage(desk, kind="volcano")
    mail.up()
    for _ in range(4):
        desk.clock.turn(minutes=20)
        desk.dispatch()
    assert [s for s in subjects(mail) if s.startswith("DOWN: Odd")] == []
    assert len([s for s in subjects(mail) if s.startswith("DOWN: Sound")]) == 1
    assert desk.open_alerts(Kind.DELIVERY) == []


@pytest.mark.parametrize(
    "values", [{"phase": "dawning"}, {"why": "a whim"}, {"state": "pondering"}, {"channel": "owl"}]
)
def test_a_message_that_cannot_be_read_stops_no_other(
    desk: Desk, mail: Mailbox, values: dict[str, str]
) -> None:
    mail.down()
    desk.raise_(ODD)
    desk.dispatch()
    with writing(desk.store) as connection:
        odd = update(messages).where(messages.c.alert == ODD.key)
        connection.execute(odd.values(values))
    mail.up()
    desk.raise_(SOUND)
    desk.clock.turn(minutes=5)
    desk.dispatch()
    assert any(subject.startswith("DOWN: Sound") for subject in subjects(mail))
    assert bool(trouble(desk)) is ("channel" not in values), "the channel is the target's"


def test_an_attempt_with_an_unknown_outcome_stops_nobody(desk: Desk, mail: Mailbox) -> None:
    mail.down()
    desk.raise_(ODD)
    desk.dispatch()
    with writing(desk.store) as connection:
        connection.execute(update(notification_log).values(outcome="evaporated"))
    desk.clock.turn(minutes=5)
    desk.dispatch()
    mail.up()
    desk.clock.turn(minutes=5)
    desk.dispatch()
    assert any(subject.startswith("DOWN: Odd") for subject in subjects(mail))
    assert len(trouble(desk)) == 1


def test_one_alert_of_a_bundle_that_cannot_be_composed_leaves_the_bundle(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []

    def compose(notifications: Any, *rest: Any) -> OutgoingMessage:
        if any(each.alert.subject == "Odd" for each in notifications):
            raise TypeError("secret words")
        return original(notifications, *rest)

    def send(_: str, message: OutgoingMessage, **__: float) -> Delivery:
        sent.append(message.title)
        return Delivery(Outcome.HANDED_OVER, "handed over", 0.0)

    original = composing.compose
    monkeypatch.setattr(composing, "compose", compose)
    limits = {"email": [{"count": 3, "period": "15m"}]}
    desk.activate(configuration("team_email", limits=limits))
    desk.raise_(*(alert(f"Site {n:02}") for n in range(37)), ODD)
    for _ in range(4):
        desk.dispatch(send)
        desk.clock.turn(minutes=5)
    assert [title.split(":")[0] for title in sent] == ["37 sites down", "TASK FAILED"]
    assert "secret words" not in "".join(trouble(desk))
    assert len(trouble(desk)) == 1
    assert desk.open_alerts(Kind.DELIVERY) == [], "no target is to blame"
    monkeypatch.setattr(composing, "compose", original)
    desk.clock.turn(minutes=30)
    desk.dispatch(send)
    desk.dispatch(send)
    assert any(title.startswith("DOWN: Odd") for title in sent)
    assert trouble(desk) == []


def test_every_unreadable_row_is_in_one_alert(desk: Desk, mail: Mailbox) -> None:
    desk.raise_(*(alert(f"Odd {n}") for n in range(60)), SOUND)
    with writing(desk.store) as connection:
        odd = update(alerts).where(alerts.c.subject.like("Odd %"))
        connection.execute(odd.values(kind="volcano", severity="apocalyptic"))
    desk.dispatch()
    (headline,) = trouble(desk)
    assert headline.startswith("60 rows cannot be read")
    assert len(mail.mails) == 2


@pytest.mark.parametrize("find", [alert_store.list_open, alert_store.unsettled])
def test_lists_of_alerts_leave_out_what_they_cannot_read(
    desk: Desk, find: Callable[..., list[Any]]
) -> None:
    desk.raise_(ODD, SOUND)
    damage(desk, kind="volcano")
    with reading(desk.store) as connection:
        assert [each.subject for each in find(connection)] == ["Sound"]
        assert alert_store.find(connection, ODD.key) is None
        (odd,) = alert_store.read_open(connection).unreadable
    assert odd.key == ODD.key
    assert "volcano" in odd.why


def test_a_reference_takes_the_alert(desk: Desk, http: Endpoint, tmp_path: Any) -> None:
    from supportops.alerts.description import reference

    desk.raise_(ODD, SOUND)
    damage(desk, kind="volcano")
    context = Context(desk.store, tmp_path, lambda _: None)
    assert alert_acts.acknowledge(context, f"#{reference(SOUND)}", "Ada", desk.clock.now)
    with pytest.raises(alert_acts.UnknownAlert):
        alert_acts.acknowledge(context, "#000000", "Ada", desk.clock.now)
    (line,) = alert_acts.unreadable_alerts(context)
    assert line.startswith(ODD.key)
    assert json.dumps(line)


@pytest.mark.parametrize("ended", [False, True])
@pytest.mark.parametrize("damaged", ["{", "[1]", "null", '"words"'])
def test_a_breach_with_damaged_facts_stops_neither_dispatch_nor_sweep(
    desk: Desk, mail: Mailbox, damaged: str, ended: bool
) -> None:
    if desk.store.dialect.name != "sqlite" and damaged == "{":
        pytest.skip("PostgreSQL stores no broken JSON")
    odd = ticket_alert(1)
    desk.raise_(odd, ticket_alert(2), SOUND)
    with writing(desk.store) as connection:
        change = text(f"UPDATE alerts SET facts = '{damaged}' WHERE key = :key")
        connection.execute(change, {"key": odd.key})
    if ended:
        desk.resolve(odd)
    assert desk.dispatch()["handed_over"] == 3, "both others and the alert on this row"
    with reading(desk.store) as connection:
        stored = stored_alerts(connection, [ticket_part(ticket_alert(2).key)])
    assert stored
