"""The day or the week that a report is about, in the report's zone: half-open, aware UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class Cadence(StrEnum):
    """How often a report comes."""

    DAILY = "daily"
    WEEKLY = "weekly"


@dataclass(frozen=True, slots=True)
class Period:
    """`start` until `end` (exclusive), aware UTC, midnights of `zone`.

    `label`: "2026-11-20" for a day, "2026-W47" for an ISO week; it sorts by time.
    """

    cadence: Cadence
    label: str
    start: datetime
    end: datetime
    zone: str

    @property
    def first_day(self) -> date:
        return self.start.astimezone(ZoneInfo(self.zone)).date()

    @property
    def last_day(self) -> date:
        return self.end.astimezone(ZoneInfo(self.zone)).date() - timedelta(days=1)
