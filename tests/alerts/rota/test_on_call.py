"""Who is notified where a step names a team on call: whoever is on duty when it is decided."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from alert_builders import alert, minutes, office, policy, route, step, target
from supportops.alerts.alert import Alert, Kind
from supportops.alerts.escalation import decide
from supportops.alerts.policy import AlertPolicy, Hours, OnCall, Step
from supportops.alerts.rota.team import Team
from supportops.alerts.rota.turns import Turn
from supportops.alerts.routing.course import course_of
from supportops.alerts.routing.decision import Decision, MessageStatus, Reason

# A Tuesday at 09:00 in London, when anna hands over to ben.
HAND_OVER = datetime(2026, 11, 24, 9, tzinfo=UTC)
TURN = Turn(("ben", "anna"), date(2026, 11, 10), hand_over=time(9))
WEB = Team("web", ZoneInfo("Europe/London"), (TURN,))
MEMBERS = {"anna": (target("anna_sms"), target("anna_chat")), "ben": (target("ben_sms"),)}
ON_CALL = OnCall("web", MEMBERS, WEB)


def duty(after: float = 0, *static: str, on_call: OnCall = ON_CALL) -> Step:
    return replace(step(*static, after=after), on_call=(on_call,))


@dataclass
class Course:
    """An outage that began ten minutes before the hand-over."""

    policy: AlertPolicy
    alert: Alert = field(default_factory=lambda: alert(opened_at=HAND_OVER - timedelta(minutes=10)))
    history: list[MessageStatus] = field(default_factory=list)

    def decided(self, after: float) -> list[Decision]:
        return decide(self.alert, self.policy, self.history, HAND_OVER + minutes(after), office())

    def at(self, after: float, **outcome: Any) -> set[str]:
        """Who is notified so many minutes after the hand-over."""
        outcome = outcome or {"handed_over": True, "finished": True}
        sent = [decision for decision in self.decided(after) if decision.sends]
        self.history += [
            MessageStatus(
                each.target,
                each.phase,
                each.step,
                each.reminder,
                at=HAND_OVER + minutes(after),
                reason=each.reason,
                duty=each.duty,
                **outcome,
            )
            for each in sent
        ]
        return {each.target for each in sent}


def test_whoever_is_on_duty_is_notified_on_every_way() -> None:
    assert Course(policy(route(duty()))).at(-5) == {"anna_sms", "anna_chat"}
    assert Course(policy(route(duty()))).at(5) == {"ben_sms"}


def test_a_message_stays_with_the_person_it_was_queued_for() -> None:
    course = Course(policy(route(duty())))
    assert course.at(-5, finished=False) == {"anna_sms", "anna_chat"}
    assert course.at(5) == set()
    assert {d.reason for d in course.decided(5)} == {Reason.ALREADY}


def test_an_escalation_after_the_hand_over_goes_to_whoever_is_on_duty_then() -> None:
    course = Course(policy(route(duty(), duty(30))))
    course.at(-5)
    assert course.at(15) == set()
    assert course.at(20) == {"ben_sms"}
    assert course.at(25) == set()


def test_a_step_to_come_names_who_will_be_on_duty() -> None:
    course = Course(policy(route(duty(), duty(30))))
    waiting = [d for d in course.decided(-5) if d.reason is Reason.NOT_YET]
    assert [(d.target, d.duty) for d in waiting] == [("ben_sms", "web")]


def test_a_reminder_goes_to_whoever_is_on_duty_then() -> None:
    course = Course(policy(route(duty(), remind=minutes(60))))
    course.at(-5)
    assert course.at(50) == set()
    assert course.at(55) == {"ben_sms"}
    assert course.history[-1].reminder == 1
    assert course.at(60) == set()
    assert course.at(115) == {"ben_sms"}
    assert course.history[-1].reminder == 2


def test_the_end_goes_to_all_who_were_notified() -> None:
    course = Course(policy(route(duty(), duty(30))))
    course.at(-5)
    course.at(20)
    course.alert = replace(course.alert, resolved_at=HAND_OVER + minutes(25))
    assert course.at(25) == {"anna_sms", "anna_chat", "ben_sms"}


def test_where_nobody_is_on_duty_the_whole_team_is_notified() -> None:
    gap = OnCall("web", MEMBERS, replace(WEB, turns=()))
    assert Course(policy(route(duty(on_call=gap)))).at(5) == {"anna_sms", "anna_chat", "ben_sms"}


def test_somebody_who_is_named_and_on_duty_is_notified_once() -> None:
    course = Course(policy(route(duty(0, "ben_sms", "team_chat"))))
    assert [d.target for d in course.decided(5)] == ["ben_sms", "team_chat"]
    assert course.at(5) == {"ben_sms", "team_chat"}


def test_a_message_that_another_route_sent_is_not_that_of_the_duty() -> None:
    by_name, by_duty = route(step("anna_sms"), name="named"), route(duty(), hours=Hours.OFFICE)
    course = Course(policy(by_name, by_duty))
    assert course.at(-5) == {"anna_sms"}
    assert course.at(5) == {"ben_sms"}


def test_a_failure_goes_to_whoever_is_on_duty_once() -> None:
    falling_back = replace(policy(route(step("team_chat"))), fallback_on_call=(ON_CALL,))
    course = Course(falling_back)
    course.at(-5, failures=1)
    assert course.at(-4) == {"anna_sms", "anna_chat"}
    assert course.at(5) == set()


def test_where_whoever_is_on_duty_was_not_reached_the_fallback_is_the_rest_of_the_team() -> None:
    course = Course(replace(policy(route(duty())), fallback_on_call=(ON_CALL,)))
    assert course.at(5, failures=1) == {"ben_sms"}
    assert course.at(6) == {"anna_sms", "anna_chat"}
    assert course.at(7) == set()
    failing = alert("ben_sms", Kind.DELIVERY, opened_at=HAND_OVER)
    lost = Course(replace(policy(route(duty())), fallback_on_call=(ON_CALL,)), failing)
    assert lost.at(5) == {"anna_sms", "anna_chat"}


def test_a_digest_is_for_whoever_is_on_duty_when_it_is_decided() -> None:
    course = Course(
        policy(route(duty(), digest=True)),
        alert(kind=Kind.SLA_BREACH, opened_at=HAND_OVER - minutes(10)),
    )
    assert [(d.target, d.digest) for d in course.decided(5)] == [("ben_sms", True)]


def test_the_course_of_an_alert_says_for_which_team_somebody_is_on_call() -> None:
    found = course_of(
        alert(opened_at=HAND_OVER - minutes(10)), policy(route(duty(), duty(30))), office()
    )
    assert [(one.target, one.duty) for one in found.notified] == [
        ("anna_sms", "web"),
        ("anna_chat", "web"),
        ("ben_sms", "web"),
    ]
    assert {one.target for one in found.end} == {"anna_sms", "anna_chat", "ben_sms"}
