"""Sweep after sweep raises what the slow reference finds, whenever events are recorded."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from flows.sweep_builders import TIERS, sweeper
from sla.policies import book
from sla.slow_clock import slow_clocks
from sla.test_judging_properties import BEGIN, stories
from supportops.flows.sla import sla_sweep
from supportops.sla.policy import PolicyBook
from supportops.tickets.ticket import Event

STEP = timedelta(hours=7)
SWEEPS = [BEGIN + STEP * n for n in range(1, 46)]
LAGS = [0, 0, 0, 60, 3600, 8 * 3600, 3 * 86_400]
FEW = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

Breaches = set[tuple[str, str, int, str]]


@st.composite
def recorded_stories(draw: st.DrawFn) -> list[Event]:
    """Three tickets' lives, each event recorded at once or up to three days later."""
    events = [event for ticket in (1, 2, 3) for event in draw(stories(ticket))]
    lags = [timedelta(seconds=draw(st.sampled_from(LAGS))) for _ in events]
    return [
        replace(e, recorded_at=e.happened_at + lag) for e, lag in zip(events, lags, strict=True)
    ]


def breaches_of(events: list[Event], promises: PolicyBook, at: datetime) -> Breaches:
    """Which clocks of which tickets were breached when, as known at `at`."""
    found = set()
    for number in {event.ticket for event in events}:
        own = [e for e in events if e.ticket == number and e.recorded_at <= at]
        for row in slow_clocks(own, promises, at):
            if row.breached_at is not None:
                found.add((number, row.metric, row.instance, row.breached_at.isoformat()))
    return found


@FEW
@given(events=recorded_stories())
def test_sweeps_raise_what_was_breached_and_retract_what_was_not(
    store: Engine, events: list[Event]
) -> None:
    desk, promises = sweeper(store), book()
    desk.empty()
    ever: Breaches = set()
    before = BEGIN - STEP
    for at in SWEEPS:
        desk.append(*(event for event in events if before < event.recorded_at <= at))
        sla_sweep.run(store, promises, TIERS, at, at)
        ever |= breaches_of(events, promises, at)
        before = at
    breaches = [row for row in desk.alerts() if row.kind == "sla_breach"]
    raised = {_named(row.facts) for row in breaches}
    standing = {_named(row.facts) for row in breaches if not row.facts.get("retracted")}
    assert raised == ever
    assert standing == breaches_of(events, promises, SWEEPS[-1])
    final = desk.rows()
    assert sla_sweep.run(store, promises, TIERS, SWEEPS[-1], SWEEPS[-1])["raised"] == 0
    assert desk.rows() == final


def _named(facts: dict[str, object]) -> tuple[str, str, int, str]:
    return (
        str(facts["ticket"]),
        str(facts["metric"]),
        int(str(facts["instance"])),
        str(facts["breached_at"]),
    )
