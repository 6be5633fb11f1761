"""Reads the fields of Zendesk's records: nothing in them is believed before it was looked at."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from supportops.tickets.ticket import Status

LONGEST_TEXT = 20_000
LONGEST_WORD = 400
LONGEST_CONTENT = 4_000
# A deleted ticket is told by an event of its own kind, an archived one is a closed one.
DELETED = "deleted"
_STATUSES = {status.value: status for status in Status} | {"archived": Status.CLOSED}
# PostgreSQL stores neither NUL nor half of a surrogate pair, and JSON may carry both.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


class BadRecordError(ValueError):
    """A record that cannot be read; the message is the reason that is kept with it."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record set aside: its name, where it stood, why, and its content, cut to a fair size."""

    record: str
    place: str
    reason: str
    content: str


def reject(record: str, place: str, reason: str, content: Any) -> Rejected:
    """Sets `content` aside; a record that has no number is named after what it holds."""
    written = json.dumps(content, sort_keys=True, default=str)
    if record.endswith("?"):
        record += hashlib.sha256(written.encode()).hexdigest()[:12]
    return Rejected(clean(record, LONGEST_WORD), place, reason, clean(written, LONGEST_CONTENT))


def clean(value: Any, longest: int = LONGEST_TEXT) -> str:
    """Any value as a text that both stores take, at most `longest` characters."""
    text = value if isinstance(value, str) else "" if value is None else str(value)
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text[:longest])


def record(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadRecordError(f"{what} is no object")
    return value


def number(fields: Mapping[str, Any], name: str) -> str:
    """An id as digits. Raises BadRecordError where it is none."""
    found = optional_number(fields.get(name))
    if found is None or found.startswith("-"):
        raise BadRecordError(f"{name} is no number")
    return found


def optional_number(value: Any) -> str | None:
    """An id as digits, None for everything that is none; Zendesk writes -1 for itself.

    Eighteen digits fit its 64 bits: a longer one would spoil the look-up of a hundred others.
    """
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value)
    return text if re.fullmatch(r"-?[0-9]{1,18}", text, re.ASCII) else None


def instant(value: Any, name: str) -> datetime:
    """An aware UTC instant from ISO 8601 or epoch seconds. Raises BadRecordError."""
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            found = datetime.fromtimestamp(value, UTC)
        else:
            found = datetime.fromisoformat(value)
    except (TypeError, ValueError, OverflowError, OSError):
        raise BadRecordError(f"{name} is no time") from None
    if found.tzinfo is None or not _EARLIEST <= found < _LATEST:
        raise BadRecordError(f"{name} is no time between 2000 and 2200 with a zone")
    return found.astimezone(UTC)


def status(value: Any) -> Status:
    found = _STATUSES.get(value) if isinstance(value, str) else None
    if found is None:
        raise BadRecordError("status is none that we know")
    return found


def tags(value: Any) -> str | None:
    """Tags, sorted and joined with commas; None for what is no list of tags.

    Audits write them as one text with blanks between.
    """
    words = value.split() if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        return None
    return ",".join(sorted({clean(word, LONGEST_WORD).replace(",", "_") for word in words}))


def channel(via: Any) -> str:
    """How it came: `via` is an object with a channel, a name, or a number (8 is a rule)."""
    found = via.get("channel") if isinstance(via, Mapping) else via
    if found == 8:
        return "rule"
    return found.lower().replace(" ", "_") if isinstance(found, str) else ""


def automatic(via: Any) -> bool:
    """Whether a machine did it: a trigger, an automation, an answer bot, Zendesk itself."""
    name = channel(via)
    return name.startswith(("rule", "trigger", "automation", "system", "answer_bot"))
