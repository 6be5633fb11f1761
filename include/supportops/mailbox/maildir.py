"""A Maildir on this machine: https://cr.yp.to/proto/maildir.html, its folders as Maildir++ has
them (`.Handled` beside `new` and `cur`)."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from supportops.files import open_file
from supportops.mailbox.folder import Fault, Listed, MailboxError

INBOX = "INBOX"
_PLACES = ("new", "cur")
_PARTS = (*_PLACES, "tmp")


class Maildir:
    """The Maildir at `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._place(INBOX)

    def listed(self, folder: str) -> Sequence[Listed]:
        found = [each for place in _PLACES for each in self._files(folder, place)]
        return sorted(found, key=lambda each: (str(each.arrived_at), each.key))

    def content(self, folder: str, key: str, most: int) -> bytes | None:
        try:
            with open_file(self._place(folder) / key) as file:
                return file.read(most)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _failed(key, error) from None

    def move(self, folder: str, keys: Sequence[str], to: str) -> None:
        here, there = self._place(folder), self._folder(to)
        try:
            for part in _PARTS:
                (there / part).mkdir(parents=True, exist_ok=True, mode=0o700)
            for key in keys:
                name = Path(key).name
                target = _free(there / "cur", name if ":2," in name else f"{name}:2,")
                try:
                    (here / key).rename(target)
                except FileNotFoundError:
                    continue
        except OSError as error:
            raise _failed(to, error) from None

    def close(self) -> None:
        """Nothing is open."""

    def _files(self, folder: str, place: str) -> Iterator[Listed]:
        try:
            with os.scandir(self._place(folder) / place) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    try:
                        found = entry.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue
                    deleted = "T" in entry.name.partition(":2,")[2]
                    if stat.S_ISREG(found.st_mode) and not deleted:
                        at = datetime.fromtimestamp(found.st_mtime, UTC)
                        yield Listed(f"{place}/{entry.name}", found.st_size, at)
        except OSError as error:
            raise _failed(folder, error) from None

    def _place(self, folder: str) -> Path:
        """Raises MailboxError where the folder is no Maildir."""
        path = self._folder(folder)
        try:
            there = all((path / part).is_dir() for part in _PLACES)
        except OSError as error:
            raise _failed(str(path), error) from None
        if not there:
            raise MailboxError(Fault.FOLDER, f"{path} is no Maildir: it has no folders new and cur")
        return path

    def _folder(self, folder: str) -> Path:
        return self._path if folder == INBOX else self._path / f".{folder}"


def _free(folder: Path, name: str) -> Path:
    """A path in `folder` that nothing has: a message that is moved overwrites no other."""
    path, number = folder / name, 0
    base, info, flags = name.partition(":2,")
    while path.exists():
        number += 1
        path = folder / f"{base}-{number}{info}{flags}"
    return path


def _failed(what: str, error: OSError) -> MailboxError:
    return MailboxError(Fault.FOLDER, f"{what}: {error.strerror or error}")
