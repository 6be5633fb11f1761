"""A PostgreSQL store is migrated while others read and write it, and killed at any point.

What matters is which locks a migration holds while it does something that takes long: time itself
is not measured.
"""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import OperationalError

from db.upgrading.conftest import NewDatabase
from db.upgrading.old_stores import Walked
from supportops.db import migrate, online
from supportops.db.engine import make_engine, reading, writing
from supportops.db.migrate import Patience, SchemaError, current, newest, revisions, upgrade

SOON = Patience(lock=0.05, pause=0.05, whole=30)
# What takes as long as there are rows. ADD COLUMN and the like only change the catalogue.
_LONG = re.compile(r"\s*(UPDATE|INSERT|DELETE|CREATE (UNIQUE )?INDEX|SELECT .* FROM|ALTER .* TYPE)")
_STOPS_WRITERS = ("ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock")
_LOCKS = text(
    "SELECT DISTINCT c.relname FROM pg_locks l JOIN pg_class c ON c.oid = l.relation "
    "WHERE l.pid = :pid AND l.granted AND c.relkind = 'r' AND l.mode = ANY(:modes) "
    "AND c.relnamespace = 'public'::regnamespace"
)
# An index of a table that is there already, a column that is taken away or named anew: what is
# running is the version before.
_REFUSED = re.compile(r"DROP (COLUMN|TABLE)|RENAME|SET NOT NULL|ALTER COLUMN \w+ TYPE", re.I)
_ALLOWED = {"0029"}  # it mends the tables of the first 0017
_ENDED = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE query LIKE 'CREATE INDEX CONCURRENTLY%' AND datname = current_database()"
)
Hook = Callable[[Connection, str], None]


@contextmanager
def watched(hook: Hook) -> Iterator[None]:
    """Calls `hook` with each statement of every connection, before it is executed."""

    def before(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        hook(connection, statement)

    event.listen(Engine, "before_cursor_execute", before)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", before)


@pytest.fixture
def store(new_database: NewDatabase) -> Iterator[Engine]:
    """A PostgreSQL store at the first schema with rows."""
    with new_database() as engine:
        upgrade(engine, "0001")
        yield engine


def pid_of(connection: Connection) -> int:
    driver: Any = connection.connection.driver_connection
    return int(driver.info.backend_pid)


def test_nothing_long_is_done_while_a_lock_stops_writers(
    store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(online, "BATCH", 3)
    walked, there, done = Walked(store), set[str](), list[tuple[str, str]]()
    watcher = store.connect().execution_options(isolation_level="AUTOCOMMIT")

    def look(connection: Connection, statement: str) -> None:
        if connection.engine is store or "alembic_version" in statement or "pg_" in statement:
            return
        words = " ".join(statement.split())
        done.append((script.revision, words))
        made = re.match(r"CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY).* ON (\w+)", words)
        if _LONG.match(words) and (made is None or made[1] in there):
            values = {"pid": pid_of(connection), "modes": list(_STOPS_WRITERS)}
            held = set(watcher.execute(_LOCKS, values).scalars()) & there
            assert held == set(), f"{script.revision} holds locks of {held} during: {words}"
        assert made is None or made[1] not in there, f"{script.revision}: {words}"
        allowed = script.revision in _ALLOWED
        assert allowed or not _REFUSED.search(words), f"{script.revision}: {words}"
        constraint = re.match(r"ALTER TABLE (\w+) ADD (CONSTRAINT|FOREIGN|CHECK)", words)
        assert constraint is None or constraint[1] not in there or "NOT VALID" in words

    for script in revisions():
        with watched(look):
            upgrade(store, script.revision)
        walked.add_rows()
        there = set(walked.held)
    watcher.close()
    concurrently = [words for _, words in done if "CONCURRENTLY" in words]
    assert len(concurrently) == 7
    filled = [words for revision, words in done if revision == "0006" and "UPDATE" in words]
    assert len(filled) > 1


def at(store: Engine, revision: str) -> Walked:
    """The store with rows, at a revision."""
    walked = Walked(store)
    with reading(store) as connection:
        found = current(connection) or ""
    for script in revisions():
        if found < script.revision <= revision:
            upgrade(store, script.revision)
            walked.add_rows()
    return walked


@contextmanager
def running(work: Callable[[], object]) -> Iterator[threading.Thread]:
    """Does `work` beside; what it raises is raised at the end."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    yield thread
    thread.join(60)
    assert not thread.is_alive()
    if failed:
        raise failed[0]


def until(condition: Callable[[], bool]) -> None:
    for _ in range(1_000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to that")


def write(store: Engine) -> None:
    """Writes and reads as a sync does; it waits a second at most."""
    with writing(store) as connection:
        connection.execute(text("SET LOCAL lock_timeout = '1s'"))
        connection.execute(text("UPDATE tickets SET subject = 'changed'"))
        assert connection.execute(text("SELECT count(*) FROM tickets")).scalar_one()


def test_a_long_reader_holds_up_an_upgrade_and_nobody_else(store: Engine) -> None:
    at(store, "0014")
    waits: list[str] = []
    with reading(store) as reader:
        reader.execute(text("SELECT count(*) FROM tickets"))
        work = lambda: upgrade(store, "0015", patience=SOON, say=waits.append)  # noqa: E731
        with running(work) as upgrading:
            # The index waits for the reader's snapshot, and has been begun.
            until(lambda: index_is(store, "tickets_queue_idx", valid=False))
            for _ in range(3):
                write(store)
            assert upgrading.is_alive()
            reader.rollback()
    assert index_is(store, "tickets_queue_idx", valid=True)


def test_a_table_that_is_read_for_long_is_tried_again_and_again(store: Engine) -> None:
    at(store, "0005")
    waits: list[str] = []
    with reading(store) as reader:
        reader.execute(text("SELECT count(*) FROM ticket_events"))
        work = lambda: upgrade(store, "0006", patience=SOON, say=waits.append)  # noqa: E731
        with running(work):
            until(lambda: len(waits) > 2)
            with writing(store) as connection:
                connection.execute(text("UPDATE ticket_events SET value = 'changed'"))
            reader.rollback()
    assert set(waits) == {"the store is in use by others: waiting for a moment to change a table"}
    with reading(store) as connection:
        assert current(connection) == "0006"


def test_an_upgrade_gives_up_in_the_end_and_says_what_to_do(store: Engine) -> None:
    at(store, "0005")
    with reading(store) as reader:
        reader.execute(text("SELECT count(*) FROM ticket_events"))
        with pytest.raises(SchemaError, match="did not let go of a table for 0 s; end what reads"):
            upgrade(store, patience=Patience(lock=0.02, pause=0.01, whole=0.1))


def index_is(store: Engine, name: str, *, valid: bool) -> bool:
    query = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")
    with reading(store) as connection:
        return connection.execute(query, {"name": name}).scalar() is valid


def test_an_index_that_was_interrupted_is_made_anew(store: Engine) -> None:
    at(store, "0012")

    def fail() -> None:
        with pytest.raises(OperationalError, match="terminating connection"):
            upgrade(store, "0013")

    with reading(store) as reader:
        reader.execute(text("SELECT count(*) FROM alerts"))
        with running(fail) as upgrading:
            until(lambda: index_is(store, "alerts_open_severity_idx", valid=False))
            with writing(store) as connection:
                connection.execute(text(_ENDED))
            upgrading.join()
    assert index_is(store, "alerts_open_severity_idx", valid=False)
    assert upgrade(store) == newest()
    assert index_is(store, "alerts_open_severity_idx", valid=True)


def killed_at(address: str, to: str, number: int) -> bool:
    """Upgrades in a process that ends by SIGKILL at its statement `number`; whether it did."""
    child = os.fork()
    if child == 0:
        count = 0

        def count_down(_connection: Connection, statement: str) -> None:
            nonlocal count
            count += 1
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            with watched(count_down):
                upgrade(make_engine(address), to, patience=SOON)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_killed_before_any_statement_a_migration_is_finished_by_the_next(
    store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that are more than one transaction."""
    monkeypatch.setattr(online, "BATCH", 3)
    address = store.url.render_as_string(hide_password=False)
    for revision, step in (("0006", 1), ("0009", 4)):
        walked = at(store, f"{int(revision) - 1:04}")
        store.dispose()
        number = 4  # before, it has only looked at what is there
        while killed_at(address, revision, number):
            number += step
            assert number < 100
        with reading(store) as connection:
            assert current(connection) == revision
        assert set(walked.changed()) <= {"sync_marks"}
    assert upgrade(store) == newest()


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_killed_on_sqlite_it_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    address = f"sqlite+pysqlite:///{tmp_path}/store.db"
    store = make_engine(address)
    walked = at(store, "0005")
    store.dispose()
    for number in (5, 40):
        assert killed_at(address, "head", number)
        with reading(store) as connection:
            assert current(connection) == "0005"
        assert walked.changed() == []
        store.dispose()
    assert upgrade(store) == newest()
    store.dispose()


def test_of_two_upgrades_at_once_one_does_the_work(empty: Engine) -> None:
    walked = at(empty, "0005")
    address = empty.url.render_as_string(hide_password=False)
    stamped: list[str] = []

    def count(_connection: Connection, statement: str) -> None:
        if statement.startswith("UPDATE alembic_version"):
            stamped.append(statement)

    def one() -> None:
        engine = make_engine(address)
        assert upgrade(engine, patience=SOON) == newest()
        engine.dispose()

    with watched(count), running(one), running(one), running(one):
        pass
    assert len(stamped) == len(revisions()) - 5
    assert set(walked.changed()) <= {"sync_marks"}


def test_events_have_the_order_of_their_source_whatever_their_shape(empty: Engine) -> None:
    upgrade(empty, "0005")
    now = datetime(2026, 11, 16, 9, tzinfo=UTC)
    stamp: object = now if empty.dialect.name == "postgresql" else int(now.timestamp() * 1e6)
    ticket = (
        "INSERT INTO tickets (source, ticket, subject, requester, status, tags, open, touched_at) "
        "VALUES ('desk', '1', '', '', 'open', '', true, :now)"
    )
    added = (
        "INSERT INTO ticket_events (id, source, source_event, ticket, kind, author, happened_at, "
        "recorded_at) VALUES (:id, :source, :event, 1, 'tier', 'agent', :now, :now)"
    )
    shapes = {
        (10, "desk", "7"): 10,
        (11, "desk", "triage/created/7"): 0,
        (12, "desk", "triage/priority/9"): 14,  # as its cause, which came later
        (13, "phone", "9"): 13,  # the same number of another source
        (14, "desk", "9"): 14,
        (15, "desk", "triage/priority/gone"): 15,
        (90, "desk", "triage/priority/"): 90,
    }
    with writing(empty) as connection:
        connection.execute(text(ticket), {"now": stamp})
        for number, source, name in shapes:
            values = {"id": number, "source": source, "event": name, "now": stamp}
            connection.execute(text(added), values)
    assert upgrade(empty) == newest()
    with reading(empty) as connection:
        rows = connection.execute(text("SELECT id, sequence FROM ticket_events"))
        assert dict(rows.all()) == {key[0]: value for key, value in shapes.items()}
        marks = connection.execute(text("SELECT source, mark FROM sync_marks ORDER BY source"))
        assert marks.all() == [("desk", "90"), ("phone", "13")]


def test_what_was_not_migrated_at_all_is_said(empty: Engine) -> None:
    with pytest.raises(SchemaError, match=r"revision none, .* run `supportops db upgrade`"):
        migrate.check(empty)
