"""A customer under any name is one customer to everything that a configuration decides."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Engine

from builders import SHIPPED
from supportops.alerts.alert import Affected, Alert, Kind, Severity
from supportops.alerts.routing.matching import matching
from supportops.alerts.silencing.silence import Silence, aliased, covered, parsed
from supportops.config import snapshots
from supportops.config.configuration import Configuration
from supportops.config.documents import with_announced
from supportops.config.findings.raised import customers_named
from supportops.config.loader import check, load
from supportops.db.engine import reading, writing
from supportops.sites.announced.window import AnnouncedWindow, Scope

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
CUSTOMERS = [
    {"name": "Acme Ltd", "aliases": ["ACME", "acme.example"]},
    {"name": "Umbrella"},
]
SITES = [
    {"name": "shop", "customer": "acme", "url": "https://shop.example/"},
    {"name": "wiki", "customer": "Umbrella", "url": "https://wiki.example/"},
]
SVG = '<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0h2v1z"/></svg>'


def write(path: Path, name: str, data: Any) -> None:
    (path / f"{name}.yaml").write_text(yaml.safe_dump(data, sort_keys=False))


def folder(path: Path, customers: Any = CUSTOMERS, customer: str = "Acme  Ltd") -> Path:
    """A folder in which a route, a promise and a report are for `customer`."""
    path.mkdir(exist_ok=True)
    for file in SHIPPED.glob("*.yaml"):
        shutil.copy(file, path)
    write(path, "sites", {"sites": SITES})
    alerts = yaml.safe_load((SHIPPED / "alerts.yaml").read_text())
    own = {"name": "own", "match": {"customer": [customer]}, "steps": [{"receivers": ["manager"]}]}
    alerts["routes"].append(own)
    write(path, "alerts", alerts)
    levels = yaml.safe_load((SHIPPED / "service_levels.yaml").read_text())
    policy = levels["policies"][-1]
    first = policy["promises"][0]
    policy["promises"].insert(0, first | {"name": "own", "customers": [customer]})
    write(path, "service_levels", levels)
    audience = {
        "name": "acme", "title": "Acme", "receivers": ["manager"], "reports": ["weekly"],
        "customer": customer,
    }  # fmt: skip
    write(path, "reports", {"audiences": [audience]})
    if customers is not None:
        write(path, "customers", {"customers": customers})
    else:
        (path / "customers.yaml").unlink()
    return path


def an_alert(customer: str, **fields: Any) -> Alert:
    return Alert("k", Kind.CALL, Severity.CRITICAL, "s", "h", NOON, customer=customer, **fields)


def routes(configuration: Configuration, alert: Alert) -> set[str]:
    return {match.route.name for match in matching(alert, configuration.alerts)}


NAMES = ("Acme Ltd", "ACME", "acme  LTD", " Acme.Example")


@pytest.mark.parametrize("written", ["ACME", "Acme  Ltd", "acme.EXAMPLE"])
def test_routes_promises_and_audiences_know_every_name(tmp_path: Path, written: str) -> None:
    configuration = load(folder(tmp_path / "config", customer=written))
    book = configuration.promises
    assert book is not None
    tier = book.versions[-1].promises[0].tier
    for name in NAMES:
        assert "own" in routes(configuration, an_alert(name))
        assert book.match(NOON, tier, name).promise.name == "own"
    for name in ("Umbrella", "Acm", "Acme Ltd 2"):
        assert "own" not in routes(configuration, an_alert(name))
        assert book.match(NOON, tier, name).promise.name != "own"
    assert book.match(NOON, tier, None).promise.name != "own"
    audience = configuration.reports.audiences[0]
    assert audience.customer == "Acme Ltd"
    assert [site.customer for site in configuration.fleet.sites] == ["Acme Ltd", "Umbrella"]
    assert sorted(customers_named(configuration)) == ["Acme Ltd", "Umbrella"]


def test_of_a_wide_cause_a_route_is_for_the_sites_of_the_customer(tmp_path: Path) -> None:
    configuration = load(folder(tmp_path / "config"))
    affected = [{"site": "shop", "customer": "ACME"}, {"site": "wiki", "customer": "Umbrella"}]
    alert = replace(
        an_alert(""), kind=Kind.HOST_OUTAGE, customer=None, facts={"affected": affected}
    )
    own = next(m for m in matching(alert, configuration.alerts) if m.route.name == "own")
    assert own.affected == (Affected("shop", "ACME"),)


def test_without_customers_yaml_names_stand_for_themselves(tmp_path: Path) -> None:
    configuration = load(folder(tmp_path / "config", None, customer="Acme Ltd"))
    assert "own" in routes(configuration, an_alert("acme ltd"))
    assert "own" not in routes(configuration, an_alert("ACME"))
    assert configuration.fleet.sites[0].customer == "acme"


def test_silences_know_every_name_by_any_kind_of_pattern(tmp_path: Path) -> None:
    customers = load(folder(tmp_path / "config")).customers
    for written in ("customer=ACME", "customer=acme.*", "customer=~acme (ltd|limited)"):
        silence = Silence(1, parsed([written]), NOON, NOON, "why", "ada", NOON)
        (known,) = aliased([silence], customers)
        assert known == silence
        for name in NAMES:
            assert covered(known.matchers, an_alert(name)), (written, name)
        assert not covered(known.matchers, an_alert("Umbrella"))


def test_announced_maintenance_of_an_alias_is_the_customers(tmp_path: Path) -> None:
    configuration = load(folder(tmp_path / "config"))
    window = AnnouncedWindow(
        1, Scope.CUSTOMER, "acme.example", NOON, NOON.replace(hour=13), "x", "a"
    )
    known = with_announced(configuration, [window])
    assert [bool(site.maintenance) for site in known.fleet.sites] == [True, False]


def test_the_past_has_the_names_of_its_own_configuration(tmp_path: Path, store: Engine) -> None:
    """An alias that moves to another customer moves nothing of the time before."""
    path = folder(tmp_path / "config", [{"name": "Acme Ltd", "aliases": ["ACME"]}])
    earlier = load(path)
    write(path, "customers", {"customers": [{"name": "Umbrella", "aliases": ["ACME"]}]})
    later = load(path)
    with writing(store) as connection:
        for configuration in (earlier, later):
            snapshots.save(connection, configuration, NOON)
        fleets = [snapshots.fleet_of(connection, each.digest) for each in (earlier, later)]
        books = [snapshots.get(connection, each.digest).promises for each in (earlier, later)]
    assert [fleet.sites[0].customer for fleet in fleets] == ["Acme Ltd", "Umbrella"]
    own = [book.versions[-1].promises[0] for book in books if book]
    assert [each.fits(each.tier, "ACME", frozenset()) for each in own] == [True, False]


def test_the_logo_of_a_day_is_stored_with_its_configuration(tmp_path: Path, store: Engine) -> None:
    path = folder(tmp_path / "config", [{"name": "Acme Ltd", "logo": "logo.svg"}])
    found = []
    for content in (SVG, SVG + "\n"):
        (path / "logo.svg").write_text(content)
        with writing(store) as connection:
            snapshots.save(connection, load(path), NOON)
            found.append(snapshots.newest_digest(connection))
    with reading(store) as connection:
        past = [snapshots.get(connection, str(each)).customers for each in found]
        assert [snapshots.logo(connection, each.get("acme ltd")) for each in past] == [
            SVG.encode(), (SVG + "\n").encode(),
        ]  # fmt: skip
        assert snapshots.logo(connection, past[0].get("Umbrella")) is None


def findings(path: Path) -> list[str]:
    checked = check(path)
    assert not checked.faults, checked.faults
    return [str(each) for each in checked.findings if "no other file names" in str(each)]


def test_a_customer_that_only_one_file_names_is_found(tmp_path: Path) -> None:
    path = folder(tmp_path / "config", [*CUSTOMERS, {"name": "Umbrela Ltd"}])
    assert findings(path) == [
        "customers.yaml:7 customers[2].name: found 'Umbrela Ltd', which no other file names, "
        "expected a name or alias that another file has, too; did you mean Umbrella?"
    ]
    write(path, "customers", {"customers": [*CUSTOMERS]})
    assert findings(path) == []
    write(path, "sites", {"sites": [*SITES, SITES[1] | {"name": "blog", "customer": "Umbrela"}]})
    (line,) = findings(path)
    assert "sites.yaml" in line
    assert "did you mean Umbrella?" in line


def test_a_route_for_an_alias_is_no_finding_and_one_for_nobody_is(tmp_path: Path) -> None:
    path = folder(tmp_path / "config", customer="acme.example")
    assert not [each for each in check(path).findings if "customer" in each.path]
    alerts = (path / "alerts.yaml").read_text().replace("acme.example", "Acmee Ltd")
    (path / "alerts.yaml").write_text(alerts)
    found = [str(each) for each in check(path).findings if each.path.startswith("routes[")]
    assert ["did you mean Acme Ltd?" in line for line in found] == [True], found


def test_without_a_list_only_a_likely_slip_is_found(tmp_path: Path) -> None:
    path = folder(tmp_path / "config", None, customer="Umbrella")
    reports = (path / "reports.yaml").read_text()
    (path / "reports.yaml").write_text(reports.replace("Umbrella", "Nobody Else"))
    assert findings(path) == []
    (path / "reports.yaml").write_text(reports.replace("Umbrella", "Umbrela"))
    (line,) = findings(path)
    assert line.startswith("reports.yaml")
    assert "did you mean Umbrella?" in line
