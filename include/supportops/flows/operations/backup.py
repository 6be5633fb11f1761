"""Backs a store up into one file, restores it, and copies it to another database.

A backup is a store in a SQLite file, compressed, and encrypted where a key is given: whatever
database it came from, it can be restored into either, and opened with any SQLite. It holds the
store as of one instant, while everything runs.
"""

from __future__ import annotations

import errno
import gzip
import os
import shutil
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import DatabaseError, OperationalError

from supportops.context import Context
from supportops.db.copying import Copied, OnRows, contents, copy_store, make_ready
from supportops.db.copying import DifferentCopyError as DifferentCopyError
from supportops.db.copying import StoreInUseError as StoreInUseError
from supportops.db.engine import DRIVERS, make_engine, reading
from supportops.db.migrate import SchemaError, current, difference, is_newer, newest, upgrade
from supportops.db.scratch import scratch_in
from supportops.db.sealing import MARK, refuse_weak, seal, unseal
from supportops.db.sealing import SealError as SealError
from supportops.files import create_file, kind_of, open_file

_SQLITE, _GZIP = b"SQLite format 3\x00", b"\x1f\x8b"
_SQLITE_FULL = "database or disk is full"
_LEVEL = 3  # of gzip's 9: a third of the time, a tenth more


class BackupError(RuntimeError):
    """A file is no backup, or does not fit; the message says what it is."""


def backup(
    context: Context, file: Path, key: bytes | None = None, on_rows: OnRows | None = None
) -> Mapping[str, Copied]:
    """Writes the store to `file`, which appears when it is whole and was compared with the store.

    A store of an older version is backed up as it is: that is how one goes back to that version.
    Where `file` is a link, the file that it names is written. Room for the store, uncompressed, is
    needed beside that file meanwhile. Raises SealError, SchemaError for a store of a newer
    version, and BackupError where something else than a backup is in its place.
    """
    file = Path(os.path.realpath(file))
    _refuse_other_than_backup(file)
    if key is not None:
        refuse_weak(key)
    with reading(context.engine) as connection:
        revision = current(connection)
    if revision is None or is_newer(revision):
        raise SchemaError(difference(revision))
    with _room_in(file.parent), scratch_in(file.parent) as folder:
        store = folder / "store.db"
        with _sqlite(store) as target:
            upgrade(target, revision)
            copied = copy_store(context.engine, target, on_rows)
        packed = folder / "packed"
        with open_file(store) as plain, create_file(packed) as written:
            with gzip.GzipFile("", "wb", _LEVEL, written, mtime=0) as squeezed:
                shutil.copyfileobj(plain, squeezed, 1 << 20)
            _save(written)
        finished = packed
        if key is not None:
            finished = folder / "sealed"
            with open_file(packed) as plain, create_file(finished) as written:
                seal(plain, written, key)
                _save(written)
        finished.replace(file)
    return copied


def restore(
    context: Context, file: Path, key: bytes | None = None, on_rows: OnRows | None = None
) -> Mapping[str, Copied]:
    """Fills the empty store of `context` with a backup, of this version or an older one.

    An empty database that was never migrated, or not lately, is migrated first. Raises
    BackupError, SealError, StoreInUseError and SchemaError; then nothing was stored.
    """
    with _opened(file, key) as source:
        make_ready(context.engine)
        return copy_store(source, context.engine, on_rows)


def verify(file: Path, key: bytes | None = None) -> Mapping[str, Copied]:
    """What a backup holds. Raises BackupError and SealError for one that could not be restored."""
    with _opened(file, key) as source:
        return contents(source)


def copy(context: Context, address: str, on_rows: OnRows | None = None) -> Mapping[str, Copied]:
    """Copies the store to the empty database at `address`, which is migrated first.

    Raises StoreInUseError, StoreAddressError for an address that cannot be used, and BackupError
    where nothing answers there.
    """
    target = make_engine(address)
    try:
        _refuse_away(target)
        make_ready(target)
        return copy_store(context.engine, target, on_rows)
    finally:
        target.dispose()


def send(
    context: Context, stream: BinaryIO, key: bytes | None = None, on_rows: OnRows | None = None
) -> Mapping[str, Copied]:
    """Writes a backup to `stream`, of which nothing is written before it was compared.

    The folder of temporary files (`TMPDIR`) has to have room for the store, uncompressed.
    """
    with scratch_in(Path(tempfile.gettempdir())) as folder:
        file = folder / "backup"
        copied = backup(context, file, key, on_rows)
        with open_file(file) as packed:
            shutil.copyfileobj(packed, stream, 1 << 20)
        stream.flush()
    return copied


@contextmanager
def received(stream: BinaryIO) -> Iterator[Path]:
    """The backup that `stream` gives, in a file of the folder of temporary files (`TMPDIR`)."""
    with scratch_in(Path(tempfile.gettempdir())) as folder:
        file = folder / "standard input"
        with _room_in(folder), create_file(file) as written:
            shutil.copyfileobj(stream, written, 1 << 20)
        try:
            yield file
        except BackupError as error:
            raise BackupError(str(error).replace(str(file), file.name)) from None


def _refuse_away(target: Engine) -> None:
    try:
        with reading(target):
            pass
    except DatabaseError as error:
        why = (str(error.orig).splitlines() or ["?"])[0]
        raise BackupError(f"the other database does not answer: {why}") from None


@contextmanager
def _opened(file: Path, key: bytes | None) -> Iterator[Engine]:
    """The store in a backup, at this version, in a file of its own that is gone afterwards."""
    with scratch_in(file.absolute().parent, or_elsewhere=True) as folder:
        packed, store = file, folder / "store.db"
        sealed = _begins(file, MARK)
        if sealed and key is None:
            raise BackupError(f"{file} is encrypted: name the file of its key")
        if not (sealed or _begins(packed, _GZIP)):
            raise BackupError(f"{file} is no backup of this program")
        if key is not None:
            if not sealed:
                # Somebody else may have put it in the place of one that only the key can make.
                raise BackupError(f"{file} is not encrypted: leave the key out to use it")
            packed = folder / "packed"
            with _room_in(folder), open_file(file) as closed, create_file(packed) as plain:
                unseal(closed, plain, key)
        try:
            with _room_in(folder), open_file(packed) as squeezed, create_file(store) as plain:
                shutil.copyfileobj(gzip.GzipFile(fileobj=squeezed), plain, 1 << 20)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise BackupError(f"{file} is damaged or not whole") from None
        if not _begins(store, _SQLITE):
            raise BackupError(f"{file} is no backup of this program")
        with _sqlite(store) as engine:
            _make_current(engine, file)
            yield engine


def _make_current(engine: Engine, file: Path) -> None:
    try:
        with reading(engine) as connection:
            damage = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
            revision = current(connection)
        if damage != "ok":
            raise BackupError(f"{file} is damaged: {damage}")
        if revision is None:
            raise BackupError(f"{file} is no backup of this program")
        if is_newer(revision):
            raise BackupError(
                f"{file} is of a newer version: its revision is {revision}, the newest that this "
                f"version knows is {newest()}. Restore it with that version"
            )
        upgrade(engine)
    except DatabaseError as error:
        raise BackupError(f"{file} is damaged: {error.orig}") from None


def _refuse_other_than_backup(file: Path) -> None:
    """What is in the file's place is lost: it may be the store itself, or the key."""
    if (kind := kind_of(file)) is not None:
        raise BackupError(f"{file} is {kind}, no file")
    if file.exists() and file.stat().st_size and not (_begins(file, _GZIP) or _begins(file, MARK)):
        raise BackupError(f"{file} is there and is no backup: name another file, or remove it")


@contextmanager
def _room_in(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, OperationalError) as error:
        words = str(error.orig) if isinstance(error, OperationalError) else error.strerror
        if words not in (_SQLITE_FULL, os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT)):
            raise
        raise BackupError(
            f"no room left in {folder}: the store, uncompressed, has to fit there, too"
        ) from None


def _save(written: BinaryIO) -> None:
    """The file that it takes the place of is given up only for one that is on the disk."""
    written.flush()
    os.fsync(written.fileno())


@contextmanager
def _sqlite(file: Path) -> Iterator[Engine]:
    engine = make_engine(URL.create(DRIVERS["sqlite"], database=str(file)))
    try:
        yield engine
    finally:
        # What is in its log is moved into the file with the last connection.
        engine.dispose()


def _begins(file: Path, mark: bytes) -> bool:
    with open_file(file) as opened:
        return opened.read(len(mark)) == mark
