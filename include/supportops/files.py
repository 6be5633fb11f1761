"""Files that people name: only regular ones are read, and what is written is its owner's alone."""

from __future__ import annotations

import errno
import logging
import os
import stat
import tempfile
from pathlib import Path
from typing import BinaryIO

PRIVATE = 0o600
PRIVATE_FOLDER = 0o700
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)

_OF_OTHERS = 0o077

log = logging.getLogger(__name__)


class NoFileError(OSError):
    """There is something else than a file at the path; `strerror` says what."""


def open_file(path: Path) -> BinaryIO:
    """Opens a regular file to be read. Raises OSError, of it NoFileError for a pipe or device.

    A pipe that nobody writes to does not make it wait.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        _refuse_others(path, os.fstat(handle))
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def create_file(path: Path) -> BinaryIO:
    """Opens a file to be written, emptied, that only its owner can read. Raises OSError.

    A file that is there keeps its place and loses what others may do with it.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    try:
        handle = os.open(path, flags, PRIVATE)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a pipe without a reader
            raise NoFileError(errno.EINVAL, "it is a named pipe, no file", str(path)) from None
        raise
    try:
        found = os.fstat(handle)
        _refuse_others(path, found)
        if stat.S_IMODE(found.st_mode) & ~PRIVATE:
            os.fchmod(handle, PRIVATE)
        os.ftruncate(handle, 0)
        return os.fdopen(handle, "wb")
    except BaseException:
        os.close(handle)
        raise


def replace_file(path: Path, content: bytes) -> None:
    """Puts a file in place, whole or not at all, that others may read, such as a web server.

    Raises OSError, of it NoFileError where something else than a file is in its place.
    """
    if (kind := kind_of(path)) is not None:
        raise NoFileError(errno.EINVAL, f"it is {kind}, no file", str(path))
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:  # it names a file that nobody knows
        raise OSError(error.errno, error.strerror, str(path.parent)) from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def private(path: str, flags: int) -> int:
    """What `open` takes as `opener` to make a file that only its owner can read."""
    return os.open(path, flags, PRIVATE)


def close_to_others(path: Path) -> None:
    """Takes from other users what they may do with a file or folder, if it is there.

    Where it belongs to somebody else, a warning says that others can read it.
    """
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & _OF_OTHERS:
            path.chmod(mode & ~_OF_OTHERS)
    except FileNotFoundError:
        pass
    except OSError as error:
        log.warning("other users can read %s, and that cannot be changed: %s", path, error.strerror)


def make_folder(path: Path) -> None:
    """Makes the folder and those above it that are missing, all closed to others."""
    missing = []
    while not path.exists():
        missing.append(path)
        path = path.parent
    for folder in reversed(missing):
        folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)


def kind_of(path: Path) -> str | None:
    """What is at `path` if it is not a file: "a folder", "a named pipe" and so on. None for a file
    and for nothing."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return _kind(found)


def _kind(found: os.stat_result) -> str | None:
    return next((words for is_kind, words in _KINDS if is_kind(found.st_mode)), None)


def _refuse_others(path: Path, found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    kind = _kind(found)
    if kind is not None:
        raise NoFileError(errno.EINVAL, f"it is {kind}, no file", str(path))
