"""Reads a message out of its bytes, however broken they are."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

from supportops.mailbox.decoding import LONGEST_HEADER, decoded, header_text, text_of_html
from supportops.mailbox.mail import Attachment, Mail

MOST_PARTS = 500
MOST_BOUNDARIES = 200
# In lines that are compared once; about two million take a second. What would take longer is read
# only at its beginning.
_MOST_COST = 5_000_000
_CHEAP = 64 * 1024
MOST_HEADERS = 500
# Characters of Content-Type and its like: a file's name of 255 signs, encoded, takes 2,300.
_LONGEST_OF_PARTS = 3_000
_MOST_PARAMETERS = 40
LONGEST_ID = 400
MOST_REFERENCES = 50
# Of a message without a Message-ID the beginning of its body tells it from others.
_TELLING = 64 * 1024
_ADDRESS = re.compile(r"<([^<>\s]{1,250}@[^<>\s]{1,250})>")
_BARE_ADDRESS = re.compile(r"[^<>\s,;:\"()]{1,250}@[^<>\s,;:\"()]{1,250}")
_ENCODED_WORD = re.compile(r"=\?[^?\s]{1,80}\?[bBqQ]\?[^?]{0,900}\?=")
_ID = re.compile(r"<([^<>\s]{1,990})>")


class _Bounded(Compat32):
    """Cuts the headers that say what a part is: the standard library takes time that grows with the
    square of their parameters, three minutes for a million semicolons."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        """As the library calls it for each header."""
        name, value = super().header_source_parse(sourcelines)
        if not name.lower().startswith("content-"):
            return name, value
        parameters = value[:_LONGEST_OF_PARTS].split(";", _MOST_PARAMETERS)
        return name, ";".join(parameters[:_MOST_PARAMETERS])


_POLICY = _Bounded()


class Unreadable(ValueError):
    """The bytes are no message that says anything, and why."""


def parse(content: bytes, size: int | None = None) -> Mail:
    """The message in `content`; `size`: the bytes of all of it, where only its beginning is given.

    Raises Unreadable.
    """
    if not content.strip():
        raise Unreadable("it is empty")
    whole = size is None or size <= len(content)
    if _cost(content) > _MOST_COST:
        content, size, whole = content[:_CHEAP], max(size or 0, len(content)), False
    if content.count(b"boundary=") > MOST_BOUNDARIES:
        raise Unreadable("its parts are nested without end")
    try:
        message = BytesParser(policy=_POLICY).parsebytes(content)
        headers = _headers(message)
        parts = list(_parts(message))
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError, IndexError) as why:
        raise Unreadable(f"its parts cannot be told apart ({type(why).__name__})") from None
    text, attachments = _contents(parts, whole=whole)
    name, address = _sender(message)
    subject = next(iter(headers.get("subject", ())), "")
    if not headers and not text and not attachments:
        raise Unreadable("it has neither headers nor a text")
    message_id = _message_id(headers)
    return Mail(
        headers=headers,
        subject=subject,
        sender_name=name,
        sender=address,
        text=text,
        attachments=tuple(attachments),
        identity=_identity(message_id, headers, content),
        message_id=message_id,
        references=_references(headers),
        media_type=_safely(message.get_content_type) or "text/plain",
        report_type=str(_safely(lambda: message.get_param("report-type")) or "").casefold(),
        sent_at=_instant(next(iter(headers.get("date", ())), "")),
        size=len(content) if size is None else size,
        whole=whole,
    )


def _cost(content: bytes) -> int:
    """How long the standard library takes for a message: it compares each line with the boundary of
    every part around it, and each part takes as long as ten lines."""
    around = 1 + min(content.count(b"boundary="), MOST_BOUNDARIES)
    return content.count(b"\n") * around + 10 * content.count(b"\n--")


def identity_of_unreadable(content: bytes) -> str:
    """The identity of bytes that are no message."""
    return "unreadable:" + hashlib.sha256(_unix(content)).hexdigest()


def _headers(message: Message) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, value in list(message.raw_items())[:MOST_HEADERS]:
        key = header_text(str(name)).casefold()[:100]
        found.setdefault(key, []).append(header_text(str(value)))
    return {name: tuple(values) for name, values in found.items()}


def _parts(message: Message) -> Iterator[tuple[Message, bool]]:
    """The parts that hold something, and whether each lies in an attached message."""
    waiting = [(message, False)]
    for _ in range(MOST_PARTS):
        if not waiting:
            return
        part, attached = waiting.pop()
        payload = part.get_payload()
        if isinstance(payload, list):
            inside = attached or part.get_content_maintype() == "message"
            inner = [each for each in payload if isinstance(each, Message)]
            waiting.extend((each, inside) for each in reversed(inner))
        else:
            yield part, attached


def _contents(parts: list[tuple[Message, bool]], *, whole: bool) -> tuple[str, list[Attachment]]:
    """The text for people, and everything that is no text.

    The message's own plain text comes first, then its own HTML, then those of attached messages.
    """
    texts: dict[tuple[bool, bool], list[str]] = {}
    attachments: list[Attachment] = []
    for number, (part, attached) in enumerate(parts, start=1):
        media_type = (_safely(part.get_content_type) or "text/plain").casefold()
        if media_type.startswith("multipart/"):
            media_type = "text/plain"  # one that names no boundary has no parts
        content = _safely(partial(part.get_payload, decode=True))
        if not isinstance(content, bytes):
            continue
        name = header_text(str(_safely(part.get_filename) or ""))
        shown = str(_safely(part.get_content_disposition) or "") != "attachment"
        if media_type in ("text/plain", "text/html") and shown and not name:
            text = decoded(content, _safely(part.get_content_charset))
            is_html = media_type == "text/html"
            kept = text_of_html(text) if is_html else text.strip()
            texts.setdefault((attached, is_html), []).append(kept)
        else:
            complete = whole or number < len(parts)
            attachments.append(Attachment(name, media_type, content, complete))
    for kind in ((False, False), (False, True), (True, False), (True, True)):
        if said := "\n\n".join(filter(None, texts.get(kind, ()))):
            return said, attachments
    return "", attachments


def _safely(read: Callable[[], Any]) -> Any:
    """What `read` returns, None where the standard library fails at a malformed header."""
    try:
        return read()
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _sender(message: Message) -> tuple[str, str]:
    """Name and address of whoever a message says that it is from, as it says so.

    An encoded word is part of the name, whatever address it may spell.
    """
    raw = next((str(v) for n, v in message.raw_items() if str(n).casefold() == "from"), "")
    written = " ".join(raw[:LONGEST_HEADER].split())
    plain = _ENCODED_WORD.sub(" ", written)
    found = _ADDRESS.search(plain) or _BARE_ADDRESS.search(plain)
    if found is None:
        return header_text(written)[:200], ""
    address = header_text(found[1] if found.re is _ADDRESS else found[0]).casefold()
    name = header_text(written.replace(found[0], " "))
    return name.strip().strip("\"'").strip()[:200], address


def _message_id(headers: Mapping[str, tuple[str, ...]]) -> str | None:
    written = next(iter(headers.get("message-id", ())), "").strip()
    return _short(written.strip("<>").strip()) if written else None


def _references(headers: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """What In-Reply-To names, then References from its end."""
    answered = [each for value in headers.get("in-reply-to", ()) for each in _ID.findall(value)]
    thread = [each for value in headers.get("references", ()) for each in _ID.findall(value)]
    found = dict.fromkeys(map(_short, (*answered, *reversed(thread))))
    return tuple(each for each in found if each)[:MOST_REFERENCES]


def _short(message_id: str) -> str | None:
    """A Message-ID as it is stored: a long one by its hash."""
    if len(message_id) <= LONGEST_ID:
        return message_id or None
    return "sha256:" + hashlib.sha256(message_id.encode("utf-8", "replace")).hexdigest()


def _identity(
    message_id: str | None, headers: Mapping[str, tuple[str, ...]], content: bytes
) -> str:
    """Equal for copies of one message, whichever way they came and wherever they lie.

    Answerphones exist that give every message the same Message-ID, so sender, date and subject
    count beside it. Without one, or without a date, the beginning of the body does.
    """
    digest = hashlib.sha256()
    for name in ("from", "date", "subject"):
        digest.update("\0".join(headers.get(name, ())).encode("utf-8", "replace") + b"\1")
    if message_id is not None:
        digest.update(message_id.encode("utf-8", "replace"))
        if any(headers.get("date", ())):
            return "id:" + digest.hexdigest()
    plain = _unix(content)
    head, _, body = plain.partition(b"\n\n")
    digest.update(
        (body if headers and body else plain if not headers else head)[:_TELLING].rstrip()
    )
    return "content:" + digest.hexdigest()


def _unix(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n")


def _instant(written: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(written)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
