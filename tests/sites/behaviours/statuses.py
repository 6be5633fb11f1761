"""Behaviours by status code, and redirects."""

from __future__ import annotations

from sites.behaviours.behaviour import TEXT, Behaviour, hops, status, turns, wants_cookie
from sites.servers import answer, redirects, says
from supportops.sites.check import Reason
from supportops.sites.site import Expectation, RequestOptions

_LEAVES_OUT = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"

STATUS = (
    *(
        Behaviour(
            "status",
            f"answers {line}",
            status(line),
            Reason.STATUS,
            "It is not in the range that is expected, 200-399: visitors get an error page.",
        )
        for line in (
            "400 Bad Request",
            "401 Unauthorized",
            "403 Forbidden",
            "404 Not Found",
            "429 Too Many Requests",
            "500 Internal Server Error",
            "502 Bad Gateway",
            "503 Service Unavailable",
            "504 Gateway Timeout",
        )
    ),
    Behaviour(
        "status",
        "answers 300 with a page of choices",
        status("300 Choices"),
        Reason.OK,
        "300 needs no Location: the choices are the page.",
    ),
    Behaviour(
        "status",
        "answers 304 although nothing was conditional",
        says(b"HTTP/1.1 304 Same\r\n\r\n"),
        Reason.STATUS,
        "There is no page in it, and the check has none from before.",
    ),
    Behaviour(
        "status",
        "answers 305, use a proxy",
        status("305 Proxy"),
        Reason.STATUS,
        "Browsers do not follow it (RFC 9110 deprecates it).",
    ),
    Behaviour(
        "status",
        "answers 306",
        status("306 Old"),
        Reason.STATUS,
        "It means nothing any more (RFC 9110).",
    ),
    Behaviour(
        "status",
        "answers 404 where that is expected",
        status("404 Gone"),
        Reason.OK,
        "`expect.status` names it.",
        Expectation(status=((404, 404),)),
    ),
    Behaviour(
        "status",
        "answers 304 where that is expected",
        says(b"HTTP/1.1 304 Same\r\n\r\n"),
        Reason.OK,
        "`expect.status` names it by itself, not as part of a range.",
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
            "It is followed, and the page at its end is judged.",
            TEXT,
        )
        for line in (
            "301 Moved Permanently",
            "302 Found",
            "303 See Other",
            "307 Temporary Redirect",
            "308 Permanent Redirect",
        )
    ),
    Behaviour(
        "redirects",
        "redirects without a Location",
        says(_LEAVES_OUT),
        Reason.BAD_REDIRECT,
        "It leads nowhere, and a browser shows an empty page.",
    ),
    Behaviour(
        "redirects",
        "redirects ten times",
        hops(10),
        Reason.OK,
        "Ten are allowed unless the site says otherwise.",
        TEXT,
    ),
    Behaviour(
        "redirects",
        "redirects eleven times",
        hops(11),
        Reason.TOO_MANY_REDIRECTS,
        "This is probably a loop.",
    ),
    Behaviour(
        "redirects",
        "redirects twice where one is allowed",
        hops(2),
        Reason.TOO_MANY_REDIRECTS,
        "`redirects` of the site sets the limit.",
        options=RequestOptions(most_redirects=1),
    ),
    Behaviour(
        "redirects",
        "redirects where none is allowed",
        hops(1),
        Reason.TOO_MANY_REDIRECTS,
        "`redirects: 0` says that the address itself must answer.",
        options=RequestOptions(most_redirects=0),
    ),
    Behaviour(
        "redirects",
        "redirects where that itself is expected",
        redirects("/on"),
        Reason.OK,
        "`expect.status` names it, so it is not followed.",
        Expectation(status=((302, 302),)),
    ),
    Behaviour(
        "redirects",
        "redirects to itself until its cookie comes back",
        wants_cookie,
        Reason.OK,
        "Cookies are sent on within one check, as browsers do.",
        TEXT,
    ),
    Behaviour(
        "redirects",
        "redirects to another protocol",
        redirects("ftp://files.test/"),
        Reason.BAD_REDIRECT,
        "Only http and https are pages.",
    ),
    Behaviour(
        "redirects",
        "redirects to a machine's metadata",
        redirects("http://169.254.169.254/"),
        Reason.BLOCKED_ADDRESS,
        "A server must not make the check read private addresses.",
    ),
    Behaviour(
        "redirects",
        "ends at another host than it should",
        answer(),
        Reason.WRONG_HOST,
        "`expect.final_host` names another: a parked domain answers 200 too.",
        Expectation(final_host="www.shop.test"),
    ),
)
