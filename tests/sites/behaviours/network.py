"""Behaviours before any HTTP: names, connections and certificates."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pycurl

from sites.behaviours.behaviour import TEXT, Arranged
from sites.certificates import issue, serving
from sites.name_servers import Asked, Reply, ScriptedNameServer
from sites.probing import MOMENT, probe_one
from sites.servers import Authority, NameServer, answer, closed_port, says, server
from supportops.sites.check import Phases, ProbeResult, Reason
from supportops.sites.probe.curl_errors import CurlError
from supportops.sites.probe.request_state import RequestState, Response, Target
from supportops.sites.site import Expectation

Check = Callable[[ExitStack], ProbeResult]
DAY = timedelta(days=1)
SERVER_FAILURE = 2


def named(zone: Mapping[str, Sequence[str]], deadline: float = 5) -> Check:
    """A healthy site by the name shop.test, which a name server with `zone` is asked for."""

    def check(running: ExitStack) -> ProbeResult:
        site = running.enter_context(server(answer()))
        names = running.enter_context(NameServer(zone))
        url = site.url(host="shop.test")
        return probe_one(url, nameservers=[names.address], deadline=deadline)

    return check


def answered(*replies: Callable[[Asked], Reply], deadline: float = 5) -> Check:
    """A healthy site whose name servers do so."""

    def check(running: ExitStack) -> ProbeResult:
        site = running.enter_context(server(answer()))
        servers = [running.enter_context(ScriptedNameServer(reply)) for reply in replies]
        addresses = [each.address for each in servers]
        return probe_one(site.url(host="shop.test"), nameservers=addresses, deadline=deadline)

    return check


def late(seconds: float) -> Callable[[Asked], Reply]:
    return lambda _asked: Reply(after=seconds)


def fails(asked: Asked) -> Reply:
    return Reply(rcode=SERVER_FAILURE)


def fails_first(asked: Asked) -> Reply:
    return Reply(rcode=SERVER_FAILURE if asked.number == 0 else 0)


def silent_about_the_name(asked: Asked) -> Reply:
    """The root, which every name server knows, is answered all the same."""
    return Reply(dropped=True)


def only_over_tcp(asked: Asked) -> Reply:
    return Reply() if asked.over_tcp else Reply(addresses=(), truncated=True)


def refused(_running: ExitStack) -> ProbeResult:
    return probe_one(f"http://127.0.0.1:{closed_port()}/")


def takes_no_connection(running: ExitStack) -> ProbeResult:
    """Its queue of connections is full, so that the packets of a further one are dropped."""
    full = running.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
    for _ in range(4):
        waiting = running.enter_context(socket.socket())
        waiting.setblocking(False)
        waiting.connect_ex(full.getsockname())
    return probe_one(f"http://127.0.0.1:{full.getsockname()[1]}/", deadline=0.5)


def no_way_beyond_ours(_running: ExitStack) -> ProbeResult:
    """What a router's "host unreachable" becomes; on loopback there is no router to send it."""
    error = CurlError(pycurl.E_COULDNT_CONNECT, "", errno.EHOSTUNREACH, 0, Phases())
    state = RequestState(0, Target("http://198.51.100.1/", Expectation(), True), 5.0, MOMENT)
    state.responded(Response(error.reason, error.detail))
    assert state.result is not None
    return state.result


def one_family_dead(running: ExitStack) -> ProbeResult:
    site = running.enter_context(server(answer()))
    names = running.enter_context(NameServer({"shop.test": ["::1", "127.0.0.1"]}))
    return probe_one(site.url(host="shop.test"), nameservers=[names.address])


def private(_running: ExitStack) -> ProbeResult:
    return probe_one("http://127.0.0.1/", allow_private=False)


def no_web_address(_running: ExitStack) -> ProbeResult:
    return probe_one("http://shop.test:99999/")


def certified(
    *names: str, start: float = -10, end: float = 80, trusted: bool = True, host: str = "localhost"
) -> Check:
    """A healthy site with a certificate for `names`, valid from `start` to `end` in days."""

    def check(running: ExitStack) -> ProbeResult:
        authority = Authority()
        context = authority.context(*names, start=start * DAY, end=end * DAY)
        site = running.enter_context(server(answer(), tls=context))
        url = site.url(host=host, scheme="https")
        if not trusted:
            return probe_one(url)
        trust = running.enter_context(authority.ca.cert_pem.tempfile())
        return probe_one(url, trust=Path(trust))

    return check


def chained(
    between: float = 80, names: tuple[str, ...] = ("localhost",), sent: bool = True
) -> Check:
    """A certificate with an intermediate one that ends in `between` days, `sent` or left out."""

    def check(running: ExitStack) -> ProbeResult:
        folder = Path(running.enter_context(TemporaryDirectory()))
        root = issue("root", 3000)
        middle = issue("middle", between, root)
        leaf = issue("localhost", 80, middle, names, ca=False)
        (folder / "root.pem").write_bytes(root.pem)
        context = serving(folder, leaf, *([middle] if sent else []))
        site = running.enter_context(server(answer(), tls=context))
        url = site.url(host="localhost", scheme="https")
        return probe_one(url, trust=folder / "root.pem")

    return check


def secured(data: bytes, expect: Expectation | None = None) -> Check:
    """Sends `data` over TLS and closes the connection without TLS's alert of that."""

    def check(running: ExitStack) -> ProbeResult:
        authority = Authority()
        site = running.enter_context(server(says(data), tls=authority.context("localhost")))
        trust = running.enter_context(authority.ca.cert_pem.tempfile())
        url = site.url(host="localhost", scheme="https")
        return probe_one(url, trust=Path(trust), expect=expect)

    return check


NAMES = (
    Arranged(
        "names",
        "The name has an address",
        named({"shop.test": ["127.0.0.1"]}),
        Reason.OK,
        "The name leads to the server.",
    ),
    Arranged(
        "names",
        "The name does not exist",
        named({}),
        Reason.DNS,
        "No visitor finds the site.",
    ),
    Arranged(
        "names",
        "The name has no address",
        named({"shop.test": []}),
        Reason.DNS,
        "No visitor finds the site.",
    ),
    Arranged(
        "names",
        "Its name server answers after most of a second",
        answered(late(0.7)),
        Reason.OK,
        "An answer counts however late it comes within the deadline.",
    ),
    Arranged(
        "names",
        "Its name server fails once and then answers",
        answered(fails_first),
        Reason.OK,
        "A failing name server is asked again.",
    ),
    Arranged(
        "names",
        "The first name server fails, the second answers",
        answered(fails, lambda _asked: Reply()),
        Reason.OK,
        "Resolvers of visitors ask the second one too.",
    ),
    Arranged(
        "names",
        "Its name servers only fail",
        answered(fails),
        Reason.DNS,
        "No visitor finds the site.",
    ),
    Arranged(
        "names",
        "Its name server says nothing about this name and answers others",
        answered(silent_about_the_name, deadline=2),
        Reason.DNS,
        "The name server lives, so the silence is about the name.",
    ),
    Arranged(
        "names",
        "The answer is too long for a datagram",
        answered(only_over_tcp),
        Reason.OK,
        "The question is repeated over TCP, as the standard demands.",
    ),
    Arranged(
        "names",
        "IPv6 is broken and IPv4 works",
        one_family_dead,
        Reason.OK,
        "Browsers try both families (RFC 8305).",
    ),
    Arranged(
        "names",
        "The name leads to a private address",
        private,
        Reason.BLOCKED_ADDRESS,
        "A name that strangers control must not lead into our network; see `allow_private`.",
    ),
    Arranged(
        "names",
        "The configured address is none that can be requested",
        no_web_address,
        Reason.BAD_URL,
        "It was not checked at all, and somebody has to correct it.",
    ),
)
CONNECTIONS = (
    Arranged(
        "connection",
        "Nobody listens on the port",
        refused,
        Reason.REFUSED,
        "The machine is there, its web server is not.",
    ),
    Arranged(
        "connection",
        "No connection is taken before the deadline",
        takes_no_connection,
        Reason.CONNECT_TIMEOUT,
        "A server that is off, or drops packets, looks like this.",
    ),
    Arranged(
        "connection",
        "A router says that the server cannot be reached",
        no_way_beyond_ours,
        Reason.UNREACHABLE,
        "The packets left this machine; what is missing is near the server.",
    ),
)
CERTIFICATES = (
    Arranged(
        "certificates",
        "The certificate is valid",
        certified("localhost"),
        Reason.OK,
        "Browsers accept it.",
    ),
    Arranged(
        "certificates",
        "The certificate ends in five days",
        certified("localhost", end=5),
        Reason.OK,
        "The site is up; a warning of its own is raised 30, 14, 7, 3 and 1 days before the end.",
    ),
    Arranged(
        "certificates",
        "The certificate has ended",
        certified("localhost", end=-1),
        Reason.TLS_EXPIRED,
        "Browsers show a warning instead of the page.",
    ),
    Arranged(
        "certificates",
        "The certificate is not valid yet",
        certified("localhost", start=1),
        Reason.TLS_NOT_YET_VALID,
        "Browsers show a warning instead of the page.",
    ),
    Arranged(
        "certificates",
        "The certificate is for another name",
        certified("elsewhere.test"),
        Reason.TLS_NAME,
        "Browsers show a warning instead of the page.",
    ),
    Arranged(
        "certificates",
        "The certificate has its name as common name only",
        chained(names=()),
        Reason.TLS_NAME,
        "Browsers no longer read the common name.",
    ),
    Arranged(
        "certificates",
        "No known authority signed the certificate",
        certified("localhost", trusted=False),
        Reason.TLS_UNTRUSTED,
        "Browsers show a warning instead of the page.",
    ),
    Arranged(
        "certificates",
        "The intermediate certificate is not sent",
        chained(sent=False),
        Reason.TLS_UNTRUSTED,
        "Some browsers find it elsewhere; phones, programs and other browsers do not.",
    ),
    Arranged(
        "certificates",
        "The intermediate certificate has ended",
        chained(between=-1),
        Reason.TLS_EXPIRED,
        "The whole chain must be valid.",
    ),
)
SECURED = (
    Arranged(
        "HTTP",
        "It ends a page without a length by closing a TLS connection without notice",
        secured(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello", TEXT),
        Reason.OK,
        "Many servers do, and browsers show the page.",
    ),
    Arranged(
        "HTTP",
        "It closes a TLS connection before its Content-Length is reached",
        secured(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"),
        Reason.TRUNCATED,
        "A part of the page is missing.",
    ),
    Arranged(
        "HTTP",
        "It closes a TLS connection in the middle of its headers",
        secured(b"HTTP/1.1 200 OK\r\nServer: x\r\n"),
        Reason.TRUNCATED,
        "There is no page yet.",
    ),
    Arranged(
        "HTTP",
        "It closes a TLS connection before the last chunk",
        secured(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
        Reason.TRUNCATED,
        "Without it nobody can know that the page is complete.",
    ),
)
