"""Reads the fields of Zendesk's records; every value is checked before it is used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from supportops.tickets.ticket import Status
from supportops.tickets.validation import LONGEST_WORD, clean

# A deletion is an event of its own kind; an archived ticket is a closed one.
DELETED = "deleted"
_STATUSES = {status.value: status for status in Status} | {"archived": Status.CLOSED}
_LONGEST_ID = 18
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


class BadRecordError(ValueError):
    """A record that cannot be read; the message is the reason stored with it."""


def record(value: Any, what: str) -> Mapping[str, Any]:
    """A JSON object. Raises BadRecordError, which calls it `what`, for anything else."""
    if not isinstance(value, Mapping):
        raise BadRecordError(f"{what} is no object")
    return value


def number(fields: Mapping[str, Any], name: str) -> str:
    """The id in the field `name`, as digits. Raises BadRecordError for anything else."""
    found = optional_number(fields.get(name))
    if found is None or found.startswith("-"):
        raise BadRecordError(f"{name} is no number")
    return found


def optional_number(value: Any) -> str | None:
    """An id as digits, None for anything else; Zendesk writes -1 for itself.

    At most 18 digits, which fit in 64 bits: a longer id would fail the look-up of a whole page.
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
    """A ticket's status. Raises BadRecordError for an unknown one."""
    found = _STATUSES.get(value) if isinstance(value, str) else None
    if found is None:
        raise BadRecordError("status is none that we know")
    return found


def tags(value: Any) -> str | None:
    """Tags, sorted and joined with commas; None for anything but a list of tags.

    Audits write them as one text separated by spaces.
    """
    words = value.split() if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        return None
    return ",".join(sorted({clean(word, LONGEST_WORD).replace(",", "_") for word in words}))


def own_fields(values: Mapping[Any, Any]) -> dict[str, str]:
    """The fields of an account's own by their ids, as texts; those without a value are left out.

    Several values of one field are joined with commas.
    """
    found = {}
    for key, value in values.items():
        listed = value if isinstance(value, list) else [value]
        words = [_word(each) for each in listed if each not in (None, "")]
        if words and str(key).isdecimal() and len(str(key)) <= _LONGEST_ID:
            found[str(key)] = clean(",".join(words), LONGEST_WORD)
    return found


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else clean(value, LONGEST_WORD)


def channel(via: Any) -> str:
    """The channel of a `via`: an object with a channel, a name, or a number (8 is a rule)."""
    found = via.get("channel") if isinstance(via, Mapping) else via
    if found == 8:
        return "rule"
    return found.lower().replace(" ", "_") if isinstance(found, str) else ""


def automatic(via: Any) -> bool:
    """Whether `via` names a machine: a trigger, an automation, an answer bot, Zendesk itself."""
    name = channel(via)
    return name.startswith(("rule", "trigger", "automation", "system", "answer_bot"))
