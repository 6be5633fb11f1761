"""What a report tells of sites: their time, and each incident in the words of the site it hit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from builders import site
from flows.gathering import gathered, rows
from sla.policies import london
from supportops.db.engine import writing
from supportops.flows.reports.reporting.selection import FactsRequest
from supportops.reports.facts import Facts
from supportops.reports.measuring.site_figures import recovery_median
from supportops.reports.period import week
from supportops.sites.incident import Change, ChangeKind, Incident, IncidentKind
from supportops.sites.store import save_changes

WEEK = week("2026-W16", "Europe/London")
REPORT = FactsRequest(WEEK, london("2026-04-20 08:00"))
TUESDAY = london("2026-04-14 10:00")
SITES = (site("shop", customer="Acme"), site("blog", customer="Bolt"))
OUTAGE, SERVER = IncidentKind.OUTAGE, IncidentKind.HOST_OUTAGE


def hours(count: float, since: datetime = TUESDAY) -> datetime:
    return since + timedelta(hours=count)


def incident(name: str = "shop", start: float = 0, end: float | None = 1, **said: Any) -> Incident:
    """An outage of a site, in hours from Tuesday at ten; confirmed a minute after it began."""
    known: dict[str, Any] = {
        "kind": OUTAGE,
        "subject": name,
        "reason": "timeout",
        "started_at": hours(start),
        "opened_at": hours(start + 1 / 60),
        "site": name,
        "customer": "Acme",
        "ended_at": None if end is None else hours(end),
    }
    return Incident(**known | said)


def server_down(*names: str, start: float = 0, end: float | None = 1) -> Incident:
    """An outage of the server "bolt-1" that these sites are on."""
    facts = {"sites": list(names)}
    fields = {"kind": SERVER, "site": None, "customer": None, "host": "bolt-1", "facts": facts}
    return incident("bolt-1", start, end, **fields)


def facts_of(store: Engine, *found: Incident, request: FactsRequest = REPORT) -> Facts:
    with writing(store) as connection:
        save_changes(connection, [Change(ChangeKind.OPENED, each, "") for each in found])
    return gathered(store, request, sites=SITES)[0]


def lines(facts: Facts, *names: str) -> Sequence[tuple[Any, ...]]:
    return sorted(rows(facts.incidents, *names))


def test_each_site_is_shown_with_its_customer_and_a_week_without_checks_is_unknown(
    store: Engine,
) -> None:
    found = facts_of(store).sites
    names = ("site", "customer", "interval_seconds", "unknown_seconds", "checks", "outages")
    a_week = 7 * 86_400.0
    assert rows(found, *names) == [
        ("shop", "Acme", 300.0, a_week, 0, 0),
        ("blog", "Bolt", 300.0, a_week, 0, 0),
    ]


def test_time_after_the_report_was_made_is_no_part_of_it(store: Engine) -> None:
    early = FactsRequest(WEEK, hours(0))
    assert set(facts_of(store, request=early).sites["unknown_seconds"]) == {34 * 3600.0}
    assert facts_of(store, request=FactsRequest(WEEK, WEEK.start)).sites.empty


def test_an_outage_is_shown_from_its_first_failed_check_to_its_first_good_one(
    store: Engine,
) -> None:
    own = incident()
    names = ("key", "kind", "site", "customer", "reason", "started_at", "opened_at", "ended_at")
    assert lines(facts_of(store, own), *names) == [
        (own.key, "outage", "shop", "Acme", "timeout", hours(0), hours(1 / 60), hours(1))
    ]


def test_a_server_down_is_an_outage_of_each_of_its_sites_and_names_no_other(
    store: Engine,
) -> None:
    found = facts_of(store, server_down("blog", "shop"))
    assert lines(found, "site", "customer", "kind") == [
        ("blog", "Bolt", "outage"),
        ("shop", "Acme", "outage"),
    ]
    own = found.of_customer("Acme").incidents
    assert len(own) == 1
    assert not any(word in repr(own.to_dict()) for word in ("bolt", "blog", "Bolt"))


def test_a_server_counts_once_in_the_medians_however_many_sites_it_took_down(
    store: Engine,
) -> None:
    slow = [incident("shop", start=20, end=24), incident("blog", start=20, end=24)]
    found = facts_of(store, server_down("blog", "shop"), *slow)
    assert len(found.incidents) == 4
    seen = found.incidents.assign(seconds=3600.0)
    seen.loc[seen["started_at"] > hours(10), "seconds"] = 4 * 3600.0
    assert recovery_median(seen, WEEK) == 4 * 3600


def test_a_site_that_was_down_before_its_server_is_shown_once(store: Engine) -> None:
    found = facts_of(store, incident(start=-1, end=3), server_down("blog", "shop"))
    assert lines(found, "site", "ended_at") == [("blog", hours(1)), ("shop", hours(3))]


def test_a_site_that_stayed_down_after_its_server_is_shown_once(store: Engine) -> None:
    still = incident(start=1 / 120, end=5, opened_at=hours(1.1))
    found = facts_of(store, server_down("blog", "shop"), still)
    assert lines(found, "site", "ended_at") == [("blog", hours(1)), ("shop", hours(5))]


def test_a_later_outage_of_its_own_leaves_the_servers_standing(store: Engine) -> None:
    found = facts_of(store, server_down("shop"), incident(start=8, end=9))
    assert lines(found, "started_at") == [(hours(0),), (hours(8),)]


def test_what_touches_no_moment_of_the_week_and_what_is_ours_alone_are_left_out(
    store: Engine,
) -> None:
    before = incident(start=-60, end=-34)  # it ended at the very beginning of the week
    after = incident("blog", start=134)
    blind = incident("our connection", kind=IncidentKind.BLIND, site=None, customer=None)
    assert facts_of(store, before, after, blind).incidents.empty


def test_an_outage_that_lasted_then_lasts_in_the_report_and_one_not_yet_known_is_not_in_it(
    store: Engine,
) -> None:
    then = FactsRequest(WEEK, hours(0.5))
    found = facts_of(
        store, incident(end=1), incident("blog", 0.4, opened_at=hours(0.6)), request=then
    )
    assert lines(found, "site", "ended_at") == [("shop", None)]


def test_an_incident_of_a_site_that_is_no_longer_checked_keeps_its_customer(
    store: Engine,
) -> None:
    fault = incident("gone", kind=IncidentKind.FAULT, subject="gone /login", customer="Cave")
    found = facts_of(store, fault, server_down("lost"))
    assert lines(found, "site", "customer", "kind") == [
        ("gone", "Cave", "fault"),
        ("lost", None, "outage"),
    ]
