from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from alert_builders import NOON, alert, minutes
from supportops.alerts import store as alerts
from supportops.alerts.acts import log as acts_log
from supportops.alerts.alert import Alert, Kind, Phase
from supportops.db.engine import reading, writing
from supportops.db.storable import storable


def raised(store: Engine, found: Alert, after: float = 0) -> bool:
    with writing(store) as connection:
        return alerts.raise_alert(connection, found, NOON + minutes(after))


def only_open(store: Engine) -> Alert:
    with reading(store) as connection:
        (found,) = alerts.list_open(connection)
    return found


def test_an_alert_comes_back_as_it_was_raised(store: Engine) -> None:
    one = alert(host="web-07", facts={"list": [1, "x"], "nested": {"a": None}})
    assert raised(store, one)
    assert only_open(store) == one
    with reading(store) as connection:
        assert alerts.find(connection, one.key) == one
        assert alerts.find_all(connection, [one.key, "none"]) == {one.key: one}
        assert alerts.find(connection, "none") is None


def test_raised_again_an_open_alert_is_brought_up_to_date_and_keeps_its_start(
    store: Engine,
) -> None:
    raised(store, alert())
    later = alert(opened_at=NOON + minutes(5), headline="worse", facts={"words": "worse"})
    assert not raised(store, later, after=5)
    found = only_open(store)
    assert (found.key, found.opened_at) == (alert().key, NOON)
    assert (found.headline, found.facts) == ("worse", {"words": "worse"})


def test_one_subject_may_have_open_alerts_of_several_kinds(store: Engine) -> None:
    assert raised(store, alert())
    assert raised(store, alert(kind=Kind.CERTIFICATE))
    with reading(store) as connection:
        assert len(alerts.list_open(connection)) == 2
        assert len(alerts.list_open(connection, Kind.CERTIFICATE)) == 1


def test_an_alert_is_resolved_once_and_keeps_its_facts(store: Engine) -> None:
    raised(store, alert())
    end = NOON + minutes(7)
    with writing(store) as connection:
        assert alerts.resolve_alert(connection, Kind.OUTAGE, "Acme Shop", end, {"checks": 3})
        assert not alerts.resolve_alert(connection, Kind.OUTAGE, "Acme Shop", end)
        assert not alerts.resolve_alert(connection, Kind.FAULT, "Acme Shop", end)
        assert alerts.list_open(connection) == []
        found = alerts.find(connection, alert().key)
    assert found is not None
    assert (found.resolved_at, found.phase) == (end, Phase.RESOLVED)
    assert found.facts == {**alert().facts, "checks": 3, "ended_at": end.isoformat()}


def test_an_alert_does_not_end_before_it_began(store: Engine) -> None:
    raised(store, alert())
    with writing(store) as connection:
        alerts.resolve_alert(connection, Kind.OUTAGE, "Acme Shop", NOON - minutes(60))
        found = alerts.find(connection, alert().key)
    assert found is not None
    assert found.resolved_at == NOON


def test_after_its_end_the_next_one_is_new(store: Engine) -> None:
    raised(store, alert())
    with writing(store) as connection:
        alerts.resolve_alert(connection, Kind.OUTAGE, "Acme Shop", NOON)
    second = alert(opened_at=NOON + minutes(5))
    assert raised(store, second)
    assert only_open(store) == second


def test_only_one_takes_an_alert_and_only_while_it_is_open(store: Engine) -> None:
    raised(store, alert())
    with writing(store) as connection:
        assert acts_log.acknowledge(connection, alert().key, "Ada", NOON)
        assert not acts_log.acknowledge(connection, alert().key, "Bob", NOON)
        assert not acts_log.acknowledge(connection, "none", "Bob", NOON)
    assert (only_open(store).acknowledged_by, only_open(store).acknowledged_at) == ("Ada", NOON)
    raised(store, alert("Other"))
    with writing(store) as connection:
        alerts.resolve_alert(connection, Kind.OUTAGE, "Other", NOON)
        assert not acts_log.acknowledge(connection, alert("Other").key, "Bob", NOON)


def test_only_an_alert_that_is_over_is_settled(store: Engine) -> None:
    raised(store, alert("Open"))
    raised(store, alert("Over"))
    with writing(store) as connection:
        alerts.resolve_alert(connection, Kind.OUTAGE, "Over", NOON)
        assert len(alerts.unsettled(connection)) == 2
        alerts.settle(connection, [alert("Open").key, alert("Over").key], NOON)
        alerts.settle(connection, [], NOON)
        assert [found.subject for found in alerts.unsettled(connection)] == ["Open"]


def test_alerts_that_nobody_saw_again_are_found(store: Engine) -> None:
    raised(store, alert("a.py", Kind.IMPORT_ERROR))
    raised(store, alert("b.py", Kind.IMPORT_ERROR))
    raised(store, alert("c.py", Kind.TASK_FAILED))
    raised(store, alert("b.py", Kind.IMPORT_ERROR), after=10)
    with reading(store) as connection:
        found = alerts.not_seen_since(connection, Kind.IMPORT_ERROR, NOON + minutes(5))
    assert [each.subject for each in found] == ["a.py"]


def test_text_that_no_database_takes_is_stored_readable(store: Engine) -> None:
    hostile = "a\0b\ud800c"
    one = alert(hostile, headline=hostile, customer=hostile, facts={hostile: [hostile, 1, None]})
    assert raised(store, one)
    assert not raised(store, one)
    found = only_open(store)
    assert (found.subject, found.customer) == ("a\ufffdb?c", "a\ufffdb?c")
    assert found.facts == {"a\ufffdb?c": ["a\ufffdb?c", 1, None]}
    with writing(store) as connection:
        assert alerts.resolve_alert(connection, Kind.OUTAGE, hostile, NOON, {"x": hostile})


@pytest.mark.parametrize("name", ["🔥", "x" * 5000, "'; DROP TABLE alerts; --", "%s %(a)s ?"])
def test_any_other_name_is_stored_as_it_is(store: Engine, name: str) -> None:
    one = alert(name)
    assert raised(store, one)
    assert only_open(store) == one
    assert replace(one, headline=storable(one.headline)) == one


def test_alerts_of_one_instant_are_read_in_the_order_of_their_keys(store: Engine) -> None:
    names = [f"Site {number:03}" for number in range(60)]
    for name in reversed(names[::2] + names[1::2]):
        raised(store, alert(name))
    with reading(store) as connection:
        assert [each.subject for each in alerts.unsettled(connection)] == names
        assert [each.subject for each in alerts.list_open(connection)] == names
