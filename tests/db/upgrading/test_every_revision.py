"""A store is walked from the first schema to the last: at each one it gets rows, and none is lost.

What each schema is does not change once it is published: stores have it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, inspect, text

from db.upgrading.old_stores import Walked
from supportops.db.engine import make_engine, store_url
from supportops.db.migrate import revisions, upgrade
from supportops.db.schema import metadata

SCHEMAS = Path(__file__).with_name("schemas.json")
# Rows that a migration adds to a table which is there already: how far tickets were triaged.
CHANGES = {"0006": ["sync_marks"]}


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database without any table."""
    if request.param == "sqlite":
        engine = make_engine(f"sqlite+pysqlite:///{tmp_path}/walked.db")
        yield engine
        engine.dispose()
        return
    administration: Connection = request.getfixturevalue("administration")
    name = "supportops_walked"
    administration.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    administration.execute(text(f"CREATE DATABASE {name}"))
    engine = make_engine(
        store_url(administration.engine.url.render_as_string(hide_password=False))
        .set(database=name)
        .render_as_string(hide_password=False)
    )
    yield engine
    engine.dispose()
    administration.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def schema_of(engine: Engine) -> str:
    """A digest of tables, columns, keys and indexes."""
    inspector = inspect(engine)
    found = {
        table: {
            "columns": [
                [c["name"], str(c["type"]), c["nullable"]] for c in inspector.get_columns(table)
            ],
            "primary": inspector.get_pk_constraint(table)["constrained_columns"],
            "unique": sorted(u["column_names"] for u in inspector.get_unique_constraints(table)),
            "references": sorted(
                [f["constrained_columns"], f["referred_table"], f["referred_columns"]]
                for f in inspector.get_foreign_keys(table)
            ),
            "indexes": sorted(str(i["name"]) for i in inspector.get_indexes(table)),
        }
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:16]


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based")
def test_no_revision_loses_a_row_and_the_last_is_the_schema_page(empty: Engine) -> None:
    published = json.loads(SCHEMAS.read_text())[empty.dialect.name]
    walked = Walked(empty)
    for script in revisions():
        assert upgrade(empty, script.revision) == script.revision
        assert walked.changed() == CHANGES.get(script.revision, [])
        assert published.get(script.revision) == schema_of(empty), (
            f"{script.revision} makes another schema than stores have that were migrated by it; "
            "a new one is to be added to schemas.json"
        )
        walked.add_rows()
    assert walked.changed() == []
    with empty.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    assert set(walked.held) == set(metadata.tables)
