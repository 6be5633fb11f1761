"""The look-up of one name: both address families, every try still open. Does no I/O."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from supportops.sites.probe.dns.message import AAAA, NAME_ERROR, NO_ERROR, A, DnsResponse
from supportops.sites.probe.request_state import DnsAnswer

# RFC 8305, 3.: the other family gets so long once there are IPv4 addresses to go to.
RESOLUTION_DELAY = 0.05
MOST_ADDRESSES = 16
# A server that fails is tried again; so many failures of each family are an answer.
_MOST_FAILURES = 3
_MOST_ERRORS_HERE = 8

_FORMAT_ERROR, _SERVER_FAILURE, _NOT_IMPLEMENTED, _REFUSED = 1, 2, 4, 5
_WORDS = {
    _FORMAT_ERROR: "the name server does not understand the query",
    _SERVER_FAILURE: "the name server failed",
    _NOT_IMPLEMENTED: "the name server does not understand the query",
    _REFUSED: "the name server refused",
}
NO_ANSWER = "the name server does not answer"

Callback = Callable[[DnsAnswer], None]


@dataclass(slots=True)
class Query:
    """The query for one family. `addresses` is None until it is answered."""

    ident: int
    question: bytes
    addresses: tuple[str, ...] | None = None
    partial: tuple[str, ...] = ()
    failures: int = 0
    words: str = ""
    by_stream: bool = False

    @property
    def is_open(self) -> bool:
        """Whether another try may still give addresses."""
        return self.addresses is None and self.failures < _MOST_FAILURES

    def failed(self, words: str) -> None:
        """One try was answered with a failure; what a cut answer held is better than that."""
        self.failures += 1
        self.words = words
        if self.partial:
            self.addresses = self.partial


@dataclass(slots=True)
class LookUp:
    """The state of a look-up. Times are seconds on a steady clock.

    `due` is when the resolver has to do something about it again, `errors_here` counts the tries
    that did not get away from this machine or were refused by the name server's.
    """

    name: str
    started: float
    until: float
    gap: float
    queries: dict[int, Query]
    servers: int
    waiting: list[Callback] = field(default_factory=list)
    tries: int = 0
    asked: str = ""
    due: float = 0.0
    errors_here: int = 0
    error_here: str = ""

    def tried(self, now: float, server: str) -> None:
        """A try goes to `server`: the next is due after a gap, which doubles once every server
        was asked."""
        self.tries += 1
        self.asked = server
        self.due = min(self.until, now + self.gap * 2 ** ((self.tries - 1) // self.servers))

    def responded(self, kind: int, response: DnsResponse, now: float) -> None:
        """A complete response to the query of `kind`, to whichever try."""
        query = self.queries[kind]
        if query.addresses is not None:
            return
        if response.rcode == NO_ERROR:
            query.addresses = response.addresses
            self._shorten(now)
        elif response.rcode == NAME_ERROR:
            # Of this family only: some servers deny a name that only lacks IPv6 (RFC 4074, 4.2).
            query.addresses, query.words = (), "the name does not exist"
        else:
            query.failed(_WORDS.get(response.rcode, f"the name server gave code {response.rcode}"))
            if self.tries < self.servers:
                self.due = now

    def _shorten(self, now: float) -> None:
        """With addresses of one family the other must hurry; IPv4 is missed for longer, because
        IPv6 alone may lead nowhere."""
        if self.queries[A].addresses:
            self.until = min(self.until, now + RESOLUTION_DELAY)
        elif self.queries[AAAA].addresses:
            self.until = min(self.until, now + (self.until - self.started) / 4)
        self.due = min(self.due, self.until)

    def failed_here(self, words: str, now: float) -> None:
        """A try could not be sent, or nobody listens where the name server should be."""
        self.errors_here += 1
        self.error_here = words
        self.due = min(self.due, now + 0.1 * self.errors_here)

    def answer(self, now: float, heard_at: float) -> DnsAnswer | None:
        """The answer, where it is decided. `heard_at`: when any name server last said anything."""
        found = [address for q in self.queries.values() for address in q.addresses or ()]
        if not any(q.is_open for q in self.queries.values()) or (found and now >= self.until):
            if found:
                return DnsAnswer(tuple(dict.fromkeys(found))[:MOST_ADDRESSES])
            return DnsAnswer(error=self._words())
        if self.errors_here >= _MOST_ERRORS_HERE and heard_at < self.started:
            return DnsAnswer(error=self.error_here, local=True)
        if now >= self.until:
            words = next((q.words for q in self.queries.values() if q.words), NO_ANSWER)
            return DnsAnswer(error=words, local=heard_at < self.started)
        return None

    def _words(self) -> str:
        failures = [query.words for query in self.queries.values() if query.words]
        return failures[0] if failures else "the name has no address"
