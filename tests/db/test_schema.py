"""The schema page, the migrations and the two databases agree."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, Engine, insert, select, text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.schema import CreateIndex

from supportops.db.engine import StoreAddressError, make_engine, reading, store_url, writing
from supportops.db.migrate import SchemaError, check, newest, upgrade
from supportops.db.schema import configurations, metadata

NOON = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)


# SQLAlchemy cannot read them back from SQLite; the next test compares them.
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based")
def test_the_migrated_database_equals_the_schema_page(store: Engine) -> None:
    with store.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_indexes_of_expressions_are_those_of_the_schema_page(sqlite_template: Path) -> None:
    engine = make_engine(f"sqlite+pysqlite:///{sqlite_template}")
    indexes = [index for table in metadata.tables.values() for index in table.indexes]
    written = {
        str(index.name): str(CreateIndex(index).compile(engine))
        for index in indexes
        if not all(isinstance(each, Column) for each in index.expressions)
    }
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'index'"))
        stored = {name: sql for name, sql in rows if name in written}
    engine.dispose()
    assert "tickets_queue_idx" in written
    assert stored == written


def test_upgrading_twice_changes_nothing(store: Engine) -> None:
    assert upgrade(store) == upgrade(store) == newest()
    check(store)


def test_an_empty_store_says_what_to_run(tmp_path) -> None:
    engine = make_engine(f"sqlite+pysqlite:///{tmp_path}/empty.db")
    with pytest.raises(SchemaError, match="supportops db upgrade"):
        check(engine)
    engine.dispose()


def test_an_instant_comes_back_to_the_microsecond_and_in_utc(store: Engine) -> None:
    elsewhere = NOON.astimezone(timezone(timedelta(hours=-7)))
    with writing(store) as connection:
        connection.execute(
            insert(configurations), {"digest": "a", "loaded_at": elsewhere, "document": {}}
        )
    with reading(store) as connection:
        found = connection.execute(select(configurations.c.loaded_at)).scalar_one()
    assert found == NOON
    assert found.tzinfo is UTC


def test_a_naive_datetime_is_refused(store: Engine) -> None:
    row = {"digest": "a", "loaded_at": NOON.replace(tzinfo=None), "document": {}}
    with pytest.raises(StatementError, match="naive"), writing(store) as connection:
        connection.execute(insert(configurations), row)


def test_a_failed_transaction_leaves_nothing(store: Engine) -> None:
    rows = [{"digest": "a", "loaded_at": NOON, "document": {}}] * 2
    with pytest.raises(IntegrityError), writing(store) as connection:
        connection.execute(insert(configurations), rows)
    with reading(store) as connection:
        assert connection.execute(select(configurations)).all() == []


@pytest.mark.parametrize(
    ("address", "driver"),
    [
        ("postgres://u:p@h/db", "postgresql+psycopg"),
        ("postgresql://u:p@h/db", "postgresql+psycopg"),
        ("postgresql+psycopg2://u:p@h/db", "postgresql+psycopg"),
        ("sqlite:////tmp/x.db", "sqlite+pysqlite"),
    ],
)
def test_the_driver_is_always_named(address: str, driver: str) -> None:
    assert store_url(address).drivername == driver


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://u:sec@hunter22@h/db",
        "postgresql://u:sec@ret/hunter22@h/db",
        "postgres://u:@@hunter22@h/db",
    ],
)
def test_a_password_with_an_at_sign_is_not_taken_for_a_host(address: str) -> None:
    with pytest.raises(StoreAddressError, match="write it as %40") as error:
        store_url(address)
    assert "hunter22" not in str(error.value)
    assert store_url("postgresql://u:a%40hunter22@h/db").password == "a@hunter22"


@pytest.mark.parametrize("address", ["nonsense", "mysql://u:hunter22@h/db", "sqlite:///x.db"])
def test_an_address_that_cannot_work_is_one_clear_error(address: str) -> None:
    with pytest.raises(StoreAddressError, match="expected") as error:
        store_url(address)
    assert "hunter22" not in str(error.value)
