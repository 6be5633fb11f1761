"""Only one installation runs in one checkout: two would share databases and a scheduler's work."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import psutil


class AlreadyRunning(Exception):
    """Another holds the place; one line that says which."""


@contextmanager
def only_one(place: Path, url: str) -> Iterator[int]:
    """Holds `place` while the body runs; yields the descriptor that the lock hangs on.

    A process that inherits the descriptor keeps the lock until it too has ended.
    """
    with place.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(who(place)) from None
        note(file, {"process": psutil.Process().pid, "url": url})
        yield file.fileno()
        note(file, {})


def note(file: TextIO, content: dict[str, Any]) -> None:
    file.seek(0)
    file.truncate()
    file.write(json.dumps(content))
    file.flush()


def address(place: Path) -> str | None:
    """Where the running installation answers, or None when none runs."""
    content = read(place)
    pid = content.get("process")
    return str(content["url"]) if isinstance(pid, int) and psutil.pid_exists(pid) else None


def who(place: Path) -> str:
    pid, url = read(place).get("process"), address(place)
    if url is None:
        return "the last one is still being ended; try again in a few seconds"
    return f"it runs here already, at {url} (process {pid}); Ctrl-C in its terminal ends it"


def read(place: Path) -> dict[str, Any]:
    try:
        content = json.loads(place.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
