"""A round in which nothing is to be done reads all once, however many customers there are."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event

from flows.customers.noticing.agency import Agency, configuration


def statements(agency: Agency) -> int:
    """How many a round takes."""
    counted = [0]

    def count(*_: Any) -> None:
        counted[0] += 1

    event.listen(agency.store, "before_cursor_execute", count)
    agency.round()
    event.remove(agency.store, "before_cursor_execute", count)
    return counted[0]


def test_it_asks_as_often_for_three_customers_as_for_one(agency: Agency) -> None:
    agency.down("acme-shop")
    agency.pass_minutes(1)
    one = statements(agency)
    agency.down("borealis")
    agency.down("cirrus")
    assert statements(agency) > one + 20, "these have something to be done"
    assert statements(agency) == one


def test_what_is_late_is_counted_while_it_stays_so(agency: Agency) -> None:
    agency.activate(configuration({"after": "30m"}))
    agency.down("acme-shop")
    agency.pass_minutes(12)
    (first,) = agency.late()
    rounds = [agency.round() for _ in range(2)]
    assert [(each["late"], each["to_dispatch"]) for each in rounds] == [(1, True)] * 2
    assert agency.late() == [first]
