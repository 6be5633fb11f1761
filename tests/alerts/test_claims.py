from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from alert_builders import NOON, alert, minutes
from alerts.queueing import LEASE, claimed, names, queued, recorded, rows
from supportops.alerts import claims
from supportops.alerts.alert import Kind
from supportops.db.engine import reading, writing
from supportops.db.schema import notification_log


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


def test_what_is_on_its_way_counts_for_the_limit_until_its_lease_ends(store: Engine) -> None:
    queued(store, alert("One"), alert("Two"))
    claimed(store, most=1)
    with reading(store) as connection:
        assert claims.in_flight(connection, NOON) == {"team_chat": 1}
        assert claims.in_flight(connection, NOON - timedelta(seconds=1)) == {"team_chat": 1}
        assert claims.in_flight(connection, NOON + LEASE) == {}
