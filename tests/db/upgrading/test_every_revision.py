"""A store is walked from the first schema to the last: at each one it gets rows, and none is lost.

What each schema is does not change once it is published: stores have it. `schemas.json` has the
published ones; a release adds those since the last.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect

from db.upgrading.old_stores import Walked
from supportops.db.migrate import revisions, upgrade
from supportops.db.schema import metadata

SCHEMAS = Path(__file__).with_name("schemas.json")
# Rows that a migration adds to a table which is there already: how far tickets were triaged.
CHANGES = {"0006": ["sync_marks"]}


def schema_of(engine: Engine) -> str:
    """A digest of tables, columns, keys and indexes."""
    inspector = inspect(engine)
    columns = {
        table: sorted((c["name"], str(c["type"]), c["nullable"]) for c in found)
        for (_, table), found in inspector.get_multi_columns().items()
    }
    primary = {
        table: found["constrained_columns"]
        for (_, table), found in inspector.get_multi_pk_constraint().items()
    }
    unique = {
        table: sorted(u["column_names"] for u in found)
        for (_, table), found in inspector.get_multi_unique_constraints().items()
    }
    references = {
        table: sorted((f["constrained_columns"], f["referred_table"]) for f in found)
        for (_, table), found in inspector.get_multi_foreign_keys().items()
    }
    indexes = {
        table: sorted(str(i["name"]) for i in found)
        for (_, table), found in inspector.get_multi_indexes().items()
    }
    found = json.dumps([columns, primary, unique, references, indexes], sort_keys=True)
    return hashlib.sha256(found.encode()).hexdigest()[:16]


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based")
def test_no_revision_loses_a_row_and_the_last_is_the_schema_page(empty: Engine) -> None:
    published = json.loads(SCHEMAS.read_text())[empty.dialect.name]
    walked = Walked(empty)
    for script in revisions():
        assert upgrade(empty, script.revision) == script.revision
        assert walked.changed() == CHANGES.get(script.revision, [])
        if script.revision <= max(published):
            assert (script.revision, schema_of(empty)) in published.items()
        walked.add_rows()
    assert walked.changed() == []
    with empty.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    assert set(walked.held) == set(metadata.tables)
