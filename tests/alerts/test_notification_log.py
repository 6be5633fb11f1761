from __future__ import annotations

from sqlalchemy import Engine, select

from alert_builders import NOON, alert, minutes
from alerts.queueing import claimed, queued, recorded, rows
from supportops.alerts import notification_log as log
from supportops.db.engine import reading, writing
from supportops.db.schema import notification_log
from supportops.notify.outgoing import Outcome


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
        ids = [message.id for message in taken]
        assert log.certain_attempts(connection, ids) == dict.fromkeys(ids[:4], 1)


def test_a_long_bundle_hides_no_earlier_attempt(store: Engine) -> None:
    queued(store, *(alert(f"Site {n}") for n in range(1100)))
    taken = claimed(store, most=2000)
    recorded(store, taken[0], "handed_over")
    for number, part in enumerate((taken[1:2], taken[2:])):
        made = log.Attempt(Outcome.FAILED, "refused", f"bundle {number}", NOON, 0.1)
        with writing(store) as connection:
            log.append(connection, [(message, made) for message in part])
    with reading(store) as connection:
        found = log.last_outcomes(connection, "team_chat", 3)
    assert found == ["failed", "failed", "handed_over"]
