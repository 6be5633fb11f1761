from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from alert_builders import NOON, alert, minutes, office, policy, route, step
from supportops.alerts import claims, outbox
from supportops.alerts import notification_log as log
from supportops.alerts.alert import Alert, Kind, Phase
from supportops.alerts.escalation import Decision, Reason, decide
from supportops.alerts.notification_log import Attempt
from supportops.alerts.outbox import MessageState, QueuedMessage
from supportops.alerts.policy import Limit
from supportops.alerts.rate_limit import allowance, bundles
from supportops.alerts.store import acknowledge, raise_alert, resolve_alert
from supportops.db.engine import reading, writing
from supportops.db.schema import messages, notification_log
from supportops.notify.outgoing import Outcome

LEASE = minutes(3)
POLICY = policy(route(step("team_chat"), step("boss_email", after=30)))


def queued(store: Engine, *alerts: Alert, now: datetime = NOON) -> int:
    """Raises `alerts` and queues what the policy wants at `now`."""
    with writing(store) as connection:
        for each in alerts:
            raise_alert(connection, each, now)
        known = outbox.history(connection)
        decided = [
            (each, decide(each, POLICY, known.get(each.key, ()), now, office())) for each in alerts
        ]
        return outbox.queue(connection, decided, now)


def claimed(
    store: Engine, now: datetime = NOON, who: str = "me", most: int = 32, without: Any = ()
) -> list[QueuedMessage]:
    with writing(store) as connection:
        return claims.claim(connection, now, who, LEASE, most, without)


def recorded(
    store: Engine, message: QueuedMessage, outcome: str, who: str = "me", **what: Any
) -> None:
    ends = {"handed_over": MessageState.HANDED_OVER}.get(outcome, MessageState.WAITING)
    now = what.pop("now", NOON)
    attempt = {"detail": "so it went", "bundle": f"{message.id}/{message.attempt}"}
    attempt |= {name: what.pop(name) for name in ("detail", "bundle") if name in what}
    known: dict[str, Any] = {"state": ends, "next_attempt_at": now + minutes(1), "now": now}
    known["attempt"] = Attempt(Outcome(outcome), **attempt, started_at=now, seconds=0.1)
    with writing(store) as connection:
        claims.record(connection, message, who, **(known | what))


def rows(store: Engine) -> list[Any]:
    with reading(store) as connection:
        return list(connection.execute(select(messages).order_by(messages.c.id)))


def names(found: Iterable[QueuedMessage]) -> list[str]:
    return [message.alert.split(":")[1] for message in found]


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


def test_a_claim_takes_the_urgent_first_and_then_the_oldest(store: Engine) -> None:
    queued(store, alert("Old fault", Kind.FAULT))
    queued(store, alert("New fault", Kind.FAULT), now=NOON + minutes(1))
    queued(store, alert("Outage"), now=NOON + minutes(2))
    now = NOON + minutes(3)
    assert names(claimed(store, now, most=2)) == ["Outage", "Old fault"]
    assert names(claimed(store, now, most=2)) == ["New fault"]
    assert claimed(store, now) == []


def test_what_may_have_arrived_comes_after_what_has_not(store: Engine) -> None:
    queued(store, alert("Perhaps sent"))
    claimed(store)
    queued(store, alert("Not sent"), now=NOON + minutes(1))
    found = claimed(store, NOON + LEASE)
    assert names(found) == ["Not sent", "Perhaps sent"]
    assert [message.maybe_sent for message in found] == [False, True]


def test_what_is_claimed_is_nobody_elses_until_its_lease_runs_out(store: Engine) -> None:
    queued(store, alert())
    (mine,) = claimed(store)
    assert (mine.attempt, mine.maybe_sent) == (1, False)
    assert claimed(store, NOON + LEASE - timedelta(microseconds=1), "other") == []
    (theirs,) = claimed(store, NOON + LEASE, "other")
    assert (theirs.id, theirs.attempt, theirs.maybe_sent) == (mine.id, 2, True)


@pytest.mark.parametrize(
    ("behind", "taken"), [(0.001, False), (60, False), (119, False), (3600, True)]
)
def test_only_a_claim_from_far_ahead_is_one_from_before_a_jump(
    store: Engine, behind: float, taken: bool
) -> None:
    queued(store, alert())
    claimed(store)
    assert bool(claimed(store, NOON - timedelta(seconds=behind), "other")) is taken


def test_a_message_queued_before_the_clock_jumped_back_is_due(store: Engine) -> None:
    queued(store, alert())
    assert len(claimed(store, NOON - timedelta(hours=1))) == 1


def test_a_message_that_waits_for_its_retry_is_due_after_a_jump_back(store: Engine) -> None:
    queued(store, alert())
    recorded(store, claimed(store)[0], "failed")
    assert claimed(store, NOON + timedelta(seconds=59)) == []
    assert len(claimed(store, NOON - timedelta(hours=1))) == 1


def test_targets_that_used_up_their_limit_are_left_out_and_counted(store: Engine) -> None:
    queued(store, alert("One"), alert("Two"))
    assert claimed(store, without=["team_chat"]) == []
    with reading(store) as connection:
        assert claims.held_back(connection, NOON, ["team_chat", "boss_email"]) == 2
        assert claims.held_back(connection, NOON, ["boss_email"]) == 0
        assert claims.held_back(connection, NOON, []) == 0


def test_a_released_message_was_never_tried(store: Engine) -> None:
    queued(store, alert("One"), alert("Two"))
    taken = claimed(store)
    with writing(store) as connection:
        claims.release(connection, taken, "somebody else", NOON)
    assert {row.state for row in rows(store)} == {"claimed"}
    with writing(store) as connection:
        claims.release(connection, taken, "me", NOON + minutes(1))
    assert claimed(store) == []
    again = claimed(store, NOON + minutes(1))
    assert [(m.attempt, m.maybe_sent) for m in again] == [(1, False)] * 2


def test_a_handed_over_message_is_finished(store: Engine) -> None:
    queued(store, alert())
    recorded(store, claimed(store)[0], "handed_over")
    (row,) = rows(store)
    assert (row.state, row.finished_at) == ("handed_over", NOON)
    assert claimed(store, NOON + timedelta(days=9)) == []


def test_an_unknown_outcome_marks_the_message_for_good(store: Engine) -> None:
    queued(store, alert())
    recorded(store, claimed(store)[0], "unknown")
    (again,) = claimed(store, NOON + minutes(1))
    assert again.maybe_sent
    recorded(store, again, "failed", now=NOON + minutes(1))
    (third,) = claimed(store, NOON + minutes(2))
    assert third.maybe_sent


def test_an_outcome_after_the_claim_was_lost_is_logged_and_changes_no_state(
    store: Engine,
) -> None:
    queued(store, alert())
    (mine,) = claimed(store)
    (theirs,) = claimed(store, NOON + LEASE, "other")
    recorded(store, mine, "failed", now=NOON + LEASE)
    assert rows(store)[0].state == "claimed"
    recorded(store, theirs, "handed_over", "other")
    assert rows(store)[0].state == "handed_over"
    with reading(store) as connection:
        found = connection.execute(select(notification_log.c.attempt)).scalars().all()
    assert found == [1, 2]


def test_recording_the_same_attempt_twice_keeps_the_first(store: Engine) -> None:
    queued(store, alert())
    (mine,) = claimed(store)
    recorded(store, mine, "handed_over")
    recorded(store, mine, "failed")
    assert rows(store)[0].state == "handed_over"
    with reading(store) as connection:
        assert connection.execute(select(notification_log.c.outcome)).scalars().all() == [
            "handed_over"
        ]


def test_a_detail_that_no_database_takes_is_stored_in_readable_form(store: Engine) -> None:
    queued(store, alert())
    recorded(store, claimed(store)[0], "failed", detail="a\0b\ud800c")
    with reading(store) as connection:
        assert connection.execute(select(notification_log.c.detail)).scalar() == "a\ufffdb?c"


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


def test_a_resolved_alert_takes_back_its_alarms_but_not_what_may_have_arrived(
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


def test_what_is_on_its_way_is_not_taken_back(store: Engine) -> None:
    queued(store, alert())
    (mine,) = claimed(store)
    with writing(store) as connection:
        resolve_alert(connection, Kind.OUTAGE, "Acme Shop", NOON)
        assert outbox.supersede(connection, NOON) == 0
    recorded(store, mine, "handed_over")
    assert rows(store)[0].state == "handed_over"


def test_an_acknowledged_alert_takes_back_later_steps_reminders_and_the_fallback(
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


def test_the_notification_log_counts_a_bundle_once(store: Engine) -> None:
    queued(store, *(alert(f"Site {n}") for n in range(5)))
    taken = claimed(store)
    for message in taken[:3]:
        recorded(store, message, "handed_over", bundle="one bundle")
    recorded(store, taken[3], "failed", now=NOON + minutes(1))
    recorded(store, taken[4], "unknown", now=NOON + minutes(2))
    with reading(store) as connection:
        sent = log.sent_in(connection, NOON - minutes(5), NOON + minutes(5))
        assert sorted(sent["team_chat"]) == [NOON, NOON + minutes(2)]
        assert log.sent_in(connection, NOON + minutes(3), NOON + minutes(5)) == {}
        assert log.last_outcomes(connection, "team_chat", 9) == [
            "unknown",
            "failed",
            "handed_over",
        ]
        assert log.last_outcomes(connection, "team_chat", 1) == ["unknown"]
        assert log.last_outcomes(connection, "boss_email", 3) == []
        assert log.unknown_attempts(connection, taken[4].id) == 1
        assert log.unknown_attempts(connection, taken[3].id) == 0


def test_what_is_on_its_way_counts_for_the_limit_until_its_lease_ends(store: Engine) -> None:
    queued(store, alert("One"), alert("Two"))
    claimed(store, most=1)
    with reading(store) as connection:
        assert claims.in_flight(connection, NOON) == {"team_chat": 1}
        assert claims.in_flight(connection, NOON - timedelta(seconds=1)) == {"team_chat": 1}
        assert claims.in_flight(connection, NOON + LEASE) == {}


FIVE, ELEVEN = Limit(5, minutes(15)), Limit(11, minutes(60))


@pytest.mark.parametrize(
    ("sent", "flying", "left"),
    [
        ([], 0, 5),
        ([0, 0, 0], 0, 2),
        ([0, 0, 0], 2, 0),
        ([14.9] * 5, 0, 0),
        ([15] * 5, 0, 5),
        ([20] * 9, 0, 2),
        ([20] * 11, 0, 0),
        ([60] * 11, 0, 5),
        ([-30], 0, 4),
    ],
)
def test_the_tightest_limit_rules(sent: list[float], flying: int, left: int) -> None:
    """`sent` in minutes ago; a negative one was sent before the clock jumped back."""
    at = [NOON - minutes(ago) for ago in sent]
    assert allowance((FIVE, ELEVEN), at, flying, NOON, 32) == left


def test_without_a_limit_as_many_go_as_fit() -> None:
    assert allowance((), [NOON] * 100, 100, NOON, 32) == 32


@pytest.mark.parametrize(
    ("count", "most", "found"),
    [
        (0, 3, []),
        (2, 3, [[0], [1]]),
        (3, 3, [[0], [1], [2]]),
        (5, 3, [[0], [1], [2, 3, 4]]),
        (4, 1, [[0, 1, 2, 3]]),
    ],
)
def test_the_overflow_shares_the_last_bundle(count: int, most: int, found: list[list[int]]) -> None:
    assert bundles(list(range(count)), most) == found
