"""Which events can be stored, and how text from outside is made storable."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from supportops.tickets.ticket import Event, EventKind, Status

# A PostgreSQL index entry ends at 2,704 bytes; these are characters of up to four bytes.
MAX_ID = 200
MAX_EVENT_ID = 400
MAX_VALUE = 400
MAX_TAGS = 8_000
# Longest text and single word taken from a source, in characters.
LONGEST_TEXT = 20_000
LONGEST_WORD = 400

# PostgreSQL stores neither NUL nor half of a surrogate pair, and JSON may carry both.
UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_STATUSES = frozenset(Status)


def rejection_reason(event: Event) -> str | None:
    """Why `event` cannot be stored, None if it can."""
    for what, written, longest in (
        ("source", event.source, MAX_ID),
        ("event id", event.source_event, MAX_EVENT_ID),
        ("ticket number", event.ticket, MAX_ID),
    ):
        if not written:
            return f"no {what}"
        if len(written) > longest:
            return f"a {what} of {len(written)} characters, at most {longest} are kept"
        if not _plain(written) and UNSTORABLE.search(written):
            return f"a {what} with NUL or half a character"
    if event.happened_at.tzinfo is None or event.recorded_at.tzinfo is None:
        return "an instant without a zone"
    return _value_reason(event)


def _value_reason(event: Event) -> str | None:
    kind, value = event.kind, event.value or ""
    if kind is EventKind.STATUS and value not in _STATUSES:
        return f"the status {value[:40]!r}; known are {', '.join(Status)}"
    if kind is EventKind.KNOWN_SINCE and value and not _is_instant(value):
        return f"no instant with a zone: {value[:40]!r}"
    longest = MAX_TAGS if kind is EventKind.TAGS else MAX_VALUE
    if len(value) > longest:
        return f"a {kind.value} of {len(value)} characters, at most {longest} are kept"
    return None


def storable_event(event: Event) -> Event:
    """`event` with what no database can hold replaced in its texts."""
    value = None if event.value is None else storable(event.value)
    facts = _storable_facts(event.facts) if event.facts else event.facts
    if value == event.value and facts == event.facts:
        return event
    return replace(event, value=value, facts=facts)


def _is_instant(value: str) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def storable(text: str) -> str:
    """`text` with NUL and unpaired surrogates replaced by U+FFFD, the replacement character."""
    return text if _plain(text) else UNSTORABLE.sub("\ufffd", text)


def clean(value: Any, longest: int = LONGEST_TEXT) -> str:
    """Any value as storable text of at most `longest` characters; None is empty."""
    text = value if isinstance(value, str) else "" if value is None else str(value)
    return storable(text[:longest])


def _plain(text: str) -> bool:
    return text.isascii() and "\0" not in text


def _storable_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    cleaned: dict[str, Any] = _cleaned(facts)
    for name in ("subject", "requester"):
        if name in cleaned and not isinstance(cleaned[name], str):
            cleaned[name] = str(cleaned[name])
    return cleaned


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {storable(str(key)): _cleaned(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(item) for item in value]
    return value
