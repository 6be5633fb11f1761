from __future__ import annotations

from sqlalchemy import Engine

from alert_builders import NOON, alert, minutes
from alerts.queueing import claimed, queued, recorded, rows
from supportops.alerts import outbox
from supportops.alerts.acts.log import acknowledge
from supportops.alerts.alert import Kind, Phase
from supportops.alerts.routing.decision import Decision, Reason
from supportops.alerts.store import resolve_alert
from supportops.db.engine import reading, writing


def test_queueing_twice_queues_once_and_counts_the_new_messages(store: Engine) -> None:
    assert queued(store, alert("One"), alert("Two")) == 2
    assert queued(store, alert("One"), alert("Two"), alert("Three")) == 1
    assert len(rows(store)) == 3


def test_queueing_blindly_the_same_decision_changes_nothing(store: Engine) -> None:
    one = alert()
    queued(store, one)
    again = [Decision("team_chat", "chat", Phase.FIRING, 0, 0, Reason.STEP_REACHED, NOON)]
    with writing(store) as connection:
        assert outbox.queue(connection, [(one, again)], NOON + minutes(5)) == 0
    assert [row.queued_at for row in rows(store)] == [NOON]


def test_only_decisions_that_send_are_queued(store: Engine) -> None:
    queued(store, alert())
    assert [(row.target, row.why, row.state) for row in rows(store)] == [
        ("team_chat", "step reached", "waiting")
    ]


def test_the_history_holds_the_messages_of_each_open_alert(store: Engine) -> None:
    one, two = alert("One"), alert("Two")
    queued(store, one, two)
    first, second = claimed(store)
    recorded(store, first, "handed_over")
    recorded(store, second, "failed")
    (again,) = claimed(store, NOON + minutes(1))
    recorded(store, again, "unknown", now=NOON + minutes(1))
    with reading(store) as connection:
        found = outbox.history(connection)
        assert outbox.history(connection, only_resolved=True) == {}
    (sent,), (unsent,) = found[one.key], found[two.key]
    assert (sent.handed_over, sent.failures, sent.finished, sent.at) == (True, 0, True, NOON)
    assert (unsent.handed_over, unsent.maybe_delivered, unsent.failures) == (False, True, 2)
    assert (unsent.finished, unsent.at, unsent.reason) == (
        False,
        NOON + minutes(1),
        Reason.STEP_REACHED,
    )


def test_a_resolved_alert_withdraws_its_alarms_but_not_what_may_have_arrived(
    store: Engine,
) -> None:
    queued(store, alert("Perhaps sent"))
    recorded(store, claimed(store)[0], "unknown")
    queued(store, alert("Not sent"), alert("Open"))
    with writing(store) as connection:
        for name in ("Perhaps sent", "Not sent"):
            assert resolve_alert(connection, Kind.OUTAGE, name, NOON)
        assert outbox.supersede(connection, NOON) == 2
        assert outbox.supersede(connection, NOON) == 0
    assert {row.alert.split(":")[1]: row.state for row in rows(store)} == {
        "Perhaps sent": "unknown",
        "Not sent": "superseded",
        "Open": "waiting",
    }


def test_what_is_on_its_way_is_not_withdrawn(store: Engine) -> None:
    queued(store, alert())
    (mine,) = claimed(store)
    with writing(store) as connection:
        resolve_alert(connection, Kind.OUTAGE, "Acme Shop", NOON)
        assert outbox.supersede(connection, NOON) == 0
    recorded(store, mine, "handed_over")
    assert rows(store)[0].state == "handed_over"


def test_an_acknowledged_alert_withdraws_later_steps_reminders_and_the_fallback(
    store: Engine,
) -> None:
    one = alert()
    queued(store, one)
    wanted = [
        Decision("a_chat", "chat", Phase.FIRING, 1, 0, Reason.STEP_REACHED, NOON),
        Decision("b_chat", "chat", Phase.FIRING, 0, 1, Reason.REMINDER, NOON),
        Decision("c_chat", "chat", Phase.FIRING, 0, 0, Reason.FALLBACK, NOON),
    ]
    with writing(store) as connection:
        outbox.queue(connection, [(one, wanted)], NOON)
        assert outbox.supersede(connection, NOON) == 0
        acknowledge(connection, one.key, "Ada", NOON)
        assert outbox.supersede(connection, NOON) == 3
    assert [row.target for row in rows(store) if row.state == "waiting"] == ["team_chat"]
