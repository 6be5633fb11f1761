"""The figures of one report for one audience, out of the facts: nothing else decides a figure.

Who is shown what is decided here, once: the rows of other customers and of tiers that the audience
does not watch are gone before anything is counted, and a part that it did not choose has no
figures. Lines by tier and over all are always there: subject, tiles, trend and restatements rest
on them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from supportops.reports.audience import Audience, Part, Plan
from supportops.reports.facts import Facts
from supportops.reports.figures import (
    By,
    Clock,
    Figures,
    IncidentLine,
    Promises,
    Restatement,
    Volume,
)
from supportops.reports.measuring.clock_counts import taken_back
from supportops.reports.measuring.response_times import (
    at_risk,
    breaches,
    counted,
    open_breaches,
    promises,
)
from supportops.reports.measuring.site_figures import (
    detection_median,
    incident_lines,
    recovery_median,
    site_lines,
    uptimes,
)
from supportops.reports.measuring.ticket_times import ticket_times
from supportops.reports.measuring.trend import History, trends
from supportops.reports.measuring.volume import deliveries, left_out, volumes
from supportops.reports.period import Cadence

Totals = dict[str | None, tuple[int, int]]
"""Due and met by tier; under None of all tiers together."""
GROUPS = {
    By.TIER: None,
    By.CUSTOMER: Part.CUSTOMERS,
    By.SITE: Part.SITES,
    By.ASSIGNEE: Part.ASSIGNEES,
    By.ALL: None,
}
"""The part that asks for a grouping, None where every report has it; in the order of lines."""


def measure(facts: Facts, audience: Audience, plan: Plan) -> Figures:
    """The figures that the audience is shown of the period, as of `facts.as_of`.

    `with_history` adds the trend and the restatements.
    """
    own = of_audience(facts, audience)
    return Figures(
        audience=audience.name,
        customer=audience.customer,
        period=own.period,
        as_of=own.as_of,
        risk_until=own.risk_until,
        data_until=own.data_until,
        stale=own.data_until is None or own.as_of - own.data_until > plan.stale_after,
        policies=own.policies,
        promises=tuple(_promises(own, audience, plan)),
        volumes=tuple(_volumes(own, audience)),
        **_clock_lists(own, audience),
        **_site_figures(own, audience, plan),
        **_incident_figures(own, audience),
        delivered=deliveries(own.alerts) if Part.ALERTS in audience.parts else (),
        trends=(),
        restatements=(),
        left_out=replace(
            left_out(own.tickets, own.unjudged),
            broken=taken_back(own.clocks, own.period, own.as_of),
        ),
        tiers=audience.tiers,
        ticket_times=ticket_times(own.tickets, own.period, own.as_of),
        tutorials=own.tutorials if Part.TUTORIALS in audience.parts else None,
    )


def with_history(
    figures: Figures,
    audience: Audience,
    plan: Plan,
    history: History,
    restatements: Sequence[Restatement],
) -> Figures:
    """The same figures with what the audience is shown of earlier periods.

    `history` and `restatements` come from this audience's own issued reports: that a customer's
    hold nothing of anybody else's is up to the caller. A trend is of weeks alone.
    """
    shows_trend = Part.TREND in audience.parts and figures.period.cadence is Cadence.WEEKLY
    return replace(
        figures,
        trends=trends(figures, history, plan.targets) if shows_trend else (),
        restatements=tuple(restatements) if Part.RESTATEMENTS in audience.parts else (),
    )


def of_audience(facts: Facts, audience: Audience) -> Facts:
    """What of the facts the audience may know.

    Who works on it stays inside the agency, unless the audience's file says otherwise.
    """
    own = facts if audience.customer is None else facts.of_customer(audience.customer)
    own = own.of_tiers(audience.tiers)
    if audience.customer is None or Part.ASSIGNEES in audience.parts:
        return own
    return replace(own, clocks=own.clocks.assign(assignee=None))


def totals(facts: Facts) -> Totals:
    """Due and met of each tier in the period, and of all together under None.

    For a period that no report was issued of. Of one customer or some tiers: hand over the facts
    of these alone.
    """
    due = counted(facts.clocks, facts.period, facts.as_of)
    found: Totals = {
        str(tier): (len(met), int(met.sum())) for tier, met in due.groupby("tier")["met"]
    }
    return found | {None: (len(due), int(due["met"].sum()))}


def _promises(own: Facts, audience: Audience, plan: Plan) -> Iterator[Promises]:
    for by, part in GROUPS.items():
        if part is None or part in audience.parts:
            yield from promises(own.clocks, own.period, own.as_of, own.risk_until, by, plan.targets)


def _volumes(own: Facts, audience: Audience) -> Iterator[Volume]:
    for by, part in GROUPS.items():
        if (part or Part.VOLUME) in audience.parts:
            yield from volumes(own.tickets, own.period, own.as_of, by)


def _clock_lists(own: Facts, audience: Audience) -> dict[str, Any]:
    lists: dict[Part, Callable[[], tuple[Clock, ...]]] = {
        Part.OPEN_BREACHES: lambda: open_breaches(own.clocks),
        Part.BREACHES: lambda: breaches(own.clocks, own.period, own.as_of),
        Part.AT_RISK: lambda: at_risk(own.clocks, own.risk_until),
    }
    return {
        part.value: tuple(_noted(clock, own, audience) for clock in read())
        if part in audience.parts
        else ()
        for part, read in lists.items()
    }


def _noted(clock: Clock, own: Facts, audience: Audience) -> Clock:
    """With what was noted of its ticket; a note stays inside the agency."""
    noted = own.ticket_notes.get((clock.source, clock.number))
    if noted is None:
        return clock
    return replace(clock, cause=noted.cause, note="" if audience.customer else noted.note)


def _site_figures(own: Facts, audience: Audience, plan: Plan) -> dict[str, Any]:
    if Part.SITES not in audience.parts:
        return {"sites": (), "uptimes": ()}
    lines = site_lines(own.sites, plan.availability, plan.site_availability)
    return {"sites": lines, "uptimes": uptimes(own.sites)}


def _incident_figures(own: Facts, audience: Audience) -> dict[str, Any]:
    if Part.INCIDENTS not in audience.parts:
        return {"incidents": (), "detection_median": None, "recovery_median": None}
    lines = tuple(_explained(line, own, audience) for line in incident_lines(own.incidents))
    return {
        "incidents": lines if audience.customer is None else tuple(map(_with_own_key, lines)),
        "detection_median": detection_median(own.incidents, own.period),
        "recovery_median": recovery_median(own.incidents, own.period),
    }


def _explained(line: IncidentLine, own: Facts, audience: Audience) -> IncidentLine:
    noted = own.incident_notes.get(line.key)
    if noted is None:
        return line
    note = "" if audience.customer else noted.note
    return replace(line, cause=noted.cause, note=note, done=noted.done)


def _with_own_key(line: IncidentLine) -> IncidentLine:
    """The key of a server's outage names the server, which may be called after somebody else."""
    return replace(line, key=f"{line.kind}:{line.site}:{line.started_at.isoformat()}")
