"""Which word a customer should have had by now and has not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from supportops.notices.deciding import STEADY
from supportops.notices.notice import NoticeKind, Thread
from supportops.notices.settings import NoticeSettings
from supportops.notices.trouble import Trouble


class Word(StrEnum):
    """What is late."""

    FIRST = "first"
    NEXT = "next"
    END = "end"
    # What was sent, or is about to be, and reaches nobody.
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Late:
    """A word that was due at `by` (aware)."""

    word: Word
    by: datetime


def late(
    thread: Thread, troubles: Sequence[Trouble], settings: NoticeSettings, now: datetime
) -> Late | None:
    """What is late of `thread`; None where nothing is, or where a person decided against it.

    `troubles`: what is announced of the thread's. The first notice is due `settings.first` after it
    was to be announced, the next when it was promised, and the end as long after it as the first.
    """
    dropped = thread.dropped
    if dropped is not None and dropped.by_person:
        return None
    due = _due(thread, troubles, settings)
    return due if due is not None and due.by < now else None


def _due(thread: Thread, troubles: Sequence[Trouble], settings: NoticeSettings) -> Late | None:
    active = [each for each in troubles if each.until is None]
    last = thread.last_sent
    if not active:
        ended = max((each.until for each in troubles if each.until), default=None)
        if last is None or last.kind is NoticeKind.END or ended is None:
            return None
        known = max(ended, last.decided_at or ended)
        steady = STEADY if thread.was_over else timedelta(0)
        return Late(Word.END, known + settings.first + steady)
    if last is None or last.kind is NoticeKind.END:
        loud = [each for each in active if not each.quiet and not each.answers]
        if not loud:
            return None
        confirmed = min(each.notify_at for each in loud)
        begun = confirmed if last is None else max(confirmed, last.decided_at or confirmed)
        return Late(Word.FIRST, begun + settings.first)
    return None if last.next_at is None else Late(Word.NEXT, last.next_at)
