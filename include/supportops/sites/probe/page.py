"""Whether a page's text is as expected, and how its text is read from the body."""

from __future__ import annotations

import re
import unicodedata
from codecs import lookup

from supportops.sites.check import Reason
from supportops.sites.site import Expectation

CAP = 1024 * 1024
_NO_CHARSET = frozenset(
    {"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "mbcs", "oem"}
)
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)


def one_line(text: str, limit: int = 200) -> str:
    """`text` on one printable line: control and direction marks out, at most `limit` characters."""
    printable = "".join(
        " " if char.isspace() else char
        for char in text[: limit * 4]
        if char.isspace() or unicodedata.category(char)[0] != "C"
    )
    line = " ".join(printable.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def text_of(body: bytes, content_type: bytes) -> str:
    """The page's text, in the charset that it names itself, UTF-8 when it names none."""
    found = _CHARSET.search(content_type) or _CHARSET.search(body[:2048])
    name = "utf-8"
    if found is not None:
        name = _text_codec(found[1].decode("ascii")) or name
    return body.decode(name, "replace")


def _text_codec(name: str) -> str | None:
    """The codec called `name` when it is a charset; Python knows others that no page has."""
    try:
        codec = lookup(name).name
        b"a".decode(codec, "replace")  # refuses what is no text encoding: zip, hex, rot13
    except (LookupError, ValueError):
        return None
    return None if codec in _NO_CHARSET else codec


def judge_text(expect: Expectation, text: str, *, capped: bool) -> tuple[Reason, str]:
    """The reason and detail for the page's text. `capped`: the page went on beyond what was read.

    A further expectation of the text is judged here.
    """
    for words in expect.not_contains:
        if words in text:
            return Reason.TEXT_FORBIDDEN, one_line(f"found: {words}")
    for words in expect.contains:
        if words not in text:
            reason = Reason.TEXT_BEYOND_CAP if capped else Reason.TEXT_MISSING
            return reason, one_line(f"not found: {words}")
    return Reason.OK, ""
