"""What a backup does not take the place of, what is no backup, and what is not filled with one."""

from __future__ import annotations

import errno
import gzip
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, insert, inspect, text

from builders import NOON
from flows.operations.backing_up.filled import fill
from flows.operations.backing_up.test_backup import KEY, empty_sqlite, installation
from supportops.db import scratch
from supportops.db.copying import contents, copy_store
from supportops.db.engine import make_engine, reading, writing
from supportops.db.migrate import SchemaError, newest, upgrade
from supportops.db.schema import flow_activity, logos
from supportops.files import replace_file
from supportops.flows.operations import backup as flow

on_sqlite = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)


@on_sqlite
def test_a_backup_takes_the_place_of_no_other_file(store: Engine, tmp_path: Path) -> None:
    """The store itself and the key are files whose names are at hand."""
    fill(store)
    before, key = contents(store), tmp_path / "key"
    key.write_bytes(KEY)
    own = Path(str(store.url.database))
    (tmp_path / "link").symlink_to(own)
    for name in (own, key, tmp_path / "link", Path(f"{own}-wal")):
        if name.exists():
            with pytest.raises(flow.BackupError, match="is there and is no backup"):
                flow.backup(installation(store), name, KEY)
    assert (key.read_bytes(), contents(store)) == (KEY, before)


@on_sqlite
def test_a_link_stays_and_the_file_that_it_names_is_written(store: Engine, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "latest").symlink_to(tmp_path / "disk" / "backup")
    for _ in range(2):
        flow.backup(installation(store), tmp_path / "latest")
    assert (tmp_path / "latest").is_symlink()
    assert flow.verify(tmp_path / "disk" / "backup") == contents(store)


@on_sqlite
def test_a_file_may_have_any_name(store: Engine, tmp_path: Path) -> None:
    name = "a?x=1 100%25 #" + "é" * 120
    (tmp_path / name).mkdir()
    flow.backup(installation(store), tmp_path / name / name)
    assert flow.verify(tmp_path / name / name) == contents(store)


@on_sqlite
def test_a_weak_key_is_refused_before_anything_is_copied(store: Engine, tmp_path: Path) -> None:
    copied: list[str] = []
    with pytest.raises(flow.SealError, match="has 5 bytes; expected at least 32"):
        flow.backup(
            installation(store), tmp_path / "b", b"short", lambda name, _: copied.append(name)
        )
    assert copied == []


@on_sqlite
def test_what_is_no_sound_backup_is_said_of_the_file(store: Engine, tmp_path: Path) -> None:
    fill(store)
    flow.backup(installation(store), tmp_path / "backup")
    packed = (tmp_path / "backup").read_bytes()
    raw = gzip.decompress(packed)
    other = make_engine(f"sqlite+pysqlite:///{tmp_path / 'foreign.db'}")
    with writing(other) as connection:
        connection.execute(text("CREATE TABLE x (y INTEGER)"))
    other.dispose()
    here = newest().encode()
    upgraded = raw.replace(here, b"9999") if here in raw else b""
    for harmed, words in (
        (gzip.compress(b"no store"), "is no backup of this program"),
        (packed[:10] + b"\xff" * 500, "damaged or not whole"),
        (packed[:-9] + b"\0" * 9, "damaged or not whole"),
        (gzip.compress(raw[: len(raw) // 2]), "is damaged"),
        (gzip.compress(raw[:12_288] + b"A" * 400_000 + raw[412_288:]), "is damaged"),
        (gzip.compress((tmp_path / "foreign.db").read_bytes()), "is no backup of this program"),
        (gzip.compress(upgraded), "is of a newer version: its revision is 9999"),
    ):
        (tmp_path / "harmed").write_bytes(harmed)
        with pytest.raises(flow.BackupError, match=words) as caught:
            flow.verify(tmp_path / "harmed")
        assert str(tmp_path / "harmed") in str(caught.value)


@on_sqlite
def test_one_that_is_not_encrypted_is_no_backup_where_a_key_is_given(
    store: Engine, tmp_path: Path
) -> None:
    """Anybody who can write to the disk can make one."""
    flow.backup(installation(store), tmp_path / "backup")
    with pytest.raises(flow.BackupError, match="is not encrypted"):
        flow.verify(tmp_path / "backup", KEY)


@on_sqlite
def test_a_backup_on_a_disk_that_cannot_be_written_to_is_unpacked_elsewhere(
    store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow.backup(installation(store), tmp_path / "backup", KEY)
    make = tempfile.mkdtemp

    def refused(prefix: str, dir: Path | None = None) -> str:
        if dir is not None:
            raise OSError(errno.EROFS, "Read-only file system", str(dir))
        return make(prefix=prefix)

    monkeypatch.setattr(scratch.tempfile, "mkdtemp", refused)
    assert flow.verify(tmp_path / "backup", KEY) == contents(store)
    with pytest.raises(OSError, match="Read-only"):
        flow.backup(installation(store), tmp_path / "backup", KEY)


@on_sqlite
def test_a_full_disk_is_said_and_leaves_nothing(
    store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow.backup(installation(store), tmp_path / "backup")
    before = (tmp_path / "backup").read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(flow.shutil, "copyfileobj", full)
    for act in (
        lambda: flow.backup(installation(store), tmp_path / "backup"),
        lambda: flow.verify(tmp_path / "backup"),
    ):
        with pytest.raises(flow.BackupError, match=r"no room left in .*uncompressed"):
            act()
    assert [each.name for each in tmp_path.iterdir()] == ["backup"]
    assert (tmp_path / "backup").read_bytes() == before


@pytest.fixture
def unmigrated(store: Engine) -> Iterator[Engine]:
    """A database without any table."""
    if store.dialect.name == "postgresql":
        with writing(store) as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        yield store
        return
    engine = make_engine(f"{store.url.render_as_string()}.new")
    yield engine
    engine.dispose()


def test_a_database_without_tables_is_migrated_and_filled(
    unmigrated: Engine, tmp_path: Path
) -> None:
    with empty_sqlite(tmp_path) as source:
        fill(source)
        flow.backup(installation(source), tmp_path / "backup", KEY)
        expected = contents(source)
    with pytest.raises(flow.SealError):
        flow.restore(installation(unmigrated), tmp_path / "backup", KEY[::-1])
    assert contents(unmigrated) == {}
    assert flow.restore(installation(unmigrated), tmp_path / "backup", KEY) == expected
    assert contents(unmigrated) == expected


def test_a_store_that_holds_anything_is_neither_filled_nor_migrated(
    store: Engine, tmp_path: Path
) -> None:
    with writing(store) as connection:
        connection.execute(insert(flow_activity).values(flow="x", since=NOON, at=NOON))
        connection.execute(insert(logos).values(digest="1", content=b"x"))
    before = contents(store)
    with empty_sqlite(tmp_path) as source:
        flow.backup(installation(source), tmp_path / "backup")
        address = store.url.render_as_string(hide_password=False)
        for act in (
            lambda: flow.restore(installation(store), tmp_path / "backup"),
            lambda: flow.copy(installation(source), address),
        ):
            with pytest.raises(flow.StoreInUseError, match="holds 1 rows of logos already"):
                act()
    assert contents(store) == before


@on_sqlite
def test_a_store_of_an_older_version_is_not_migrated_to_be_refused(
    store: Engine, tmp_path: Path
) -> None:
    older = make_engine(f"sqlite+pysqlite:///{tmp_path / 'older.db'}")
    upgrade(older, "0014")
    with writing(older) as connection:
        connection.execute(text("INSERT INTO configurations VALUES ('1', 1, '{}')"))
    before = contents(older)
    with pytest.raises(flow.StoreInUseError, match="holds 1 rows of configurations already"):
        flow.copy(installation(store), older.url.render_as_string())
    assert contents(older) == before
    older.dispose()


@pytest.mark.parametrize("store_address", ["postgresql"], indirect=True)
def test_whoever_writes_to_a_store_that_is_being_filled_waits(
    store: Engine, tmp_path: Path
) -> None:
    address = store.url.render_as_string(hide_password=False)
    other = make_engine(address, lock_wait=0.05)
    refused: list[str] = []

    def write(table: str, _rows: int) -> None:
        if table == "logos":
            try:
                with writing(other) as connection:
                    connection.execute(insert(logos).values(digest="late", content=b"x"))
            except Exception as error:
                refused.append(str(error))

    with empty_sqlite(tmp_path) as source:
        fill(source)
        copied = copy_store(source, store, write)
    other.dispose()
    assert "lock timeout" in refused[0]
    assert contents(store) == copied


def test_a_database_with_tables_of_another_program_is_left_alone(
    unmigrated: Engine, tmp_path: Path
) -> None:
    with writing(unmigrated) as connection:
        connection.execute(text("CREATE TABLE tickets (id INTEGER)"))
    with empty_sqlite(tmp_path) as source:
        flow.backup(installation(source), tmp_path / "backup")
    for act in (
        lambda: flow.restore(installation(unmigrated), tmp_path / "backup"),
        lambda: upgrade(unmigrated),
    ):
        with pytest.raises(SchemaError, match="already a table tickets: it is another program's"):
            act()
    with reading(unmigrated) as connection:
        assert inspect(connection).get_table_names() == ["tickets"]


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_cannot_hold_every_text_is_refused(
    administration: Connection, encoding: str
) -> None:
    name = f"supportops_{encoding.lower()}"
    administration.execute(
        text(
            f"CREATE DATABASE {name} ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' "
            "TEMPLATE template0"
        )
    )
    engine = make_engine(
        administration.engine.url.set(database=name).render_as_string(hide_password=False)
    )
    try:
        with pytest.raises(SchemaError, match=f"encoding is {encoding}; expected UTF8"):
            upgrade(engine)
    finally:
        engine.dispose()
        administration.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@on_sqlite
def test_what_is_not_there_is_named_as_it_was_given(store: Engine, tmp_path: Path) -> None:
    """Neither a file with a name of ours, nor the store where it is the other database."""
    nowhere = tmp_path / "nowhere"
    with pytest.raises(FileNotFoundError) as folder:
        flow.backup(installation(store), nowhere / "backup")
    with pytest.raises(FileNotFoundError) as file:
        replace_file(nowhere / "metrics.prom", b"")
    assert folder.value.filename == file.value.filename == str(nowhere)
    for address in (f"sqlite:///{nowhere}/x.db", "postgresql://x:hidden-word@127.0.0.1:9/x"):
        with pytest.raises(flow.BackupError, match="the other database does not") as away:
            flow.copy(installation(store), address)
        assert "hidden-word" not in str(away.value)
