"""Names to addresses, many at a time and without a thread for each.

`getaddrinfo` holds a thread for ten seconds on a dead name; behind a few of those, healthy sites
wait until they count as down. Here all queries are open at once, and a query that is repeated stays
open too: whichever try is answered first counts, however late.
"""

from __future__ import annotations

import heapq
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

import pycares

from supportops.sites.probe.dns import message
from supportops.sites.probe.dns.look_up import MOST_ADDRESSES, Callback, LookUp, Query
from supportops.sites.probe.dns.message import AAAA, NS, A
from supportops.sites.probe.dns.name_server import NameServer
from supportops.sites.probe.request_state import DnsAnswer

CACHE_SECONDS = 5.0
_NO_SORT = 1 << 7  # ARES_AI_NOSORT: libcurl tries both families anyway, sorting costs sockets
_MOST_SERVERS = 3  # as resolv.conf(5) has it
_SHORTEST_GAP = 0.25
_SUSPICIOUS_TRIES = 3

__all__ = ["MOST_ADDRESSES", "Resolver"]


@dataclass(slots=True)
class _Cached:
    answer: DnsAnswer
    until: float


class Resolver:
    """Looks up each name once, however many wait for it, and caches its addresses for seconds.

    A failure is not cached: the check that confirms it has to look the name up again.

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
        self._deadline = deadline
        self._cache: dict[str, _Cached] = {}
        self._open: dict[str, LookUp] = {}
        self._by_query: dict[tuple[int, bytes], tuple[LookUp, int]] = {}
        self._due: list[tuple[float, int, LookUp]] = []
        self._pushed = 0
        self._closing = False
        self._heard_at = float("-inf")
        # c-ares reads the system's files: hosts(5) and resolv.conf(5).
        self._files: Any = pycares.Channel(lookups="f")
        servers = list(nameservers) if nameservers else self._files.servers
        self._servers = [
            NameServer(server, on_socket, self._received, self._unsent)
            for server in servers[:_MOST_SERVERS]
        ]

    @property
    def waiting(self) -> int:
        """How many names are being looked up."""
        return len(self._open)

    def resolve(self, name: str, callback: Callback) -> None:
        """Calls `callback` with the answer, possibly before it returns. Raises for no name."""
        cached = self._cache.get(name)
        if cached is not None and cached.until > monotonic():
            callback(cached.answer)
        elif name in self._open:
            self._open[name].waiting.append(callback)
        else:
            self._begin(name, callback)

    def _begin(self, name: str, callback: Callback) -> None:
        try:
            questions = {kind: message.question(name, kind) for kind in (AAAA, A)}
        except ValueError:
            callback(DnsAnswer(error="the name is not a valid one"))
            return
        addresses = self._in_files(name)
        if addresses or not self._servers:
            error = "" if addresses else "this machine has no name server"
            callback(self._remember(name, DnsAnswer(addresses, error, local=not addresses)))
            return
        now = monotonic()
        queries = {kind: Query(secrets.randbits(16), asked) for kind, asked in questions.items()}
        gap = max(_SHORTEST_GAP, self._deadline / 16)
        look_up = LookUp(name, now, now + self._deadline, gap, queries, len(self._servers))
        look_up.waiting.append(callback)
        self._open[name] = look_up
        for kind, each in queries.items():
            self._by_query[(each.ident, each.question)] = (look_up, kind)
        self._try(look_up, now)

    def _in_files(self, name: str) -> tuple[str, ...]:
        """The addresses that hosts(5) gives the name; those of localhost are always known."""
        found: list[str] = []

        def answered(result: Any, _status: int | None) -> None:
            if result is not None:
                found.extend(node.addr[0].decode("ascii") for node in result.nodes)

        try:
            self._files.getaddrinfo(name, None, flags=_NO_SORT, callback=answered)
        except (pycares.AresError, ValueError):
            return ()
        return tuple(dict.fromkeys(found))[:MOST_ADDRESSES]

    def _try(self, look_up: LookUp, now: float) -> None:
        """Asks the next name server, those that answer before those that do not."""
        order = sorted(self._servers, key=lambda server: -min(server.heard_at, look_up.started))
        server = order[look_up.tries % len(order)]
        look_up.tried(now, server.name)
        unheard = look_up.tries > len(order) and server.heard_at < look_up.started
        for query in look_up.queries.values():
            if query.is_open and not query.by_stream:
                server.send(message.query(query.ident, query.question), fresh=unheard)
        if look_up.tries == max(_SUSPICIOUS_TRIES, len(order)) and self._heard_at < look_up.started:
            self._ask_for_the_root()
        self._schedule(look_up)

    def _ask_for_the_root(self) -> None:
        """A name server that lives answers this at once: silence is then the name's own."""
        packet = message.query(secrets.randbits(16), message.question("", NS))
        for server in self._servers:
            server.send(packet)

    def _schedule(self, look_up: LookUp) -> None:
        self._pushed += 1
        heapq.heappush(self._due, (look_up.due, self._pushed, look_up))

    def _received(self, server: NameServer, packet: bytes, by_stream: bool) -> None:
        response = message.parse(packet)
        if response is None:
            return
        now = monotonic()
        server.heard_at = self._heard_at = now
        found = self._by_query.get((response.ident, response.question))
        if found is None:
            return
        look_up, kind = found
        query = look_up.queries[kind]
        if response.truncated and not by_stream:
            self._ask_by_stream(look_up, query, server, response.addresses)
            return
        look_up.responded(kind, response, now)
        self._settle(look_up, now)

    def _ask_by_stream(
        self, look_up: LookUp, query: Query, server: NameServer, partial: tuple[str, ...]
    ) -> None:
        """The answer is longer than a datagram: the same question over TCP, once at a time."""
        if query.by_stream or query.addresses is not None:
            return
        query.by_stream, query.partial = True, partial

        def failed() -> None:
            query.by_stream = False
            query.failed("the name server cut its answer short")
            self._settle(look_up, monotonic())

        server.send_by_stream(message.query(query.ident, query.question), failed)

    def _unsent(self, server: NameServer, error: OSError) -> None:
        words = f"this machine cannot ask its name server: {error.strerror}"
        now = monotonic()
        for look_up in list(self._open.values()):
            if look_up.asked == server.name:
                look_up.failed_here(words, now)
                self._settle(look_up, now)

    def _settle(self, look_up: LookUp, now: float) -> None:
        """Ends the look-up if it is decided, or notes when it is due again."""
        if self._open.get(look_up.name) is not look_up:
            return
        answer = look_up.answer(now, self._heard_at)
        if answer is None:
            self._schedule(look_up)
            return
        del self._open[look_up.name]
        for query in look_up.queries.values():
            self._by_query.pop((query.ident, query.question), None)
        self._remember(look_up.name, answer)
        for callback in () if self._closing else look_up.waiting:
            callback(answer)

    def _remember(self, name: str, answer: DnsAnswer) -> DnsAnswer:
        if answer.addresses:
            self._cache[name] = _Cached(answer, monotonic() + CACHE_SECONDS)
        return answer

    def is_unheard(self, name: str) -> bool:
        """Whether no name server has said anything since the look-up of `name` began."""
        return name in self._open and self._heard_at < self._open[name].started

    def ready(self, fd: int, _read: bool, _write: bool) -> None:
        """Socket `fd` can be read or written."""
        for server in self._servers:
            if server.ready(fd):
                return

    def pause(self) -> float | None:
        """Seconds until `tick` is due; None: no query is open."""
        self._drop_the_overtaken()
        return max(0.0, self._due[0][0] - monotonic()) if self._due else None

    def _drop_the_overtaken(self) -> None:
        while self._due:
            due, _, look_up = self._due[0]
            if due == look_up.due and self._open.get(look_up.name) is look_up:
                return
            heapq.heappop(self._due)

    def tick(self) -> None:
        """Repeats queries that were not answered, and gives up on old ones."""
        now = monotonic()
        self._drop_the_overtaken()
        while self._due and self._due[0][0] <= now:
            _, _, look_up = heapq.heappop(self._due)
            if look_up.answer(now, self._heard_at) is None:
                self._try(look_up, now)
            else:
                self._settle(look_up, now)
            self._drop_the_overtaken()

    def close(self) -> None:
        """Drops every query. No callback is called any more."""
        if not self._closing:
            self._closing = True
            self._open.clear()
            for server in self._servers:
                server.close()
            self._files.close()
