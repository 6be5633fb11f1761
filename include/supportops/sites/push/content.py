"""What a push says: its outcome, and the values that it reports. Its text is a stranger's."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from supportops.db.storable import storable
from supportops.rendering.render import one_line

LARGEST_BODY = 16 * 1024
LONGEST_MESSAGE = 500
LONGEST_VERSION = 80
MOST = 10**12  # of a number of updates or of jobs in a queue
CLOCKS_APART = timedelta(minutes=5)
FAIL = "fail"


class Outcome(StrEnum):
    """What became of a push. REFUSED: it came, but could not be taken for one of the monitor's."""

    OK = "ok"
    FAIL = "fail"
    REFUSED = "refused"


class ContentError(ValueError):
    """Why a push cannot be read, in a few words without anything of it."""


@dataclass(frozen=True, slots=True)
class Content:
    """One push. `values` by name: `version` (text), `pending_updates` and `queue` (numbers),
    `disk` (percent from 0 to 100), `last_backup` (ISO instant in UTC)."""

    outcome: Outcome = Outcome.OK
    exit_code: int | None = None
    message: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


def read(body: bytes, ending: str, now: datetime) -> Content:
    """The push with this body at an address that ends so: "", `fail` or an exit code.

    A body that begins with a brace is JSON, any other text is what the job printed. Raises
    ContentError.
    """
    code = _ending(ending)
    text = body.decode("utf-8", "replace").strip()
    if text.startswith("{"):
        given = _object(text)
        content = _content(given, now)
    else:
        content = Content(message=_message(text))
    if ending == FAIL:
        return Content(Outcome.FAIL, content.exit_code, content.message, content.values)
    if code is not None:
        outcome = Outcome.FAIL if code or content.outcome is Outcome.FAIL else Outcome.OK
        return Content(outcome, code, content.message, content.values)
    return content


def _ending(ending: str) -> int | None:
    if ending in ("", FAIL):
        return None
    if not (ending.isascii() and ending.isdigit() and len(ending) <= 3 and int(ending) <= 255):
        raise ContentError("the address ends with /fail or an exit code from 0 to 255")
    return int(ending)


def _object(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ContentError("the body is no JSON") from None
    if not isinstance(found, dict):
        raise ContentError("the body is no JSON object")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _content(given: Mapping[str, Any], now: datetime) -> Content:
    """What is not known is left out: a job may report more than is shown here."""
    values: dict[str, Any] = {}
    if (version := given.get("version")) is not None:
        if not isinstance(version, str):
            raise ContentError("version is no text")
        values["version"] = one_line(storable(version))[:LONGEST_VERSION]
    for name in ("pending_updates", "queue"):
        if given.get(name) is not None:
            values[name] = _count(name, given[name])
    if given.get("disk") is not None:
        values["disk"] = _percent(given["disk"])
    if given.get("last_backup") is not None:
        values["last_backup"] = _instant(given["last_backup"], now).isoformat()
    code = given.get("exit_code")
    if code is not None and not (type(code) is int and 0 <= code <= 255):
        raise ContentError("exit_code is no number from 0 to 255")
    status = given.get("status", "ok")
    if status not in ("ok", FAIL):
        raise ContentError("status is neither ok nor fail")
    message = given.get("message")
    message = "" if message is None else message
    if not isinstance(message, str):
        raise ContentError("message is no text")
    outcome = Outcome.FAIL if status == FAIL or code else Outcome.OK
    return Content(outcome, code, _message(message), values)


def _message(text: str) -> str:
    return one_line(storable(text[: 4 * LONGEST_MESSAGE]))[:LONGEST_MESSAGE]


def _count(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST:
        raise ContentError(f"{name} is no whole number from 0 on")
    return value


def _percent(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ContentError("disk is no percentage from 0 to 100")
    if not 0 <= value <= 100 or not math.isfinite(value):
        raise ContentError("disk is no percentage from 0 to 100")
    return round(float(value), 2)


def _instant(value: Any, now: datetime) -> datetime:
    try:
        found = datetime.fromisoformat(value)
        if found.tzinfo is None:
            raise ValueError
        found = found.astimezone(now.tzinfo)
    except (ValueError, TypeError, OverflowError):
        raise ContentError("last_backup is no instant with its offset") from None
    if found > now + CLOCKS_APART:
        raise ContentError("last_backup is in the future")
    return found
