"""What happened to a ticket, each act in words, with who and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from supportops.instants import aware_instant
from supportops.tickets.ticket import Author, Event, EventKind

_WHO = {Author.CUSTOMER: "the customer", Author.AGENT: "an agent", Author.AUTOMATIC: "automatic"}
_WORDS = {
    EventKind.CREATED: "created",
    EventKind.NOTE: "internal note",
    EventKind.NOTICE: "notice about an outage",
    EventKind.DELETED: "deleted",
    EventKind.RESTORED: "restored",
    EventKind.KNOWN_SINCE: "its history is known from here on",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One act. `text`: what was written, in its author's words; `why`: what gave the value."""

    at: datetime
    who: str
    words: str
    text: str
    why: str
    recorded_at: datetime


def entries(events: Sequence[Event], titles: Mapping[str, str], most: int) -> list[Entry]:
    """The newest `most` acts, the newest first; `titles`: what tiers are called."""
    latest = sorted(events, key=lambda event: event.order)[-most:]
    return [_entry(event, titles) for event in reversed(latest)]


def _entry(event: Event, titles: Mapping[str, str]) -> Entry:
    facts = event.facts
    decided = facts.get("decided_at")
    at = event.happened_at
    if isinstance(decided, str):
        at = aware_instant(decided) or at
    return Entry(
        at=at,
        who=str(facts.get("by") or _WHO[event.author]),
        words=_words(event, titles),
        text=str(facts.get("text") or ""),
        why=", ".join(str(facts[name]) for name in ("rule", "why") if facts.get(name)),
        recorded_at=event.recorded_at,
    )


def _words(event: Event, titles: Mapping[str, str]) -> str:
    value = event.value or ""
    match event.kind:
        case EventKind.COMMENT:
            return "wrote" if event.author is Author.CUSTOMER else "replied"
        case EventKind.STATUS:
            return f"status {value}"
        case EventKind.TIER:
            return f"tier {titles.get(value, value)}"
        case EventKind.MERGED:
            return f"merged into {value}"
        case EventKind.TAGS:
            return f"tags {value.replace(',', ', ') or 'none'}"
        case EventKind.CREATED | EventKind.NOTE | EventKind.NOTICE | EventKind.DELETED:
            return _WORDS[event.kind]
        case EventKind.RESTORED | EventKind.KNOWN_SINCE:
            return _WORDS[event.kind]
        case _:
            return f"{event.kind.value} {value or 'none'}"
