"""A folder for large files that a command needs for a while, which does not outlive it for long.

A command that is killed cannot tidy up. So each folder is locked while it is in use, and whoever
makes the next one beside it removes those that nobody holds.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = ".supportops-scratch-"
_NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS)


@contextmanager
def scratch_in(folder: Path, *, or_elsewhere: bool = False) -> Iterator[Path]:
    """A folder in `folder`, closed to others, that is gone afterwards.

    `or_elsewhere`: in the folder of temporary files (`TMPDIR`) where `folder` cannot be written
    to. Raises OSError.
    """
    _remove_abandoned(folder)
    made, handle = _locked(folder, or_elsewhere)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
        os.close(handle)


def _locked(folder: Path, or_elsewhere: bool) -> tuple[Path, int]:
    while True:
        try:
            made = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder))
        except OSError as error:
            if not or_elsewhere or error.errno not in _NOT_WRITABLE:
                # It names a folder that nobody knows.
                raise OSError(error.errno, error.strerror, str(folder)) from None
            made = Path(tempfile.mkdtemp(prefix=PREFIX))
        # Before it is locked, another command may take it for abandoned.
        try:
            handle = os.open(made, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        if _lock(handle) is not False and made.exists():
            return made, handle
        os.close(handle)


def _remove_abandoned(folder: Path) -> None:
    for each in folder.glob(f"{PREFIX}*"):
        with suppress(OSError):  # it belongs to somebody else, or is gone
            handle = os.open(each, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                if _lock(handle):
                    shutil.rmtree(each, ignore_errors=True)
            finally:
                os.close(handle)


def _lock(handle: int) -> bool | None:
    """Whether nobody else has the lock; None where the disk knows no locks."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True
