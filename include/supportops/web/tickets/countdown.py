"""The open time that a promise has left, as a page shows it and its script counts it down."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from supportops.flows.tickets.ticket_queue import OpenClock
from supportops.sla.words.explanation import METRIC_TITLES

# A page is refreshed long before.
_LONGEST = timedelta(days=2)
# Nearer than this a weekday alone is clear.
_NEAR = timedelta(days=6)
_PAUSED = {"pending": "waiting for the customer", "hold": "waiting for somebody else"}


@dataclass(frozen=True, slots=True)
class Countdown:
    """A clock at the instant of its page.

    left: whole open seconds until the deadline, negative once it is late. runs: for how many
    seconds it runs on from now; 0: it stands still, and `still` says why. deadline: None while
    nobody can know it.
    """

    label: str
    left: int
    runs: int
    still: str
    deadline: datetime | None

    @property
    def late(self) -> bool:
        """Whether the promise is broken."""
        return self.left < 0

    @property
    def words(self) -> str:
        """What is left, or since when it is late, in open time."""
        if self.late:
            return f"late by {open_time(-self.left)}"
        moves = self.runs or self.deadline is not None
        return f"in {open_time(self.left)}" if moves else f"{open_time(self.left)} left"


def countdown(clock: OpenClock, status: str, now: datetime, zone: str) -> Countdown:
    """`clock` at `now`; `status` of its ticket says why it is paused."""
    late = clock.breached_at is not None
    left = math.floor(clock.left)
    hours = clock.calendar.hours
    runs, still = timedelta(0), ""
    if clock.paused:
        still = ", ".join(filter(None, ("paused", _PAUSED.get(status, ""))))
    elif hours.is_open(now):
        runs = min(hours.next_close(now) - now, _LONGEST)
    else:
        still = f"resumes {moment_near(hours.next_open(now), now, zone)}"
    return Countdown(
        label=METRIC_TITLES[clock.metric],
        left=min(left, -1) if late else max(left, 0),
        runs=int(runs.total_seconds()),
        still=still,
        deadline=clock.deadline,
    )


def open_time(seconds: int) -> str:
    """A length of open time, in hours because a working day is no calendar day: "27 h 05 min"."""
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def moment_near(at: datetime, now: datetime, zone: str) -> str:
    """An instant soon after `now`: "Mon 09:00"; with its date where a weekday is not clear."""
    there = at.astimezone(ZoneInfo(zone))
    if at - now < _NEAR:
        return f"{there:%a %H:%M}"
    return f"{there:%a} {there.day} {there:%b %H:%M}"
