"""The course of an alert that stays open: who is notified when, by which route, and who is not.

Nothing here decides: what decides in the dispatch is asked again and again, as if every message
were handed over at once and nobody acknowledged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from supportops.alerts.alert import Alert, Phase
from supportops.alerts.escalation import decide, steps_due
from supportops.alerts.policy import AlertPolicy, Hours, Limit, OfficeHours, Route
from supportops.alerts.routing.decision import Decision, MessageStatus, Reason
from supportops.alerts.routing.matching import Mismatch, matching, mismatches, visible_to
from supportops.alerts.silencing.effect import quiet
from supportops.alerts.silencing.silence import Silence, covered

HORIZON = timedelta(days=14)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Notified:
    """One message: when, to whom, by which route and step (from 1), about which sites.

    `duty`: the team that the receiver is on call for, if that is why. `sites`: None where the
    receiver reads of all. `limits`: how many messages a target gets before
    the rest is bundled.
    """

    at: datetime
    what: str
    target: str
    channel: str
    route: str
    step: int
    sites: tuple[str, ...] | None
    digest: bool
    every: timedelta | None
    limits: tuple[Limit, ...]
    hours: Hours = Hours.ALWAYS
    duty: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A route or a target of one that notifies nobody, and why."""

    route: str
    target: str
    why: str


@dataclass(frozen=True, slots=True)
class Course:
    """What becomes of an alert that stays open. `fallback`: who is notified when a message of it
    fails; `end`: who gets the end of it, were it to end after the last alarm. `silences`: those
    that put something of it off."""

    alert: Alert
    zone: str
    notified: tuple[Notified, ...]
    fallback: tuple[str, ...]
    end: tuple[Skipped, ...]
    skipped: tuple[Skipped, ...]
    silences: tuple[Silence, ...] = ()


def course_of(
    alert: Alert, policy: AlertPolicy, office: OfficeHours, silences: Sequence[Silence] = ()
) -> Course:
    """The whole course of an open alert, as if every message were handed over at once."""
    silences = [each for each in silences if covered(each.matchers, alert)]
    messages = list(_messages(alert, policy, office, silences))
    routes = {route.name: route for route in policy.routes}
    alarms = [_status(decision, at) for at, decision in messages]
    last = max((at for at, _ in messages), default=alert.opened_at)
    failed = [replace(m, handed_over=False, finished=False, failures=1) for m in alarms[:1]]
    return Course(
        alert=alert,
        zone=policy.timezone,
        notified=tuple(_notified(at, d, alert, policy, routes) for at, d in messages),
        fallback=tuple(
            decision.target
            for decision in decide(alert, policy, failed, alert.opened_at, office)
            if decision.reason is Reason.FALLBACK
        ),
        end=tuple(
            Skipped(d.route, d.target, "at once" if d.sends else d.reason.value)
            for d in decide(replace(alert, resolved_at=last), policy, alarms, last, office)
            if d.phase is Phase.RESOLVED
        ),
        skipped=tuple(_skipped(alert, policy, messages, office, silences)),
        silences=tuple(each for each in silences if each.until > alert.opened_at),
    )


def _messages(
    alert: Alert, policy: AlertPolicy, office: OfficeHours, silences: Sequence[Silence]
) -> Iterator[tuple[datetime, Decision]]:
    """Each message in turn: every step, and the first reminder of each target."""
    history: list[MessageStatus] = []
    now, end = alert.opened_at, alert.opened_at + HORIZON
    while now <= end:
        for decision in decide(alert, policy, history, now, office, (), silences):
            if decision.sends and decision.reminder <= 1:
                at = decision.due_at if decision.scheduled else now
                history.append(_status(decision, at))
                yield at, decision
        instants = _instants(alert, policy, history, now, office, silences)
        later = min((at for at in instants if at > now), default=None)
        if later is None:
            return
        now = later


def _instants(
    alert: Alert,
    policy: AlertPolicy,
    history: Sequence[MessageStatus],
    now: datetime,
    office: OfficeHours,
    silences: Sequence[Silence],
) -> Iterator[datetime]:
    """When a route may have something to send: a step or reminder is due, its hours change, or a
    silence ends."""
    last = {message.target: message.at for message in history}
    yield from (each.until for each in silences)
    for match in matching(alert, policy):
        route = match.route
        yield from steps_due(alert, match, office, quiet(alert, silences, match.affected))
        if route.hours is not Hours.ALWAYS:
            yield _change(now, alert.opened_at + HORIZON, office)
        if route.remind is not None:
            named = {target.name for step in route.steps for target in step.possible}
            yield from (at + route.remind for name in named if (at := last.get(name)) is not None)


def _change(now: datetime, end: datetime, office: OfficeHours) -> datetime:
    """When the office opens next, or closes; to the minute."""
    if not office.is_open(now):
        return office.next_open(now)
    at = now.replace(second=0, microsecond=0) + _MINUTE
    while office.is_open(at) and at <= end:
        at += _MINUTE
    return at


def _status(decision: Decision, at: datetime) -> MessageStatus:
    return MessageStatus(
        target=decision.target,
        phase=decision.phase,
        step=decision.step,
        reminder=decision.reminder,
        handed_over=True,
        finished=True,
        at=at,
        reason=decision.reason,
        duty=decision.duty,
    )


def _notified(
    at: datetime,
    decision: Decision,
    alert: Alert,
    policy: AlertPolicy,
    routes: dict[str, Route],
) -> Notified:
    visible = visible_to(decision.target, alert, policy)
    route = routes.get(decision.route)
    return Notified(
        at=at,
        what="reminder" if decision.reminder else decision.reason.value,
        target=decision.target,
        channel=decision.channel,
        route=decision.route,
        step=decision.step + 1,
        sites=None if visible is None else tuple(str(each.site) for each in visible),
        digest=decision.digest,
        every=route.remind if route and decision.reminder else None,
        limits=tuple(policy.limits.get(decision.channel, ())),
        duty=decision.duty,
        hours=route.hours if route else Hours.ALWAYS,
    )


def _skipped(
    alert: Alert,
    policy: AlertPolicy,
    messages: Sequence[tuple[datetime, Decision]],
    office: OfficeHours,
    silences: Sequence[Silence],
) -> Iterator[Skipped]:
    """The routes that do not match, and targets of others that are notified of nothing."""
    for route in policy.routes:
        if differs := mismatches(route, alert, policy):
            yield Skipped(route.name, "", "; ".join(_difference(each, route) for each in differs))
    notified = {decision.target for _, decision in messages}
    for decision in decide(alert, policy, (), alert.opened_at, office, (), silences):
        if decision.target not in notified:
            why = decision.reason.value
            if decision.reason in (Reason.OUTSIDE_HOURS, Reason.SILENCED):
                why += f" for {HORIZON.days} days"
            yield Skipped(decision.route, decision.target, why)


def _difference(mismatch: Mismatch, route: Route) -> str:
    wanted: dict[Mismatch, Sequence[str]] = {
        Mismatch.KIND: route.kinds,
        Mismatch.SEVERITY: route.severities,
        Mismatch.SITE: route.sites or route.customers,
        Mismatch.CUSTOMER: route.customers,
    }
    return f"only for {mismatch} {', '.join(wanted[mismatch])}"
