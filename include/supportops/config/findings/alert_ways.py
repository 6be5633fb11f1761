"""Alerts that no route sends to anybody, and routes that nothing can ever match."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from supportops.alerts.alert import Affected, Alert, Kind
from supportops.alerts.escalation import decide
from supportops.alerts.policy import AlertPolicy, OfficeHours, Route
from supportops.alerts.routing.decision import Reason
from supportops.alerts.routing.matcher import is_one_of
from supportops.alerts.routing.matching import Mismatch, mismatches
from supportops.config.configuration import Configuration, File
from supportops.config.findings.raised import RAISED_AT, Raised, customers_named, raised
from supportops.config.model import Wrong, entries, items, shown, unknown
from supportops.names import folded

# A message that goes out now, or as soon as its step or its hours have come.
_REACHES = frozenset({Reason.STEP_REACHED, Reason.FALLBACK, Reason.NOT_YET, Reason.OUTSIDE_HOURS})
_MOST_NAMED = 5


def without_a_way(configuration: Configuration) -> Iterator[Wrong]:
    """Every kind of alert that nobody gets: of any site or customer, or of which of them."""
    ways = _Ways(configuration.alerts, configuration.displayed().office)
    for each in raised(configuration):
        lost = [name for name in each.subjects if name and not ways.lead(each.alert(_ANY, name))]
        if each.kind is Kind.DELIVERY and lost:
            yield _wrong(each, f" about {_listed('the receiver', lost)}")
        if each.kind is not Kind.DELIVERY:
            missing = [one for one in each.affected if not ways.lead(each.alert(one))]
            if missing:
                yield _wrong(each, _whose(each, missing), missing)


def never_matching(data: Any, configuration: Configuration) -> Iterator[Wrong]:
    """Sites and customers of a route that no file names, and routes that no alert matches."""
    policy = configuration.alerts
    possible = list(raised(configuration))
    sites = [site.name for site in configuration.displayed().fleet.sites]
    customers = customers_named(configuration)
    known = {"site": sites, "customer": customers} if configuration.has(File.SITES) else {}
    for (path, entry), route in zip(entries(data, "routes"), policy.routes, strict=True):
        strange = [
            unknown((*path, "match", *inner), str(name), names, f"a {key} that a file names:")
            for key, names in known.items()
            for inner, name in items(entry.get("match"), key)
            if not is_one_of(_called(key, str(name), configuration), names)
        ]
        yield from strange
        if known and not strange and not any(_matches(route, each, policy) for each in possible):
            yield Wrong(
                (*path, "match"),
                "nothing that can be raised has all of this",
                "kinds, severities, sites and customers that go together",
                "an alert has one kind, severity, site and customer; see `supportops alerts who`",
            )


_ANY = Affected()


def _called(key: str, name: str, configuration: Configuration) -> str:
    return configuration.customers.named(name) if key == "customer" else name


class _Ways:
    """Who is notified, asked once for all sites and customers that no route tells apart."""

    def __init__(self, policy: AlertPolicy, office: OfficeHours) -> None:
        self._policy, self._office = policy, office
        self._sites = {folded(name) for route in policy.routes for name in route.sites}
        self._customers = {
            folded(name) for route in policy.routes for name in (*route.customers, *route.aliases)
        }
        self._known: dict[tuple[object, ...], bool] = {}

    def lead(self, alert: Alert) -> bool:
        """Whether what the dispatch itself decides on `alert` notifies anybody, now or later."""
        site, customer = folded(alert.site or ""), folded(alert.customer or "")
        key = (
            *(alert.kind, alert.severity, alert.subject),
            site if site in self._sites else None,
            customer if customer in self._customers else None,
        )
        if key not in self._known:
            decided = decide(alert, self._policy, (), RAISED_AT, self._office)
            self._known[key] = any(one.reason in _REACHES for one in decided)
        return self._known[key]


def _matches(route: Route, each: Raised, policy: AlertPolicy) -> bool:
    if {Mismatch.KIND, Mismatch.SEVERITY} & {*mismatches(route, each.alert(_ANY), policy)}:
        return False
    about = each.affected if route.sites or _ANY not in each.affected else (_ANY,)
    if _ANY in about and each.kind is not Kind.DELIVERY:  # such as tickets of any customer
        about += tuple(Affected(None, name) for name in route.customers)
    return any(
        not mismatches(route, each.alert(one, subject), policy)
        for one in about
        for subject in each.subjects
    )


def _whose(each: Raised, missing: Sequence[Affected]) -> str:
    """ " of any site", " of the sites a, b (Beta)", " of any customer but Acme"."""
    what = "site" if each.affected[0].site else "customer" if len(each.affected) > 1 else ""
    if not what:
        return ""
    if len(missing) == len(each.affected):
        return f" of any {what}"
    if what == "site":
        owners = sorted({str(one.customer) for one in missing})
        return f" of {_listed('the site', [str(o.site) for o in missing])} ({_some(owners)})"
    named = [one.customer for one in missing if one.customer]
    if _ANY not in missing:
        return f" of {_listed('the customer', [str(name) for name in named])}"
    served = [str(one.customer) for one in each.affected if one not in missing]
    return f" of any customer but {_some(served)}"


def _listed(what: str, names: Sequence[str]) -> str:
    return f"{what}{'s' if len(names) > 1 else ''} {_some(names)}"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(shown(name) for name in names[:_MOST_NAMED]) + more


def _wrong(each: Raised, whose: str, missing: Sequence[Affected] = ()) -> Wrong:
    of_tiers = f" (tickets of {', '.join(each.tiers)})" if each.tiers else ""
    customers = list(dict.fromkeys(one.customer for one in missing if one.customer))
    one_customer = len(customers) == 1 and len(missing) < len(each.affected)
    match = f"kind: [{each.kind}]"
    match += f", customer: [{customers[0]}]" if one_customer else ""
    return Wrong(
        ("routes",),
        f"no route for {each.kind} of severity {each.severity}{of_tiers}{whose}",
        "a route that matches it, so that somebody is notified",
        f"add {each.kind} to the `kind` of a route without site and customer, or a route with "
        f"`match: {{{match}}}`",
    )
