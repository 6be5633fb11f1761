from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_builders import NIGHT, NOON, alert, minutes, office, policy, route, step
from supportops.alerts.alert import Alert, Kind, Phase, Severity
from supportops.alerts.escalation import Decision, Entry, Why, decide
from supportops.alerts.policy import AlertPolicy, Hours, Retry

OPENING = NIGHT.replace(hour=9)
CRITICAL = route(
    step("engineer_sms", "team_chat"), step("manager_email", after=30), remind=minutes(60)
)


@dataclass
class Story:
    """An alert's life in front of a policy: `at` decides, and what it sends is handed over."""

    policy: AlertPolicy
    alert: Alert
    ledger: list[Entry]

    @classmethod
    def of(cls, policy: AlertPolicy, **changes: Any) -> Story:
        return cls(policy, alert(**changes), [])

    def decide(self, now: datetime) -> list[Decision]:
        return decide(self.alert, self.policy, self.ledger, now, office())

    def at(self, now: datetime, **outcome: Any) -> set[str]:
        """Who is told at `now`; the messages end as `outcome` says, handed over by default."""
        sent = [decision for decision in self.decide(now) if decision.sends]
        outcome = outcome or {"handed_over": True, "finished": True}
        self.ledger += [entry(decision, at=now, **outcome) for decision in sent]
        return {decision.target for decision in sent}

    def why(self, now: datetime) -> dict[str, Why]:
        return {decision.target: decision.why for decision in self.decide(now)}

    def acknowledge(self, now: datetime) -> None:
        self.alert = replace(self.alert, acknowledged_at=now, acknowledged_by="Ada")

    def resolve(self, now: datetime) -> None:
        """As the outbox does it: alarms that never went out are taken back."""
        self.alert = replace(self.alert, resolved_at=now)
        self.ledger = [e for e in self.ledger if e.finished or e.told]


def entry(decision: Decision, **changes: Any) -> Entry:
    key = (decision.target, decision.phase, decision.step, decision.reminder)
    return Entry(*key, **({"why": decision.why} | changes))


FAILED = {"failures": 1, "finished": False}


def test_an_outage_is_told_at_once_and_the_manager_hears_after_half_an_hour() -> None:
    story = Story.of(policy(CRITICAL))
    assert story.at(NOON) == {"engineer_sms", "team_chat"}
    assert story.at(NOON + minutes(1)) == set()
    assert story.at(NOON + minutes(29)) == set()
    assert story.why(NOON + minutes(29))["manager_email"] is Why.NOT_YET
    assert story.at(NOON + minutes(30)) == {"manager_email"}
    assert story.at(NOON + minutes(31)) == set()


def test_who_acknowledges_hears_no_reminder_and_spares_the_manager() -> None:
    story = Story.of(policy(CRITICAL))
    story.at(NOON)
    story.acknowledge(NOON + minutes(10))
    for later in (30, 60, 600):
        assert story.at(NOON + minutes(later)) == set()
    assert story.why(NOON + minutes(30))["manager_email"] is Why.ACKNOWLEDGED


def test_resolved_is_told_to_those_who_heard_of_it_and_to_nobody_else() -> None:
    story = Story.of(policy(CRITICAL))
    story.at(NOON)
    story.resolve(NOON + minutes(5))
    assert story.at(NOON + minutes(5)) == {"engineer_sms", "team_chat"}
    assert story.at(NOON + minutes(6)) == set()


def test_an_alarm_that_never_went_out_is_followed_by_no_resolve() -> None:
    story = Story.of(policy(CRITICAL))
    story.at(NOON, **FAILED)
    story.resolve(NOON + minutes(5))
    assert story.decide(NOON + minutes(5)) == []


def test_an_alarm_that_may_have_arrived_is_followed_by_a_resolve() -> None:
    story = Story.of(policy(CRITICAL))
    story.at(NOON, maybe_told=True, failures=1)
    story.resolve(NOON + minutes(5))
    assert story.at(NOON + minutes(5)) == {"engineer_sms", "team_chat"}


def test_an_alert_that_nobody_heard_of_before_it_ended_tells_nobody() -> None:
    story = Story.of(policy(CRITICAL))
    story.resolve(NOON + minutes(1))
    assert story.decide(NOON + minutes(2)) == []


def test_an_office_route_waits_for_the_opening() -> None:
    story = Story.of(policy(route(step("team_email"), hours=Hours.OFFICE)), opened_at=NIGHT)
    assert story.at(NIGHT) == set()
    assert story.at(OPENING - minutes(1 / 60)) == set()
    assert story.why(NIGHT) == {"team_email": Why.OUTSIDE_HOURS}
    assert story.at(OPENING) == {"team_email"}


def test_on_an_office_route_the_steps_count_from_the_opening() -> None:
    steps = step("team_email"), step("manager_email", after=30)
    story = Story.of(policy(route(*steps, hours=Hours.OFFICE)), opened_at=NIGHT)
    assert story.at(OPENING) == {"team_email"}
    assert story.at(OPENING + minutes(29)) == set()
    assert story.at(OPENING + minutes(30)) == {"manager_email"}


def test_an_outside_route_is_silent_in_office_hours() -> None:
    night = policy(route(step("engineer_sms"), hours=Hours.OUTSIDE))
    assert Story.of(night, opened_at=NIGHT).at(NIGHT) == {"engineer_sms"}
    assert Story.of(night).at(NOON) == set()
    assert Story.of(night).at(NOON.replace(hour=17)) == {"engineer_sms"}


def test_who_was_woken_by_an_outside_route_hears_the_end_also_in_office_hours() -> None:
    story = Story.of(policy(route(step("engineer_sms"), hours=Hours.OUTSIDE)), opened_at=NIGHT)
    story.at(NIGHT)
    story.resolve(NOON)
    assert story.at(NOON) == {"engineer_sms"}


def test_the_end_of_an_office_route_waits_for_the_next_morning() -> None:
    story = Story.of(policy(route(step("team_email"), hours=Hours.OFFICE)))
    story.at(NOON)
    evening = NOON.replace(hour=20)
    story.resolve(evening)
    assert story.at(evening) == set()
    assert story.why(evening) == {"team_email": Why.OUTSIDE_HOURS}
    assert story.at(NOON.replace(hour=9) + timedelta(days=1)) == {"team_email"}


def test_a_route_may_tell_no_end() -> None:
    story = Story.of(policy(route(step("team_email"), resolved=False)))
    story.at(NOON)
    story.resolve(NOON)
    assert story.why(NOON) == {"team_email": Why.NOT_WANTED}


def test_a_target_named_by_two_routes_is_told_once() -> None:
    story = Story.of(policy(route(step("team_chat")), route(step("team_chat", "team_email"))))
    assert Counter(d.target for d in story.decide(NOON)) == {"team_chat": 1, "team_email": 1}
    assert story.at(NOON) == {"team_chat", "team_email"}
    assert story.at(NOON + minutes(5)) == set()


def test_a_target_hears_through_the_route_that_is_open_when_another_is_closed() -> None:
    closed, always = route(step("team_chat"), hours=Hours.OFFICE), route(step("team_chat"))
    assert Story.of(policy(closed, always), opened_at=NIGHT).at(NIGHT) == {"team_chat"}


@pytest.mark.parametrize(
    ("match", "hears"),
    [
        ({"kinds": (Kind.OUTAGE,)}, True),
        ({"kinds": (Kind.FAULT,)}, False),
        ({"severities": (Severity.CRITICAL,)}, True),
        ({"severities": (Severity.INFO,)}, False),
        ({"sites": ("Acme Shop",)}, True),
        ({"sites": ("Acme",)}, False),
        ({"customers": ("Acme Ltd", "Other")}, True),
        ({"customers": ("Other",)}, False),
        ({"kinds": (Kind.OUTAGE,), "customers": ("Other",)}, False),
    ],
)
def test_a_route_matches_when_all_that_it_names_fits(match: dict[str, Any], hears: bool) -> None:
    told = Story.of(policy(route(step("team_chat"), **match))).at(NOON)
    assert told == ({"team_chat"} if hears else set())


def test_reminders_come_one_interval_after_the_last_word() -> None:
    story = Story.of(policy(route(step("team_chat"), remind=minutes(60))))
    story.at(NOON)
    assert story.at(NOON + minutes(59)) == set()
    assert story.at(NOON + minutes(60)) == {"team_chat"}
    assert story.at(NOON + minutes(119)) == set()
    assert story.at(NOON + minutes(121)) == {"team_chat"}
    assert [e.reminder for e in story.ledger] == [0, 1, 2]


def test_no_reminder_follows_a_message_that_is_still_on_its_way() -> None:
    story = Story.of(policy(route(step("team_chat"), remind=minutes(60))))
    story.at(NOON, **FAILED)
    assert story.at(NOON + minutes(90)) == set()


def test_the_reminders_of_an_office_route_wait_too() -> None:
    daily = route(step("team_chat"), remind=timedelta(hours=8), hours=Hours.OFFICE)
    story = Story.of(policy(daily))
    story.at(NOON)
    assert story.at(NOON + timedelta(hours=8)) == set()
    assert story.at(NOON.replace(hour=9) + timedelta(days=1)) == {"team_chat"}


def test_when_a_critical_alarm_fails_the_fallback_hears_at_once() -> None:
    story = Story.of(policy(CRITICAL, fallback=["boss_email"]))
    assert story.at(NOON, **FAILED) == {"engineer_sms", "team_chat"}
    assert story.at(NOON) == {"boss_email"}
    assert story.at(NOON + minutes(1)) == set()


def test_a_fallback_that_heard_already_is_not_told_again() -> None:
    story = Story.of(policy(route(step("engineer_sms", "team_chat")), fallback=["team_chat"]))
    story.at(NOON, **FAILED)
    assert story.at(NOON) == set()


def test_a_fallback_that_would_hear_only_later_hears_now() -> None:
    story = Story.of(policy(CRITICAL, fallback=["manager_email"]))
    story.at(NOON, **FAILED)
    assert story.at(NOON) == {"manager_email"}
    assert story.at(NOON + minutes(30)) == {"manager_email"}, "the step is a message of its own"


def test_a_warning_that_fails_waits_for_its_retry() -> None:
    faults = policy(route(step("team_email")), fallback=["boss_email"])
    story = Story.of(faults, kind=Kind.FAULT)
    story.at(NOON, **FAILED)
    assert story.at(NOON) == set()


def test_nobody_else_is_sought_once_somebody_took_the_alert() -> None:
    story = Story.of(policy(CRITICAL, fallback=["boss_email"]))
    story.at(NOON, **FAILED)
    story.acknowledge(NOON)
    assert story.at(NOON) == set()
    assert story.why(NOON)["boss_email"] is Why.ACKNOWLEDGED


def test_whom_the_fallback_told_hears_the_end_at_once_whatever_a_route_says() -> None:
    office_hours = route(step("boss_email"), hours=Hours.OFFICE, resolved=False)
    story = Story.of(policy(CRITICAL, office_hours, fallback=["boss_email"]), opened_at=NIGHT)
    assert story.at(NIGHT, **FAILED) == {"engineer_sms", "team_chat"}
    assert story.at(NIGHT) == {"boss_email"}
    story.resolve(NIGHT + minutes(5))
    assert story.at(NIGHT + minutes(5)) == {"boss_email"}


def test_that_a_target_fails_is_told_to_everybody_but_itself() -> None:
    operations = policy(route(step("team_email", "team_chat")), fallback=["boss_email"])
    story = Story.of(operations, kind=Kind.DELIVERY, subject="team_email")
    assert story.at(NOON) == {"team_chat", "boss_email"}
    assert story.why(NOON)["team_email"] is Why.FAILING_TARGET
    story.resolve(NOON + minutes(5))
    assert story.at(NOON + minutes(5)) == {"team_chat", "boss_email"}


def test_that_the_only_fallback_fails_is_not_told_to_itself() -> None:
    story = Story.of(policy(fallback=["boss_email"]), kind=Kind.DELIVERY, subject="boss_email")
    assert story.at(NOON) == set()


def test_a_target_that_left_the_configuration_hears_nothing_more() -> None:
    story = Story.of(policy(CRITICAL))
    story.at(NOON)
    story.policy = policy(route(step("team_chat")))
    assert story.at(NOON + minutes(60)) == set()
    story.resolve(NOON + minutes(61))
    assert story.at(NOON + minutes(61)) == {"team_chat"}


def test_a_target_that_lost_its_route_still_hears_the_end() -> None:
    story = Story.of(policy(route(step("team_chat"), kinds=(Kind.OUTAGE,))))
    story.at(NOON)
    story.policy = policy(route(step("team_chat"), kinds=(Kind.FAULT,)))
    story.resolve(NOON)
    assert story.at(NOON) == {"team_chat"}


def test_a_target_that_is_added_hears_of_what_is_open() -> None:
    story = Story.of(policy(route(step("team_chat"))))
    story.at(NOON)
    story.policy = policy(route(step("team_chat", "new_email")))
    assert story.at(NOON + minutes(5)) == {"new_email"}


def test_an_alert_that_comes_back_is_a_new_story() -> None:
    first, second = (
        Story.of(policy(CRITICAL)),
        Story.of(policy(CRITICAL), opened_at=NOON + minutes(9)),
    )
    first.at(NOON)
    first.resolve(NOON + minutes(5))
    assert second.at(NOON + minutes(9)) == {"engineer_sms", "team_chat"}
    assert first.at(NOON + minutes(9)) == {"engineer_sms", "team_chat"}


def test_a_decision_says_since_when_it_was_due() -> None:
    story = Story.of(policy(CRITICAL))
    due = {d.target: d.due_at for d in story.decide(NOON + timedelta(hours=5))}
    assert due == {
        "engineer_sms": NOON,
        "team_chat": NOON,
        "manager_email": NOON + minutes(30),
    }


@pytest.mark.parametrize(
    ("attempt", "plain"), [(1, 30), (2, 60), (3, 120), (5, 480), (6, 900), (200, 900)]
)
def test_retries_wait_twice_as_long_each_time_up_to_a_ceiling(attempt: int, plain: int) -> None:
    pauses = [Retry().pause(f"message {n}", attempt).total_seconds() for n in range(200)]
    assert min(pauses) >= plain * 0.8
    assert max(pauses) <= plain * 1.2
    assert max(pauses) - min(pauses) > plain * 0.3, "the jitter spreads them"
    assert pauses[7] == Retry().pause("message 7", attempt).total_seconds()


NAMES = ["a_sms", "b_email", "c_chat", "d_email"]
names = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True)
steps = st.lists(names, min_size=1, max_size=3).map(
    lambda found: tuple(step(*who, after=20 * n) for n, who in enumerate(found))
)
routes = st.builds(
    lambda steps, hours, remind, resolved: route(
        *steps, hours=hours, remind=remind, resolved=resolved
    ),
    steps,
    st.sampled_from(Hours),
    st.sampled_from([None, minutes(15), minutes(60)]),
    st.booleans(),
)
policies = st.builds(
    lambda routes, fallback: policy(*routes, fallback=fallback),
    st.lists(routes, min_size=1, max_size=3),
    st.lists(st.sampled_from(NAMES), max_size=2, unique=True),
)
instants = st.integers(0, 60 * 30).map(lambda n: NIGHT + minutes(n))
entries = st.builds(
    Entry,
    target=st.sampled_from([*NAMES, "gone_email"]),
    phase=st.sampled_from(Phase),
    step=st.integers(0, 3),
    reminder=st.integers(0, 2),
    handed_over=st.booleans(),
    maybe_told=st.booleans(),
    failures=st.integers(0, 3),
    finished=st.booleans(),
    at=st.none() | instants,
    why=st.sampled_from([Why.STEP_REACHED, Why.FALLBACK, Why.REMINDER]),
)
alerts = st.builds(
    lambda kind, subject, resolved, taken: alert(
        subject, kind, opened_at=NIGHT, resolved_at=resolved, acknowledged_at=taken
    ),
    st.sampled_from([Kind.OUTAGE, Kind.FAULT, Kind.DELIVERY]),
    st.sampled_from(NAMES),
    st.none() | instants,
    st.none() | instants,
)


@settings(max_examples=300, deadline=None)
@given(alerts, policies, st.lists(entries, max_size=8), instants)
def test_deciding_again_queues_nothing_new(
    alert: Alert, policy: AlertPolicy, ledger: list[Entry], now: datetime
) -> None:
    sent = [d for d in decide(alert, policy, ledger, now, office()) if d.sends]
    queued = [*ledger, *(entry(decision) for decision in sent)]
    assert not [d for d in decide(alert, policy, queued, now, office()) if d.sends]


@settings(max_examples=300, deadline=None)
@given(alerts, policies, st.lists(entries, max_size=8), instants)
def test_what_is_sent_is_due_known_once_and_new(
    alert: Alert, policy: AlertPolicy, ledger: list[Entry], now: datetime
) -> None:
    decisions = decide(alert, policy, ledger, now, office())
    sent = [d for d in decisions if d.sends]
    keys = [(d.target, d.phase, d.step, d.reminder) for d in sent]
    assert len(keys) == len(set(keys))
    assert not set(keys) & {(e.target, e.phase, e.step, e.reminder) for e in ledger}
    assert {d.target for d in decisions} <= set(policy.targets())
    assert {d.phase for d in decisions} <= {alert.phase}
    for decision in sent:
        if alert.resolved_at is None:
            assert decision.due_at <= now
            assert not (alert.kind is Kind.DELIVERY and decision.target == alert.subject)
            assert alert.acknowledged_at is None or decision.why is Why.STEP_REACHED
        else:
            assert any(e.told for e in ledger if e.target == decision.target)


@settings(max_examples=100, deadline=None)
@given(policies, st.lists(st.integers(1, 90), min_size=1, max_size=12))
def test_told_at_random_times_nobody_hears_of_a_step_twice(
    policy: AlertPolicy, pauses: list[int]
) -> None:
    story = Story.of(policy, opened_at=NIGHT)
    now = NIGHT
    for pause in pauses:
        story.at(now)
        now += minutes(pause)
    story.resolve(now)
    story.at(now)
    told = Counter((e.target, e.phase, e.step, e.reminder) for e in story.ledger)
    assert set(told.values()) <= {1}
