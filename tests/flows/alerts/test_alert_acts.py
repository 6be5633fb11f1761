"""People take alerts, hand them on, give them back and put them off."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from alert_builders import NOON, alert, minutes
from dispatching import Desk, Service, configuration, receivers
from supportops.alerts import store as alert_store
from supportops.alerts.acts import log
from supportops.alerts.acts.act import ActKind, fold
from supportops.alerts.alert import Alert, Kind
from supportops.alerts.description import reference
from supportops.alerts.outbox import MessageState
from supportops.context import Context, no_secrets
from supportops.db.engine import reading, writing
from supportops.flows.alerts import alert_acts
from supportops.notify.outgoing import Outcome

SHOP = alert()
# The references of these two begin alike.
TWINS = FIRST, SECOND = alert("shop-6486"), alert("shop-6534")


def stored(context: Context, key: str = SHOP.key) -> Alert:
    with reading(context.engine) as connection:
        found = alert_store.find(connection, key)
    assert found is not None
    return found


def acts(context: Context) -> list[tuple[str, str, str]]:
    with reading(context.engine) as connection:
        return [(act.kind.value, act.by, act.note) for act in log.acts_of(connection, SHOP.key)]


def at(count: float) -> datetime:
    return NOON + minutes(count)


@pytest.fixture
def context(store: Engine) -> Context:
    with writing(store) as connection:
        alert_store.raise_alert(connection, SHOP, NOON)
    return Context(store, Path(), no_secrets)


@pytest.fixture
def service() -> Service:
    return Service(Outcome.HANDED_OVER)


@pytest.fixture
def desk(context: Context) -> Desk:
    """A first step at once, a second after half an hour, a third after an hour."""
    names = ("engineer_chat", "second_chat", "boss_chat")
    desk = Desk(context.engine, {f"apprise_{name}": "json://localhost" for name in names})
    steps = [{"after": f"{30 * number}m", "receivers": [name]} for number, name in enumerate(names)]
    desk.activate(
        configuration(receivers=receivers(*names), routes=[{"name": "all", "steps": steps}])
    )
    return desk


def sent(desk: Desk, service: Service, at: datetime) -> list[str]:
    """To whom a dispatch at this instant sends."""
    before, desk.clock.now = len(desk.attempts()), at
    desk.dispatch(service)
    return [row.target for row in desk.attempts()[before:]]


def test_an_acknowledgement_has_a_note_and_ends_by_itself(context: Context) -> None:
    done = alert_acts.acknowledge(
        context, f"#{reference(SHOP)}", "Ada", at(5), note="on it", until=at(65)
    )
    assert done.said == "Ada has it until 2026-11-24 13:05 UTC"
    found = stored(context)
    assert (found.acknowledged_by, found.acknowledged_until) == ("Ada", at(65))
    assert acts(context) == [("acknowledged", "Ada", "on it")]
    assert found.at(at(64)).acknowledged_by == "Ada"
    assert found.at(at(65)).acknowledged_by is None
    again = alert_acts.acknowledge(context, SHOP.key, "Bob", at(66))
    assert (again.alert.acknowledged_by, again.alert.acknowledged_until) == ("Bob", None)
    assert again.alert.resumed_at == at(65)


def test_the_second_of_two_is_told_who_has_it(context: Context) -> None:
    alert_acts.acknowledge(context, SHOP.key, "Ada", at(1), until=at(30))
    with pytest.raises(alert_acts.AlreadyTaken, match="Ada has it already") as refused:
        alert_acts.acknowledge(context, SHOP.key, "Bob", at(2))
    assert (refused.value.by, refused.value.at, refused.value.until) == ("Ada", at(1), at(30))
    assert acts(context) == [("acknowledged", "Ada", "")]


def test_of_ten_at_once_one_has_it(context: Context) -> None:
    def take(number: int) -> bool:
        try:
            alert_acts.acknowledge(context, SHOP.key, f"person {number}", at(1))
        except alert_acts.AlreadyTaken:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(take, range(10)))
    assert taken.count(True) == 1
    assert acts(context) == [("acknowledged", f"person {taken.index(True)}", "")]
    assert stored(context).acknowledged_by == f"person {taken.index(True)}"


def test_taking_over_records_who_had_it_and_only_from_whom_one_saw(context: Context) -> None:
    alert_acts.acknowledge(context, SHOP.key, "Ada", at(1))
    done = alert_acts.take_over(context, SHOP.key, "Bob", at(2), holder="Ada")
    assert done.said == "Bob has it, taken over from Ada"
    with pytest.raises(alert_acts.AlreadyTaken, match="Bob has it"):
        alert_acts.take_over(context, SHOP.key, "Cleo", at(3), holder="Ada")
    assert acts(context) == [("acknowledged", "Ada", ""), ("taken_over", "Bob", "")]


def test_taking_over_from_nobody_is_an_acknowledgement(context: Context) -> None:
    alert_acts.take_over(context, SHOP.key, "Bob", at(2), note="mine")
    assert acts(context) == [("acknowledged", "Bob", "mine")]


def test_whoever_has_it_may_take_it_for_longer(context: Context) -> None:
    alert_acts.acknowledge(context, SHOP.key, "Ada", at(1), until=at(30))
    done = alert_acts.take_over(context, SHOP.key, "Ada", at(20), until=at(90))
    assert done.said == "Ada has it until 2026-11-24 13:30 UTC"
    assert done.alert.acknowledged_until == at(90)
    assert acts(context) == [("acknowledged", "Ada", "")] * 2


def test_what_cannot_be_done_says_why_and_leaves_no_trace(context: Context) -> None:
    key, refused = SHOP.key, alert_acts.AlertActError
    with pytest.raises(refused, match="nobody has it"):
        alert_acts.unacknowledge(context, key, "Ada", at(1))
    with pytest.raises(refused, match="not snoozed"):
        alert_acts.end_snooze(context, key, "Ada", at(1))
    with pytest.raises(refused, match="is past"):
        alert_acts.snooze(context, key, "Ada", at(0), at(1))
    with pytest.raises(refused, match="more than 366 days"):
        alert_acts.acknowledge(context, key, "Ada", at(1), until=at(60 * 24 * 400))
    with pytest.raises(refused, match="a name is missing"):
        alert_acts.acknowledge(context, key, " \u202e ", at(1))
    with pytest.raises(refused, match="1001 characters"):
        alert_acts.acknowledge(context, key, "Ada", at(1), note="x" * 1001)
    with writing(context.engine) as connection:
        alert_store.resolve_alert(connection, Kind.OUTAGE, SHOP.subject, at(2))
    with pytest.raises(refused, match="it is over since 2026-11-24 12:02 UTC"):
        alert_acts.acknowledge(context, key, "Ada", at(3))
    assert acts(context) == []


def test_act_and_alert_are_written_together_or_not_at_all(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(log, "_append", killed)
        with pytest.raises(KeyboardInterrupt):
            alert_acts.acknowledge(context, SHOP.key, "Ada", at(1))
    assert stored(context).acknowledged_by is None
    alert_acts.acknowledge(context, SHOP.key, "Ada", at(1))
    assert acts(context) == [("acknowledged", "Ada", "")]


class TestReferences:
    def test_a_short_reference_that_two_open_alerts_have_is_refused_with_longer_ones(
        self, context: Context
    ) -> None:
        with writing(context.engine) as connection:
            for each in TWINS:
                alert_store.raise_alert(connection, each, NOON)
        short = reference(FIRST)
        assert short == reference(SECOND)
        with pytest.raises(alert_acts.AmbiguousReference, match="is 2 alerts") as refused:
            alert_acts.find(context, f"#{short}")
        longer = refused.value.references[SECOND.key]
        assert alert_acts.find(context, f"#{longer.upper()}").key == SECOND.key
        alert_acts.acknowledge(context, SECOND.key, "Ada", at(1))
        with writing(context.engine) as connection:
            alert_store.resolve_alert(connection, Kind.OUTAGE, SECOND.subject, at(2))
        assert alert_acts.find(context, short).key == FIRST.key  # the one that is open

    def test_of_an_alert_that_is_over_the_reference_still_finds_the_history(
        self, context: Context
    ) -> None:
        with writing(context.engine) as connection:
            alert_store.resolve_alert(connection, Kind.OUTAGE, SHOP.subject, at(2))
        assert alert_acts.find(context, f" #{reference(SHOP)} ").key == SHOP.key

    @pytest.mark.parametrize("written", ["", "#", "#abc", "zzzzzz", "#000000", "\x00", "%"])
    def test_what_names_no_alert_says_so(self, context: Context, written: str) -> None:
        with pytest.raises(alert_acts.UnknownAlert, match="no alert"):
            alert_acts.find(context, written)


class TestDispatch:
    def test_an_expired_acknowledgement_sends_the_step_that_is_reached(
        self, context: Context, desk: Desk, service: Service
    ) -> None:
        assert sent(desk, service, at(0)) == ["engineer_chat"]
        alert_acts.acknowledge(context, SHOP.key, "Ada", at(1), until=at(90))
        assert sent(desk, service, at(60)) == []
        assert sent(desk, service, at(91)) == ["boss_chat"]
        assert sent(desk, service, at(92)) == []
        assert stored(context).acknowledged_by is None

    def test_what_an_acknowledgement_withdrew_goes_out_when_it_is_given_back(
        self, context: Context, desk: Desk, service: Service
    ) -> None:
        sent(desk, service, at(0))
        service.outcome = Outcome.FAILED
        assert sent(desk, service, at(30)) == ["second_chat"]
        alert_acts.acknowledge(context, SHOP.key, "Ada", at(31))
        service.outcome = Outcome.HANDED_OVER
        assert sent(desk, service, at(35)) == []
        (second,) = [row for row in desk.outbox() if row.target == "second_chat"]
        assert second.state == MessageState.SUPERSEDED
        alert_acts.unacknowledge(context, SHOP.key, "Ada", at(40))
        assert sent(desk, service, at(40)) == ["second_chat"]
        assert sent(desk, service, at(41)) == []

    def test_a_snooze_puts_steps_off(self, context: Context, desk: Desk, service: Service) -> None:
        sent(desk, service, at(0))
        alert_acts.snooze(context, SHOP.key, "Ada", at(45), at(10), note="restart")
        assert [sent(desk, service, at(count)) for count in (30, 44)] == [[], []]
        assert sent(desk, service, at(45)) == ["second_chat"]
        alert_acts.snooze(context, SHOP.key, "Ada", at(500), at(50))
        alert_acts.end_snooze(context, SHOP.key, "Bob", at(55))
        assert sent(desk, service, at(60)) == ["boss_chat"]

    def test_the_history_is_one_list_of_acts_and_messages(
        self, context: Context, desk: Desk, service: Service
    ) -> None:
        sent(desk, service, at(0))
        alert_acts.acknowledge(context, SHOP.key, "Ada", at(1), note="on it", until=at(20))
        alert_acts.snooze(context, SHOP.key, "Bob", at(50), at(25))
        found = alert_acts.history(context, reference(SHOP), at(60))
        assert [(entry.what, entry.who, entry.note) for entry in found.entries] == [
            ("raised", "", "Acme Shop is in trouble"),
            ("alarm, step 1 queued (chat), step reached", "engineer_chat", ""),
            ("alarm, step 1 sent (chat): handed over", "engineer_chat", ""),
            ("acknowledged until 2026-11-24 12:20 UTC", "Ada", "on it"),
            ("acknowledgement ended", "Ada", ""),
            ("snoozed until 2026-11-24 12:50 UTC", "Bob", ""),
            ("snooze ended", "Bob", ""),
        ]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    done=st.lists(
        st.tuples(
            st.sampled_from(list(ActKind)),
            st.sampled_from(["Ada", "Bob"]),
            st.integers(1, 20),
            st.one_of(st.none(), st.integers(1, 60)),
        ),
        max_size=8,
    )
)
def test_the_columns_are_the_fold_of_the_acts(
    context: Context, done: list[tuple[ActKind, str, int, int | None]]
) -> None:
    one, now = alert(f"shop {hash(tuple(done))}"), NOON
    with writing(context.engine) as connection:
        alert_store.raise_alert(connection, one, NOON)
    for kind, who, pause, length in done:
        now += minutes(pause)
        end = None if length is None else now + minutes(length)
        try:
            match kind:
                case ActKind.ACKNOWLEDGED:
                    alert_acts.acknowledge(context, one.key, who, now, until=end)
                case ActKind.TAKEN_OVER:
                    alert_acts.take_over(context, one.key, who, now, until=end)
                case ActKind.UNACKNOWLEDGED:
                    alert_acts.unacknowledge(context, one.key, who, now)
                case ActKind.SNOOZED:
                    alert_acts.snooze(context, one.key, who, end or now + minutes(5), now)
                case ActKind.WOKEN:
                    alert_acts.end_snooze(context, one.key, who, now)
        except alert_acts.AlertActError:
            pass
    with reading(context.engine) as connection:
        standing = fold(log.acts_of(connection, one.key), now)
        found = alert_store.find(connection, one.key)
    assert found is not None
    columns = {name: getattr(found.at(now), name) for name in standing.__slots__}
    assert columns == {name: getattr(standing, name) for name in standing.__slots__}
