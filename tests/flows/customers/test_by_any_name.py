"""One customer under three names: in lists, filters, calls, acts, silences, alerts and reports."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from supportops.alerts.silencing.silence import parsed
from supportops.alerts.store import list_open
from supportops.db.engine import reading
from supportops.db.schema import tickets
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.alerts import silences
from supportops.flows.reports.reporting.gathering import gather
from supportops.flows.reports.reporting.selection import FactsRequest
from supportops.flows.sites import maintenance
from supportops.flows.sla import sla_sweep
from supportops.flows.tickets import log_call, ticket_acts, ticket_queue
from supportops.flows.tickets.call_preview import preview
from supportops.reports.period import Cadence, parse
from supportops.sites.announced.window import Scope
from supportops.tickets.ticket import EventKind
from supportops.web.alerting.filters import Filters
from supportops.web.alerting.reading import find
from web.boards import NOON
from web.desk import Desk

CUSTOMERS = [
    {"name": "Acme Ltd", "aliases": ["Acme", "acme.example"], "phones": ["020 7946 0000"]},
    {"name": "Umbrella"},
]


@pytest.fixture
def desk(store: Engine, tmp_path: Path) -> Desk:
    """Its sites are Acme's and Umbrella's; tickets 1 to 3 are of one customer by three names."""
    found = Desk(store, tmp_path / "config")
    write(found, CUSTOMERS)
    for number, name in (("1", "ACME"), ("2", "acme  ltd"), ("3", "Acme.Example")):
        found.ticket(number, ago=timedelta(hours=20), customer=name, tier="bug_fix")
    found.ticket("4", customer="Umbrella")
    return found


def write(desk: Desk, customers: Any) -> None:
    written = json.dumps({"region": "GB", "customers": customers})
    (desk.context.config / "customers.yaml").write_text(written)
    _, error = load_or_last_good(desk.engine, desk.context.config, desk.now)
    assert error is None, error


@pytest.mark.parametrize("name", ["Acme Ltd", "ACME", "acme.example"])
def test_the_queue_and_its_filters(desk: Desk, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    page = desk.text("/tickets", customer=name)
    for number in ("zendesk/1", "zendesk/2", "zendesk/3"):
        assert number in page
    assert "zendesk/4" not in page
    assert page.count("Acme Ltd") >= 3
    csv = desk.get("/tickets.csv", customer=name)
    assert csv.count("Acme Ltd") == 3
    # Where more are open than are judged, the store itself is asked.
    monkeypatch.setattr(ticket_queue, "MOST_JUDGED", 1)
    assert "zendesk/4" not in desk.text("/tickets", customer=name)
    assert "shop.example" in desk.text("/", customer=name)


def test_solved_tickets_are_found_by_any_name(desk: Desk) -> None:
    from supportops.tickets.ticket import Status
    from web.desk import event

    desk.append(event("2", EventKind.STATUS, NOON, value=Status.SOLVED.value))
    for name in ("acme", "Acme Ltd"):
        assert "zendesk/2" in desk.text("/tickets", state="solved", customer=name)
    assert "zendesk/2" not in desk.text("/tickets", state="solved", customer="Umbrella")


def test_a_call_is_the_customers_by_name_or_hinted_by_number(desk: Desk) -> None:
    call = log_call.Call("acme.example", "The form is broken", number="+44 20 7946 0000")
    configuration, _ = load_or_last_good(desk.engine, desk.context.config, desk.now)
    with reading(desk.engine) as connection:
        found = preview(connection, configuration, call, NOON)
        assert (found.customer, found.customer_known) == ("Acme Ltd", True)
        assert {each.ticket for each in found.tickets} == {"1", "2", "3"}
        nameless = preview(connection, configuration, log_call.Call("", "x", number="02079460000"),
                           NOON)  # fmt: skip
        assert list(nameless.number_of) == ["Acme Ltd"]
        assert nameless.customer == ""
    done = log_call.run(desk.engine, desk.context.config, call, "run", NOON, NOON)
    with reading(desk.engine) as connection:
        number = done["ticket"].partition("/")[2]
        stored = select(tickets.c.customer).where(tickets.c.ticket == number)
        assert connection.execute(stored).scalar_one() == "Acme Ltd"
    assert done["near_customers"] == []


def test_acts_maintenance_and_silences_take_any_name(desk: Desk) -> None:
    call = log_call.Call.checked("Umbrella", "Help")
    done = log_call.run(desk.engine, desk.context.config, call, "run", NOON, NOON)
    act = ticket_acts.change("ada", None, {EventKind.CUSTOMER: "ACME"})
    ticket_acts.run(desk.context, done["ticket"], act, NOON)
    assert ticket_acts.current(desk.context, done["ticket"]).customer == "Acme Ltd"
    until = NOON + timedelta(hours=1)
    window = maintenance.announce(desk.context, Scope.CUSTOMER, "acme.example", until, "disk",
                                  "ada", NOON)  # fmt: skip
    assert window.name == "Acme Ltd"
    found = silences.preview(desk.context, parsed(["customer=acme.example"]), NOON)
    assert found.sites == ("shop.example",)
    assert found.unknown == ()


def test_alerts_of_tickets_have_the_customers_name_and_are_silenced_by_any(desk: Desk) -> None:
    later = desk.now + timedelta(days=10)
    desk.now = later
    sla_sweep.hourly(desk.context, later, later)
    with reading(desk.engine) as connection:
        named = {alert.customer for alert in list_open(connection)}
    assert named == {"Acme Ltd", "Umbrella"}
    found = silences.preview(desk.context, parsed(["customer=ACME"]), later)
    assert {each.alert.customer for each in found.alerts} == {"Acme Ltd"}
    customers = load_or_last_good(desk.engine, desk.context.config, later)[0].customers
    with reading(desk.engine) as connection:
        for name, whose in (("acme", "Acme Ltd"), ("Umbrella", "Umbrella")):
            shown = find(connection, customers, Filters(customer=name), "ada", later, 50)
            assert {alert.customer for alert in shown.alerts} == {whose}


def test_reports_have_one_line_for_the_customer_and_its_own_rows(desk: Desk) -> None:
    configuration, _ = load_or_last_good(desk.engine, desk.context.config, desk.now)
    period = parse(Cadence.WEEKLY, "2026-W47", configuration.zone)
    with reading(desk.engine) as connection:
        (facts,) = gather(connection, configuration, [FactsRequest(period, period.end)])
    assert set(facts.tickets["customer"]) == {"Acme Ltd", "Umbrella"}
    own = facts.of_customer("Acme Ltd")
    assert sorted(own.tickets["number"]) == ["1", "2", "3"]
    assert set(own.sites["site"]) <= {"shop.example"}


def test_an_alias_that_is_taken_away_ends_at_once(desk: Desk) -> None:
    write(desk, [{"name": "Acme Ltd"}, {"name": "Umbrella"}])
    page = desk.text("/tickets", customer="Acme Ltd")
    assert "zendesk/2" in page
    assert "zendesk/1" not in page
