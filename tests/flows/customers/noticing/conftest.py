"""What the tests of notices share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.customers.noticing.agency import Agency
from supportops.db.engine import make_engine


@pytest.fixture
def agency(sqlite_template: Path, tmp_path: Path) -> Iterator[Agency]:
    """On SQLite alone, for what depends on no database."""
    path = tmp_path / "store.db"
    path.write_bytes(sqlite_template.read_bytes())
    engine = make_engine(f"sqlite:///{path}")
    yield Agency(engine)
    engine.dispose()
