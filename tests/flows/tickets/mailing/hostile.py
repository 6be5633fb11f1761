"""Messages that break readers of mail; each number gives another one, of the next of all kinds."""

from __future__ import annotations

import base64
from collections.abc import Callable

DATE = b"Date: Tue, 07 Apr 2026 12:00:00 +0000"
AUDIO = b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00" + bytes(64)


def message(
    number: int, *headers: bytes, body: bytes = b"Please call back.", named: bool = True
) -> bytes:
    """`headers` instead of the usual ones of the same name."""
    usual = {
        b"from": b"From: caller%d@voip.example" % number,
        b"subject": b"Subject: Voicemail %d" % number,
        b"date": DATE,
    }
    if named:
        usual[b"message-id"] = b"Message-ID: <hostile%d@voip.example>" % number
    for each in headers:
        usual.pop(each.partition(b":")[0].lower(), None)
    lines = [*usual.values(), *headers]
    return b"\r\n".join([*lines, b"", body])


def multipart(number: int, *parts: bytes, end: bool = True) -> bytes:
    body = b"".join(b"\r\n--B%d\r\n%s" % (number, part) for part in parts)
    tail = b"\r\n--B%d--\r\n" % number if end else b""
    return message(
        number, b"Content-Type: multipart/mixed; boundary=B%d" % number, body=body + tail
    )


def recording(
    content: bytes = AUDIO, name: bytes = b"msg.wav", kind: bytes = b"audio/wav"
) -> bytes:
    head = b'Content-Type: %s; name="%s"\r\nContent-Transfer-Encoding: base64\r\n\r\n' % (
        kind,
        name,
    )
    return head + base64.encodebytes(content)


def nested(number: int, depth: int) -> bytes:
    body = b"Content-Type: text/plain\r\n\r\ndeep %d" % number
    for level in range(depth):
        mark = b"L%dx%d" % (level, number)
        body = b"Content-Type: multipart/mixed; boundary=%s\r\n\r\n--%s\r\n%s\r\n--%s--\r\n" % (
            *(mark, mark, body, mark),
        )
    return message(number, body.partition(b"\r\n\r\n")[0], body=body.partition(b"\r\n\r\n")[2])


def attached(number: int, depth: int) -> bytes:
    inner = message(number + 1_000_000, body=b"inside %d" % number)
    for _ in range(depth):
        inner = b"Content-Type: message/rfc822\r\n\r\n" + inner
    return message(number, inner.partition(b"\r\n\r\n")[0], body=inner.partition(b"\r\n\r\n")[2])


def large(number: int, size: int = 25_000_000) -> bytes:
    return multipart(
        number, b"Content-Type: text/plain\r\n\r\nlong", recording(AUDIO + bytes(size))
    )


KINDS: dict[str, Callable[[int], bytes]] = {
    "no Message-ID": lambda n: message(n, named=False),
    "no headers": lambda n: b"\r\njust a text %d\r\n" % n,
    "only headers": lambda n: message(n, body=b""),
    "a recording": lambda n: multipart(n, recording()),
    "nested multiparts": lambda n: nested(n, 60),
    "multiparts without end": lambda n: nested(n, 900),
    "attached messages": lambda n: attached(n, 20),
    "attached messages without end": lambda n: attached(n, 700),
    "a multipart that never ends": lambda n: multipart(n, recording(), end=False),
    "no boundary": lambda n: message(n, b"Content-Type: multipart/mixed", body=b"text %d" % n),
    "broken base64": lambda n: multipart(n, recording()[:-30] + b"\r\n!!!*\xff\xfe"),
    "a recording that is a page": lambda n: multipart(n, recording(b"<script>alert(1)</script>")),
    "a page that is a recording": lambda n: multipart(n, recording(AUDIO, b"a.html", b"text/html")),
    "a path for a name": lambda n: multipart(n, recording(AUDIO, b"../../etc/\x07passwd.wav")),
    "an unknown charset": lambda n: message(
        n, b"Content-Type: text/plain; charset=klingon-8", body=b"\xe4\xf6 %d" % n
    ),
    "a charset that is a codec": lambda n: message(
        n, b"Content-Type: text/plain; charset=idna", body=b"xn--" + b"a" * 20_000
    ),
    "a charset of NULs": lambda n: message(n, b"Content-Type: text/plain; charset=\0\0"),
    "utf-7": lambda n: message(n, b"Content-Type: text/plain; charset=utf-7", body=b"+2D/YPQ- +"),
    "half characters": lambda n: message(
        n, b"Content-Type: text/plain; charset=utf-16", body=b"\xff\xfe\x00\xd8" * 50
    ),
    "NULs": lambda n: message(n, b"Subject: a\0b %d" % n, body=b"x\0y\0" * 100),
    "8-bit headers": lambda n: message(n, b"Subject: Anruf f\xfcr M\xfcller \xff %d" % n),
    "a huge header": lambda n: message(n, b"Subject: " + b"long " * 40_000 + b"%d" % n),
    "a thousand headers": lambda n: message(n, *(b"X-H%d: %d" % (i, n) for i in range(1_000))),
    "encoded words": lambda n: message(n, b"Subject: " + b"=?utf-8?b?4pyT?= =?x?q?=?= " * 400),
    "an encoded address": lambda n: message(
        n, b"From: =?utf-8?q?=3Csupport=40agency=2Eexample=3E?= <x%d@y.example>" % n
    ),
    "brackets in From": lambda n: message(n, b"From: " + b"(" * 3_000 + b"<" * 500 + b"%d" % n),
    "two of From": lambda n: message(n, b"From: a@b.example\r\nFrom: c%d@d.example" % n),
    "a folded Message-ID": lambda n: message(n, b"Message-ID:\r\n <folded%d\r\n @x.example>" % n),
    "a long Message-ID": lambda n: message(n, b"Message-ID: <%s%d@x>" % (b"m" * 5_000, n)),
    "it answers itself": lambda n: message(
        n,
        b"In-Reply-To: <hostile%d@voip.example>" % n,
        b"References: " + b"<hostile%d@voip.example> " % n * 300,
    ),
    "1970": lambda n: message(n, b"Date: Thu, 01 Jan 1970 00:00:00 +0000"),
    "the year 9999": lambda n: message(n, b"Date: Fri, 31 Dec 9999 23:59:59 -1200"),
    "no date": lambda n: message(n, b"Date: yesterday, about noon %d" % n),
    "a page of script": lambda n: message(
        n,
        b"Content-Type: text/html",
        body=b"<script>alert(1)</script><p>Call <b>%d</b>" % n + b"<!" * 20_000,
    ),
    "two thousand parts": lambda n: multipart(n, *[b"\r\n.%d" % n] * 2_000),
    "carriage returns": lambda n: message(n).replace(b"\r\n", b"\r"),
}


def hostile(count: int) -> list[bytes]:
    """So many messages, no two of which are one."""
    kinds = list(KINDS.values())
    return [kinds[number % len(kinds)](number) for number in range(count)]
