"""Writes down what recordings say, by the operator's own program, after their tickets were made.

Nobody waits for it: who is to be paged is paged before. During office hours the words may show that
a message cannot wait after all; no word makes one wait that was urgent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine

from supportops.config.configuration import Configuration, File
from supportops.db.engine import reading, writing
from supportops.db.locks import Lock, advisory_lock
from supportops.flows.tickets.own_tickets.call_alert import bring_up_to_date, pages
from supportops.mailbox import store
from supportops.mailbox.store import Recording
from supportops.mailbox.transcription import Transcript, transcribe
from supportops.tickets.log.store import append_events, events_of
from supportops.tickets.source import MAILBOX
from supportops.tickets.ticket import Author, Event, EventKind, fold
from supportops.tickets.triage import NO_RULE, Situation, explain
from supportops.tickets.validation import clean

# No program is started after so long; the rest comes next time.
LONGEST = timedelta(minutes=2)
_AT_ONCE = 20
_BY = "transcription"
_ENDINGS = {
    "audio/wav": ".wav",
    "audio/mpeg": ".mp3",
    "audio/ogg": ".ogg",
    "audio/flac": ".flac",
    "audio/mp4": ".m4a",
    "audio/webm": ".webm",
    "audio/amr": ".amr",
    "audio/basic": ".au",
    "audio/aac": ".aac",
}


@dataclass(frozen=True, slots=True)
class Written:
    """How many transcripts were written, and how many tickets page because of their words."""

    written: int = 0
    paged: int = 0


def write_transcripts(
    engine: Engine, configuration: Configuration, clock: Callable[[], datetime]
) -> Written:
    """Writes those that are still to be made, where a program is configured for it."""
    by, until = configuration.mailboxes.transcription, clock() + LONGEST
    if by is None:
        return Written()
    with reading(engine) as connection:
        waiting = store.untranscribed(connection, _AT_ONCE)
    written = paged = 0
    for recording in waiting:
        if clock() >= until:
            break
        with reading(engine) as connection:
            found = store.content_of(connection, recording.id)
        if found is None:
            continue
        transcript = transcribe(found[1], _ENDINGS.get(recording.media_type, ""), by)
        with writing(engine) as connection:
            advisory_lock(connection, Lock.APPEND_TICKET_EVENTS)
            now = clock()
            if store.mark_transcribed(connection, recording.id, now):
                paged += _note(connection, configuration, recording, transcript, now)
                written += bool(transcript.text)
    return Written(written, paged)


def _note(
    connection: Connection,
    configuration: Configuration,
    recording: Recording,
    transcript: Transcript,
    now: datetime,
) -> bool:
    """Writes the words on the ticket; returns whether it pages because of them."""
    stored = events_of(connection, MAILBOX, recording.ticket)
    if not stored:
        return False
    text = f"No transcript of {recording.name}: {transcript.why_not}."
    if transcript.text:
        text = f"What a program understood of {recording.name}:\n{transcript.text}"
    note = _event(stored, recording, EventKind.NOTE, None, {"text": clean(text)}, now)
    append_events(connection, [note], now)
    tier = _more_urgent(configuration, stored, transcript.text)
    if tier is None:
        return False
    name, rule = tier
    facts = {"rule": f"{rule}, by the transcript"}
    moved = _event([*stored, note], recording, EventKind.TIER, name, facts, now)
    append_events(connection, [moved], now)
    whole = events_of(connection, MAILBOX, recording.ticket)
    said = bring_up_to_date(connection, configuration, whole, _BY, now, moved=True)
    return said is not None


def _more_urgent(
    configuration: Configuration, stored: Sequence[Event], text: str
) -> tuple[str, str] | None:
    """The tier that pages and the rule that gives it, where the words call for one and nobody has
    decided on the ticket yet."""
    ticket = fold(stored)
    by_people = any(e.kind is EventKind.TIER and e.author is Author.AGENT for e in stored)
    if not text or not ticket.open or by_people or not configuration.has(File.TRIAGE):
        return None
    if pages(configuration, ticket.tier):
        return None
    situation = Situation(subject=ticket.subject, text=text, channel="voice")
    decision = explain(situation, configuration.triage)
    if decision.rule == NO_RULE or not pages(configuration, decision.tier):
        return None
    return decision.tier, decision.rule


def _event(
    stored: Sequence[Event],
    recording: Recording,
    kind: EventKind,
    value: str | None,
    facts: dict[str, str],
    now: datetime,
) -> Event:
    key = f"{recording.ticket}/transcript/{recording.id}/{kind.value}"
    at = max(now, max(each.happened_at for each in stored))
    where = (MAILBOX, key, recording.ticket, kind, at, now, Author.AUTOMATIC)
    return Event(*where, value, facts, sequence=len(stored))
