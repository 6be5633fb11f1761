"""How far Zendesk's exports were read: what their marks in the store mean."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from supportops.tickets.zendesk.model import EventPage, TicketPage


@dataclass(frozen=True, slots=True)
class TicketMark:
    """Where the cursor export continues: at `cursor`, or at `start` before there is one.

    `start` and `newest` are epoch seconds. `newest` is the largest `generated_timestamp` read so
    far, for the case that Zendesk no longer knows the cursor. `fetched` are the tickets of the page
    to come whose history was fetched already.
    """

    start: int
    cursor: str | None = None
    newest: int = 0
    fetched: tuple[str, ...] = ()

    @classmethod
    def read(cls, text: str | None, start: int) -> TicketMark:
        """The mark in the store's words; the one before the first page where there is none."""
        fields: dict[str, Any] = json.loads(text) if text else {}
        return cls(
            fields.get("start", start),
            fields.get("cursor"),
            fields.get("newest", start),
            tuple(fields.get("fetched", ())),
        )

    def write(self) -> str:
        """The mark as the store has it."""
        fields: dict[str, Any] = {"start": self.start, "cursor": self.cursor, "newest": self.newest}
        if self.fetched:
            fields["fetched"] = list(self.fetched)
        return json.dumps(fields, sort_keys=True)

    def after(self, page: TicketPage) -> TicketMark:
        """The mark after a page."""
        stamps = (row.get("generated_timestamp") for row in page.tickets if isinstance(row, dict))
        seconds = (one for one in stamps if type(one) is int and 0 < one < 2**33)
        newest = max(seconds, default=self.newest)
        return TicketMark(self.start, page.cursor or self.cursor, max(newest, self.newest))


@dataclass(frozen=True, slots=True)
class EventMark:
    """The epoch second from which the time-based export continues; that second is read again."""

    start: int

    @classmethod
    def read(cls, text: str | None, start: int) -> EventMark:
        """The mark in the store's words; the one before the first page where there is none."""
        return cls(json.loads(text)["start"] if text else start)

    def write(self) -> str:
        """The mark as the store has it."""
        return json.dumps({"start": self.start})

    def after(self, page: EventPage, remote_time: datetime | None) -> EventMark:
        """The mark after a page: at most where its events end, whatever `page.end` says.

        An event later than Zendesk's own clock does not move the mark.
        """
        latest = remote_time.timestamp() if remote_time else math.inf
        stamps = [one.get("timestamp") for one in page.events if isinstance(one, dict)]
        seconds = [one for one in stamps if type(one) is int and one <= latest]
        if not seconds or page.end is None:
            return self
        return EventMark(max(self.start, min(page.end, max(seconds))))
