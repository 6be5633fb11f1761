"""What older versions stored is there after the upgrade, and every flow goes on with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, inspect, select, text

from db.upgrading.old_stores import MADE, Walked, moved, unpacked
from supportops.db.engine import make_engine, reading, writing
from supportops.db.migrate import current, newest, upgrade
from supportops.db.schema import incidents
from supportops.flows import alert_dispatch, explain_ticket, housekeeping, list_clocks
from supportops.flows import sla_sweep, weekly_report
from supportops.reports import store as reports
from web.boards import READER, context_of, live_through, make_board, site_entry, visible, write_config

TUESDAY = datetime(2026, 11, 24, 10, tzinfo=UTC)
# Its tables of notices were made by a 0017 that was changed afterwards.
WITHOUT_COUNTS = "0023"


@pytest.fixture(params=[(name, "sqlite") for name in MADE] + [("0004", "postgresql")], ids=str)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Engine]]:
    """A store of an older version and its revision."""
    revision, database = request.param
    engine = unpacked(revision, tmp_path)
    if database == "postgresql":
        with request.getfixturevalue("new_database")() as other:
            moved(engine, revision, other)
            yield revision, other
    else:
        yield revision, engine
    engine.dispose()


def test_an_old_store_is_upgraded_and_every_flow_goes_on_with_it(
    old: tuple[str, Engine], tmp_path: Path
) -> None:
    revision, store = old
    held = Walked(store)
    held.look()
    with reading(store) as connection:
        assert current(connection) == revision
    assert upgrade(store) == newest()
    assert set(held.changed()) <= {"sync_marks"}
    context = context_of(store)

    with reading(store) as connection:
        (sent,) = reports.listing(connection, 10)
        assert len(reports.files(connection, sent.id)) > 3
        assert connection.execute(text("SELECT count(*) FROM alert_hold")).scalar() == 0
    first = explain_ticket.run(context, "1", "import", TUESDAY)
    assert first.explanations
    assert len(list(list_clocks.listing(context, TUESDAY).rows)) > 4

    swept = sla_sweep.hourly(context, TUESDAY, TUESDAY)
    assert swept["tickets"] == 3
    alert_dispatch.run(store, {}.get, lambda: TUESDAY)
    again = weekly_report.run(context, TUESDAY, TUESDAY, week="2026-W47", audience="team")
    assert [each["edition"] for each in again["reports"]] == [2]

    sites = [site_entry("Shop"), site_entry("Blog", "Other")]
    folder = write_config(tmp_path / "config", sites)
    live_through(store, folder, [TUESDAY, TUESDAY + timedelta(minutes=5)], lambda *_: "ok")
    with reading(store) as connection:
        ends = connection.execute(select(incidents.c.ended_at)).scalars().all()
    assert len(ends) == 2
    assert None not in ends
    list(housekeeping.fold(store))
    assert housekeeping.folded(store).sites == 2

    client = TestClient(make_board(store, lambda: TUESDAY + timedelta(minutes=6)))
    for address, words in {
        "/": "All 2 sites are up",
        "/alerts": "Alerts",
        "/tickets": "Error 500",
        "/ticket?source=import&id=2": "Error 500",
        "/site?name=Shop": "Shop",
        "/reports": "2026-W47",
        "/configuration": "Configuration",
    }.items():
        page = client.get(address, headers=dict(READER))
        assert page.status_code == 200, address
        assert words in visible(page.text), address


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_comments_of_the_first_notices_count_as_updates(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with unpacked_or_moved(database, tmp_path, request) as store:
        with writing(store) as connection:
            for statement in _COMMENT:
                connection.execute(text(statement))
        upgrade(store)
        with reading(store) as connection:
            found = connection.execute(text("SELECT counts_as FROM notice_comments")).scalars()
            assert found.all() == ["update"]
            (column,) = (
                each
                for each in inspect(connection).get_columns("notice_comments")
                if each["name"] == "counts_as"
            )
        assert (column["nullable"], column["default"]) == (False, None)
