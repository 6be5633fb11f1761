"""Text out of bytes that claim to be in some encoding, and out of HTML; nothing here raises."""

from __future__ import annotations

import codecs
import html
import re
from email.errors import HeaderParseError
from email.header import decode_header

LONGEST_HEADER = 4_000
LONGEST_TEXT = 100_000
# Names of Python codecs that are no character sets of mail; some take quadratic time.
_NO_CHARSETS = frozenset(
    {"idna", "punycode", "unicode_escape", "raw-unicode-escape", "unicode-escape", "undefined"}
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_HIDDEN = re.compile(r"script|style|head|title", re.IGNORECASE)
_BREAKS = re.compile(r"/?(br|p|div|li|tr|ul|ol|table|h[1-6]|blockquote)\b", re.IGNORECASE)
_BLANK_LINES = re.compile(r"\n[ \t\r\n]*\n")


def decoded(content: bytes, charset: str | None) -> str:
    """`content` as text; what does not fit its character set is replaced, and so are NULs."""
    content = content[: 4 * LONGEST_TEXT]
    for name in (charset, "utf-8"):
        if name is None or not _is_charset(name):
            continue
        try:
            return tidy(content.decode(name))
        except (ValueError, LookupError):
            continue
    return tidy(content.decode("cp1252", "replace"))


def header_text(written: str) -> str:
    """A header as people read it: on one line, with its encoded words decoded."""
    raw = written[:LONGEST_HEADER].encode("utf-8", "surrogateescape")
    text = " ".join(decoded(raw, None).split())
    if "=?" not in text:
        return text
    try:
        pieces = decode_header(text)
    except (HeaderParseError, ValueError):
        return text
    words = (
        piece if isinstance(piece, str) else decoded(piece, charset) for piece, charset in pieces
    )
    return " ".join("".join(words).split())


def tidy(text: str) -> str:
    """Text of at most LONGEST_TEXT characters with plain line ends and no control characters."""
    plain = text[:LONGEST_TEXT].replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("\ufffd", plain)


def text_of_html(document: str) -> str:
    """What an HTML document says, in time linear in its length; its markup is only left out."""
    found: list[str] = []
    place, length = 0, len(document)
    while place < length:
        opened = document.find("<", place)
        if opened < 0:
            found.append(document[place:])
            break
        found.append(document[place:opened])
        if document.startswith("<!--", opened):
            end = document.find("-->", opened)
            place = length if end < 0 else end + 3
            continue
        closed = document.find(">", opened)
        if closed < 0:
            break
        place = closed + 1
        if hidden := _HIDDEN.match(document, opened + 1):
            end_tag = re.compile(rf"</{hidden[0]}\s*>", re.IGNORECASE).search(document, place)
            place = length if end_tag is None else end_tag.end()
        elif _BREAKS.match(document, opened + 1):
            found.append("\n")
    text = html.unescape("".join(found)).replace("\xa0", " ")
    return tidy(_BLANK_LINES.sub("\n\n", text)).strip()


def _is_charset(name: str) -> bool:
    try:
        known = codecs.lookup(name)
    except (LookupError, ValueError, TypeError):
        return False
    return known.name not in _NO_CHARSETS and bool(getattr(known, "_is_text_encoding", True))
