"""Which routes apply to an alert, by which of its sites, and what each target may read of them.

A cause wider than one site applies to every route that one of its sites matches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from supportops.alerts.alert import WIDER_OUTAGES, Affected, Alert, Kind
from supportops.alerts.policy import AlertPolicy, Route
from supportops.alerts.routing.matcher import is_one_of


class Mismatch(StrEnum):
    """What a route asks for and an alert does not have; of a wide cause, none of its sites."""

    KIND = "kind"
    SEVERITY = "severity"
    SITE = "site"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class Match:
    """A route that applies to an alert, and to which of its sites."""

    route: Route
    affected: tuple[Affected, ...]

    def raised_at(self, alert: Alert) -> datetime:
        """When the alert began to be about these sites: one may join a wide cause later."""
        since = [each.since for each in self.affected if each.since is not None]
        if not alert.is_wide or is_for_all(self.route) or len(since) < len(self.affected):
            return alert.opened_at
        return max(alert.opened_at, min(since, default=alert.opened_at))


def matching(alert: Alert, policy: AlertPolicy) -> list[Match]:
    """The routes of `policy` that apply to `alert`, each with the sites that the route is for."""
    affected = lasting(alert)
    return [
        Match(route, tuple(each for each in affected if _covers(route, each)))
        for route in policy.routes
        if not any(_mismatches(route, alert, affected, policy))
    ]


def mismatches(route: Route, alert: Alert, policy: AlertPolicy) -> list[Mismatch]:
    """In what a route of `policy` and an alert differ; nothing where the route applies to it."""
    return list(_mismatches(route, alert, lasting(alert), policy))


def visible_to(target: str, alert: Alert, policy: AlertPolicy) -> tuple[Affected, ...] | None:
    """The sites of a wide cause that `target` may read of; None where that is everything.

    A customer's receiver must not learn the names of others. One of the fallback that no route
    names gets the alerts of everybody.
    """
    if not alert.is_wide:
        return None
    mine = [match for match in matching(alert, policy) if names(match.route, target)]
    if any(is_for_all(match.route) for match in mine):
        return None
    if not mine and any(each.name == target for each in policy.possible_fallback):
        return None
    return tuple(dict.fromkeys(each for match in mine for each in match.affected))


def has_left(target: str, alert: Alert, policy: AlertPolicy) -> bool:
    """Whether `target` is only for sites that are no part of a wide cause any more.

    Its end says nothing of them: a site that was moved to another server may be down still.
    """
    naming = [route for route in policy.routes if names(route, target)]
    if not naming or any(is_for_all(route) for route in naming):
        return False
    return visible_to(target, alert, policy) == ()


def is_for_all(route: Route) -> bool:
    """Whether the route applies whatever the site and the customer."""
    return not route.sites and not route.customers


def names(route: Route, target: str) -> bool:
    """Whether any step of the route names `target`, or somebody on call whose it is."""
    return any(each.name == target for step in route.steps for each in step.possible)


def lasting(alert: Alert) -> list[Affected]:
    """The sites of an alert; while a wide cause lasts, without those that answer again."""
    lasts = alert.is_wide and alert.resolved_at is None
    return [each for each in alert.affected if not (lasts and each.until)]


def _mismatches(
    route: Route, alert: Alert, affected: Sequence[Affected], policy: AlertPolicy
) -> Iterator[Mismatch]:
    # While a wider cause is open its sites raise no outages of their own: it stands for them.
    stands_for_outages = alert.kind in WIDER_OUTAGES and Kind.OUTAGE in route.kinds
    if route.kinds and alert.kind not in route.kinds and not stands_for_outages:
        yield Mismatch.KIND
    if route.severities and alert.severity not in route.severities:
        yield Mismatch.SEVERITY
    about = is_for_all(route) or any(_covers(route, each) for each in affected)
    if about or (alert.kind is Kind.DELIVERY and _serves_all_of(route, alert.subject, policy)):
        return
    of_nobody = not any(route.is_for_customer(each.customer) for each in affected)
    yield Mismatch.CUSTOMER if of_nobody else Mismatch.SITE


def _covers(route: Route, one: Affected) -> bool:
    by_site = not route.sites or is_one_of(one.site, route.sites)
    return by_site and route.is_for_customer(one.customer)


def _serves_all_of(route: Route, target: str, policy: AlertPolicy) -> bool:
    """Whether all whose alerts go to `target` are among those whom `route` is for.

    An alert that a target fails concerns the customers that it serves. A route for fewer of them
    must not learn of it.
    """
    serving = [each for each in policy.routes if names(each, target)]
    return bool(serving) and all(
        _within(each.sites, route.sites) and _within(each.customers, route.customers)
        for each in serving
    )


def _within(some: Sequence[str], others: Sequence[str]) -> bool:
    """Whether `some` are among `others`, where an empty one means every name."""
    return not others or bool(some and all(is_one_of(each, others) for each in some))
