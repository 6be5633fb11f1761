"""Databases without any table, on both servers."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text

from supportops.db.engine import make_engine

NewDatabase = Callable[[], AbstractContextManager[Engine]]


@pytest.fixture
def new_database(administration: Connection) -> NewDatabase:
    """Makes an empty database on PostgreSQL, which is dropped at the end."""

    @contextmanager
    def make() -> Iterator[Engine]:
        name = f"supportops_upgraded_{uuid.uuid4().hex[:8]}"
        administration.execute(text(f"CREATE DATABASE {name}"))
        url = administration.engine.url.set(database=name)
        engine = make_engine(url.render_as_string(hide_password=False))
        yield engine
        engine.dispose()
        administration.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))

    return make


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database without any table, on each server in turn."""
    if request.param == "postgresql":
        with request.getfixturevalue("new_database")() as engine:
            yield engine
        return
    engine = make_engine(f"sqlite+pysqlite:///{tmp_path}/empty.db")
    yield engine
    engine.dispose()
