"""Airflow's Trigger form takes down a call: one ticket, one page, and clear refusals."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from builders import configure
from supportops.db.schema import alerts, ticket_events, tickets
from supportops.flows.tickets.call_lists import CallLists, call_lists
from supportops.flows.tickets.log_call import Call, CallError

NUMBERS = ("", "112", "+44 20 7946 0958", "(020) 7946-0958 ext. 12", "call me", "1" * 80, "12x")


@pytest.fixture
def installation(
    store: Engine, store_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Engine:
    sites = [{"name": "Shop", "url": "https://shop.example/"}]
    monkeypatch.setenv("SUPPORTOPS_CONFIG", str(configure(tmp_path / "config", sites)))
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", store_address)
    return store


def rows(store: Engine, table) -> list:
    with store.connect() as connection:
        return list(connection.execute(select(table)))


def test_the_form_makes_a_ticket_and_a_page(installation: Engine, bag) -> None:
    fields = {
        "customer": "Acme",
        "site": "shop",
        "what": "All\nis down",
        "number": "+44 20 79460958",
    }
    run = bag.dags["log_call"].test(run_conf=fields)
    assert run.state == "success"
    (ticket,), (alert,) = rows(installation, tickets), rows(installation, alerts)
    assert (ticket.source, ticket.tier, ticket.site) == ("phone", "mission_critical", "Shop")
    assert ticket.created_at == run.run_after
    assert (alert.kind, alert.severity) == ("call", "critical")
    assert alert.headline == "call from Acme, +44 20 79460958: All is down"
    by = {row.facts["by"] for row in rows(installation, ticket_events) if row.author == "agent"}
    assert by == {"dag_test"}, "as Airflow names who pressed Trigger"


def test_only_the_customer_and_what_has_happened_are_required(installation: Engine, bag) -> None:
    run = bag.dags["log_call"].test(run_conf={"customer": "Acme", "what": "Help"})
    assert run.state == "success"
    assert len(rows(installation, tickets)) == 1


def test_blanks_are_refused_and_take_nothing_down(installation: Engine, bag) -> None:
    run = bag.dags["log_call"].test(run_conf={"customer": "Acme", "what": "   "})
    assert run.state == "failed"
    assert rows(installation, tickets) == []
    assert [row.kind for row in rows(installation, alerts)] == ["task_failed"]


@pytest.mark.parametrize("missing", ["customer", "what"])
def test_the_form_does_not_let_go_without_who_and_what(bag, missing: str) -> None:
    param = bag.dags["log_call"].params.get_param(missing)
    assert not form_takes(param, "")
    assert not form_takes(param, "x" * 4001)
    assert form_takes(param, "Acme")


def test_the_form_and_the_flow_agree_about_numbers(bag) -> None:
    form = bag.dags["log_call"].params
    for number in NUMBERS:
        assert form_takes(form.get_param("number"), number) == flow_takes(number), number


def form_takes(param, number: str) -> bool:
    from airflow.sdk.exceptions import ParamValidationError

    try:
        param.resolve(number)
    except ParamValidationError:
        return False
    return True


def flow_takes(number: str) -> bool:
    try:
        Call.checked("Acme", "Help", number=number)
    except CallError:
        return False
    return True


def test_the_words_are_a_text_area(bag) -> None:
    schema = bag.dags["log_call"].params.get_param("what").schema
    assert schema["format"] == "multiline"


def test_the_form_offers_the_names_that_the_configuration_has(bag) -> None:
    form = bag.dags["log_call"].params
    offered = call_lists()
    assert len(offered.sites) > 0
    assert form.get_param("site").schema["examples"] == list(offered.sites)
    assert form.get_param("customer").schema["examples"] == list(offered.customers)
    tier = form.get_param("tier").schema
    assert tier["enum"] == ["", *offered.tiers]
    assert tier["values_display"]["mission_critical"] == "Mission critical"


def test_a_faulty_file_offers_no_names_and_stops_no_call(tmp_path: Path) -> None:
    deep = "[" * 100_000
    for written in ("sites: [", "- 1", "sites: {a: 1}", deep, "\xff\xfe", "sites: [1, {}]"):
        (tmp_path / "sites.yaml").write_text(written, encoding="latin-1")
        (tmp_path / "service_levels.yaml").write_text(written, encoding="latin-1")
        assert call_lists(tmp_path) == CallLists()
    assert call_lists(tmp_path / "nowhere") == CallLists()
