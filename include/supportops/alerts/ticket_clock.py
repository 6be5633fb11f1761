"""A ticket's service-level clock, read from the facts of its alert and put into text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from supportops.alerts.alert import SERVICE_LEVEL_KINDS, Alert, Kind, Severity
from supportops.alerts.facts import Facts
from supportops.alerts.policy import OfficeHours
from supportops.alerts.words.ticket import number
from supportops.rendering.render import duration, local, one_line

_METRICS = {
    "first_reply_time": ("first reply", "reply"),
    "next_reply_time": ("next reply", "reply"),
    "update_time": ("update", "update"),
    "resolution_time": ("fix", "fix"),
}
NOTHING: Mapping[str, OfficeHours] = {}
# Nearer than this a weekday alone is clear.
_NEAR = timedelta(days=6)


@dataclass(frozen=True, slots=True)
class TicketClock:
    """One clock. What the facts lack, or hold in a wrong shape, is None or empty.

    `left_seconds`: open time until the deadline, negative after it. `calendar_seconds`: calendar
    time from the start. Both are as of the instant at which the clock was read last.
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
    left_seconds: float | None
    calendar_seconds: float | None
    paused: bool
    round_the_clock: bool

    @classmethod
    def of(cls, alert: Alert) -> TicketClock:
        """The clock of a service-level alert."""
        facts = Facts(alert.facts)

        def text(name: str) -> str:
            return facts.text(name) or ""

        return cls(
            ticket=number(alert),
            title=text("title"),
            tier=text("tier").replace("_", " "),
            customer=one_line(alert.customer or "") or text("customer"),
            assignee=text("assignee"),
            metric=text("metric"),
            milestone=text("milestone"),
            started_at=facts.instant("started_at"),
            deadline=facts.instant("deadline"),
            ended_at=facts.instant("fulfilled_at") or facts.instant("ended"),
            left_seconds=facts.number("left_seconds"),
            calendar_seconds=facts.number("calendar_seconds"),
            paused=text("state") == "paused",
            # Where nothing says otherwise, a critical ticket is worked on day and night, any other
            # in the office hours.
            round_the_clock=alert.severity is Severity.CRITICAL,
        )

    def at(
        self, now: datetime, office: OfficeHours, promised: OfficeHours | None = None
    ) -> TicketClock:
        """As of `now`: a message may wait for the morning while the clock runs on, or ends.

        `promised`: the hours that its promise counts in, where they are known.
        """
        until, read_at = self.ended_at or now, self.read_at
        if self.started_at is None or read_at is None or until <= read_at:
            return self
        calendar = (until - self.started_at).total_seconds()
        try:
            left = self._left_at(until, read_at, office, promised)
        except ValueError:  # no calendar reaches that far; one odd ticket must stop no message
            left = None
        return replace(self, left_seconds=left, calendar_seconds=calendar)

    def _left_at(
        self, until: datetime, read_at: datetime, office: OfficeHours, promised: OfficeHours | None
    ) -> float | None:
        if self.left_seconds is None or self.paused:
            return self.left_seconds
        if promised is not None:
            return self.left_seconds - promised.elapsed(read_at, until)
        if self.round_the_clock:
            return self.left_seconds - (until - read_at).total_seconds()
        return self.left_seconds - office.elapsed(read_at, until)

    @property
    def metric_label(self) -> str:
        """What is due: "first reply"."""
        return _METRICS.get(self.metric, (self.metric.replace("_", " "), ""))[0] or "answer"

    @property
    def read_at(self) -> datetime | None:
        """The instant at which the clock was read last."""
        if self.started_at is None or self.calendar_seconds is None:
            return None
        try:
            return self.started_at + timedelta(seconds=self.calendar_seconds)
        except OverflowError:
            return None

    @property
    def overdue(self) -> bool:
        """Whether the deadline had passed."""
        if self.read_at is not None and self.deadline is not None:
            return self.read_at > self.deadline
        return self.left_seconds is not None and self.left_seconds < 0

    @property
    def business(self) -> str:
        """Open time past the deadline or until it, in hours, because a business day is no
        calendar day: "27 h 05 min"."""
        return "" if self.left_seconds is None else _hours(abs(self.left_seconds))

    @property
    def calendar(self) -> str:
        """Calendar time past the deadline or until it."""
        if self.read_at is None or self.deadline is None:
            return ""
        return duration(abs(self.deadline - self.read_at))

    def due(self, zone: str) -> str:
        """The deadline on the clock of `zone`, empty without one."""
        return "" if self.deadline is None else local(self.deadline, zone)

    def summary(self, zone: str) -> str:
        """For a subject line: "reply was due Fri 17:00"."""
        _, short = _METRICS.get(self.metric, ("", ""))
        verb = "was due" if self.overdue else "due"
        return f"{short or self.metric_label} {verb} {self._short_due(zone)}".strip()

    def _short_due(self, zone: str) -> str:
        if self.deadline is None:
            return ""
        weekday, day, month, _, clock, _ = self.due(zone).split(" ")
        read_at = self.read_at
        near = read_at is not None and abs(self.deadline - read_at) < _NEAR
        return f"{weekday} {clock}" if near else f"{weekday} {day} {month} {clock}"


def as_of(
    alert: Alert, now: datetime, office: OfficeHours, promised: Mapping[str, OfficeHours] = NOTHING
) -> Alert:
    """The same with its ticket's clock as of `now`: a message may be sent long after the clock was
    read. A warning whose deadline has passed meanwhile is a breach, also where no sweep has noted
    that yet. An alert that is about no ticket stays as it is.

    `promised`: the hours that promises count in, by the names that alerts call them by.
    """
    if alert.kind not in SERVICE_LEVEL_KINDS:
        return alert
    hours = promised.get(Facts(alert.facts).text("policy") or "")
    clock = TicketClock.of(alert).at(now, office, hours)
    latest = {"left_seconds": clock.left_seconds, "calendar_seconds": clock.calendar_seconds}
    late = alert.kind is Kind.SLA_WARNING and clock.ended_at is None and clock.overdue
    kind = Kind.SLA_BREACH if late and not clock.paused else alert.kind
    return replace(alert, kind=kind, facts={**alert.facts, **latest})


def _hours(seconds: float) -> str:
    minutes = int(seconds // 60)
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min"
