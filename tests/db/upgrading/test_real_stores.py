"""What older versions stored is there after the upgrade, and every flow goes on with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, inspect, select, text

from db.upgrading.conftest import NewDatabase
from db.upgrading.old_stores import MADE, Walked, moved, unpacked
from supportops.alerts.hold import held_since
from supportops.db.engine import reading, writing
from supportops.db.migrate import current, newest, upgrade
from supportops.db.schema import incidents
from supportops.flows.alerts import alert_dispatch
from supportops.flows.operations import housekeeping
from supportops.flows.reports import weekly_report
from supportops.flows.sla import explain_ticket, list_clocks, sla_sweep
from supportops.reports import store as reports
from supportops.sites.check import Reason
from web.boards import (
    READER,
    context_of,
    live_through,
    make_board,
    site_entry,
    visible,
    write_config,
)

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
        assert held_since(connection) is None
    assert explain_ticket.run(context, "1", "import", TUESDAY).subject == "How do I add a page?"
    with list_clocks.listing(context, TUESDAY) as clocks:
        assert len(list(clocks.rows)) > 4
        assert clocks.unjudged() == ()

    swept = sla_sweep.hourly(context, TUESDAY, TUESDAY)
    assert swept["tickets"] == 4
    alert_dispatch.run(store, {}.get, lambda: TUESDAY)
    again = weekly_report.run(context, TUESDAY, TUESDAY, week="2026-W47", audience="team")
    assert [each["edition"] for each in again["reports"]] == [2]

    sites = [site_entry("Shop"), site_entry("Blog", "Other")]
    folder = write_config(tmp_path / "config", sites)
    live_through(store, folder, [TUESDAY, TUESDAY + timedelta(minutes=5)], lambda *_: Reason.OK)
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
        "/tickets": "error 500",
        "/ticket?source=import&id=2": "error 500",
        "/site?name=Shop": "Shop",
        "/reports": "Sent Mon 23 Nov 2026",
        "/configuration": "Configuration",
    }.items():
        page = client.get(address, headers=dict(READER))
        assert page.status_code == 200, address
        assert words in visible(page.text), address


def test_comments_of_the_first_notices_count_as_updates(
    tmp_path: Path, new_database: NewDatabase
) -> None:
    sqlite = unpacked(WITHOUT_COUNTS, tmp_path)
    with new_database() as postgresql:
        moved(sqlite, WITHOUT_COUNTS, postgresql)
        with writing(postgresql) as connection:
            connection.execute(text("ALTER TABLE notice_comments DROP COLUMN counts_as"))
        for store in (sqlite, postgresql):
            walked = Walked(store)
            walked.add_to("notice_threads", "notices", "notice_comments")
            upgrade(store)
            assert walked.changed() == []
            with reading(store) as connection:
                counted = connection.execute(text("SELECT DISTINCT counts_as FROM notice_comments"))
                assert counted.scalars().all() == ["update"]
                columns = inspect(connection).get_columns("notice_comments")
                (column,) = (each for each in columns if each["name"] == "counts_as")
                assert (column["nullable"], column["default"]) == (False, None)
    sqlite.dispose()
