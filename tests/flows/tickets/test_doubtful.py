"""What becomes of a ticket whose tier is doubtful, in the store and in its alerts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from builders import NOON, SHIPPED
from flows.sweep_builders import Sweeper, sweeper
from sla.policies import london
from supportops.config.loader import load_triage
from supportops.context import Context, no_secrets
from supportops.db.engine import reading, writing
from supportops.flows.tickets.doubtful_tickets import decide, explain_stored, undecided
from supportops.flows.tickets.syncing.triaging import triage_new
from supportops.tickets.log.store import append_events, events_of
from supportops.tickets.ticket import Author, Event, EventKind
from supportops.tickets.triage import explain, situation_of
from tickets.histories import created, event

RULES = load_triage(SHIPPED)
LATER = NOON + timedelta(hours=1)


def never(_site: str, _at: object) -> bool:
    return False


def triaged(store: Engine, *events: Event) -> Context:
    with writing(store) as connection:
        append_events(connection, events, LATER)
    triage_new(store, "desk", RULES, never, LATER)
    return Context(store, SHIPPED, no_secrets)


def question(minute: float = 0, **fields: object) -> Event:
    return created(minute, facts={"text": "Is our site down?"}, **fields)


def tiers(store: Engine) -> list[Event]:
    with reading(store) as connection:
        found = events_of(connection, "desk", "1")
    return [each for each in found if each.kind is EventKind.TIER]


def test_a_decision_says_who_and_when_and_holds_from_the_creation(store: Engine) -> None:
    context = triaged(store, question())
    (listed,) = undecided(context, LATER)
    assert (listed.tier, listed.may_be) == ("mission_critical", ("user_support",))
    decide(context, "1", "user_support", "Priya", LATER)
    doubtful, decision = tiers(store)
    assert doubtful.facts["doubtful"] == ["user_support"]
    assert (decision.value, decision.author) == ("user_support", Author.AGENT)
    assert (decision.happened_at, decision.recorded_at) == (NOON, LATER)
    assert (decision.facts["by"], decision.facts["decided_at"]) == ("Priya", LATER.isoformat())
    assert undecided(context, LATER) == []


def test_a_decision_is_not_triaged_again(store: Engine) -> None:
    context = triaged(store, question())
    decide(context, "1", "bug_fix", "Priya", LATER)
    triaged(store, event(EventKind.COMMENT, 5))
    assert [each.value for each in tiers(store)] == ["mission_critical", "bug_fix"]


@pytest.mark.parametrize(
    "later",
    [
        event(EventKind.STATUS, 5, "solved"),
        event(EventKind.DELETED, 5),
        event(EventKind.TIER, 5, "gold"),
        event(EventKind.PRIORITY, 5, "low"),
    ],
    ids=lambda each: each.kind,
)
def test_what_is_over_or_settled_elsewhere_is_not_listed(store: Engine, later: Event) -> None:
    assert undecided(triaged(store, question(), later), LATER) == []


def test_a_stored_ticket_is_explained_by_what_triage_went_by(store: Engine) -> None:
    events = [
        created(
            facts={
                "text": "Is our site down?",
                "channel": "email",
                "fields": {"12": "s1", "Severity": "s1"},
            }
        ),
        event(EventKind.TAGS, 0, "a,b"),
        event(EventKind.PRIORITY, 0, "low", author=Author.CUSTOMER),
    ]
    context = triaged(store, *events)
    situation = situation_of(events, never)
    assert situation is not None
    assert situation.tags == {"a", "b"}
    assert situation.fields == {"12": "s1", "Severity": "s1"}
    assert (situation.channel, situation.priority_by) == ("email", Author.CUSTOMER)
    stored = explain_stored(context, "desk/1", LATER)
    assert stored.decision == explain(situation, RULES)
    assert (stored.tier, stored.by) == ("mission_critical", stored.decision.rule)


@pytest.fixture
def desk(store: Engine) -> Sweeper:
    return sweeper(store)


ASKED = london("2026-04-07 10:00")


def asked(text: str) -> list[Event]:
    when = {"happened_at": ASKED, "recorded_at": ASKED}
    return [created(facts={"text": text}, **when)]


def test_the_alerts_of_a_doubtful_ticket_say_so_and_a_decision_retracts_them(
    store: Engine, desk: Sweeper
) -> None:
    context = triaged(store, *asked("Is our site down?"))
    desk.sweep("2026-04-07 12:03")
    breach = next(row for row in desk.alerts() if row.kind == "sla_breach")
    assert breach.facts["doubtful"] == ["user_support"]
    decide(context, "1", "user_support", "Priya", london("2026-04-07 12:10"))
    desk.due("2026-04-07 12:15")
    assert "first_reply breach retracted" in desk.lines()
    assert "first_reply breach open" not in desk.lines()


def test_the_alerts_of_a_sure_one_do_not(store: Engine, desk: Sweeper) -> None:
    triaged(store, *asked("Our site is down"))
    desk.sweep("2026-04-07 12:03")
    assert desk.alerts()
    assert not any("doubtful" in row.facts for row in desk.alerts())
