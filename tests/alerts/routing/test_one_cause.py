"""One cause is one message to a target, however many alerts stand one in the other."""

from __future__ import annotations

from itertools import permutations
from typing import Any

from alert_builders import NOON, alert, minutes, office, policy, route, step
from supportops.alerts.alert import Alert, Kind, Phase
from supportops.alerts.routing.decision import MessageStatus, Reason
from supportops.alerts.routing.one_cause import Decided, decide_all

TEAM = policy(route(step("team_email")))


def part_of(wider: str) -> dict[str, Any]:
    return {"present": {"state": "covered", "by": wider, "name": "it"}}


def decided(*alerts: Alert, **histories: list[MessageStatus]) -> dict[Kind, Decided]:
    known = {each.key: histories.get(each.kind.value, []) for each in alerts}
    found = decide_all(alerts, TEAM, known, NOON, office())
    return {each.alert.kind: each for each in found}


BLIND = alert("our connection", Kind.BLIND, site=None, customer=None, facts={})
OUTAGE = alert("shop", facts=part_of(BLIND.key))
PAGE = alert("shop", Kind.FAULT, opened_at=NOON - minutes(30), facts=part_of(OUTAGE.key))


def test_a_page_of_a_site_that_is_down_while_we_are_blind_is_part_of_both() -> None:
    """The page failed first, then its site, then our own connection."""
    for order in permutations((BLIND, OUTAGE, PAGE)):
        found = decided(*order)
        assert [each.reason for each in found[Kind.BLIND].decisions] == [Reason.STEP_REACHED]
        assert [each.reason for each in found[Kind.OUTAGE].decisions] == [Reason.COVERED]
        assert [each.reason for each in found[Kind.FAULT].decisions] == [Reason.COVERED]


def test_facts_that_lead_in_a_circle_stop_nobody() -> None:
    one = alert("shop", Kind.FAULT, facts=part_of("outage"))
    other = alert("shop", key="outage", facts=part_of(one.key))
    itself = alert("web-1", Kind.HOST_OUTAGE, key="host", facts=part_of("host"))
    found = decided(one, other, itself)
    assert len(found) == 3
    sent = [d for each in found.values() for d in each.decisions if d.sends]
    assert sent


def test_an_alarm_that_waits_is_withheld_from_whoever_has_the_wider_one() -> None:
    waiting = [MessageStatus("team_email", Phase.FIRING, failures=1)]
    found = decided(BLIND, OUTAGE, outage=waiting)
    assert found[Kind.OUTAGE].withheld == {"team_email"}
    assert found[Kind.BLIND].withheld == frozenset()
    assert decided(OUTAGE, outage=waiting)[Kind.OUTAGE].withheld == frozenset()
