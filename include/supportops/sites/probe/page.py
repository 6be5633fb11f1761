"""Whether a page's text is as expected, and how its text is read from the body."""

from __future__ import annotations

import unicodedata

from supportops.sites.check import Reason
from supportops.sites.probe.body import charset
from supportops.sites.probe.body.pattern import found_in
from supportops.sites.probe.body.visible_text import folded, visible_text
from supportops.sites.site import Expectation

CAP = 1024 * 1024


def one_line(text: str, limit: int = 200) -> str:
    """`text` on one printable line: control and direction marks out, at most `limit` characters."""
    printable = "".join(
        " " if char.isspace() else char
        for char in text[: limit * 4]
        if char.isspace() or unicodedata.category(char)[0] != "C"
    )
    line = " ".join(printable.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def text_of(body: bytes, content_type: bytes, *, visible: bool = False) -> str:
    """The page's text as a browser reads its bytes; `visible`: without markup, spaces folded."""
    text = charset.decode(body, content_type)
    return visible_text(text) if visible else text


def judge_text(expect: Expectation, text: str, *, capped: bool) -> tuple[Reason, str]:
    """The reason and detail for the page's text. `capped`: the page went on beyond what was read.

    A further expectation of the text is judged here.
    """
    fold = folded if expect.visible_text else str
    for words in expect.not_contains:
        if fold(words) in text:
            return Reason.TEXT_FORBIDDEN, one_line(f"found: {words}")
    missing = [words for words in expect.contains if fold(words) not in text]
    missing += [pattern for pattern in expect.matches if not found_in(pattern, text)]
    if missing:
        reason = Reason.TEXT_BEYOND_CAP if capped else Reason.TEXT_MISSING
        return reason, one_line(f"not found: {missing[0]}")
    return Reason.OK, ""
