"""Names to addresses through c-ares, many at a time and without a thread for each.

`getaddrinfo` holds a thread for ten seconds on a dead name; behind a few of those, healthy sites
wait until they count as down. c-ares has all queries open at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

import pycares

from supportops.sites.probe.request_state import DnsAnswer

TRIES = 6
MOST_ADDRESSES = 16
CACHE_SECONDS = 60.0
_NO_SORT = 1 << 7  # ARES_AI_NOSORT: libcurl tries both families anyway, sorting costs sockets
_NO_SOCKET = -1

_WORDS = {
    pycares.errno.ARES_ENODATA: "the name has no address",
    pycares.errno.ARES_ENOTFOUND: "the name does not exist",
    pycares.errno.ARES_ESERVFAIL: "the name server failed",
    pycares.errno.ARES_EREFUSED: "the name server refused",
    pycares.errno.ARES_ECONNREFUSED: "no name server answers",
    pycares.errno.ARES_ETIMEOUT: "the name server does not answer",
    pycares.errno.ARES_EBADNAME: "the name is not a valid one",
}


Callback = Callable[[DnsAnswer], None]


@dataclass(slots=True)
class _Cached:
    answer: DnsAnswer
    until: float


class Resolver:
    """Looks up each name once, however many wait for it, and caches the answer for a minute.

    `deadline` is in seconds: how long a look-up may take before the name counts as dead.
    `nameservers` are `address` or `address:port`; None means the system's. `on_socket(fd, read,
    write)` is called whenever a socket wants other events, with both False at its end.
    """

    def __init__(
        self,
        *,
        deadline: float,
        on_socket: Callable[[int, bool, bool], None],
        nameservers: Sequence[str] | None = None,
    ) -> None:
        self._cache: dict[str, _Cached] = {}
        self._waiting: dict[str, list[Callback]] = {}
        self._closing = False
        self._on_socket = on_socket
        self._channel: Any = pycares.Channel(
            # No search domains: the query is what the URL says, and a dead name is queried once.
            flags=pycares.ARES_FLAG_NOSEARCH,
            timeout=max(0.25, deadline / 16),
            tries=TRIES,
            servers=list(nameservers) if nameservers else None,
            sock_state_cb=self._socket_changed,
        )

    def _socket_changed(self, fd: int, read: bool, write: bool) -> None:
        # After closing, c-ares closes its sockets on a thread of its own.
        if not self._closing:
            self._on_socket(fd, read, write)

    @property
    def waiting(self) -> int:
        """How many names are being looked up."""
        return len(self._waiting)

    def resolve(self, name: str, callback: Callback) -> None:
        """Calls `callback` with the answer, possibly before it returns. Raises for no name."""
        cached = self._cache.get(name)
        if cached is not None and cached.until > monotonic():
            callback(cached.answer)
        elif name in self._waiting:
            self._waiting[name].append(callback)
        else:
            self._waiting[name] = [callback]
            self._query(name)

    def _query(self, name: str) -> None:
        def answered(result: Any, status: int | None) -> None:
            self._finish(name, _answer(result, status))

        try:
            self._channel.getaddrinfo(name, None, flags=_NO_SORT, callback=answered)
        except (pycares.AresError, ValueError):
            self._finish(name, DnsAnswer(error="the name is not a valid one"))

    def _finish(self, name: str, answer: DnsAnswer) -> None:
        waiting = self._waiting.pop(name, [])
        if self._closing:
            return
        self._cache[name] = _Cached(answer, monotonic() + CACHE_SECONDS)
        for callback in waiting:
            callback(answer)

    def ready(self, fd: int, read: bool, write: bool) -> None:
        """Socket `fd` can be read or written."""
        self._channel.process_fd(fd if read else _NO_SOCKET, fd if write else _NO_SOCKET)

    def pause(self) -> float | None:
        """Seconds until `tick` is due; None: no query is open."""
        return max(0.0, self._channel.timeout()) if self.waiting else None

    def tick(self) -> None:
        """Repeats queries that were not answered, and gives up on old ones."""
        if self.waiting:
            self._channel.process_fd(_NO_SOCKET, _NO_SOCKET)

    def close(self) -> None:
        """Drops every query. No callback is called any more."""
        if not self._closing:
            self._closing = True
            self._channel.cancel()
            self._channel.close()


def _answer(result: Any, status: int | None) -> DnsAnswer:
    if result is None:
        return DnsAnswer(error=_WORDS.get(status or 0, "the name cannot be resolved"))
    found = dict.fromkeys(_text(node.addr[0]) for node in result.nodes)
    addresses = tuple(found)[:MOST_ADDRESSES]
    return DnsAnswer(addresses, "" if addresses else "the name has no address")


def _text(address: bytes | str) -> str:
    return address.decode("ascii") if isinstance(address, bytes) else address
