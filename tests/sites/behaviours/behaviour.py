"""What a server does, and what one check makes of it: a row of the table of behaviours."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from socket import socket

from sites.probing import MOMENT, policy
from sites.servers import (
    Server,
    answer,
    redirects,
    request,
    server,
)
from supportops.sites.check import ProbeResult, Reason, State
from supportops.sites.probe.probe import Target, probe
from supportops.sites.site import PLAIN, Expectation, RequestOptions

Talk = Callable[[socket, Server], None]
HELLO = "hello wörld".encode()
ANYTHING = Expectation()
TEXT = Expectation(contains=("hello",))
WORLD = Expectation(contains=("hello wörld",))
VISIBLE = Expectation(contains=("hello world",), visible_text=True)
OK = b"HTTP/1.1 200 OK\r\n"


@dataclass(frozen=True)
class Behaviour:
    """`does` completes "a server that ...". `part` groups rows on a page."""

    part: str
    does: str
    talk: Talk
    reason: Reason
    why: str
    expect: Expectation = ANYTHING
    options: RequestOptions = PLAIN
    scheme: str = "http"
    deadline: float = 5.0

    @property
    def state(self) -> State:
        """What one such check makes of the site; three in a row confirm it."""
        return State.of(self.reason)

    def check(self, running: ExitStack) -> ProbeResult:
        """The result of one check of a server that does so, which ends with `running`."""
        site = running.enter_context(server(self.talk))
        target = Target(site.url(scheme=self.scheme), self.expect, True, self.options)
        (result,) = probe([target], policy(self.deadline), lambda: MOMENT)
        return result


@dataclass(frozen=True)
class Arranged:
    """A behaviour that takes more than one server: names, certificates, or our own machine.

    `does` is a whole sentence without its full stop.
    """

    part: str
    does: str
    check: Callable[[ExitStack], ProbeResult]
    reason: Reason
    why: str

    @property
    def state(self) -> State:
        """As of a `Behaviour`."""
        return State.of(self.reason)


def no_tls(connection: socket, _here: Server) -> None:
    """Takes whatever comes and answers as a plain server does."""
    connection.recv(100)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 9)


def page(body: bytes, kind: str = "text/html") -> Talk:
    return answer(body, headers={"Content-Type": kind})


def coded(coding: str, body: bytes) -> Talk:
    return answer(body, headers={"Content-Encoding": coding})


def bare_deflate(text: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(text) + packer.flush()


def status(line: str, body: bytes = b"hello") -> Talk:
    return answer(body, status=line)


def turns(first: Talk, then: Talk) -> Talk:
    """The first request is answered so, every later one so."""

    def talk(connection: socket, here: Server) -> None:
        (first if here.connections == 1 else then)(connection, here)

    return talk


def wants_cookie(connection: socket, here: Server) -> None:
    """Sends to itself with a cookie until that comes back: a consent page, a load balancer."""
    head = request(connection, here)
    if b"Cookie: seen=1" in head:
        connection.sendall(OK + b"Content-Length: 5\r\n\r\nhello")
    else:
        connection.sendall(
            b"HTTP/1.1 302 Found\r\nSet-Cookie: seen=1; Path=/; HttpOnly\r\n"
            b"Location: /\r\nContent-Length: 0\r\n\r\n"
        )


def hops(count: int) -> Talk:
    """Redirects so many times."""

    def talk(connection: socket, here: Server) -> None:
        then = answer(b"hello") if here.connections > count else redirects("/on")
        then(connection, here)

    return talk
