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
from supportops.alerts.escalation import decide
from supportops.alerts.policy import AlertPolicy, Hours, Retry
from supportops.alerts.routing.decision import Decision, MessageStatus, Reason

OPENING = NIGHT.replace(hour=9)
CRITICAL = route(
    step("engineer_sms", "team_chat"), step("manager_email", after=30), remind=minutes(60)
)


@dataclass
class Course:
    """The course of an alert under a policy: `at` decides, and what it sends is handed over."""

    policy: AlertPolicy
    alert: Alert
    history: list[MessageStatus]

    @classmethod
    def of(cls, policy: AlertPolicy, **changes: Any) -> Course:
        return cls(policy, alert(**changes), [])

    def decide(self, now: datetime) -> list[Decision]:
        return decide(self.alert, self.policy, self.history, now, office())

    def at(self, now: datetime, **outcome: Any) -> set[str]:
        """Who is notified at `now`; the messages end as `outcome` says, handed over by default."""
        sent = [decision for decision in self.decide(now) if decision.sends]
        outcome = outcome or {"handed_over": True, "finished": True}
        self.history += [status(decision, at=now, **outcome) for decision in sent]
        return {decision.target for decision in sent}

    def reasons(self, now: datetime) -> dict[str, Reason]:
        return {decision.target: decision.reason for decision in self.decide(now)}

    def acknowledge(self, now: datetime) -> None:
        self.alert = replace(self.alert, acknowledged_at=now, acknowledged_by="Ada")

    def resolve(self, now: datetime) -> None:
        """As the outbox does it: alarms that never went out are withdrawn."""
        self.alert = replace(self.alert, resolved_at=now)
        self.history = [e for e in self.history if e.finished or e.notified]


def status(decision: Decision, **changes: Any) -> MessageStatus:
    key = (decision.target, decision.phase, decision.step, decision.reminder)
    return MessageStatus(*key, **({"reason": decision.reason} | changes))


FAILED = {"failures": 1, "finished": False}


def test_an_outage_goes_out_at_once_and_to_the_manager_after_half_an_hour() -> None:
    course = Course.of(policy(CRITICAL))
    assert course.at(NOON) == {"engineer_sms", "team_chat"}
    assert course.at(NOON + minutes(1)) == set()
    assert course.at(NOON + minutes(29)) == set()
    assert course.reasons(NOON + minutes(29))["manager_email"] is Reason.NOT_YET
    assert course.at(NOON + minutes(30)) == {"manager_email"}
    assert course.at(NOON + minutes(31)) == set()


def test_an_acknowledged_alert_sends_no_reminders_and_no_later_steps() -> None:
    course = Course.of(policy(CRITICAL))
    course.at(NOON)
    course.acknowledge(NOON + minutes(10))
    for later in (30, 60, 600):
        assert course.at(NOON + minutes(later)) == set()
    assert course.reasons(NOON + minutes(30))["manager_email"] is Reason.ACKNOWLEDGED


def test_a_resolution_goes_to_those_who_were_notified_and_to_nobody_else() -> None:
    course = Course.of(policy(CRITICAL))
    course.at(NOON)
    course.resolve(NOON + minutes(5))
    assert course.at(NOON + minutes(5)) == {"engineer_sms", "team_chat"}
    assert course.at(NOON + minutes(6)) == set()


def test_an_alarm_that_never_went_out_is_followed_by_no_resolution() -> None:
    course = Course.of(policy(CRITICAL))
    course.at(NOON, **FAILED)
    course.resolve(NOON + minutes(5))
    assert course.decide(NOON + minutes(5)) == []


def test_an_alarm_that_may_have_arrived_is_followed_by_a_resolution() -> None:
    course = Course.of(policy(CRITICAL))
    course.at(NOON, maybe_delivered=True, failures=1)
    course.resolve(NOON + minutes(5))
    assert course.at(NOON + minutes(5)) == {"engineer_sms", "team_chat"}


def test_an_alert_that_ended_before_anybody_was_notified_sends_nothing() -> None:
    course = Course.of(policy(CRITICAL))
    course.resolve(NOON + minutes(1))
    assert course.decide(NOON + minutes(2)) == []


def test_an_office_route_waits_for_the_opening() -> None:
    course = Course.of(policy(route(step("team_email"), hours=Hours.OFFICE)), opened_at=NIGHT)
    assert course.at(NIGHT) == set()
    assert course.at(OPENING - minutes(1 / 60)) == set()
    assert course.reasons(NIGHT) == {"team_email": Reason.OUTSIDE_HOURS}
    assert course.at(OPENING) == {"team_email"}


def test_on_an_office_route_the_steps_count_from_the_opening() -> None:
    steps = step("team_email"), step("manager_email", after=30)
    course = Course.of(policy(route(*steps, hours=Hours.OFFICE)), opened_at=NIGHT)
    assert course.at(OPENING) == {"team_email"}
    assert course.at(OPENING + minutes(29)) == set()
    assert course.at(OPENING + minutes(30)) == {"manager_email"}


def test_an_outside_route_is_silent_in_office_hours() -> None:
    night = policy(route(step("engineer_sms"), hours=Hours.OUTSIDE))
    assert Course.of(night, opened_at=NIGHT).at(NIGHT) == {"engineer_sms"}
    assert Course.of(night).at(NOON) == set()
    assert Course.of(night).at(NOON.replace(hour=17)) == {"engineer_sms"}


def test_whoever_an_outside_route_woke_gets_the_resolution_in_office_hours_too() -> None:
    course = Course.of(policy(route(step("engineer_sms"), hours=Hours.OUTSIDE)), opened_at=NIGHT)
    course.at(NIGHT)
    course.resolve(NOON)
    assert course.at(NOON) == {"engineer_sms"}


def test_what_is_about_a_doubtful_ticket_keeps_to_office_hours_on_every_route() -> None:
    routes = [
        route(step("engineer_sms"), step("boss_sms", after=10), name="any"),
        route(step("night_sms"), name="night", hours=Hours.OUTSIDE),
        route(step("team_email"), name="day", hours=Hours.OFFICE),
    ]
    facts = {"doubtful": ["user_support"]}
    course = Course.of(policy(*routes), opened_at=NIGHT, kind=Kind.SLA_BREACH, facts=facts)
    assert course.at(NIGHT) == set()
    assert course.at(OPENING - minutes(1)) == set()
    assert course.at(OPENING) == {"engineer_sms", "team_email"}
    assert course.at(OPENING + minutes(10)) == {"boss_sms"}
    sure = Course.of(policy(*routes), opened_at=NIGHT, kind=Kind.SLA_BREACH)
    assert sure.at(NIGHT) == {"engineer_sms", "night_sms"}


def test_the_end_of_an_office_route_waits_for_the_next_morning() -> None:
    course = Course.of(policy(route(step("team_email"), hours=Hours.OFFICE)))
    course.at(NOON)
    evening = NOON.replace(hour=20)
    course.resolve(evening)
    assert course.at(evening) == set()
    assert course.reasons(evening) == {"team_email": Reason.OUTSIDE_HOURS}
    assert course.at(NOON.replace(hour=9) + timedelta(days=1)) == {"team_email"}


def test_a_route_may_send_no_resolutions() -> None:
    course = Course.of(policy(route(step("team_email"), resolved=False)))
    course.at(NOON)
    course.resolve(NOON)
    assert course.reasons(NOON) == {"team_email": Reason.NO_RESOLUTION}


def test_a_target_named_by_two_routes_is_notified_once() -> None:
    course = Course.of(policy(route(step("team_chat")), route(step("team_chat", "team_email"))))
    assert Counter(d.target for d in course.decide(NOON)) == {"team_chat": 1, "team_email": 1}
    assert course.at(NOON) == {"team_chat", "team_email"}
    assert course.at(NOON + minutes(5)) == set()


@pytest.mark.parametrize("digest_first", [True, False])
def test_a_target_of_two_routes_gets_a_digest_only_where_both_ask_for_it(
    digest_first: bool,
) -> None:
    """Its end goes by the same rule, so that both look alike."""
    digest = route(step("team_email"), name="all", digest=True)
    urgent = route(step("team_email"), name="urgent", severities=(Severity.CRITICAL,))
    routes = policy(*((digest, urgent) if digest_first else (urgent, digest)))
    outage, fault = alert(), alert(kind=Kind.FAULT)
    (alarm,) = decide(outage, routes, (), NOON, office())
    assert (alarm.digest, alarm.route) == (False, "urgent")
    assert [each.digest for each in decide(fault, routes, (), NOON, office())] == [True]


def test_a_target_of_two_routes_is_notified_by_the_one_that_is_open() -> None:
    closed, always = route(step("team_chat"), hours=Hours.OFFICE), route(step("team_chat"))
    assert Course.of(policy(closed, always), opened_at=NIGHT).at(NIGHT) == {"team_chat"}


@pytest.mark.parametrize(
    ("match", "matches"),
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
def test_a_route_matches_when_all_that_it_names_fits(match: dict[str, Any], matches: bool) -> None:
    targets = Course.of(policy(route(step("team_chat"), **match))).at(NOON)
    assert targets == ({"team_chat"} if matches else set())


def test_reminders_come_one_interval_after_the_last_message() -> None:
    course = Course.of(policy(route(step("team_chat"), remind=minutes(60))))
    course.at(NOON)
    assert course.at(NOON + minutes(59)) == set()
    assert course.at(NOON + minutes(60)) == {"team_chat"}
    assert course.at(NOON + minutes(119)) == set()
    assert course.at(NOON + minutes(121)) == {"team_chat"}
    assert [e.reminder for e in course.history] == [0, 1, 2]


@pytest.mark.parametrize("remind", [None, minutes(60)])
def test_an_alert_with_steps_of_its_own_is_reminded_of_at_each_and_not_in_between(
    remind: timedelta | None,
) -> None:
    course = Course.of(
        policy(route(step("team_chat"), remind=remind)), facts={"step_at": NOON.isoformat()}
    )
    assert course.at(NOON + minutes(1)) == {"team_chat"}
    assert course.at(NOON + timedelta(days=15)) == set()
    passed = NOON + timedelta(days=16)
    course.alert = replace(course.alert, facts={"step_at": passed.isoformat()})
    assert course.at(passed + minutes(1)) == {"team_chat"}
    assert course.at(passed + minutes(90)) == set()
    assert [each.reminder for each in course.history] == [0, 1]


def test_whoever_took_the_alert_is_not_reminded_at_its_steps() -> None:
    course = Course.of(policy(route(step("team_chat"))), facts={"step_at": NOON.isoformat()})
    course.at(NOON + minutes(1))
    course.acknowledge(NOON + minutes(2))
    passed = NOON + timedelta(days=16)
    course.alert = replace(course.alert, facts={"step_at": passed.isoformat()})
    assert course.at(passed + minutes(1)) == set()


@pytest.mark.parametrize("written", ["soon", "", 7, None])
def test_a_step_that_cannot_be_read_is_none(written: object) -> None:
    assert alert(facts={"step_at": written}).step_at is None


def test_no_reminder_follows_a_message_that_is_still_on_its_way() -> None:
    course = Course.of(policy(route(step("team_chat"), remind=minutes(60))))
    course.at(NOON, **FAILED)
    assert course.at(NOON + minutes(90)) == set()


def test_the_reminders_of_an_office_route_wait_too() -> None:
    daily = route(step("team_chat"), remind=timedelta(hours=8), hours=Hours.OFFICE)
    course = Course.of(policy(daily))
    course.at(NOON)
    assert course.at(NOON + timedelta(hours=8)) == set()
    assert course.at(NOON.replace(hour=9) + timedelta(days=1)) == {"team_chat"}


def test_when_a_critical_alarm_fails_the_fallback_is_notified_at_once() -> None:
    course = Course.of(policy(CRITICAL, fallback=["boss_email"]))
    assert course.at(NOON, **FAILED) == {"engineer_sms", "team_chat"}
    assert course.at(NOON) == {"boss_email"}
    assert course.at(NOON + minutes(1)) == set()


def test_a_fallback_that_was_notified_already_is_not_notified_again() -> None:
    course = Course.of(policy(route(step("engineer_sms", "team_chat")), fallback=["team_chat"]))
    course.at(NOON, **FAILED)
    assert course.at(NOON) == set()


def test_a_fallback_that_a_later_step_names_is_notified_now() -> None:
    course = Course.of(policy(CRITICAL, fallback=["manager_email"]))
    course.at(NOON, **FAILED)
    assert course.at(NOON) == {"manager_email"}
    assert course.at(NOON + minutes(30)) == {"manager_email"}, "the step is a message of its own"


def test_a_warning_that_fails_waits_for_its_retry() -> None:
    faults = policy(route(step("team_email")), fallback=["boss_email"])
    course = Course.of(faults, kind=Kind.FAULT)
    course.at(NOON, **FAILED)
    assert course.at(NOON) == set()


def test_nobody_else_is_sought_once_somebody_took_the_alert() -> None:
    course = Course.of(policy(CRITICAL, fallback=["boss_email"]))
    course.at(NOON, **FAILED)
    course.acknowledge(NOON)
    assert course.at(NOON) == set()
    assert course.reasons(NOON)["boss_email"] is Reason.ACKNOWLEDGED


def test_those_notified_by_the_fallback_get_the_resolution_at_once_whatever_a_route_says() -> None:
    office_hours = route(step("boss_email"), hours=Hours.OFFICE, resolved=False)
    course = Course.of(policy(CRITICAL, office_hours, fallback=["boss_email"]), opened_at=NIGHT)
    assert course.at(NIGHT, **FAILED) == {"engineer_sms", "team_chat"}
    assert course.at(NIGHT) == {"boss_email"}
    course.resolve(NIGHT + minutes(5))
    assert course.at(NIGHT + minutes(5)) == {"boss_email"}


def test_an_alert_about_a_failing_target_goes_to_everybody_but_that_target() -> None:
    operations = policy(route(step("team_email", "team_chat")), fallback=["boss_email"])
    course = Course.of(operations, kind=Kind.DELIVERY, subject="team_email")
    assert course.at(NOON) == {"team_chat", "boss_email"}
    assert course.reasons(NOON)["team_email"] is Reason.FAILING_TARGET
    course.resolve(NOON + minutes(5))
    assert course.at(NOON + minutes(5)) == {"team_chat", "boss_email"}


def test_an_alert_about_the_only_fallback_does_not_go_to_it() -> None:
    course = Course.of(policy(fallback=["boss_email"]), kind=Kind.DELIVERY, subject="boss_email")
    assert course.at(NOON) == set()


def test_a_target_that_left_the_configuration_gets_nothing_more() -> None:
    course = Course.of(policy(CRITICAL))
    course.at(NOON)
    course.policy = policy(route(step("team_chat")))
    assert course.at(NOON + minutes(60)) == set()
    course.resolve(NOON + minutes(61))
    assert course.at(NOON + minutes(61)) == {"team_chat"}


def test_a_target_that_lost_its_route_still_gets_the_resolution() -> None:
    course = Course.of(policy(route(step("team_chat"), kinds=(Kind.OUTAGE,))))
    course.at(NOON)
    course.policy = policy(route(step("team_chat"), kinds=(Kind.FAULT,)))
    course.resolve(NOON)
    assert course.at(NOON) == {"team_chat"}


def test_a_target_that_is_added_is_notified_of_what_is_open() -> None:
    course = Course.of(policy(route(step("team_chat"))))
    course.at(NOON)
    course.policy = policy(route(step("team_chat", "new_email")))
    assert course.at(NOON + minutes(5)) == {"new_email"}


def test_an_alert_that_recurs_starts_again_from_the_first_step() -> None:
    first, second = (
        Course.of(policy(CRITICAL)),
        Course.of(policy(CRITICAL), opened_at=NOON + minutes(9)),
    )
    first.at(NOON)
    first.resolve(NOON + minutes(5))
    assert second.at(NOON + minutes(9)) == {"engineer_sms", "team_chat"}
    assert first.at(NOON + minutes(9)) == {"engineer_sms", "team_chat"}


def test_a_decision_holds_the_instant_from_which_it_was_due() -> None:
    course = Course.of(policy(CRITICAL))
    due = {d.target: d.due_at for d in course.decide(NOON + timedelta(hours=5))}
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
    MessageStatus,
    target=st.sampled_from([*NAMES, "gone_email"]),
    phase=st.sampled_from(Phase),
    step=st.integers(0, 3),
    reminder=st.integers(0, 2),
    handed_over=st.booleans(),
    maybe_delivered=st.booleans(),
    failures=st.integers(0, 3),
    finished=st.booleans(),
    at=st.none() | instants,
    reason=st.sampled_from([Reason.STEP_REACHED, Reason.FALLBACK, Reason.REMINDER]),
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
    alert: Alert, policy: AlertPolicy, history: list[MessageStatus], now: datetime
) -> None:
    sent = [d for d in decide(alert, policy, history, now, office()) if d.sends]
    queued = [*history, *(status(decision) for decision in sent)]
    assert not [d for d in decide(alert, policy, queued, now, office()) if d.sends]


@settings(max_examples=300, deadline=None)
@given(alerts, policies, st.lists(entries, max_size=8), instants)
def test_what_is_sent_is_due_known_once_and_new(
    alert: Alert, policy: AlertPolicy, history: list[MessageStatus], now: datetime
) -> None:
    decisions = decide(alert, policy, history, now, office())
    sent = [d for d in decisions if d.sends]
    keys = [(d.target, d.phase, d.step, d.reminder) for d in sent]
    assert len(keys) == len(set(keys))
    assert not set(keys) & {(e.target, e.phase, e.step, e.reminder) for e in history}
    assert {d.target for d in decisions} <= set(policy.targets())
    assert {d.phase for d in decisions} <= {alert.phase}
    for decision in sent:
        if alert.resolved_at is None:
            assert decision.due_at <= now
            assert not (alert.kind is Kind.DELIVERY and decision.target == alert.subject)
            assert alert.acknowledged_at is None or decision.reason is Reason.STEP_REACHED
        else:
            assert any(e.notified for e in history if e.target == decision.target)


@settings(max_examples=100, deadline=None)
@given(policies, st.lists(st.integers(1, 90), min_size=1, max_size=12))
def test_decided_at_random_times_nobody_is_notified_of_a_step_twice(
    policy: AlertPolicy, pauses: list[int]
) -> None:
    course = Course.of(policy, opened_at=NIGHT)
    now = NIGHT
    for pause in pauses:
        course.at(now)
        now += minutes(pause)
    course.resolve(now)
    course.at(now)
    sent = Counter((e.target, e.phase, e.step, e.reminder) for e in course.history)
    assert set(sent.values()) <= {1}
