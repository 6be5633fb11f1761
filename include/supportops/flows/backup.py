"""Backs a store up into one file, restores it, and copies it to another database.

A backup is a store in a SQLite file, compressed, and encrypted where a key is given: whatever
database it came from, it can be restored into either, and opened with any SQLite. It holds the
store as of one instant, while everything runs.
"""

from __future__ import annotations

import gzip
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine

from supportops.context import Context
from supportops.db.copying import Copied, OnRows, contents, copy_store
from supportops.db.copying import DifferentCopyError as DifferentCopyError
from supportops.db.copying import StoreInUseError as StoreInUseError
from supportops.db.engine import make_engine, reading
from supportops.db.migrate import SchemaError, current, difference, is_newer, upgrade
from supportops.db.sealing import MARK, seal, unseal
from supportops.db.sealing import SealError as SealError
from supportops.files import create_file, kind_of, open_file

_SQLITE, _GZIP = b"SQLite format 3\x00", b"\x1f\x8b"
_LEVEL = 3  # of gzip's 9: a third of the time, a tenth more


class BackupError(RuntimeError):
    """A file is no backup, or does not fit; the message says what it is."""


def backup(
    context: Context, file: Path, key: bytes | None = None, on_rows: OnRows | None = None
) -> Mapping[str, Copied]:
    """Writes the store to `file`, which appears when it is whole and was compared with the store.

    A store of an older version is backed up as it is: that is how one goes back to that version.
    Room for the store, uncompressed, is needed beside the file meanwhile. Raises SealError,
    SchemaError for a store of a newer version, and BackupError where something else than a file is
    in its place.
    """
    if (kind := kind_of(file)) is not None:
        raise BackupError(f"{file} is {kind}, no file")
    with reading(context.engine) as connection:
        revision = current(connection)
    if revision is None or is_newer(revision):
        raise SchemaError(difference(revision))
    with _folder_beside(file) as folder:
        store = folder / "store.db"
        with _sqlite(store) as target:
            upgrade(target, revision)
            copied = copy_store(context.engine, target, on_rows)
        packed = folder / "packed"
        with open_file(store) as plain, create_file(packed) as written:
            with gzip.GzipFile("", "wb", _LEVEL, written, mtime=0) as squeezed:
                shutil.copyfileobj(plain, squeezed, 1 << 20)
        finished = packed
        if key is not None:
            finished = folder / "sealed"
            with open_file(packed) as plain, create_file(finished) as written:
                seal(plain, written, key)
        finished.replace(file)
    return copied


def restore(
    context: Context, file: Path, key: bytes | None = None, on_rows: OnRows | None = None
) -> Mapping[str, Copied]:
    """Fills the empty store of `context` with a backup, of this version or an older one.

    Raises BackupError, SealError, StoreInUseError and SchemaError; then the store is as it was.
    """
    with _opened(file, key) as source:
        upgrade(source)
        return copy_store(source, context.engine, on_rows)


def verify(file: Path, key: bytes | None = None) -> Mapping[str, Copied]:
    """What a backup holds. Raises BackupError and SealError for one that could not be restored."""
    with _opened(file, key) as source:
        upgrade(source)
        return contents(source)


def copy(context: Context, address: str, on_rows: OnRows | None = None) -> Mapping[str, Copied]:
    """Copies the store to the empty database at `address`, which is migrated first.

    Raises StoreInUseError, and StoreAddressError for an address that cannot be used.
    """
    target = make_engine(address)
    try:
        upgrade(target)
        return copy_store(context.engine, target, on_rows)
    finally:
        target.dispose()


@contextmanager
def _opened(file: Path, key: bytes | None) -> Iterator[Engine]:
    """The store in a backup, in a file of its own that is gone afterwards."""
    with _folder_beside(file) as folder:
        packed, store = file, folder / "store.db"
        if _begins(file, MARK):
            if key is None:
                raise BackupError(f"{file} is encrypted: name the file of its key")
            packed = folder / "packed"
            with open_file(file) as sealed, create_file(packed) as plain:
                unseal(sealed, plain, key)
        if not _begins(packed, _GZIP):
            raise BackupError(f"{file} is no backup of this program")
        try:
            with open_file(packed) as squeezed, create_file(store) as plain:
                shutil.copyfileobj(gzip.GzipFile(fileobj=squeezed), plain, 1 << 20)
        except (EOFError, gzip.BadGzipFile):
            raise BackupError(f"{file} is damaged or not whole") from None
        if not _begins(store, _SQLITE):
            raise BackupError(f"{file} is no backup of this program")
        with _sqlite(store) as engine:
            yield engine


@contextmanager
def _sqlite(file: Path) -> Iterator[Engine]:
    engine = make_engine(f"sqlite+pysqlite:///{file}")
    try:
        yield engine
    finally:
        # What is in its log is moved into the file with the last connection.
        engine.dispose()


@contextmanager
def _folder_beside(file: Path) -> Iterator[Path]:
    """A folder on the same disk, closed to others, that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix=f".{file.name}-", dir=file.absolute().parent) as name:
        yield Path(name)


def _begins(file: Path, mark: bytes) -> bool:
    with open_file(file) as opened:
        return opened.read(len(mark)) == mark
