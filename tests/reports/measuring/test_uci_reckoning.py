"""The two weeks that ship say the same by the report and by an independent reckoning."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
from sqlalchemy import Engine

from flows.gathering import configured
from reports.frames import LONDON
from reports.measuring.test_real_log import WEEKS, log  # noqa: F401 - a fixture
from reports.measuring.uci_reckoning import counted
from reports.measuring.uci_reckoning import ticket_times as slow_times
from reports.slow_measuring import slow_quantile
from sla.policies import book, minutes, version
from supportops.db.engine import reading
from supportops.flows.reports.reporting.gathering import gather
from supportops.flows.reports.reporting.selection import FactsRequest
from supportops.local.demo.tickets import UCI_LOG as DEMO_FILE
from supportops.reports.figures import By
from supportops.reports.measuring.response_times import promises
from supportops.reports.measuring.ticket_times import ticket_times
from supportops.reports.period import week
from supportops.sla.counting.breaches import counted_frame
from supportops.sla.history import prepare
from supportops.sla.judging import judge
from supportops.sla.policy import Metric, Promise, Target
from supportops.tickets.log.event_reading import event_columns

HOURS = {
    ("mission_critical", "first_reply_time"): 1,
    ("bug_fix", "first_reply_time"): 8,
    ("user_support", "first_reply_time"): 24,
    ("mission_critical", "update_time"): 2,
    ("bug_fix", "update_time"): 12,
    ("user_support", "update_time"): 24,
    ("mission_critical", "resolution_time"): 8,
    ("bug_fix", "resolution_time"): 48,
    ("user_support", "resolution_time"): 96,
}
WAITING = frozenset({"pending"})
PAUSES = {Metric.UPDATE: WAITING, Metric.RESOLUTION: WAITING}


def promised(tier: str) -> Promise:
    targets = tuple(
        Target(metric, minutes(60 * HOURS[tier, metric]), pauses=PAUSES.get(metric, frozenset()))
        for metric in (Metric.FIRST_REPLY, Metric.UPDATE, Metric.RESOLUTION)
    )
    return Promise(tier, tier, "always", targets)


@pytest.mark.parametrize("label", WEEKS)
def test_a_week_of_the_real_log_equals_a_reckoning_that_knows_nothing_of_the_package(
    log: Engine,  # noqa: F811
    label: str,
) -> None:
    tiers = ("mission_critical", "bug_fix", "user_support")
    own = week(label, LONDON)
    with reading(log) as connection:
        history = prepare(event_columns(connection))
    clocks = counted_frame(judge(history, book(version(map(promised, tiers))), own.end))
    lines = promises(clocks, own, own.end, own.end, By.TIER, {})
    found = {
        (str(line.name), line.metric): (line.attainment.due, line.attainment.met)
        for line in lines
        if line.metric is not None and line.attainment.due
    }
    targets = {key: timedelta(hours=hours) for key, hours in HOURS.items()}
    assert found == counted(DEMO_FILE, own.start, own.end, targets)
    assert set(found) == set(HOURS)


@pytest.mark.parametrize("label", WEEKS)
def test_tickets_took_as_long_as_that_reckoning_says(
    log: Engine,  # noqa: F811
    label: str,
) -> None:
    own = week(label, LONDON)
    policies = book(version([promised("mission_critical"), promised("bug_fix")]))
    always = replace(policies, calendars={"always": policies.calendars["always"]})
    with reading(log) as connection:
        (facts,) = gather(connection, configured(always), [FactsRequest(own, own.end)])
    lines = ticket_times(facts.tickets, own, own.end)
    expected = slow_times(DEMO_FILE, own.start, own.end)
    assert {line.name for line in lines if line.by is By.TIER} == set(expected)
    for line in lines:
        rows = [r for tier, own in expected.items() if line.name in (None, tier) for r in own]
        resolved = [(took, done) for took, _, done in rows]
        waited = [(wait, done) for _, wait, done in rows]
        for times, waits in (
            (line.full_resolution_calendar, resolved),
            (line.full_resolution_business, resolved),
            (line.requester_wait_calendar, waited),
            (line.requester_wait_business, waited),
        ):
            assert (times.n, times.unfinished) == (len(waits), len([1 for _, d in waits if not d]))
            assert times.median == slow_quantile(waits, Fraction(1, 2))
            assert times.p90 == slow_quantile(waits, Fraction(9, 10))
