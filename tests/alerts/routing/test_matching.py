"""Which routes an alert matches, by which of its sites, and what each target may read of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from alert_builders import NOON, alert, minutes, office, policy, route, step
from supportops.alerts.alert import Alert, Kind, Severity, usual_severity
from supportops.alerts.escalation import Phase, decide
from supportops.alerts.policy import AlertPolicy, Hours
from supportops.alerts.routing.decision import MessageStatus
from supportops.alerts.routing.matching import Mismatch, matching, mismatches, visible_to
from supportops.flows.sites.checking.incident_alerts import SEVERITY

SITES = {"shop": "Acme", "blog": "Acme", "wiki": "Beta"}
ACME = route(step("acme_email"), name="acme", customers=("Acme",))
BETA = route(step("beta_email"), name="beta", customers=("Beta",))
TEAM = route(step("team_email"), name="team")


def listed(site: str, since: datetime | None = NOON, until: datetime | None = None) -> Any:
    found = {"site": site, "customer": SITES[site], "since": since and since.isoformat()}
    return found | ({"until": until.isoformat()} if until else {})


def wide(*affected: Any, kind: Kind = Kind.HOST_OUTAGE, **changes: Any) -> Alert:
    entries = [each if isinstance(each, dict) else listed(each) for each in affected]
    facts = {"affected": entries, "sites": [each["site"] for each in entries]}
    known: dict[str, Any] = {"site": None, "customer": None, "host": "web-1", "facts": facts}
    return alert("web-1", kind, severity=Severity.CRITICAL, **(known | changes))


def notified(alert: Alert, policy: AlertPolicy, now: datetime = NOON) -> set[str]:
    return {d.target for d in decide(alert, policy, (), now, office()) if d.sends}


def sites_of(target: str, alert: Alert, policy: AlertPolicy) -> set[str | None] | None:
    seen = visible_to(target, alert, policy)
    return None if seen is None else {each.site for each in seen}


def test_a_servers_outage_goes_by_the_route_of_each_of_its_customers() -> None:
    routes = policy(ACME, BETA)
    assert notified(wide("shop", "blog"), routes) == {"acme_email"}
    assert notified(wide("shop", "wiki"), routes) == {"acme_email", "beta_email"}


@pytest.mark.parametrize("kind", [Kind.BLIND, Kind.HOST_OUTAGE, Kind.CHECK_STALE])
def test_so_does_every_alert_about_several_sites(kind: Kind) -> None:
    assert notified(wide("shop", "wiki", kind=kind), policy(ACME, BETA, TEAM)) == {
        "acme_email",
        "beta_email",
        "team_email",
    }


@pytest.mark.parametrize(
    ("match", "names"),
    [
        ({"sites": ("shop",)}, {"shop"}),
        ({"sites": ("shop", "wiki")}, {"shop", "wiki"}),
        ({"customers": ("Acme",)}, {"shop", "blog"}),
        ({"customers": ("Acme",), "sites": ("blog",)}, {"blog"}),
        ({"customers": ("  ACME ",)}, {"shop", "blog"}),
        ({"sites": ("Shop",)}, {"shop"}),
    ],
)
def test_a_receiver_reads_of_the_sites_of_its_routes(match: Any, names: set[str]) -> None:
    outage = wide("shop", "blog", "wiki")
    assert sites_of("a_email", outage, policy(route(step("a_email"), **match))) == names


def test_a_site_and_a_customer_must_be_of_one_site() -> None:
    crossed = route(step("a_email"), customers=("Beta",), sites=("shop",))
    assert notified(wide("shop", "wiki"), policy(crossed)) == set()


def test_a_receiver_of_two_routes_reads_of_the_sites_of_both() -> None:
    both = policy(ACME, route(step("acme_email"), customers=("Beta",)))
    assert sites_of("acme_email", wide("shop", "wiki"), both) == {"shop", "wiki"}


def test_a_receiver_of_a_route_for_all_reads_everything() -> None:
    both = policy(ACME, route(step("acme_email")))
    assert sites_of("acme_email", wide("shop", "wiki"), both) is None
    assert sites_of("team_email", wide("shop"), policy(TEAM)) is None


def test_a_route_for_all_that_does_not_apply_shows_nothing() -> None:
    both = policy(ACME, route(step("acme_email"), kinds=(Kind.FAULT,)))
    assert sites_of("acme_email", wide("shop", "wiki"), both) == {"shop"}


def test_a_fallback_reads_everything_and_a_receiver_without_a_route_nothing() -> None:
    fallback = policy(ACME, fallback=["boss_email", "acme_email"])
    assert sites_of("boss_email", wide("shop", "wiki"), fallback) is None
    assert sites_of("acme_email", wide("shop", "wiki"), fallback) == {"shop"}
    assert sites_of("gone_email", wide("shop", "wiki"), fallback) == set()


@pytest.mark.parametrize(
    ("kind", "kinds", "matches"),
    [
        (Kind.HOST_OUTAGE, (Kind.OUTAGE,), True),
        (Kind.BLIND, (Kind.OUTAGE,), True),
        (Kind.CHECK_STALE, (Kind.OUTAGE,), False),
        (Kind.OUTAGE, (Kind.HOST_OUTAGE,), False),
        (Kind.HOST_OUTAGE, (Kind.FAULT,), False),
    ],
)
def test_what_stands_for_outages_goes_by_their_routes(
    kind: Kind, kinds: tuple[Kind, ...], matches: bool
) -> None:
    found = notified(wide("shop", kind=kind), policy(route(step("a_email"), kinds=kinds)))
    assert found == ({"a_email"} if matches else set())


def test_a_site_that_joins_later_reaches_its_route_then() -> None:
    later = NOON + minutes(10)
    steps = step("beta_email"), step("boss_email", after=30)
    routes = policy(ACME, route(*steps, customers=("Beta",)))
    assert notified(wide("shop", "blog"), routes, later) == {"acme_email"}
    joined = wide("shop", "blog", listed("wiki", since=later))
    assert notified(joined, routes, later) == {"acme_email", "beta_email"}
    assert "boss_email" not in notified(joined, routes, NOON + minutes(39))
    assert "boss_email" in notified(joined, routes, NOON + minutes(40))


def test_an_office_route_counts_from_the_opening_after_its_site_joined() -> None:
    night = NOON.replace(hour=20)
    routes = policy(route(step("beta_email"), customers=("Beta",), hours=Hours.OFFICE))
    joined = wide("shop", listed("wiki", since=night))
    (decision,) = decide(joined, routes, (), night, office())
    assert decision.due_at == NOON.replace(day=25, hour=9)


def test_nobody_is_notified_of_a_site_that_answers_again() -> None:
    routes = policy(ACME, route(step("beta_email"), customers=("Beta",), remind=minutes(60)))
    back = wide("shop", listed("wiki", until=NOON + minutes(5)))
    assert notified(back, routes, NOON + minutes(6)) == {"acme_email"}
    known = [MessageStatus("beta_email", Phase.FIRING, handed_over=True, finished=True, at=NOON)]
    later = decide(back, routes, known, NOON + minutes(90), office())
    assert [d.target for d in later if d.sends] == ["acme_email"]


def test_the_end_goes_to_those_whose_sites_were_back_before() -> None:
    ended = wide("shop", listed("wiki", until=NOON + minutes(5)), resolved_at=NOON + minutes(9))
    known = [MessageStatus("beta_email", Phase.FIRING, handed_over=True, finished=True, at=NOON)]
    (decision,) = decide(ended, policy(ACME, BETA), known, NOON + minutes(9), office())
    assert (decision.target, decision.sends) == ("beta_email", True)
    assert sites_of("beta_email", ended, policy(ACME, BETA)) == {"wiki"}


def test_sites_of_which_an_older_version_stored_no_customer_match_by_their_names() -> None:
    old = wide("shop", facts={"affected": [{"site": "shop"}, "junk", {"since": 7}]})
    assert notified(old, policy(ACME)) == set()
    assert notified(old, policy(route(step("a_email"), sites=("shop",)))) == {"a_email"}
    older = wide("shop", facts={"sites": ["shop"]})
    assert notified(older, policy(ACME, TEAM)) == {"team_email"}


def failing(target: str) -> Alert:
    return alert(target, Kind.DELIVERY, site=None, customer=None)


def test_a_customers_receiver_that_fails_is_that_customers_matter() -> None:
    owner = route(step("acme_email", "owner_email"), customers=("Acme",))
    routes = policy(owner, BETA, TEAM)
    assert notified(failing("acme_email"), routes) == {"owner_email", "team_email"}
    assert notified(failing("team_email"), routes) == set()


def test_a_receiver_of_several_customers_is_no_matter_of_one() -> None:
    shared = route(step("desk_email"), customers=("Acme", "Beta"))
    wider = route(step("lead_email"), customers=("Acme", "Beta", "Gamma"))
    routes = policy(shared, wider, ACME, BETA)
    assert notified(failing("desk_email"), routes) == {"lead_email"}


def test_a_receiver_of_one_site_is_a_matter_of_routes_for_that_site() -> None:
    shop = route(step("shop_email"), sites=("shop",))
    routes = policy(shop, ACME, route(step("all_shops_email"), sites=("shop", "blog")))
    assert notified(failing("shop_email"), routes) == {"all_shops_email"}


@pytest.mark.parametrize(
    ("match", "differs"),
    [
        ({}, []),
        ({"kinds": (Kind.FAULT,)}, [Mismatch.KIND]),
        ({"severities": (Severity.INFO,)}, [Mismatch.SEVERITY]),
        ({"customers": ("Gamma",)}, [Mismatch.CUSTOMER]),
        ({"sites": ("none",)}, [Mismatch.SITE]),
        ({"customers": ("Beta",), "sites": ("shop",)}, [Mismatch.SITE]),
        ({"kinds": (Kind.CALL,), "customers": ("Gamma",)}, [Mismatch.KIND, Mismatch.CUSTOMER]),
    ],
)
def test_a_route_says_in_what_it_differs(match: Any, differs: list[Mismatch]) -> None:
    one, outage = route(step("a_email"), **match), wide("shop", "wiki")
    assert mismatches(one, outage, policy(one)) == differs
    assert bool(matching(outage, policy(one))) is (not differs)


def test_kinds_are_as_urgent_as_the_site_check_raises_them() -> None:
    assert {kind.value: usual_severity(Kind(kind.value)) for kind in SEVERITY} == {
        kind.value: severity for kind, severity in SEVERITY.items()
    }
