"""Alerts that go on where others stopped: a server's sites after it, a site under a new name.

Whoever was notified of the earlier alert is not notified anew. Acknowledgement and escalation carry
over, and the end of the later alert goes to them too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from supportops.alerts.alert import Alert, Phase
from supportops.alerts.facts import Facts
from supportops.alerts.policy import AlertPolicy
from supportops.alerts.routing.decision import MessageStatus
from supportops.alerts.routing.matching import Mismatch, matching, mismatches, names

Histories = Mapping[str, Sequence[MessageStatus]]


def predecessors(alert: Alert) -> tuple[str, ...]:
    """The keys of the alerts that `alert` goes on from, the earliest first."""
    return Facts(alert.facts).names("follows")


def taking_over(alert: Alert, earlier: Iterable[Alert]) -> Alert:
    """A new alert as it is to be raised: as old, acknowledged and snoozed as those it goes on
    from."""
    found = [replace(each, resolved_at=None).at(alert.opened_at) for each in earlier]
    opened_at = min([alert.opened_at, *(each.opened_at for each in found)])
    alert = replace(alert, opened_at=opened_at)
    taken = [each for each in found if each.acknowledged_at]
    if taken:
        last = max(taken, key=lambda each: (each.acknowledged_at, each.acknowledged_by or ""))
        alert = replace(
            alert,
            acknowledged_at=last.acknowledged_at,
            acknowledged_by=last.acknowledged_by,
            acknowledged_until=last.acknowledged_until,
        )
    snoozed = [each for each in found if each.snoozed_until]
    if snoozed:
        last = max(snoozed, key=lambda each: (each.snoozed_until, each.snoozed_by or ""))
        alert = replace(alert, snoozed_by=last.snoozed_by, snoozed_until=last.snoozed_until)
    resumed = [each.resumed_at for each in found if each.resumed_at]
    return replace(alert, resumed_at=max(resumed, default=None))


def with_inherited(
    alerts: Iterable[Alert], policy: AlertPolicy, known: Histories, earlier: Histories
) -> dict[str, list[MessageStatus]]:
    """The history of each alert by its key: its own of `known`, and what it inherits of `earlier`,
    the histories of `predecessors`."""
    found = {}
    for alert in alerts:
        rows = [row for key in predecessors(alert) for row in earlier.get(key, ())]
        found[alert.key] = inherited(alert, policy, rows) + list(known.get(alert.key, ()))
    return found


def inherited(
    alert: Alert, policy: AlertPolicy, earlier: Sequence[MessageStatus]
) -> list[MessageStatus]:
    """The alarms of earlier alerts that count as those of `alert`, where they may have arrived.

    Who was notified at whatever step counts as notified by the first that names them here, as the
    routes of another kind of alert may have other steps. Only for targets whose routes concern
    this site and customer: another customer of the same server learns nothing of it.
    """
    rows = [
        row
        for row in earlier
        if row.phase is Phase.FIRING
        and (row.notified or not row.finished)
        and _concerns(row.target, alert, policy)
    ]
    first = _first_steps(alert, policy) if rows else {}
    return rows + [
        replace(row, step=first[row.target], reminder=0)
        for row in rows
        if row.target in first and row.reminder == 0
    ]


def _concerns(target: str, alert: Alert, policy: AlertPolicy) -> bool:
    naming = [route for route in policy.routes if names(route, target)]
    wrong = {Mismatch.SITE, Mismatch.CUSTOMER}
    return not naming or any(not wrong & {*mismatches(r, alert, policy)} for r in naming)


def _first_steps(alert: Alert, policy: AlertPolicy) -> dict[str, int]:
    """The first step that names each target, in the routes that match `alert`."""
    found: dict[str, int] = {}
    for match in matching(alert, policy):
        for number, step in enumerate(match.route.steps):
            for target in step.possible:
                found[target.name] = min(number, found.get(target.name, number))
    return found
