"""Who hears of an alert, when, and why: a decision with its reason, computed anew each time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from supportops.alerts.alert import Alert, Kind, Phase, Severity
from supportops.alerts.policy import AlertPolicy, OfficeHours, Route, Target


class Why(StrEnum):
    """The reason of a decision, to send or not to."""

    STEP_REACHED = "step reached"
    REMINDER = "reminder"
    FALLBACK = "another channel failed"
    RESOLVED = "resolved"
    ADDRESSED = "addressed to it"
    NOT_YET = "not yet"
    OUTSIDE_HOURS = "outside the route's hours"
    ACKNOWLEDGED = "acknowledged"
    ALREADY = "already told or queued"
    FAILING_TARGET = "the target is the one that fails"
    NOT_WANTED = "the route tells no end"
    OVER = "over before it was told"


SENDS = frozenset({Why.STEP_REACHED, Why.REMINDER, Why.FALLBACK, Why.RESOLVED, Why.ADDRESSED})


@dataclass(frozen=True, slots=True)
class Entry:
    """What outbox and ledger hold of one message.

    `handed_over`: a service took it. `maybe_told`: an attempt timed out or was cut short, it may
    have arrived. `failures` counts recorded attempts that were not handed over. `at` is the
    instant of the last attempt, `why` the reason of the decision that queued it.
    """

    target: str
    phase: Phase
    step: int = 0
    reminder: int = 0
    handed_over: bool = False
    maybe_told: bool = False
    failures: int = 0
    finished: bool = False
    at: datetime | None = None
    why: Why = Why.STEP_REACHED

    @property
    def told(self) -> bool:
        return self.handed_over or self.maybe_told


@dataclass(frozen=True, slots=True)
class Decision:
    """One target, one reason. `due_at` is the instant from which it could have been sent."""

    target: str
    channel: str
    phase: Phase
    step: int
    reminder: int
    why: Why
    due_at: datetime
    digest: bool = False

    @property
    def sends(self) -> bool:
        return self.why in SENDS


def decide(
    alert: Alert,
    policy: AlertPolicy,
    ledger: Sequence[Entry],
    now: datetime,
    office: OfficeHours,
) -> list[Decision]:
    """Everyone whom the policy names for `alert`, with the reason to tell them now or not.

    Level-triggered: the answer depends on the alert as it stands and on what the ledger says
    was done, never on which event called. A decision whose message the ledger already holds is
    ALREADY, so that asking twice queues nothing twice. A report was addressed when it was issued:
    no route sends it to anybody else.
    """
    if alert.kind is Kind.REPORT:
        return []
    if alert.resolved_at is not None and not alert.lasts:
        if alert.kind is Kind.SLA_WARNING:
            return []  # nobody misses a deadline that moved or was met
        return list(_resolves(alert, policy, ledger, now, office))
    routes = [route for route in policy.routes if route.matches(alert)]
    decisions = [d for route in routes for d in _steps(alert, route, ledger, now, office)]
    if alert.resolved_at is None:
        decisions += _fallbacks(alert, policy, ledger, decisions)
    return _one_of_each(decisions)


def _steps(
    alert: Alert, route: Route, ledger: Sequence[Entry], now: datetime, office: OfficeHours
) -> Iterator[Decision]:
    known = {(e.target, e.step) for e in ledger if e.phase is Phase.FIRING and e.reminder == 0}
    begins = route.begins(alert, office)
    for number, step in enumerate(route.steps):
        due_at = begins + step.after
        for target in step.targets:
            why = Why.STEP_REACHED
            if _is_the_failing_one(alert, target):
                why = Why.FAILING_TARGET
            elif (target.name, number) in known:
                yield from _reminder(alert, route, target, ledger, now, office)
                why = Why.ALREADY
            elif now < due_at and route.open_at(now, office):
                why = Why.NOT_YET
            elif alert.acknowledged_at is not None and number > 0:
                why = Why.ACKNOWLEDGED
            elif not route.open_at(now, office):
                why = Why.OUTSIDE_HOURS
            if alert.resolved_at is not None and number > 0 and why is not Why.ALREADY:
                why = Why.OVER  # what lasts is told once more at most, by the first step
            yield _decision(target, Phase.FIRING, number, 0, why, due_at, route.digest)


def _reminder(
    alert: Alert,
    route: Route,
    target: Target,
    ledger: Sequence[Entry],
    now: datetime,
    office: OfficeHours,
) -> Iterator[Decision]:
    """The next reminder, once the last word to this target is `remind` old."""
    if route.remind is None or alert.acknowledged_at is not None or alert.resolved_at is not None:
        return
    mine = [e for e in ledger if e.target == target.name and e.phase is Phase.FIRING]
    if any(e.at is None or not e.finished for e in mine) or not route.open_at(now, office):
        return
    due_at = max(e.at for e in mine if e.at is not None) + route.remind
    if now >= due_at:
        number = max(e.reminder for e in mine) + 1
        yield _decision(target, Phase.FIRING, 0, number, Why.REMINDER, due_at, route.digest)


def _fallbacks(
    alert: Alert, policy: AlertPolicy, ledger: Sequence[Entry], decided: Sequence[Decision]
) -> Iterator[Decision]:
    """A critical alarm that failed on one channel is told on another at once, not after retries.

    That a target is broken is always told to the fallback too: its own route may be the broken one.
    Once somebody took the alert, nobody else needs to be found.
    """
    failed = any(e.phase is Phase.FIRING and e.failures and not e.handed_over for e in ledger)
    if not (failed and alert.severity is Severity.CRITICAL) and alert.kind is not Kind.DELIVERY:
        return
    named = {d.target for d in decided if d.sends or d.why is Why.ALREADY}
    known = {e.target for e in ledger if e.phase is Phase.FIRING}
    for target in policy.fallback:
        if target.name in named | known or _is_the_failing_one(alert, target):
            continue
        why = Why.FALLBACK if alert.acknowledged_at is None else Why.ACKNOWLEDGED
        yield _decision(target, Phase.FIRING, 0, 0, why, alert.opened_at)


def _resolves(
    alert: Alert,
    policy: AlertPolicy,
    ledger: Sequence[Entry],
    now: datetime,
    office: OfficeHours,
) -> Iterator[Decision]:
    """Whoever was told of the alarm hears of its end; nobody else does.

    Whom the fallback told hears at once, as then; the others as their routes say. That it was
    wrong is told on routes that tell no end, too.
    """
    assert alert.resolved_at is not None
    told = {e.target: e for e in ledger if e.phase is Phase.FIRING and e.told}
    by_fallback = {e.target for e in ledger if e.told and e.why is Why.FALLBACK}
    known = {e.target for e in ledger if e.phase is Phase.RESOLVED}
    routes = _routes_of_targets(alert, policy)
    for target in policy.targets().values():
        if target.name not in told:
            continue
        mine = [] if target.name in by_fallback else routes.get(target.name, [])
        why = Why.RESOLVED
        if target.name in known:
            why = Why.ALREADY
        elif mine and not alert.retracted and not any(route.resolved for route in mine):
            why = Why.NOT_WANTED
        elif mine and not any(route.tells_end_at(now, office, alert) for route in mine):
            why = Why.OUTSIDE_HOURS
        digest = bool(mine) and all(route.digest for route in mine)
        yield _decision(target, Phase.RESOLVED, 0, 0, why, alert.resolved_at, digest)


def _routes_of_targets(alert: Alert, policy: AlertPolicy) -> dict[str, list[Route]]:
    """The routes that match `alert`, by the targets that they name."""
    found: dict[str, list[Route]] = {}
    for route in policy.routes:
        if route.matches(alert):
            for name in {target.name for step in route.steps for target in step.targets}:
                found.setdefault(name, []).append(route)
    return found


def _decision(
    target: Target,
    phase: Phase,
    step: int,
    reminder: int,
    why: Why,
    due_at: datetime,
    digest: bool = False,
) -> Decision:
    return Decision(target.name, target.channel, phase, step, reminder, why, due_at, digest)


def _is_the_failing_one(alert: Alert, target: Target) -> bool:
    return alert.kind is Kind.DELIVERY and alert.subject == target.name


def _one_of_each(decisions: Sequence[Decision]) -> list[Decision]:
    """One decision a message; a target named by two routes is told once, by the one that sends."""
    best: dict[tuple[str, int, int], Decision] = {}
    for decision in decisions:
        key = (decision.target, decision.step, decision.reminder)
        if key not in best or (decision.sends and not best[key].sends):
            best[key] = decision
    return list(best.values())
