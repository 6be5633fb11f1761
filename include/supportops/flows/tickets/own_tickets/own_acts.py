"""What a person does to a ticket that this program made: events, written once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from supportops.tickets.ticket import DONE, Author, Event, EventKind, Status, Ticket, fold

# The same words of the same person within it are one act that was sent twice.
REPEATED_WITHIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Act:
    """One act of a person. `text` is a reply where `public`, else an internal note.

    `values` are new values by the kind of their event, `rules` why a value was given, where it
    follows from another.
    """

    by: str
    text: str = ""
    public: bool = False
    status: Status | None = None
    values: Mapping[EventKind, str] = field(default_factory=dict)
    rules: Mapping[EventKind, str] = field(default_factory=dict)


def events_of_act(
    stored: Sequence[Event], act: Act, now: datetime
) -> tuple[list[Event], list[str]]:
    """The events that `act` adds to a ticket with the events `stored`, and what is said of it.

    What is so already is said and not written again. No event is earlier than those before it,
    whatever the clock says.
    """
    ticket = fold(stored)
    found: list[Event] = []
    said: list[str] = []
    at = max(now, max(event.happened_at for event in stored))
    for kind, author, value, facts, words in _parts(ticket, stored, act, now):
        said.append(words)
        if kind is None:
            continue
        number = len(stored) + len(found)
        key = f"{ticket.ticket}/act/{number}"
        found.append(
            Event(
                *(ticket.source, key, ticket.ticket, kind, at, now, author, value),
                {**facts, "by": act.by},
                sequence=number,
            )
        )
    return found, said


_Part = tuple[EventKind | None, Author, str | None, dict[str, Any], str]


def _parts(ticket: Ticket, stored: Sequence[Event], act: Act, now: datetime) -> Iterator[_Part]:
    if act.status in DONE and ticket.status in DONE:
        yield _already(f"it is {ticket.status} already, since {_when(ticket.solved_at)}")
        return
    yield from _words(ticket, stored, act, now)
    yield from _status(ticket, stored, act)
    for kind, value in act.values.items():
        if getattr(ticket, kind.value) == value:
            yield _already(f"its {kind.value} is {value} already")
        else:
            rule = act.rules.get(kind)
            facts = {"rule": rule} if rule else {}
            yield (kind, Author.AGENT, value, facts, f"{kind.value}: {value}")


def _words(ticket: Ticket, stored: Sequence[Event], act: Act, now: datetime) -> Iterator[_Part]:
    if not act.text:
        return
    kind = EventKind.COMMENT if act.public else EventKind.NOTE
    name = "reply" if act.public else "note"
    for event in stored:
        same = (event.facts.get("text"), event.facts.get("by")) == (act.text, act.by)
        if event.kind is kind and same and now - event.recorded_at <= REPEATED_WITHIN:
            yield _already(f"it has this {name} already, of {_when(event.happened_at)}")
            return
    words = "replied" if act.public else "noted"
    yield (kind, Author.AGENT, None, {"text": act.text}, words)
    if act.public and ticket.status is Status.NEW and act.status is None:
        yield (EventKind.STATUS, Author.AGENT, Status.OPEN.value, {}, "it is open")


def _status(ticket: Ticket, stored: Sequence[Event], act: Act) -> Iterator[_Part]:
    if act.status is None:
        return
    open_already = (Status.NEW, Status.OPEN) if act.status is Status.OPEN else ()
    if ticket.status in (act.status, *open_already):
        yield _already(f"it is {ticket.status} already")
        return
    yield (EventKind.STATUS, Author.AGENT, act.status.value, {}, f"it is {act.status}")
    if act.status in DONE and not act.public and not answered(stored):
        yield _already("nobody has replied: its first reply counts as missing")


def answered(events: Sequence[Event]) -> bool:
    """Whether an agent has replied in public, or nobody waits for a reply."""
    by_customer = any(e.kind is EventKind.CREATED and e.author is Author.CUSTOMER for e in events)
    replied = any(e.kind is EventKind.COMMENT and e.author is Author.AGENT for e in events)
    return replied or not by_customer


def _already(words: str) -> _Part:
    return (None, Author.AGENT, None, {}, words)


def _when(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "?"
