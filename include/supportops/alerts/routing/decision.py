"""What is decided for one target of an alert, and why; and what became of earlier messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from supportops.alerts.alert import Phase
from supportops.alerts.routing.period import DigestPeriod


class Reason(StrEnum):
    """Why a message is sent, or why not. Those that send are stored with the message."""

    STEP_REACHED = "step reached"
    REMINDER = "reminder"
    FALLBACK = "another channel failed"
    RESOLVED = "resolved"
    ADDRESSED = "addressed to it"
    NOT_YET = "not yet"
    OUTSIDE_HOURS = "outside the route's hours"
    ACKNOWLEDGED = "acknowledged"
    ALREADY = "already sent or queued"
    FAILING_TARGET = "the target is the one that fails"
    NO_RESOLUTION = "the route sends no resolution"
    ENDED = "resolved before it was sent"
    AWAITS_ITS_END = "it answers again, and its end is being confirmed"
    NOT_THEIRS = "none of its sites is part of the alert any more"
    COVERED = "part of a wider alert that the target has"
    SNOOZED = "snoozed"
    PASSED = "its time passed while somebody had the alert; a later step stands for it"
    SILENCED = "silenced"
    SILENCED_THROUGHOUT = "silenced from its beginning to its end"


SENDS = frozenset(
    {Reason.STEP_REACHED, Reason.REMINDER, Reason.FALLBACK, Reason.RESOLVED, Reason.ADDRESSED}
)


@dataclass(frozen=True, slots=True)
class MessageStatus:
    """What outbox and notification log hold of one message.

    `handed_over`: a service took it. `maybe_delivered`: an attempt timed out or was cut short, so
    that it may have arrived. `failures` counts the attempts that were not handed over. `at` is
    the instant of the last attempt, `reason` that of the decision that queued the message. `duty`:
    the team that the target was on call for, if that is why it got the message.
    """

    target: str
    phase: Phase
    step: int = 0
    reminder: int = 0
    handed_over: bool = False
    maybe_delivered: bool = False
    failures: int = 0
    finished: bool = False
    at: datetime | None = None
    reason: Reason = Reason.STEP_REACHED
    duty: str = ""

    @property
    def notified(self) -> bool:
        """Whether the target has the message, or may have it."""
        return self.handed_over or self.maybe_delivered


@dataclass(frozen=True, slots=True)
class Decision:
    """One target, one reason. `due_at` is the instant from which it could have been sent.

    `route` is the one that names the target; empty for the fallback. `period` is that of its
    digest. `scheduled`: the message waits for `due_at`, the next instant of the period. `duty`: the
    team that the target is on call for, if that is why it is named.
    """

    target: str
    channel: str
    phase: Phase
    step: int
    reminder: int
    reason: Reason
    due_at: datetime
    digest: bool = False
    route: str = ""
    period: DigestPeriod | None = None
    scheduled: bool = False
    duty: str = ""

    @property
    def sends(self) -> bool:
        """Whether the message is to be queued."""
        return self.reason in SENDS

    @property
    def reaches(self) -> bool:
        """Whether the target has the message, or is to have it."""
        return self.sends or self.reason is Reason.ALREADY
