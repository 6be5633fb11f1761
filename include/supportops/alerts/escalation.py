"""Who is notified of an alert, when, and why: decisions with reasons, computed anew each time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from supportops.alerts.alert import ADDRESSED_KINDS, Alert, Kind, Phase, Severity
from supportops.alerts.policy import AlertPolicy, OfficeHours, OnCall, Route, Step, Target
from supportops.alerts.routing.decision import SENDS, Decision, MessageStatus, Reason
from supportops.alerts.routing.matching import Match, has_left, matching
from supportops.alerts.silencing.effect import NEVER, Quiet, quiet
from supportops.alerts.silencing.silence import Silence

# What a silence puts off.
_PUT_OFF = SENDS - {Reason.RESOLVED} | {Reason.NOT_YET, Reason.OUTSIDE_HOURS}


def decide(
    alert: Alert,
    policy: AlertPolicy,
    history: Sequence[MessageStatus],
    now: datetime,
    office: OfficeHours,
    covered: Collection[str] = (),
    silences: Sequence[Silence] = (),
) -> list[Decision]:
    """Every target that the policy names for `alert`, with the reason to notify it now or not.

    Level-triggered: the answer depends on the alert as it stands and on `history`, the messages
    that exist, never on which event led to the call. Of a team on call, whoever is on duty at `now`
    is notified, or when a later step is due; a step that notified somebody of it stays with them,
    while its reminders go to whoever is on duty then. A decision whose message exists is ALREADY,
    so that deciding twice queues nothing twice. A report or a test got its recipients when it was
    made: no route sends it to anybody else. `covered`: the targets that were notified of the wider
    alert that this one is part of, or of all its parts. `silences`: those that may concern the
    alert, also those that are over, as steps do not count the time of a silence.
    """
    if alert.kind in ADDRESSED_KINDS:
        return []
    if alert.opened_at > now:  # by another machine's clock, or before this one was set back
        alert = replace(alert, opened_at=now)
    alert = alert.at(now)
    if alert.doubtful:
        policy = policy.in_office_hours()
    if alert.resolved_at is not None and not alert.lasts:
        if alert.kind is Kind.SLA_WARNING:
            return []  # a deadline that moved or was met needs no resolution
        ends = _resolutions(alert, policy, history, now, office)
        every = (_unless_untrue(alert, decision, covered) for decision in ends)
        return [_in_digest(alert, policy, decision, now, office) for decision in every]
    decisions = []
    for match in matching(alert, policy):
        hush = quiet(alert, silences, match.affected)
        steps = _steps(alert, match, history, now, office, hush)
        decisions += [_unless_silenced(alert, each, hush, now) for each in steps]
    if alert.resolved_at is None:
        hush = quiet(alert, silences)
        fallbacks = _fallbacks(alert, policy, history, decisions, now)
        decisions += [_unless_silenced(alert, each, hush, now) for each in fallbacks]
    every = (_unless_untrue(alert, decision, covered) for decision in _one_of_each(decisions))
    return [_in_digest(alert, policy, decision, now, office) for decision in every]


def _in_digest(
    alert: Alert, policy: AlertPolicy, decision: Decision, now: datetime, office: OfficeHours
) -> Decision:
    """The decision as part of the digest of its target, where that has one.

    The alarms of what was held go out together at once, as one summary. A target's own period
    counts for what is not critical, and for no fallback: somebody has to be found for that now.
    """
    if not decision.sends or decision.reason is Reason.FALLBACK:
        return decision
    if alert.held and decision.phase is Phase.FIRING and decision.reminder == 0:
        return replace(decision, digest=True)
    own = None if alert.severity is Severity.CRITICAL else policy.digests().get(decision.target)
    period = own or (decision.period if decision.digest else None)
    if period is None:
        return decision
    due_at = period.next(now, policy.timezone, office)
    return replace(decision, digest=True, due_at=due_at, scheduled=True)


def _unless_untrue(alert: Alert, decision: Decision, covered: Collection[str]) -> Decision:
    """Nobody is notified of a failure that is over, or twice of one that is part of another."""
    if not decision.sends:
        return decision
    if alert.resolved_at is not None:
        is_part = decision.phase is Phase.RESOLVED and decision.target in covered
        return replace(decision, reason=Reason.COVERED) if is_part else decision
    if alert.awaits_its_end:
        return replace(decision, reason=Reason.AWAITS_ITS_END)
    if decision.target in covered:
        return replace(decision, reason=Reason.COVERED)
    return decision


def _unless_silenced(alert: Alert, decision: Decision, hush: Quiet, now: datetime) -> Decision:
    """Nobody is notified of what is silenced, nor afterwards of what was over by then."""
    if decision.reason not in _PUT_OFF:
        return decision
    ended_at = alert.resolved_at
    if ended_at is not None and hush.covers_all(alert.opened_at, ended_at):
        return replace(decision, reason=Reason.SILENCED_THROUGHOUT)
    return replace(decision, reason=Reason.SILENCED) if hush.at(now) else decision


def steps_due(
    alert: Alert, match: Match, office: OfficeHours, hush: Quiet = NEVER
) -> list[datetime]:
    """When each step of a route is due: its time counts from when the alert was raised, or could
    be sent, and does not count silences."""
    start = match.raised_at(alert)
    for _ in range(len(hush.intervals) + 1):
        start = match.route.starts_at(hush.free_from(start), office)
    return [hush.after(start, step.after) for step in match.route.steps]


def _steps(
    alert: Alert,
    match: Match,
    history: Sequence[MessageStatus],
    now: datetime,
    office: OfficeHours,
    hush: Quiet,
) -> Iterator[Decision]:
    route = match.route
    known = {(m.target, m.step) for m in history if m.phase is Phase.FIRING and m.reminder == 0}
    due = steps_due(alert, match, office, hush)
    reminds = route.remind is not None or alert.step_at is not None
    # Of the steps that passed while somebody had the alert the last one is made up for, no other.
    resumed_at = min(alert.resumed_at, now) if alert.resumed_at is not None else None
    made_up = sum(resumed_at is not None and each < resumed_at for each in due) - 1
    for number, step in enumerate(route.steps):
        due_at = due[number]
        for on_call in step.on_call if reminds else ():
            if _notified_of(on_call, number, history):
                for target in on_call.targets_at(now):
                    yield from _reminder(alert, route, target, history, now, office, on_call.team)
        for target, duty in _named(step, number, history, max(now, due_at)):
            reason = _why_step(
                alert,
                number,
                early=now < due_at,
                passed=0 < number < made_up,
                is_open=route.open_at(now, office),
            )
            if _is_the_failing_one(alert, target):
                reason = Reason.FAILING_TARGET
            elif (target.name, number) in known:
                if not duty:
                    yield from _reminder(alert, route, target, history, now, office)
                reason = Reason.ALREADY
            if alert.resolved_at is not None and number > 0 and reason is not Reason.ALREADY:
                reason = Reason.ENDED  # a lasting alert is sent once at most, by its first step
            yield _decision(target, Phase.FIRING, number, 0, reason, due_at, route, duty)


def _why_step(alert: Alert, number: int, *, early: bool, passed: bool, is_open: bool) -> Reason:
    """Why a step without a message is taken now, or not. `early`: before it is due; `passed`:
    another one is made up for instead; `is_open`: the route sends at this hour."""
    if early and is_open:
        return Reason.NOT_YET
    if alert.acknowledged_at is not None and number > 0:
        return Reason.ACKNOWLEDGED
    if alert.snoozed_until is not None and number > 0:
        return Reason.SNOOZED
    if passed:
        return Reason.PASSED
    return Reason.STEP_REACHED if is_open else Reason.OUTSIDE_HOURS


def _named(
    step: Step, number: int, history: Sequence[MessageStatus], at: datetime
) -> Iterator[tuple[Target, str]]:
    """The targets of a step, each once, and the team that it is on call for, if that is why."""
    found: dict[Target, str] = {}
    for on_call in step.on_call:
        targets = _notified_of(on_call, number, history) or on_call.targets_at(at)
        found |= dict.fromkeys(targets, on_call.team)
    yield from found.items()
    yield from ((target, "") for target in step.targets if target not in found)


def _notified_of(
    on_call: OnCall, step: int, history: Sequence[MessageStatus], *, fallback: bool = False
) -> tuple[Target, ...]:
    """Who got the alarm of a step, or of the fallback, as those on call."""
    had = {
        m.target
        for m in history
        if (m.phase, m.step, m.reminder, m.duty) == (Phase.FIRING, step, 0, on_call.team)
        and (m.reason is Reason.FALLBACK) is fallback
    }
    return tuple(target for target in on_call.possible if target.name in had)


def _reminder(
    alert: Alert,
    route: Route,
    target: Target,
    history: Sequence[MessageStatus],
    now: datetime,
    office: OfficeHours,
    duty: str = "",
) -> Iterator[Decision]:
    """The next reminder, once the last message to this target is `remind` old; of an alert with
    steps of its own, once it passed another since. Messages to others of the team `duty` count."""
    by_step = alert.step_at
    if by_step is None and route.remind is None:
        return
    if alert.acknowledged_at is not None or alert.resolved_at is not None:
        return
    if alert.snoozed_until is not None:
        return
    alarms = [m for m in history if m.phase is Phase.FIRING]
    mine = [m for m in alarms if m.target == target.name]
    if any(m.at is None or not m.finished for m in mine) or not route.open_at(now, office):
        return
    mine += [m for m in alarms if duty and m.duty == duty and m.target != target.name]
    last = max((m.at for m in mine if m.at is not None), default=None)
    if last is None:
        return
    due_at = by_step if by_step is not None else last + (route.remind or timedelta(0))
    if last < due_at <= now:
        number = max(m.reminder for m in mine) + 1
        yield _decision(target, Phase.FIRING, 0, number, Reason.REMINDER, due_at, route, duty)


def _fallbacks(
    alert: Alert,
    policy: AlertPolicy,
    history: Sequence[MessageStatus],
    decided: Sequence[Decision],
    now: datetime,
) -> Iterator[Decision]:
    """A critical alarm that failed on one channel goes out on another at once, before retries.

    An alert about a failing target always goes to the fallback too, because its own route may be
    the one that fails. Once somebody acknowledged the alert, nobody else needs to be found.
    """
    configured = policy.targets()
    failed = any(
        m.phase is Phase.FIRING and m.failures and not m.handed_over and m.target in configured
        for m in history
    )
    if not (failed and alert.severity is Severity.CRITICAL) and alert.kind is not Kind.DELIVERY:
        return
    named = {d.target for d in decided if d.sends or d.reason is Reason.ALREADY}
    known = {m.target for m in history if m.phase is Phase.FIRING}
    duties: dict[Target, str] = {}
    for on_call in policy.fallback_on_call:
        if _notified_of(on_call, 0, history, fallback=True):
            continue
        others = [
            target
            for target in on_call.targets_at(now)
            if target.name not in named | known and not _is_the_failing_one(alert, target)
        ]
        # Whoever is on duty may be the one who was not reached.
        duties |= dict.fromkeys(others or on_call.possible, on_call.team)
    for target in dict.fromkeys([*policy.fallback, *duties]):
        if target.name in named | known or _is_the_failing_one(alert, target):
            continue
        reason = Reason.FALLBACK
        if alert.acknowledged_at is not None:
            reason = Reason.ACKNOWLEDGED
        elif alert.snoozed_until is not None:
            reason = Reason.SNOOZED
        duty = duties.get(target, "")
        yield _decision(target, Phase.FIRING, 0, 0, reason, alert.opened_at, duty=duty)


def _resolutions(
    alert: Alert,
    policy: AlertPolicy,
    history: Sequence[MessageStatus],
    now: datetime,
    office: OfficeHours,
) -> Iterator[Decision]:
    """A resolution for every target that was notified of the alarm, and for no other.

    Those notified by the fallback get it at once, as the alarm then; the others as their routes
    say. A retraction also goes out on routes that send no resolution.
    """
    assert alert.resolved_at is not None
    notified = {m.target for m in history if m.phase is Phase.FIRING and m.notified}
    by_fallback = {m.target for m in history if m.notified and m.reason is Reason.FALLBACK}
    known = {m.target for m in history if m.phase is Phase.RESOLVED}
    routes = _routes_of_targets(alert, policy)
    for target in policy.targets().values():
        if target.name not in notified:
            continue
        mine = [] if target.name in by_fallback else routes.get(target.name, [])
        reason = Reason.RESOLVED
        if target.name in known:
            reason = Reason.ALREADY
        elif has_left(target.name, alert, policy):
            reason = Reason.NOT_THEIRS
        elif mine and not alert.retracted and not any(route.resolved for route in mine):
            reason = Reason.NO_RESOLUTION
        elif mine and not any(route.sends_resolution_at(now, office, alert) for route in mine):
            reason = Reason.OUTSIDE_HOURS
        decision = _decision(
            target, Phase.RESOLVED, 0, 0, reason, alert.resolved_at, mine[0] if mine else None
        )
        yield replace(decision, digest=bool(mine) and all(route.digest for route in mine))


def _routes_of_targets(alert: Alert, policy: AlertPolicy) -> dict[str, list[Route]]:
    """The routes that match `alert`, by the targets that they name."""
    found: dict[str, list[Route]] = {}
    for match in matching(alert, policy):
        for name in {target.name for step in match.route.steps for target in step.possible}:
            found.setdefault(name, []).append(match.route)
    return found


def _decision(
    target: Target,
    phase: Phase,
    step: int,
    reminder: int,
    reason: Reason,
    due_at: datetime,
    route: Route | None = None,
    duty: str = "",
) -> Decision:
    return Decision(
        target=target.name,
        channel=target.channel,
        phase=phase,
        step=step,
        reminder=reminder,
        reason=reason,
        due_at=due_at,
        digest=route is not None and route.digest,
        route="" if route is None else route.name,
        period=None if route is None else route.period,
        duty=duty,
    )


def _is_the_failing_one(alert: Alert, target: Target) -> bool:
    return alert.kind is Kind.DELIVERY and alert.subject == target.name


def _one_of_each(decisions: Sequence[Decision]) -> list[Decision]:
    """One decision a message; a target that two routes name is notified once, by either.

    Where one of them asks for a digest and the other does not, the message stays out of it; of two
    digests it is in the one that has no period.
    """
    best: dict[tuple[str, int, int], Decision] = {}
    for decision in decisions:
        key = (decision.target, decision.step, decision.reminder)
        known = best.get(key)
        if known is None or _rank(decision) > _rank(known):
            best[key] = decision
    return list(best.values())


def _rank(decision: Decision) -> tuple[bool, bool, bool, bool]:
    at_once = decision.sends and decision.period is None
    alone = decision.sends and not decision.digest
    return decision.sends, alone, at_once, bool(decision.duty)
