"""Behaviours by content coding."""

from __future__ import annotations

import gzip
import zlib

from sites.behaviours.behaviour import HELLO, TEXT, WORLD, Behaviour, bare_deflate, coded
from supportops.sites.check import Reason

_CUT = gzip.compress(HELLO * 500)[:-20]

CODING = (
    Behaviour(
        "content coding",
        "sends gzip",
        coded("gzip", gzip.compress(HELLO)),
        Reason.OK,
        "Browsers accept it.",
        WORLD,
    ),
    Behaviour(
        "content coding",
        "calls it x-gzip",
        coded("x-gzip", gzip.compress(HELLO)),
        Reason.OK,
        "It is an old name of gzip (RFC 9110).",
        WORLD,
    ),
    Behaviour(
        "content coding",
        "sends gzip in several members",
        coded("gzip", gzip.compress(HELLO[:5]) + gzip.compress(HELLO[5:])),
        Reason.OK,
        "The format allows it (RFC 1952), and browsers read all of them.",
        WORLD,
    ),
    Behaviour(
        "content coding",
        "sends zeros after its gzip",
        coded("gzip", gzip.compress(HELLO) + b"\0" * 9),
        Reason.OK,
        "Some servers pad; browsers ignore what follows.",
        WORLD,
    ),
    Behaviour(
        "content coding",
        "sends deflate in zlib's format",
        coded("deflate", zlib.compress(HELLO)),
        Reason.OK,
        "This is what the standard calls deflate.",
        WORLD,
    ),
    Behaviour(
        "content coding",
        "sends deflate without zlib's header",
        coded("deflate", bare_deflate(HELLO)),
        Reason.OK,
        "Many servers do, and browsers read both.",
        WORLD,
    ),
    Behaviour(
        "content coding",
        "codes its page twice",
        coded("deflate, gzip", gzip.compress(zlib.compress(HELLO))),
        Reason.OK,
        "Codings are taken off in the reverse order.",
        WORLD,
    ),
    Behaviour(
        "content coding",
        "names a coding that nobody knows",
        coded("utf-8", HELLO),
        Reason.OK,
        "Browsers show the body as it is.",
        WORLD,
    ),
    Behaviour(
        "content coding",
        "names no coding: identity",
        coded("identity", HELLO),
        Reason.OK,
        "It means that the body is not coded.",
        WORLD,
    ),
    Behaviour(
        "content coding",
        "sends no body and calls it gzip",
        coded("gzip", b""),
        Reason.OK,
        "There is nothing to decode.",
    ),
    Behaviour(
        "content coding",
        "sends brotli unasked",
        coded("br", bytes.fromhex("0b028068656c6c6f03")),
        Reason.OK,
        "Browsers read it; it is decoded by asking once more.",
        TEXT,
    ),
    Behaviour(
        "content coding",
        "sends zstd unasked, whose text is wanted",
        coded("zstd", b"\x28\xb5\x2f\xfd"),
        Reason.ENCODING,
        "The text cannot be read, so it cannot be found.",
        TEXT,
    ),
    Behaviour(
        "content coding",
        "cuts its gzip short",
        coded("gzip", _CUT),
        Reason.TRUNCATED,
        "A part of the page is missing.",
        WORLD,
    ),
    Behaviour(
        "content coding",
        "cuts its gzip short, whose text nobody wants",
        coded("gzip", _CUT),
        Reason.TRUNCATED,
        "It is cut short whether or not a text is expected.",
    ),
    Behaviour(
        "content coding",
        "cuts its deflate short",
        coded("deflate", zlib.compress(HELLO * 500)[:-20]),
        Reason.TRUNCATED,
        "A part of the page is missing.",
    ),
    Behaviour(
        "content coding",
        "sends plain text and calls it gzip",
        coded("gzip", HELLO),
        Reason.ENCODING,
        "A browser shows an error and no page.",
    ),
    Behaviour(
        "content coding",
        "sends a gzip bomb",
        coded("gzip", gzip.compress(b"0" * 30_000_000)),
        Reason.OK,
        "At most one MiB is unpacked; what was read is a page.",
    ),
)
