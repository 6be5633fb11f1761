"""What became of an alert, as one list in the order of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from supportops.alerts.alert import Alert


class EntryKind(StrEnum):
    """What an entry is about."""

    ALERT = "alert"
    ACT = "act"
    MESSAGE = "message"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `who`: a person, or a receiver; `note` is in people's words."""

    at: datetime
    kind: EntryKind
    what: str
    who: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """An alert as it stands, and its entries, the earliest first."""

    alert: Alert
    entries: tuple[Entry, ...]
