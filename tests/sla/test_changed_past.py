"""What a policy book changes of what another one says about the past."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from sla.policies import WEEK, always, bug_fix, london, mission_critical, user_support, version
from supportops.sla.calendar.business_hours import BusinessHours
from supportops.sla.counting.changed_past import changed_past
from supportops.sla.policy import Amount, Calendar, Escalation, PolicyBook, Promise

NOW = london("2026-11-26 12:00")
LATER = datetime.fromisoformat("2026-12-01T00:00:00+00:00")
PROMISES = (user_support(), bug_fix(), mission_critical())


def office(**changes: Any) -> Calendar:
    spec = {"tz": "Europe/London", "hours": {day: [["09:00", "17:00"]] for day in WEEK[:5]}}
    return Calendar("office", BusinessHours.from_spec(spec | changes), 8 * 3600)


def policies(*promises: Promise, calendar: Calendar | None = None, **changes: Any) -> PolicyBook:
    calendars = {"office": calendar or office(), "always": always()}
    return replace(
        PolicyBook((version(promises or PROMISES),), calendars, "user_support"), **changes
    )


def changed(after: PolicyBook) -> tuple[str, ...]:
    return changed_past(policies(), after, NOW)


def test_the_same_promises_on_the_same_calendar_change_nothing() -> None:
    assert changed(policies(calendar=office(holidays=[]))) == ()


def test_what_begins_later_changes_nothing() -> None:
    first = policies()
    later = version([user_support(working_days=1)], "later", LATER)
    assert changed(replace(first, versions=(*first.versions, later))) == ()
    assert changed(policies(calendar=office(holidays=["2026-12-28"]))) == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"holidays": ["2026-11-25"]},
        {"overrides": {"2026-11-25": [["09:00", "17:01"]]}},
        {"tz": "Europe/Dublin"},
        {"hours": {day: [["09:30", "17:30"]] for day in WEEK[:5]}},
        {"breaks": [{"start": "2026-11-25T10:00:00Z", "end": "2026-11-25T10:01:00Z"}]},
    ],
)
def test_a_calendar_that_was_open_otherwise_is_named(changes: dict[str, Any]) -> None:
    assert changed(policies(calendar=office(**changes))) == ("calendar office",)


def test_a_promise_that_is_edited_removed_or_put_before_another_is_named() -> None:
    assert changed(policies(user_support(working_days=2), *PROMISES[1:])) == ("policy 2000",)
    assert changed(policies(*PROMISES[:2])) == ("policy 2000",)
    assert changed(policies(*reversed(PROMISES))) == ("policy 2000",)
    named = replace(PROMISES[0], customers=frozenset({"Acme"}))
    assert changed(policies(named, *PROMISES)) == ("policy 2000",)


def test_a_policy_that_is_put_into_the_past_is_named() -> None:
    first = policies()
    past = version(PROMISES, "autumn", london("2026-09-01 00:00"))
    assert changed(replace(first, versions=(*first.versions, past))) == ("policy autumn",)
    assert changed_past(replace(first, versions=(*first.versions, past)), first, NOW) == (
        "policy autumn",
    )


def test_the_tier_of_tickets_without_one_counts_and_escalations_do_not() -> None:
    assert changed(policies(default_tier="bug_fix")) == ("default_tier",)
    calm = replace(PROMISES[0], escalation=Escalation(0.5, Amount(seconds=60)))
    assert changed(policies(calm, *PROMISES[1:])) == ()
