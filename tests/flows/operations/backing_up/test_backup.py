"""A backup of either database, restored into either, holds the same to the last byte."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, text

from airflow_home import ROOT
from builders import SHIPPED
from flows.operations.backing_up.filled import fill, numbers_go_on
from supportops.context import Context, no_secrets
from supportops.db.copying import contents
from supportops.db.engine import make_engine, writing
from supportops.db.migrate import upgrade
from supportops.db.schema import metadata
from supportops.flows.operations import backup as flow

LAST = gzip.compress(b"the last one")
KEY = b"0123456789abcdef" * 4


def installation(store: Engine) -> Context:
    return Context(store, SHIPPED, no_secrets)


@contextmanager
def empty_sqlite(folder: Path, name: str = "other.db") -> Iterator[Engine]:
    engine = make_engine(f"sqlite+pysqlite:///{folder / name}")
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.mark.parametrize("key", [None, KEY], ids=["plain", "encrypted"])
def test_a_backup_is_restored_to_the_byte(store: Engine, tmp_path: Path, key: bytes | None) -> None:
    fill(store)
    before = contents(store)
    assert min(each.rows for each in before.values()) > 0
    assert flow.backup(installation(store), tmp_path / "backup", key) == before
    assert flow.verify(tmp_path / "backup", key) == before
    with empty_sqlite(tmp_path) as other:
        assert flow.restore(installation(other), tmp_path / "backup", key) == before
        assert contents(other) == before
    assert sorted(each.name for each in tmp_path.iterdir() if each.name[0] == ".") == []
    assert (tmp_path / "backup").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_a_backup_takes_the_place_of_a_file_alone(store: Engine, tmp_path: Path) -> None:
    """A device or a pipe that is replaced is one that other programs lose."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    for name, kind in (("pipe", "a named pipe"), ("link", "a named pipe"), (".", "a folder")):
        with pytest.raises(flow.BackupError, match=f"is {kind}, no file"):
            flow.backup(installation(store), tmp_path / name)
    assert (tmp_path / "pipe").is_fifo()


def test_a_backup_of_sqlite_fills_the_other_database_and_its_numbers_go_on(
    store: Engine, tmp_path: Path
) -> None:
    with empty_sqlite(tmp_path) as source:
        fill(source)
        flow.backup(installation(source), tmp_path / "backup")
        expected = contents(source)
    assert flow.restore(installation(store), tmp_path / "backup") == expected
    assert contents(store) == expected
    with writing(store) as connection:
        assert numbers_go_on(connection)


def test_a_store_is_copied_to_another_database(store: Engine, tmp_path: Path) -> None:
    fill(store)
    address = f"sqlite+pysqlite:///{tmp_path / 'copy.db'}"
    copied = flow.copy(installation(store), address)
    other = make_engine(address)
    assert contents(other) == copied == contents(store)
    other.dispose()


def test_a_store_in_use_is_not_overwritten(store: Engine, tmp_path: Path) -> None:
    fill(store)
    flow.backup(installation(store), tmp_path / "backup")
    before = contents(store)
    with pytest.raises(flow.StoreInUseError, match="holds 12 rows of alerts already"):
        flow.restore(installation(store), tmp_path / "backup")
    assert contents(store) == before


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("harm", "error", "words"),
    [
        (lambda b: b[:-100], flow.SealError, "not whole"),
        (lambda b: b[:200] + bytes([b[200] ^ 1]) + b[201:], flow.SealError, "damaged"),
        (lambda _b: b"no backup at all", flow.BackupError, "no backup of this program"),
        (lambda _b: b"", flow.BackupError, "no backup of this program"),
        (lambda _b: gzip.compress(b"no store"), flow.BackupError, "is not encrypted"),
    ],
)
def test_a_file_that_is_no_whole_backup_is_refused_and_nothing_is_stored(
    store: Engine, tmp_path: Path, harm, error: type[Exception], words: str
) -> None:
    with empty_sqlite(tmp_path) as other:
        fill(other)
        flow.backup(installation(other), tmp_path / "backup", KEY)
    (tmp_path / "backup").write_bytes(harm((tmp_path / "backup").read_bytes()))
    before = contents(store)
    with pytest.raises(error, match=words):
        flow.restore(installation(store), tmp_path / "backup", KEY)
    assert contents(store) == before


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_an_encrypted_backup_needs_its_key_and_shows_nothing(store: Engine, tmp_path: Path) -> None:
    fill(store)
    flow.backup(installation(store), tmp_path / "backup", KEY)
    assert b"SQLite" not in (tmp_path / "backup").read_bytes()
    with pytest.raises(flow.BackupError, match="is encrypted"):
        flow.verify(tmp_path / "backup")
    with pytest.raises(flow.SealError, match="another one"):
        flow.verify(tmp_path / "backup", KEY[::-1])
    with pytest.raises(flow.SealError, match="at least 32"):
        flow.backup(installation(store), tmp_path / "weak", b"short")
    assert not (tmp_path / "weak").exists()


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_pieces_in_another_order_are_noticed(store: Engine, tmp_path: Path) -> None:
    from io import BytesIO

    from supportops.db.sealing import seal, unseal

    plain, sealed = os.urandom(5 << 19), BytesIO()
    seal(BytesIO(plain), sealed, KEY)
    opened = BytesIO()
    unseal(BytesIO(sealed.getvalue()), opened, KEY)
    assert opened.getvalue() == plain
    head, size = 36, (1 << 20) + 16
    whole = sealed.getvalue()
    first, second, rest = whole[head : head + size], whole[head + size : head + 2 * size], None
    rest = whole[head + 2 * size :]
    for changed in (whole[:head] + second + first + rest, whole[: head + 2 * size]):
        with pytest.raises(flow.SealError):
            unseal(BytesIO(changed), BytesIO(), KEY)


def test_a_backup_made_while_others_write_is_of_one_instant(store: Engine, tmp_path: Path) -> None:
    fill(store)
    before = contents(store)
    hold = metadata.tables["flow_activity"]

    def write(table: str, _rows: int) -> None:
        if table == "configurations":
            with writing(store) as connection:
                row = {"flow": "late", "since": _now(), "at": _now()}
                connection.execute(insert(hold).values(row))

    assert flow.backup(installation(store), tmp_path / "backup", on_rows=write) == before
    assert contents(store) != before


def _now():
    from builders import NOON

    return NOON


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_a_backup_of_an_older_version_is_restored_and_brought_up_to_date(
    store: Engine, tmp_path: Path
) -> None:
    old = make_engine(f"sqlite+pysqlite:///{tmp_path / 'old.db'}")
    upgrade(old, "0014")
    with writing(old) as connection:
        connection.execute(
            text("INSERT INTO flow_activity (flow, since, at) VALUES ('site_check', 1, 2)")
        )
    old.dispose()
    packed = gzip.compress((tmp_path / "old.db").read_bytes())
    (tmp_path / "backup").write_bytes(packed)
    assert flow.restore(installation(store), tmp_path / "backup")["flow_activity"].rows == 1


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_a_backup_that_is_killed_leaves_the_last_one_as_it_was(
    store: Engine, tmp_path: Path
) -> None:
    fill(store)
    (tmp_path / "backup").write_bytes(LAST)
    program = (
        "import sys, time; from pathlib import Path;"
        "from supportops.flows.operations import backup as flow;"
        "from supportops.context import Context, no_secrets;"
        "from supportops.db.engine import make_engine;"
        "c = Context(make_engine(sys.argv[1]), Path('.'), no_secrets);"
        "flow.backup(c, Path(sys.argv[2]),"
        " on_rows=lambda *_: (print('.', flush=True), time.sleep(60)))"
    )
    address = store.url.render_as_string(hide_password=False)
    with subprocess.Popen(
        [sys.executable, "-c", program, address, str(tmp_path / "backup")],
        env={**os.environ, "PYTHONPATH": str(ROOT / "include")},
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        child.send_signal(signal.SIGKILL)
    assert (tmp_path / "backup").read_bytes() == LAST
    assert len(list(tmp_path.iterdir())) == 2  # what it had unpacked, in the open
    flow.backup(installation(store), tmp_path / "backup")
    assert flow.verify(tmp_path / "backup") == contents(store)
    assert [each.name for each in tmp_path.iterdir()] == ["backup"]
