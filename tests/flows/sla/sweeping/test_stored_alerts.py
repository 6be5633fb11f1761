"""The stored alerts of some tickets: found by their keys, the same as by reading all of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert, text

from supportops.db.engine import reading, writing
from supportops.db.schema import alerts as table
from supportops.flows.sla.sweeping import alerts as module
from supportops.flows.sla.sweeping.alerts import stored_alerts

AT = datetime.fromisoformat("2026-04-07T12:00:00+00:00")
TICKETS = ("1", "10", "1:2", "1;", "Ä", "a b", "%", "_", "2")
WANTED = [f"sla:desk:{ticket}" for ticket in ("1", "1:2", "%", "Ä", "none")]


def row(ticket: str, metric: str, number: int, kind: str = "sla_breach") -> dict[str, Any]:
    key = f"sla:desk:{ticket}:{metric}:1:breach:{AT.isoformat()}" + (f"#{number}" * (number > 1))
    return {
        "key": key if kind.startswith("sla") else key.replace("sla:", "outage:"),
        "kind": kind,
        "severity": "warning",
        "subject": f"{ticket} {metric} {number} {kind}",
        "headline": "",
        "facts": {"retracted": True} if number == 1 else {},
        "opened_at": AT,
        "last_seen_at": AT,
        "resolved_at": AT if number == 1 else None,
    }


@pytest.fixture
def filled(store: Engine) -> Engine:
    rows = [
        row(ticket, metric, number, kind)
        for ticket in TICKETS
        for metric in ("first_reply", "resolution")
        for number in (1, 2)
        for kind in ("sla_breach", "outage")
    ]
    with writing(store) as connection:
        connection.execute(insert(table), rows)
    return store


def test_those_sought_by_key_are_those_of_a_look_at_all(
    filled: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with reading(filled) as connection:
        found = stored_alerts(connection, WANTED)
        monkeypatch.setattr(module, "_MOST_SOUGHT", 0)
        everything = stored_alerts(connection, WANTED)
        assert stored_alerts(connection, []) == {}
    by_key = {name: sorted(own, key=lambda each: each.key) for name, own in found.items()}
    assert by_key == {
        name: sorted(own, key=lambda each: each.key) for name, own in everything.items()
    }
    assert sorted(found) == sorted(WANTED[:4])
    assert [(each.number, each.open, each.retracted) for each in by_key[WANTED[0]]] == [
        (1, False, True),
        (2, True, False),
    ] * 2


def test_alerts_of_other_tickets_are_not_read(filled: Engine) -> None:
    many = [row(f"old-{number}", "resolution", 1) for number in range(3_000)]
    statements: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        statements.append((statement, parameters))

    with writing(filled) as connection:
        connection.execute(insert(table), many)
        connection.execute(text("ANALYZE alerts"))
    event.listen(filled, "before_cursor_execute", note)
    with reading(filled) as connection:
        found = stored_alerts(connection, WANTED)
        statement, parameters = next(each for each in statements if "FROM alerts" in each[0])
        sqlite = filled.dialect.name == "sqlite"
        explain = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN "
        plan = connection.exec_driver_sql(explain + statement, parameters).all()
    event.remove(filled, "before_cursor_execute", note)
    words = "\n".join(str(each[-1]) for each in plan)
    assert len(found) == 4
    assert "alerts_key_pattern_idx" in words
    assert "(key>? AND key<?)" in words or not sqlite
    assert "Seq Scan on alerts" not in words
