"""Names to addresses through c-ares, many at a time and without a thread for each.

`getaddrinfo` holds a thread for ten seconds on a dead name; a few of those and healthy sites
wait in line until they look down. c-ares keeps every question open at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

import pycares

from supportops.sites.probe.response import Answer

TRIES = 6
MOST_ADDRESSES = 16
KEPT = 60.0
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


Then = Callable[[Answer], None]


@dataclass(slots=True)
class _Kept:
    answer: Answer
    until: float


class Resolver:
    """Asks each name once, however many wait for it, and keeps the answer for a minute.

    `deadline` is in seconds: how long a name is asked for before it counts as dead.
    `nameservers` are `address` or `address:port`; None means the system's. `watch(fd, read,
    write)` is called whenever a socket wants other events, with both False at its end.
    """

    def __init__(
        self,
        *,
        deadline: float,
        watch: Callable[[int, bool, bool], None],
        nameservers: Sequence[str] | None = None,
    ) -> None:
        self._kept: dict[str, _Kept] = {}
        self._waiting: dict[str, list[Then]] = {}
        self._closing = False
        self._watch = watch
        self._channel: Any = pycares.Channel(
            # No search domains: what is asked is what the URL says, and a dead name is asked once.
            flags=pycares.ARES_FLAG_NOSEARCH,
            timeout=max(0.25, deadline / 16),
            tries=TRIES,
            servers=list(nameservers) if nameservers else None,
            sock_state_cb=self._watch_socket,
        )

    def _watch_socket(self, fd: int, read: bool, write: bool) -> None:
        # After closing, c-ares puts its sockets away on a thread of its own.
        if not self._closing:
            self._watch(fd, read, write)

    @property
    def waiting(self) -> int:
        """Names asked for and not answered yet."""
        return len(self._waiting)

    def resolve(self, name: str, then: Then) -> None:
        """Calls `then` with the answer, possibly before this returns. Never raises for a name."""
        kept = self._kept.get(name)
        if kept is not None and kept.until > monotonic():
            then(kept.answer)
        elif name in self._waiting:
            self._waiting[name].append(then)
        else:
            self._waiting[name] = [then]
            self._ask(name)

    def _ask(self, name: str) -> None:
        def answered(result: Any, status: int | None) -> None:
            self._settle(name, _answer(result, status))

        try:
            self._channel.getaddrinfo(name, None, flags=_NO_SORT, callback=answered)
        except (pycares.AresError, ValueError):
            self._settle(name, Answer(error="the name is not a valid one"))

    def _settle(self, name: str, answer: Answer) -> None:
        waiting = self._waiting.pop(name, [])
        if self._closing:
            return
        self._kept[name] = _Kept(answer, monotonic() + KEPT)
        for then in waiting:
            then(answer)

    def ready(self, fd: int, read: bool, write: bool) -> None:
        """Socket `fd` can be read or written."""
        self._channel.process_fd(fd if read else _NO_SOCKET, fd if write else _NO_SOCKET)

    def pause(self) -> float | None:
        """Seconds until `tick` is due; None: nothing is being asked."""
        return max(0.0, self._channel.timeout()) if self._waiting else None

    def tick(self) -> None:
        """Lets time pass: repeats questions that were not answered, gives up on old ones."""
        if self._waiting:
            self._channel.process_fd(_NO_SOCKET, _NO_SOCKET)

    def close(self) -> None:
        """Drops every question. No `then` is called any more."""
        if not self._closing:
            self._closing = True
            self._channel.cancel()
            self._channel.close()


def _answer(result: Any, status: int | None) -> Answer:
    if result is None:
        return Answer(error=_WORDS.get(status or 0, "the name cannot be resolved"))
    found = dict.fromkeys(_text(node.addr[0]) for node in result.nodes)
    addresses = tuple(found)[:MOST_ADDRESSES]
    return Answer(addresses, "" if addresses else "the name has no address")


def _text(address: bytes | str) -> str:
    return address.decode("ascii") if isinstance(address, bytes) else address
