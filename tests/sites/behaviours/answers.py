"""Behaviours of connections, and of HTTP itself."""

from __future__ import annotations

from datetime import timedelta

from sites.behaviours.behaviour import OK, TEXT, Behaviour, no_tls
from sites.servers import answer, drips, floods, hangs, resets, says, silent
from supportops.sites.check import Reason
from supportops.sites.site import Expectation

CONNECTION = (
    Behaviour(
        "connection",
        "accepts and says nothing",
        hangs,
        Reason.TIMEOUT,
        "A visitor would wait in vain; a connection alone is no answer.",
        deadline=0.4,
    ),
    Behaviour(
        "connection", "closes without a word", says(b""), Reason.RESET, "No byte of an answer came."
    ),
    Behaviour(
        "connection",
        "resets the connection",
        resets,
        Reason.RESET,
        "The server refused to answer after the request.",
    ),
    Behaviour(
        "connection",
        "never answers the TLS handshake",
        silent,
        Reason.TIMEOUT,
        "Connected is not served: the deadline covers the handshake too.",
        scheme="https",
        deadline=0.4,
    ),
    Behaviour(
        "connection",
        "speaks no TLS on its https port",
        no_tls,
        Reason.TLS,
        "A browser shows an error and no page.",
        scheme="https",
    ),
)
HTTP = (
    Behaviour(
        "HTTP",
        "answers 200 with a page",
        answer(),
        Reason.OK,
        "That is what is expected where nothing else is configured.",
    ),
    Behaviour(
        "HTTP",
        "answers 204 without a page",
        says(b"HTTP/1.1 204 No\r\n\r\n"),
        Reason.OK,
        "204 is a complete answer, and in the range that is expected.",
    ),
    Behaviour(
        "HTTP",
        "answers HTTP/1.0 until it closes",
        says(b"HTTP/1.0 200 OK\r\n\r\nhello"),
        Reason.OK,
        "In HTTP/1.0 the end of the connection ends the page.",
        TEXT,
    ),
    Behaviour(
        "HTTP",
        "sends early hints first",
        says(
            b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
            + OK
            + b"Content-Length: 5\r\n\r\nhello"
        ),
        Reason.OK,
        "An informational answer (1xx) precedes the real one, which counts.",
        TEXT,
    ),
    Behaviour(
        "HTTP",
        "sends more than its Content-Length says",
        says(OK + b"Content-Length: 5\r\n\r\nhello and more"),
        Reason.OK,
        "A browser reads as much as was announced and ignores the rest.",
        TEXT,
    ),
    Behaviour(
        "HTTP",
        "answers in chunks",
        says(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
        Reason.OK,
        "The page was complete.",
        TEXT,
    ),
    Behaviour(
        "HTTP",
        "answers without any HTTP",
        says(b"SSH-2.0-OpenSSH_9.6\r\n"),
        Reason.INVALID_HTTP,
        "Another service listens there.",
    ),
    Behaviour(
        "HTTP",
        "sends less than its Content-Length says",
        says(OK + b"Content-Length: 10\r\n\r\nhello"),
        Reason.TRUNCATED,
        "A part of the page is missing.",
    ),
    Behaviour(
        "HTTP",
        "ends in the middle of a chunk",
        says(OK + b"Transfer-Encoding: chunked\r\n\r\nff\r\nhello"),
        Reason.TRUNCATED,
        "A part of the page is missing.",
    ),
    Behaviour(
        "HTTP",
        "leaves out the last chunk",
        says(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
        Reason.TRUNCATED,
        "Without it nobody can know that the page is complete.",
    ),
    Behaviour(
        "HTTP",
        "sends a Content-Length that is no number",
        says(OK + b"Content-Length: x\r\n\r\nhello"),
        Reason.INVALID_HTTP,
        "HTTP requires such an answer to be refused (RFC 9112, section 6.3).",
    ),
    Behaviour(
        "HTTP",
        "answers slower than its ceiling allows",
        drips(OK + b"Content-Length: 3\r\n\r\n", b"x", 0.1),
        Reason.SLOW,
        "The front page serves visitors, but too slowly: a fault, no outage.",
        Expectation(latency=timedelta(milliseconds=50)),
    ),
    Behaviour(
        "HTTP",
        "drips its page past the deadline",
        drips(OK + b"Content-Length: 9999\r\n\r\n", b"x"),
        Reason.TIMEOUT,
        "One deadline holds for the whole exchange, not for each read.",
        deadline=0.4,
    ),
    Behaviour(
        "HTTP",
        "sends a page without end",
        floods(OK + b"\r\n", b"x" * 65536),
        Reason.OK,
        "The first MiB is read and judged; more is not needed to say that it serves.",
    ),
)
