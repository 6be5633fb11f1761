"""Keeps one cause to one message: a server's outage, and the outages of its sites before it.

A target that has the outages of all its sites on the server needs no alarm about the server; one
that has the server's needs none about its sites.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from supportops.alerts.alert import Alert, Kind, Phase
from supportops.alerts.escalation import Decision, MessageStatus, decide
from supportops.alerts.policy import AlertPolicy, OfficeHours
from supportops.alerts.routing.matching import visible_to

Histories = Mapping[str, Sequence[MessageStatus]]


def decide_all(
    alerts: Sequence[Alert],
    policy: AlertPolicy,
    histories: Histories,
    now: datetime,
    office: OfficeHours,
) -> Iterator[tuple[Alert, list[Decision]]]:
    """What `decide` answers about each alert beside the others; `histories` by their keys.

    Every wider alert comes before those that are part of it.
    """
    by_key = {alert.key: alert for alert in alerts}
    parts: dict[str, list[Alert]] = {}
    for alert in alerts:
        if alert.covered_by is not None:
            parts.setdefault(alert.covered_by, []).append(alert)
    reached: dict[str, set[str]] = {}
    for alert in sorted(alerts, key=lambda each: each.covered_by is not None):
        wider = by_key.get(alert.covered_by or "")
        if wider is not None:
            covered = _with_the_wider(alert, wider, reached[wider.key])
        else:
            covered = notified_by_parts(alert, parts.get(alert.key, ()), histories, policy)
        decisions = decide(alert, policy, histories.get(alert.key, ()), now, office, covered)
        reached[alert.key] = {decision.target for decision in decisions if decision.reaches}
        yield alert, decisions


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
