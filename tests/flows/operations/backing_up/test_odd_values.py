"""Values that only one of the databases holds do not keep a store from being copied."""

from __future__ import annotations

import math
import time
from pathlib import Path

import pytest
from sqlalchemy import JSON, Engine, delete, insert, null, select, text, update

from builders import NOON
from flows.operations.backing_up.filled import fill
from flows.operations.backing_up.test_backup import empty_sqlite, installation
from supportops.db.copying import DifferentCopyError, contents, copy_store
from supportops.db.engine import reading, writing
from supportops.db.schema import configuration_parts, flow_activity, logos, quarantine
from supportops.flows.operations import backup as flow

PARTS = configuration_parts.c


def test_what_only_sqlite_holds_is_copied_as_both_hold_it(store: Engine, tmp_path: Path) -> None:
    with empty_sqlite(tmp_path) as source:
        odd = {"nan": math.nan, "all": [math.inf, -math.inf], "text": "a\0b\ud83d", "null": None}
        numbers = {"large": [1e16, 1e22, -1.5e300, 10**30], "small": [-0.0, 1e-7, 5e-324, 2.0]}
        with writing(source) as connection:
            for digest, content in (("1", odd), ("2", numbers), ("3", {"🦊 e+16": "NaN -0.0"})):
                values = {"digest": digest, "content": content}
                connection.execute(insert(configuration_parts).values(values))
            words = {"source": "x", "record": "1", "place": "", "reason": "a\0b", "content": "NaN"}
            connection.execute(insert(quarantine).values(**words, recorded_at=NOON))
        assert contents(source) == copy_store(source, store)
    assert _texts(store, PARTS.content) == [
        {"nan": None, "all": [None, None], "text": "a\ufffdb?", "null": None},
        numbers,
        {"🦊 e+16": "NaN -0.0"},
    ]
    assert _texts(store, quarantine.c.reason) == ["a\ufffdb"]


@pytest.mark.parametrize("store_address", ["postgresql"], indirect=True)
def test_what_only_postgresql_holds_does_not_stop_a_backup(store: Engine, tmp_path: Path) -> None:
    fill(store)
    with writing(store) as connection:
        for value in ("NaN", "-Infinity", "-0"):
            site = f"(SELECT min(site) FROM check_results WHERE total_ms <> '{value}')"
            connection.execute(
                text(f"UPDATE check_results SET total_ms = '{value}' WHERE site = {site}")
            )
    before = contents(store)
    assert flow.backup(installation(store), tmp_path / "backup") == before
    assert flow.verify(tmp_path / "backup") == before


@pytest.mark.parametrize("store_address", ["postgresql"], indirect=True)
def test_what_a_server_has_as_its_defaults_changes_nothing(store: Engine, tmp_path: Path) -> None:
    """Its own style of dates, zone and isolation, and limits for what takes long."""
    fill(store)
    before, name = contents(store), store.url.database
    settings = {
        "datestyle": "'German, DMY'",
        "timezone": "'America/New_York'",
        "bytea_output": "'escape'",
        "default_transaction_isolation": "'serializable'",
        "statement_timeout": "200",
        "idle_in_transaction_session_timeout": "50",
    }
    with writing(store) as connection:
        for key, value in settings.items():
            connection.execute(text(f'ALTER DATABASE "{name}" SET {key} = {value}'))
    store.dispose()

    def slow(table: str, _rows: int) -> None:
        if table == "configurations":
            time.sleep(0.1)

    try:
        assert flow.backup(installation(store), tmp_path / "backup", on_rows=slow) == before
        with writing(store) as connection:
            shown = connection.execute(text("SHOW transaction_isolation")).scalar_one()
        assert shown == "read committed"
    finally:
        with writing(store) as connection:
            connection.execute(text(f'ALTER DATABASE "{name}" RESET ALL'))
        store.dispose()


def test_null_and_the_null_of_json_stay_what_they_are(store: Engine, tmp_path: Path) -> None:
    """Queries tell them apart, and readers in Python do not."""
    c = flow_activity.c
    counts = {"1": null(), "2": JSON.NULL, "3": {"a": None}}
    with writing(store) as connection:
        connection.execute(delete(flow_activity))
        for name, value in counts.items():
            values = {"flow": name, "since": NOON, "at": NOON, "counts": value}
            connection.execute(insert(flow_activity).values(values))
        connection.execute(insert(configuration_parts).values(digest="1", content=JSON.NULL))
    with empty_sqlite(tmp_path) as other, empty_sqlite(tmp_path, "third.db") as back:
        assert copy_store(store, other) == copy_store(other, back) == contents(store)
        for each in (store, other, back):
            with reading(each) as connection:
                is_null = connection.execute(select(c.counts.is_(None)).order_by(c.flow)).scalars()
                assert [bool(found) for found in is_null] == [True, False, False]
            assert _texts(each, PARTS.content) == [None]
        with writing(other) as connection:
            connection.execute(update(flow_activity).values(counts=JSON.NULL))
        assert contents(other)["flow_activity"] != contents(store)["flow_activity"]


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_a_row_that_cannot_be_read_is_named(store: Engine, tmp_path: Path) -> None:
    with writing(store) as connection:
        connection.execute(text("INSERT INTO configuration_parts VALUES ('1', 'no json')"))
    with pytest.raises(DifferentCopyError, match="configuration_parts has a row that cannot be"):
        flow.backup(installation(store), tmp_path / "backup")
    assert not (tmp_path / "backup").exists()


def test_few_rows_that_may_be_large_are_in_memory_at_once(store: Engine, tmp_path: Path) -> None:
    """A recording of a call has megabytes."""
    with writing(store) as connection:
        rows = [{"digest": f"{number:02}", "content": b"x"} for number in range(40)]
        connection.execute(insert(logos), rows)
    pages: list[int] = []
    with empty_sqlite(tmp_path) as other:
        copy_store(store, other, lambda table, rows: table == "logos" and pages.append(rows))
    assert pages == [16, 32, 40]


def _texts(store: Engine, column) -> list[object]:
    with reading(store) as connection:
        found = select(column).order_by(*column.table.primary_key.columns)
        return list(connection.execute(found).scalars())
