"""The sockets of a run, watched for being readable or writable."""

from __future__ import annotations

import selectors
from collections.abc import Callable

Ready = Callable[[int, bool, bool], None]

_LONGEST = 1.0


class SocketWatcher:
    """One selector for libcurl's sockets and those to name servers."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._watched: set[int] = set()

    def watch(self, fd: int, read: bool, write: bool, ready: Ready) -> None:
        """Calls `ready(fd, readable, writable)` from now on; with neither wanted, never again."""
        events = (selectors.EVENT_READ if read else 0) | (selectors.EVENT_WRITE if write else 0)
        if not events:
            if fd in self._watched:
                self._watched.discard(fd)
                self._selector.unregister(fd)
        elif fd in self._watched:
            self._selector.modify(fd, events, ready)
        else:
            self._watched.add(fd)
            self._selector.register(fd, events, ready)

    def wait(self, seconds: float | None) -> float:
        """Waits for a socket, `seconds` at most, and calls back for each that is ready.

        Returns how many seconds it would have waited at most.
        """
        longest = _LONGEST if seconds is None else min(seconds, _LONGEST)
        for key, events in self._selector.select(longest):
            if key.fd in self._watched:
                ready: Ready = key.data
                read = bool(events & selectors.EVENT_READ)
                ready(key.fd, read, bool(events & selectors.EVENT_WRITE))
        return longest

    def close(self) -> None:
        """Closes the selector; the sockets belong to their libraries."""
        self._selector.close()
