"""A ticket's clock as the facts of a service-level alert tell it, in a reader's words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from supportops.alerts.alert import Alert, Severity
from supportops.alerts.facts import Facts
from supportops.alerts.policy import OfficeHours
from supportops.rendering.render import duration, local, one_line

_METRICS = {
    "first_reply_time": ("first reply", "reply"),
    "next_reply_time": ("next reply", "reply"),
    "update_time": ("update", "update"),
    "resolution_time": ("fix", "fix"),
}
_LONGEST_NAME = 40
# Nearer than this a weekday alone is clear.
_NEAR = timedelta(days=6)


@dataclass(frozen=True, slots=True)
class TicketClock:
    """One clock. What the facts do not tell, or tell wrongly, is None or empty.

    `left`: seconds of open time until the deadline, negative after it. `spent`: seconds on the
    calendar from the start. Both are as of when the clock was last looked at.
    """

    ticket: str
    title: str
    tier: str
    customer: str
    assignee: str
    metric: str
    milestone: str
    started_at: datetime | None
    deadline: datetime | None
    ended_at: datetime | None
    left: float | None
    spent: float | None
    paused: bool
    round_the_clock: bool

    @classmethod
    def of(cls, alert: Alert) -> TicketClock:
        facts = Facts(alert.facts)

        def text(name: str) -> str:
            return facts.text(name) or ""

        number = text("ticket") or one_line(alert.subject)
        return cls(
            ticket=f"#{number}" if number.isdecimal() else number[:_LONGEST_NAME],
            title=text("title"),
            tier=text("tier").replace("_", " "),
            customer=one_line(alert.customer or "") or text("customer"),
            assignee=text("assignee"),
            metric=text("metric"),
            milestone=text("milestone"),
            started_at=facts.instant("started_at"),
            deadline=facts.instant("deadline"),
            ended_at=facts.instant("fulfilled_at") or facts.instant("ended"),
            left=facts.number("left_seconds"),
            spent=facts.number("calendar_seconds"),
            paused=text("state") == "paused",
            # What wakes people is worked at day and night, everything else by the office's hours.
            round_the_clock=alert.severity is Severity.CRITICAL,
        )

    def at(self, now: datetime, office: OfficeHours) -> TicketClock:
        """As of `now`: a letter may wait for the morning, and the clock ran on or ended since."""
        until, seen = self.ended_at or now, self.seen_at
        if self.started_at is None or seen is None or until <= seen:
            return self
        spent = (until - self.started_at).total_seconds()
        try:
            return replace(self, left=self._left_at(until, seen, office), spent=spent)
        except ValueError:  # no calendar reaches that far; one odd ticket holds up no letter
            return replace(self, left=None, spent=spent)

    def _left_at(self, until: datetime, seen: datetime, office: OfficeHours) -> float | None:
        if self.left is None or self.paused:
            return self.left
        if self.round_the_clock:
            return self.left - (until - seen).total_seconds()
        return self.left - office.elapsed(seen, until)

    @property
    def promise(self) -> str:
        """What is due: "first reply"."""
        return _METRICS.get(self.metric, (self.metric.replace("_", " "), ""))[0] or "answer"

    @property
    def seen_at(self) -> datetime | None:
        """When the clock was last looked at."""
        if self.started_at is None or self.spent is None:
            return None
        try:
            return self.started_at + timedelta(seconds=self.spent)
        except OverflowError:
            return None

    @property
    def over(self) -> bool:
        """Whether the deadline had passed."""
        if self.seen_at is not None and self.deadline is not None:
            return self.seen_at > self.deadline
        return self.left is not None and self.left < 0

    @property
    def business(self) -> str:
        """Open time over or left: "27 h 05 min"; its days have other lengths than the calendar's,
        so it is told in hours."""
        return "" if self.left is None else _hours(abs(self.left))

    @property
    def calendar(self) -> str:
        """Time over or left on the calendar."""
        if self.seen_at is None or self.deadline is None:
            return ""
        return duration(abs(self.deadline - self.seen_at))

    def due(self, zone: str) -> str:
        return "" if self.deadline is None else local(self.deadline, zone)

    def in_short(self, zone: str) -> str:
        """For a subject line: "reply was due Fri 17:00"."""
        _, word = _METRICS.get(self.metric, ("", ""))
        verb = "was due" if self.over else "due"
        return f"{word or self.promise} {verb} {self._due_in_short(zone)}".strip()

    def _due_in_short(self, zone: str) -> str:
        if self.deadline is None:
            return ""
        weekday, day, month, _, clock, _ = self.due(zone).split(" ")
        seen = self.seen_at
        near = seen is not None and abs(self.deadline - seen) < _NEAR
        return f"{weekday} {clock}" if near else f"{weekday} {day} {month} {clock}"


def _hours(seconds: float) -> str:
    minutes = int(seconds // 60)
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min"
