"""Only one installation runs in one checkout: two would share databases and a scheduler's work."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import psutil

from supportops.files import private


class AlreadyRunning(Exception):
    """Another installation holds the lock; one line that says which."""


@contextmanager
def instance_lock(file: Path, url: str) -> Iterator[int]:
    """Locks `file` while the body runs; yields the file descriptor that holds the lock.

    A process that inherits the descriptor keeps the lock until it too has ended. `url` is where
    this installation answers. Raises AlreadyRunning.
    """
    with open(file, "a+", opener=private) as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(_holder(file)) from None
        _write(opened, {"process": psutil.Process().pid, "url": url})
        yield opened.fileno()
        _write(opened, {})


def running_url(file: Path) -> str | None:
    """The URL of the installation that holds the lock on `file`, None where none runs."""
    content = _read(file)
    pid = content.get("process")
    return str(content["url"]) if isinstance(pid, int) and psutil.pid_exists(pid) else None


def _holder(file: Path) -> str:
    pid, url = _read(file).get("process"), running_url(file)
    if url is None:
        return "the last one is still being ended; try again in a few seconds"
    return f"it runs here already, at {url} (process {pid}); Ctrl-C in its terminal ends it"


def _write(opened: TextIO, content: dict[str, Any]) -> None:
    opened.seek(0)
    opened.truncate()
    opened.write(json.dumps(content))
    opened.flush()


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
