"""The folder that a web server serves: files are replaced whole, and only those that changed.

Whoever is killed here leaves complete files of the old or of the new page, and at most a temporary
one that the next writer removes. Only a folder that was empty, or that we have written before, is
used; in it, only what we may have written is removed.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from supportops.status_pages.address import FOLDER, is_token
from supportops.status_pages.rendering import FEED, JSON, LEVELS, LEVELS_STYLE, PAGE

MARKER = ".supportops-status-pages"
LOGOS = ("logo.png", "logo.svg")
_OURS = frozenset({PAGE, JSON, FEED, *LOGOS, *LEVELS.values(), LEVELS_STYLE})
_TEMPORARY = ".new-"
_FILE, _SERVED, _HIDDEN = 0o644, 0o755, 0o711

Files = Mapping[str, bytes]


class FolderError(OSError):
    """The folder cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many files were written because they were new or another, and how many removed."""

    written: int
    removed: int


@contextmanager
def one_writer(folder: Path) -> Iterator[None]:
    """Waits for other writers of the folder, in any process; made if it is missing.

    Read what the pages are made from inside, so that the last writer is the one that knows most.
    Raises FolderError.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        marker = folder / MARKER
        if not marker.exists() and any(each.name != MARKER for each in folder.iterdir()):
            raise FolderError(f"{folder} holds other files: name an empty folder for status pages")
        with marker.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _set_mode(folder, _SERVED)
            yield
    except FolderError:
        raise
    except OSError as error:
        where = error.filename or folder
        raise FolderError(f"status pages cannot be written: {error.strerror}: {where}") from error


def replace_all(
    folder: Path, public: Files | None, private: Mapping[str, Files] | None, shared: Files
) -> Outcome:
    """Makes the folder hold these pages and no other of ours; call it inside `one_writer`.

    `public`: the files of the public page, None for none. `private`: those of each customer's page
    by its token; None leaves all that there are as they are. `shared`: what pages refer to.
    """
    writer = _Writer()
    customers = folder / FOLDER
    customers.mkdir(exist_ok=True)
    # Who may serve a page may open it by its name, and not list the names.
    _set_mode(customers, _HIDDEN)
    writer.put(folder, shared)
    writer.put(folder, public or {})
    writer.clean(folder, {*shared, *(public or {})})
    if private is not None:
        for name, files in private.items():
            (customers / name).mkdir(exist_ok=True)
            _set_mode(customers / name, _SERVED)
            writer.put(customers / name, files)
            writer.clean(customers / name, set(files))
        for there in customers.iterdir():
            if there.name not in private and is_token(there.name) and there.is_dir():
                writer.remove(there)
    return Outcome(writer.written, writer.removed)


def note_written(folder: Path, now: datetime) -> None:
    """Notes that the folder shows what was known at `now`."""
    (folder / MARKER).write_text(now.isoformat())


def written_at(folder: Path) -> datetime | None:
    """What `note_written` noted last; None before the first time."""
    try:
        return datetime.fromisoformat((folder / MARKER).read_text())
    except (OSError, ValueError):
        return None


class _Writer:
    """Writes and removes files, and counts them."""

    def __init__(self) -> None:
        self.written = self.removed = 0

    def put(self, folder: Path, files: Files) -> None:
        """The page itself comes last: what it refers to is there by then."""
        for name in sorted(files, key=lambda name: (name == PAGE, name)):
            path, content = folder / name, files[name]
            if _read(path) == content:
                continue
            temporary = folder / f"{_TEMPORARY}{name}"
            temporary.write_bytes(content)
            temporary.chmod(_FILE)
            temporary.replace(path)
            self.written += 1

    def clean(self, folder: Path, wanted: set[str]) -> None:
        """Removes our files that no page has any more, and what a killed writer left."""
        for path in list(folder.iterdir()):
            ours = path.name in _OURS and path.name not in wanted
            if ours or path.name.startswith(_TEMPORARY):
                path.unlink(missing_ok=True)
                self.removed += ours

    def remove(self, folder: Path) -> None:
        """Removes a page that nobody has any more; files of others keep its folder."""
        self.clean(folder, set())
        with suppress(OSError):
            folder.rmdir()


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _set_mode(path: Path, mode: int) -> None:
    if path.stat().st_mode & 0o777 != mode:
        path.chmod(mode)
