"""The one place where a customer's name becomes the one that customers.yaml gives.

What a configuration says of customers is brought under their names when it is put together, so that
sites, reports and announced maintenance have these names, and routes and promises know all others.
Each configuration has its own customers.yaml, so the past is judged by the names of its day.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from supportops.alerts.policy import AlertPolicy
from supportops.config.of_tickets.service_levels import ServiceLevels
from supportops.customers import Customers
from supportops.reports.audience import Plan
from supportops.sites.site import Fleet
from supportops.sla.policy import PolicyBook


def under_one_name(part: Any, customers: Customers) -> Any:
    """The meaning of a file with each customer under one name; itself where none is listed."""
    if not customers.listed:
        return part
    match part:
        case Fleet():
            return _fleet(part, customers)
        case AlertPolicy():
            return _policy(part, customers)
        case ServiceLevels(promises=PolicyBook() as book):
            return replace(part, promises=promises_under_one_name(book, customers))
        case Plan():
            return _plan(part, customers)
    return part


def promises_under_one_name(book: PolicyBook, customers: Customers) -> PolicyBook:
    """The book whose promises to a customer are to all of the customer's names."""
    versions = tuple(
        replace(
            version,
            promises=tuple(
                replace(
                    each,
                    customers=frozenset(_names(each.customers, customers)),
                    aliases=_aliases(each.customers, customers),
                )
                for each in version.promises
            ),
        )
        for version in book.versions
    )
    return replace(book, versions=versions)


def _fleet(fleet: Fleet, customers: Customers) -> Fleet:
    sites = tuple(
        site
        if (name := customers.named(site.customer)) == site.customer
        else replace(site, customer=name)
        for site in fleet.sites
    )
    return Fleet(sites, fleet.policy)


def _policy(policy: AlertPolicy, customers: Customers) -> AlertPolicy:
    routes = tuple(
        replace(
            route,
            customers=_names(route.customers, customers),
            aliases=_aliases(route.customers, customers),
        )
        for route in policy.routes
    )
    return replace(policy, routes=routes)


def _plan(plan: Plan, customers: Customers) -> Plan:
    audiences = tuple(
        replace(each, customer=customers.named(each.customer)) if each.customer else each
        for each in plan.audiences
    )
    return replace(plan, audiences=audiences)


def _names(written: Iterable[str], customers: Customers) -> tuple[str, ...]:
    return tuple(dict.fromkeys(customers.named(name) for name in written))


def _aliases(written: Iterable[str], customers: Customers) -> frozenset[str]:
    names = _names(written, customers)
    return customers.also_called(names) - {*names}
