"""What a server does, and what that makes of its site: one row for each behaviour.

The rows need no pytest, so that a page of documentation can be made from them.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from socket import socket

from sites.servers import (
    Server,
    answer,
    drips,
    floods,
    hangs,
    redirects,
    request,
    resets,
    says,
    silent,
)
from supportops.sites.check import Reason, State
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
    expect: Expectation = ANYTHING
    options: RequestOptions = PLAIN
    scheme: str = "http"
    deadline: float = 5.0

    @property
    def state(self) -> State:
        """What one such check makes of the site; three in a row confirm it."""
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


_CUT = gzip.compress(HELLO * 500)[:-20]
_LEAVES_OUT = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"

CONNECTION = (
    Behaviour("connection", "accepts and says nothing", hangs, Reason.TIMEOUT, deadline=0.4),
    Behaviour("connection", "closes without a word", says(b""), Reason.RESET),
    Behaviour("connection", "resets the connection", resets, Reason.RESET),
    Behaviour(
        "connection",
        "never answers the TLS handshake",
        silent,
        Reason.TIMEOUT,
        scheme="https",
        deadline=0.4,
    ),
    Behaviour("connection", "speaks no TLS on its https port", no_tls, Reason.TLS, scheme="https"),
)
HTTP = (
    Behaviour("http", "answers 200 with a page", answer(), Reason.OK),
    Behaviour("http", "answers 204 without a page", says(b"HTTP/1.1 204 No\r\n\r\n"), Reason.OK),
    Behaviour(
        "http",
        "answers HTTP/1.0 until it closes",
        says(b"HTTP/1.0 200 OK\r\n\r\nhello"),
        Reason.OK,
        TEXT,
    ),
    Behaviour(
        "http",
        "sends early hints first",
        says(
            b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
            + OK
            + b"Content-Length: 5\r\n\r\nhello"
        ),
        Reason.OK,
        TEXT,
    ),
    Behaviour(
        "http",
        "sends more than its Content-Length says",
        says(OK + b"Content-Length: 5\r\n\r\nhello and more"),
        Reason.OK,
        TEXT,
    ),
    Behaviour(
        "http",
        "answers in chunks",
        says(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
        Reason.OK,
        TEXT,
    ),
    Behaviour(
        "http", "answers without any HTTP", says(b"SSH-2.0-OpenSSH_9.6\r\n"), Reason.INVALID_HTTP
    ),
    Behaviour(
        "http",
        "sends less than its Content-Length says",
        says(OK + b"Content-Length: 10\r\n\r\nhello"),
        Reason.TRUNCATED,
    ),
    Behaviour(
        "http",
        "ends in the middle of a chunk",
        says(OK + b"Transfer-Encoding: chunked\r\n\r\nff\r\nhello"),
        Reason.TRUNCATED,
    ),
    Behaviour(
        "http",
        "leaves out the last chunk",
        says(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
        Reason.TRUNCATED,
    ),
    Behaviour(
        "http",
        "sends a Content-Length that is no number",
        says(OK + b"Content-Length: x\r\n\r\nhello"),
        Reason.INVALID_HTTP,
    ),
    Behaviour(
        "http",
        "answers slower than its ceiling allows",
        drips(OK + b"Content-Length: 3\r\n\r\n", b"x", 0.1),
        Reason.SLOW,
        Expectation(latency=timedelta(milliseconds=50)),
    ),
    Behaviour(
        "http",
        "drips its page past the deadline",
        drips(OK + b"Content-Length: 9999\r\n\r\n", b"x"),
        Reason.TIMEOUT,
        deadline=0.4,
    ),
    Behaviour("http", "sends a page without end", floods(OK + b"\r\n", b"x" * 65536), Reason.OK),
)
STATUS = (
    *(
        Behaviour("status", f"answers {line}", status(line), Reason.STATUS)
        for line in (
            "400 Bad",
            "401 Login",
            "403 No",
            "404 Gone",
            "429 Slow",
            "500 Oops",
            "502 Bad",
            "503 Busy",
            "504 Late",
        )
    ),
    Behaviour("status", "answers 300 with a page of choices", status("300 Choices"), Reason.OK),
    Behaviour(
        "status",
        "answers 304 although nothing was conditional",
        says(b"HTTP/1.1 304 Same\r\n\r\n"),
        Reason.STATUS,
    ),
    Behaviour("status", "answers 305, use a proxy", status("305 Proxy"), Reason.STATUS),
    Behaviour("status", "answers 306", status("306 Old"), Reason.STATUS),
    Behaviour(
        "status",
        "answers 404 where that is expected",
        status("404 Gone"),
        Reason.OK,
        Expectation(status=((404, 404),)),
    ),
    Behaviour(
        "status",
        "answers 304 where that is expected",
        says(b"HTTP/1.1 304 Same\r\n\r\n"),
        Reason.OK,
        Expectation(status=((200, 200), (304, 304))),
    ),
)
REDIRECTS = (
    *(
        Behaviour(
            "redirects",
            f"redirects with {line}",
            turns(redirects("/on", line), answer()),
            Reason.OK,
            TEXT,
        )
        for line in ("301 Moved", "302 Found", "303 Other", "307 Again", "308 For Good")
    ),
    Behaviour("redirects", "redirects without a Location", says(_LEAVES_OUT), Reason.BAD_REDIRECT),
    Behaviour("redirects", "redirects ten times", hops(10), Reason.OK, TEXT),
    Behaviour("redirects", "redirects eleven times", hops(11), Reason.TOO_MANY_REDIRECTS),
    Behaviour(
        "redirects",
        "redirects twice where one is allowed",
        hops(2),
        Reason.TOO_MANY_REDIRECTS,
        options=RequestOptions(most_redirects=1),
    ),
    Behaviour(
        "redirects",
        "redirects where none is allowed",
        hops(1),
        Reason.TOO_MANY_REDIRECTS,
        options=RequestOptions(most_redirects=0),
    ),
    Behaviour(
        "redirects",
        "redirects where that itself is expected",
        redirects("/on"),
        Reason.OK,
        Expectation(status=((302, 302),)),
    ),
    Behaviour(
        "redirects",
        "redirects to itself until its cookie comes back",
        wants_cookie,
        Reason.OK,
        TEXT,
    ),
    Behaviour(
        "redirects",
        "redirects to another protocol",
        redirects("ftp://files.test/"),
        Reason.BAD_REDIRECT,
    ),
    Behaviour(
        "redirects",
        "redirects to a machine's metadata",
        redirects("http://169.254.169.254/"),
        Reason.BLOCKED_ADDRESS,
    ),
    Behaviour(
        "redirects",
        "ends at another host than it should",
        answer(),
        Reason.WRONG_HOST,
        Expectation(final_host="www.shop.test"),
    ),
)
CODING = (
    Behaviour(
        "content coding", "sends gzip", coded("gzip", gzip.compress(HELLO)), Reason.OK, WORLD
    ),
    Behaviour(
        "content coding", "calls it x-gzip", coded("x-gzip", gzip.compress(HELLO)), Reason.OK, WORLD
    ),
    Behaviour(
        "content coding",
        "sends gzip in several members",
        coded("gzip", gzip.compress(HELLO[:5]) + gzip.compress(HELLO[5:])),
        Reason.OK,
        WORLD,
    ),
    Behaviour(
        "content coding",
        "sends zeros after its gzip",
        coded("gzip", gzip.compress(HELLO) + b"\0" * 9),
        Reason.OK,
        WORLD,
    ),
    Behaviour(
        "content coding",
        "sends deflate in zlib's format",
        coded("deflate", zlib.compress(HELLO)),
        Reason.OK,
        WORLD,
    ),
    Behaviour(
        "content coding",
        "sends deflate without zlib's header",
        coded("deflate", bare_deflate(HELLO)),
        Reason.OK,
        WORLD,
    ),
    Behaviour(
        "content coding",
        "codes its page twice",
        coded("deflate, gzip", gzip.compress(zlib.compress(HELLO))),
        Reason.OK,
        WORLD,
    ),
    Behaviour(
        "content coding",
        "names a coding that nobody knows",
        coded("utf-8", HELLO),
        Reason.OK,
        WORLD,
    ),
    Behaviour(
        "content coding", "names no coding: identity", coded("identity", HELLO), Reason.OK, WORLD
    ),
    Behaviour("content coding", "sends no body and calls it gzip", coded("gzip", b""), Reason.OK),
    Behaviour(
        "content coding",
        "sends brotli unasked",
        coded("br", bytes.fromhex("0b028068656c6c6f03")),
        Reason.OK,
        TEXT,
    ),
    Behaviour(
        "content coding",
        "sends zstd unasked, whose text is wanted",
        coded("zstd", b"\x28\xb5\x2f\xfd"),
        Reason.ENCODING,
        TEXT,
    ),
    Behaviour(
        "content coding", "cuts its gzip short", coded("gzip", _CUT), Reason.TRUNCATED, WORLD
    ),
    Behaviour(
        "content coding",
        "cuts its gzip short, whose text nobody wants",
        coded("gzip", _CUT),
        Reason.TRUNCATED,
    ),
    Behaviour(
        "content coding",
        "cuts its deflate short",
        coded("deflate", zlib.compress(HELLO * 500)[:-20]),
        Reason.TRUNCATED,
    ),
    Behaviour(
        "content coding",
        "sends plain text and calls it gzip",
        coded("gzip", HELLO),
        Reason.ENCODING,
    ),
    Behaviour(
        "content coding",
        "sends a gzip bomb",
        coded("gzip", gzip.compress(b"0" * 30_000_000)),
        Reason.OK,
    ),
)
CHARSETS = (
    Behaviour(
        "text",
        "names utf-8 in its header",
        page(HELLO, "text/html; charset=utf-8"),
        Reason.OK,
        WORLD,
    ),
    Behaviour(
        "text", "quotes its charset", page(HELLO, 'text/html; charset="UTF-8"'), Reason.OK, WORLD
    ),
    Behaviour(
        "text",
        "names latin1, which is Windows-1252",
        page("hello wörld €".encode("cp1252"), "text/html; charset=latin1"),
        Reason.OK,
        Expectation(contains=("wörld €",)),
    ),
    Behaviour(
        "text",
        "names iso-8859-1 in a meta",
        page(b"<meta charset=iso-8859-1>" + "hello wörld".encode("latin-1")),
        Reason.OK,
        WORLD,
    ),
    Behaviour(
        "text",
        "names its charset in an http-equiv",
        page(
            b"<meta http-equiv='Content-Type' content='text/html; charset=shift_jis'>"
            + "日本".encode("shift_jis")
        ),
        Reason.OK,
        Expectation(contains=("日本",)),
    ),
    Behaviour(
        "text",
        "names gb2312 and uses gbk",
        page("hello 镕".encode("gbk"), "text/html; charset=gb2312"),
        Reason.OK,
        Expectation(contains=("镕",)),
    ),
    Behaviour(
        "text",
        "names ks_c_5601-1987",
        page("똠방".encode("cp949"), "text/html; charset=ks_c_5601-1987"),
        Reason.OK,
        Expectation(contains=("똠방",)),
    ),
    Behaviour(
        "text",
        "begins with the mark of UTF-16",
        page("\ufeffhello wörld".encode("utf-16-le"), "text/html; charset=utf-8"),
        Reason.OK,
        WORLD,
    ),
    Behaviour(
        "text",
        "begins with the mark of UTF-8 and names another",
        page(b"\xef\xbb\xbf" + HELLO, "text/html; charset=iso-8859-1"),
        Reason.OK,
        WORLD,
    ),
    Behaviour(
        "text",
        "claims UTF-16 in a meta that is ASCII",
        page(b"<meta charset=utf-16>" + HELLO),
        Reason.OK,
        WORLD,
    ),
    Behaviour(
        "text",
        "names a charset only in a comment",
        page(b"<!-- <meta charset=koi8-r> -->" + HELLO),
        Reason.OK,
        WORLD,
    ),
    Behaviour(
        "text",
        "names a charset that is none",
        page(HELLO, "text/html; charset=klingon"),
        Reason.OK,
        WORLD,
    ),
    Behaviour(
        "text", "names none and is no UTF-8", page("hello wörld".encode("cp1252")), Reason.OK, WORLD
    ),
    Behaviour("text", "lacks the expected text", page(b"goodbye"), Reason.TEXT_MISSING, TEXT),
    Behaviour(
        "text",
        "holds a forbidden text",
        page(b"Fatal error"),
        Reason.TEXT_FORBIDDEN,
        Expectation(not_contains=("Fatal",)),
    ),
    Behaviour(
        "text",
        "shows its text only behind the first MiB",
        page(b"x" * 1_100_000 + HELLO),
        Reason.TEXT_BEYOND_CAP,
        TEXT,
    ),
    Behaviour(
        "text",
        "has the text with tags in it",
        page(b"<p>hello\n <b>wo</b>rld</p>"),
        Reason.OK,
        VISIBLE,
    ),
    Behaviour(
        "text",
        "has the text with tags in it, which are not looked behind",
        page(b"<p>hello\n <b>wo</b>rld</p>"),
        Reason.TEXT_MISSING,
        Expectation(contains=("hello world",)),
    ),
    Behaviour(
        "text",
        "has the text in a script only",
        page(b"<script>'hello world'</script>"),
        Reason.TEXT_MISSING,
        VISIBLE,
    ),
    Behaviour(
        "text",
        "matches a pattern",
        page(b"Open since 1998"),
        Reason.OK,
        Expectation(matches=(r"since \d{4}",)),
    ),
    Behaviour(
        "text",
        "does not match a pattern",
        page(b"Open since ever"),
        Reason.TEXT_MISSING,
        Expectation(matches=(r"since \d{4}",)),
    ),
)
BEHAVIOURS = (*CONNECTION, *HTTP, *STATUS, *REDIRECTS, *CODING, *CHARSETS)
