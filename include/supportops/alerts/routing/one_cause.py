"""Keeps one cause to one message: a server's outage, and the outages of its sites before it.

A target that has the outages of all its sites on the server needs no alarm about the server; one
that has the server's needs none about its sites.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from supportops.alerts.alert import Alert, Kind, Phase
from supportops.alerts.escalation import decide
from supportops.alerts.policy import AlertPolicy, OfficeHours
from supportops.alerts.routing.decision import Decision, MessageStatus
from supportops.alerts.routing.matching import visible_to
from supportops.alerts.silencing.effect import quiet
from supportops.alerts.silencing.silence import Silence

Histories = Mapping[str, Sequence[MessageStatus]]


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided about an alert beside the others.

    `withheld`: the targets that alarms about it which still wait are not to reach now. They have
    the wider alert instead, or none of their sites is part of it any more.
    """

    alert: Alert
    decisions: list[Decision]
    withheld: frozenset[str] = frozenset()


def decide_all(
    alerts: Sequence[Alert],
    policy: AlertPolicy,
    histories: Histories,
    now: datetime,
    office: OfficeHours,
    silences: Sequence[Silence] = (),
) -> Iterator[Decided]:
    """What `decide` answers about each alert beside the others; `histories` by their keys.

    Every wider alert comes before those that are part of it.
    """
    by_key = {alert.key: alert for alert in alerts}
    parts: dict[str, list[Alert]] = {}
    for alert in alerts:
        if alert.covered_by is not None:
            parts.setdefault(alert.covered_by, []).append(alert)
    reached: dict[str, set[str]] = {}
    for alert in sorted(alerts, key=lambda each: len(_chain(each, by_key))):
        wider = by_key.get(alert.covered_by or "")
        above = reached.get(wider.key) if wider is not None else None
        covered: Collection[str]
        if wider is not None and above is not None:
            covered = from_above = _with_the_wider(alert, wider, above)
        else:
            covered = notified_by_parts(alert, parts.get(alert.key, ()), histories, policy)
            from_above = ()
        history = histories.get(alert.key, ())
        decisions = decide(alert, policy, history, now, office, covered, silences)
        reached[alert.key] = {each.target for each in decisions if each.reaches} | {*from_above}
        withheld = _withheld(alert, policy, history, from_above)
        silenced = _silenced(alert, policy, history, silences, now)
        yield Decided(alert, decisions, withheld | silenced)


def _withheld(
    alert: Alert, policy: AlertPolicy, history: Sequence[MessageStatus], covered: Collection[str]
) -> frozenset[str]:
    """Of the targets for which an alarm waits, those that are not to have it now."""
    if alert.resolved_at is not None:
        return frozenset()
    return frozenset(
        name
        for name in _waiting(history)
        if name in covered or visible_to(name, alert, policy) == ()
    )


def _silenced(
    alert: Alert,
    policy: AlertPolicy,
    history: Sequence[MessageStatus],
    silences: Sequence[Silence],
    now: datetime,
) -> frozenset[str]:
    """Of the targets for which an alarm waits, those for which the alert is silenced: whatever they
    may read of it."""
    waiting = _waiting(history) if silences else set()
    return frozenset(
        name
        for name in waiting
        if quiet(alert, silences, visible_to(name, alert, policy) or None).at(now)
    )


def _waiting(history: Sequence[MessageStatus]) -> set[str]:
    return {m.target for m in history if m.phase is Phase.FIRING and not m.finished}


def _chain(alert: Alert, by_key: Mapping[str, Alert]) -> dict[str, None]:
    """The keys of the ever wider alerts that `alert` is part of: a page of a site that is down
    while our own connection is. Damaged facts may lead in a circle."""
    found: dict[str, None] = {}
    while (key := alert.covered_by) in by_key and key is not None and key not in found:
        found[key] = None
        alert = by_key[key]
    return found


def _with_the_wider(alert: Alert, wider: Alert, reached: set[str]) -> Collection[str]:
    """The targets that the `wider` alert tells what this one would: while both are open, and of
    the end where this one ended no later."""
    if alert.resolved_at is None:
        return reached if wider.resolved_at is None else ()
    ended = wider.resolved_at is not None and alert.resolved_at <= wider.resolved_at
    return reached if ended else ()


def notified_by_parts(
    wider: Alert, parts: Sequence[Alert], histories: Histories, policy: AlertPolicy
) -> set[str]:
    """The targets that have the open outage of each site that they may read of in `wider`."""
    sites: dict[str, set[str | None]] = {}
    for part in parts:
        if part.kind is Kind.OUTAGE and part.resolved_at is None:
            for message in histories.get(part.key, ()):
                if message.phase is Phase.FIRING:
                    sites.setdefault(message.target, set()).add(part.site)
    found = set()
    for target, known in sites.items():
        visible = visible_to(target, wider, policy)
        lasting = [each for each in wider.affected if not each.until]
        if {each.site for each in (lasting if visible is None else visible)} <= known:
            found.add(target)
    return found
