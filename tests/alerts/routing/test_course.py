"""The course that is answered beforehand is the one that the dispatch then takes."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from alert_builders import alert, minutes, office, policy, route, target
from alerts.routing.test_matching import listed
from supportops.alerts.alert import Alert, Kind, Severity, usual_severity
from supportops.alerts.policy import AlertPolicy, Hours, Route, Step
from supportops.alerts.routing.course import course_of
from supportops.alerts.routing.decision import MessageStatus
from supportops.alerts.routing.one_cause import decide_all

TARGETS = ("team_email", "boss_email", "engineer_sms", "acme_email", "team_chat")
KINDS = (Kind.OUTAGE, Kind.HOST_OUTAGE, Kind.BLIND, Kind.FAULT, Kind.SLA_BREACH, Kind.DELIVERY)
TICK = minutes(15)
# From a Friday before noon over a weekend and a change of the clock to the next Tuesday.
FIRST = datetime.fromisoformat("2026-10-23T08:00+00:00")
Message = tuple[datetime, str, int, bool]


def some(chance: random.Random, names: Any, most: int) -> Any:
    return tuple(chance.sample(list(names), chance.randint(0, most)))


def random_route(chance: random.Random, number: int) -> Route:
    afters = sorted(chance.sample(range(16), chance.randint(1, 3)))
    named = [chance.sample(TARGETS, chance.randint(1, 2)) for _ in afters]
    steps = [
        Step(after * TICK, tuple(target(name) for name in names))
        for after, names in zip(afters, named, strict=True)
    ]
    return route(
        *steps,
        name=f"route {number}",
        kinds=some(chance, KINDS, 2),
        severities=some(chance, Severity, 1),
        customers=some(chance, ("Acme", "Beta"), 1),
        hours=chance.choice(list(Hours)),
        remind=chance.choice([None, None, timedelta(hours=1), timedelta(hours=20)]),
        digest=chance.random() < 0.2,
    )


def random_alert(chance: random.Random) -> Alert:
    kind = chance.choice(KINDS)
    facts: dict[str, Any] = {}
    if kind in (Kind.HOST_OUTAGE, Kind.BLIND):
        facts["affected"] = [listed(name, None) for name in ("shop", "wiki")]
    return alert(
        chance.choice(TARGETS) if kind is Kind.DELIVERY else "shop",
        kind,
        severity=usual_severity(kind),
        site="shop" if kind not in (Kind.HOST_OUTAGE, Kind.BLIND, Kind.DELIVERY) else None,
        customer=chance.choice(["Acme", "Beta", None]),
        opened_at=FIRST + chance.randrange(0, 300) * TICK,
        facts=facts,
    )


def dispatched(alert: Alert, policy: AlertPolicy, days: int) -> set[Message]:
    """What a dispatch at each tick sends, with the first reminder of each target."""
    history: list[MessageStatus] = []
    sent: set[Message] = set()
    reminded: set[str] = set()
    now = alert.opened_at
    while now <= alert.opened_at + timedelta(days=days):
        (found,) = decide_all([alert], policy, {alert.key: history}, now, office())
        for each in found.decisions:
            if not each.sends:
                continue
            history.append(
                MessageStatus(
                    each.target,
                    each.phase,
                    each.step,
                    each.reminder,
                    handed_over=True,
                    finished=True,
                    at=now,
                    reason=each.reason,
                )
            )
            if not (each.reminder and each.target in reminded):
                sent.add((now, each.target, each.step, bool(each.reminder)))
            if each.reminder:
                reminded.add(each.target)
        now += TICK
    return sent


@pytest.mark.parametrize("seed", range(60))
def test_who_is_answered_is_who_is_notified(seed: int) -> None:
    chance = random.Random(seed)
    routes = [random_route(chance, number) for number in range(chance.randint(1, 3))]
    asked = policy(*routes, fallback=some(chance, TARGETS, 1))
    about = random_alert(chance)
    days = 5
    last = about.opened_at + timedelta(days=days)
    answered = {
        (each.at, each.target, each.step - 1, each.what == "reminder")
        for each in course_of(about, asked, office()).notified
        if each.at <= last
    }
    assert answered == dispatched(about, asked, days)
