"""Something that people must be notified of, from when it is raised until it is resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from supportops.alerts.acts.act import Standing
from supportops.instants import aware_instant


class Kind(StrEnum):
    """What an alert is about; routes match on it."""

    OUTAGE = "outage"
    HOST_OUTAGE = "host_outage"
    FAULT = "fault"
    CERTIFICATE = "certificate"
    BLIND = "blind"
    PUSH_MISSING = "push_missing"
    PUSH_FAILED = "push_failed"
    PUSH_LIMIT = "push_limit"
    REGISTRATION = "registration"
    DNS_CHANGE = "dns_change"
    MAIL_RECORDS = "mail_records"
    CHECK_STALE = "check_stale"
    CHECK_TROUBLE = "check_trouble"
    CLOCK = "clock"
    CONFIGURATION = "configuration"
    DELIVERY = "delivery"
    TASK_FAILED = "task_failed"
    IMPORT_ERROR = "import_error"
    SLA_WARNING = "sla_warning"
    SLA_BREACH = "sla_breach"
    SLA_FOLLOW_UP = "sla_follow_up"
    CALL = "call"
    REPORT = "report"
    REPORT_TROUBLE = "report_trouble"
    TEST = "test"
    HAND_OVER = "hand_over"
    NOTICE = "notice"
    NOTICE_WAITING = "notice_waiting"
    NOTICE_LATE = "notice_late"


# About a ticket's service-level clock, whose facts these alerts hold; a digest lists many.
SERVICE_LEVEL_KINDS = frozenset({Kind.SLA_WARNING, Kind.SLA_BREACH, Kind.SLA_FOLLOW_UP})
# Sent although nothing is open any more: a reply that came late does not undo the breach, and a
# report that was issued raises no alarm at all.
LASTING_KINDS = frozenset(
    {Kind.SLA_BREACH, Kind.SLA_FOLLOW_UP, Kind.REPORT, Kind.TEST, Kind.HAND_OVER, Kind.NOTICE}
)
# Sent to whom they were addressed when they were made; no route sends them to anybody.
ADDRESSED_KINDS = frozenset({Kind.REPORT, Kind.TEST, Kind.HAND_OVER, Kind.NOTICE})
# Carry a text that is stored with what it is about, and are never bundled with others.
LETTERS = frozenset({Kind.REPORT, Kind.NOTICE})
# What the keys of test messages begin with.
TEST_KEYS = f"{Kind.TEST}:"
# Causes wider than one site. While one of them is open, its sites raise no outages of their own,
# so that it stands for them: a route for the outage of a site is a route for these.
WIDER_OUTAGES = frozenset({Kind.HOST_OUTAGE, Kind.BLIND})
# Kinds that cannot wait for the office; those about service levels are as urgent as their tier.
CRITICAL_KINDS = frozenset(
    {
        *(Kind.OUTAGE, Kind.HOST_OUTAGE, Kind.BLIND, Kind.CALL, Kind.CHECK_STALE),
        *(Kind.NOTICE_WAITING, Kind.NOTICE_LATE),
    }
)

# Why an alert of something that answers is still open. What flaps is another matter: it fails.
_AWAITED = frozenset({"confirmation", "maintenance"})


class Severity(StrEnum):
    """How urgent an alert is; routes match on it. CRITICAL cannot wait for the office.

    The most severe comes first.
    """

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Phase(StrEnum):
    """Whether a message is about an alert that is open, or about its end."""

    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Affected:
    """One site that an alert is about, and whose it is; None where that is nobody in particular.

    `since` is its first failure, `until` its first good check after that; None where not known.
    """

    site: str | None = None
    customer: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert as stored. `key` is unique and stable over reruns.

    `subject` is what it is about (a site's name, a server, a DAG), `headline` one short line of
    plain text, `facts` what the templates show (JSON values; text in it may be hostile). `held`: it
    was raised while the installation was not live, so that its alarms are history.
    The fields of `acts.act.Standing` are what people did with it; `at` brings them up to date.
    """

    key: str
    kind: Kind
    severity: Severity
    subject: str
    headline: str
    opened_at: datetime
    site: str | None = None
    customer: str | None = None
    host: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    resolved_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    held: bool = False
    acknowledged_until: datetime | None = None
    snoozed_by: str | None = None
    snoozed_until: datetime | None = None
    resumed_at: datetime | None = None

    def at(self, now: datetime) -> Alert:
        """The same at `now`: an acknowledgement or a snooze has ended when its time is over. What
        is resolved stays as it was at its end."""
        limits = (self.acknowledged_until, self.snoozed_until)
        if self.resolved_at is not None or not any(each and each <= now for each in limits):
            return self
        values = {name: getattr(self, name) for name in Standing.__slots__}
        standing = Standing(**values).at(now)
        return replace(self, **{name: getattr(standing, name) for name in values})

    @property
    def phase(self) -> Phase:
        """FIRING until it is resolved."""
        return Phase.FIRING if self.resolved_at is None else Phase.RESOLVED

    @property
    def is_wide(self) -> bool:
        """Whether it is about several sites, each with its customer."""
        return isinstance(self.facts.get("affected"), list)

    @property
    def affected(self) -> tuple[Affected, ...]:
        """The sites that it is about: those of a wide cause, else its own site and customer."""
        if not self.is_wide:
            return (Affected(self.site, self.customer),)
        listed = (each for each in self.facts["affected"] if isinstance(each, Mapping))
        return tuple(
            Affected(
                each.get("site"),
                each.get("customer"),
                aware_instant(each.get("since")),
                aware_instant(each.get("until")),
            )
            for each in listed
        )

    @property
    def retracted(self) -> bool:
        """Whether it turned out to be wrong."""
        return self.facts.get("retracted") is True

    @property
    def doubtful(self) -> bool:
        """Whether triage was not sure of its ticket's tier, so that it wakes nobody."""
        return bool(self.facts.get("doubtful"))

    @property
    def covered_by(self) -> str | None:
        """The key of the wider open alert that this one is part of, or that hides it from us."""
        present = self.facts.get("present")
        by = present.get("by") if isinstance(present, Mapping) else None
        return by if isinstance(by, str) else None

    @property
    def awaits_its_end(self) -> bool:
        """Whether what failed answers again, and nothing but the confirmation of it is missing."""
        present = self.facts.get("present")
        if self.resolved_at is not None or not isinstance(present, Mapping):
            return False
        return present.get("state") == "answers" and present.get("held") in _AWAITED

    @property
    def step_at(self) -> datetime | None:
        """When what it is about passed the last of its own steps; such an alert is reminded of at
        each step, and not by the clock."""
        return aware_instant(self.facts.get("step_at"))

    @property
    def lasts(self) -> bool:
        """Whether it is still to be sent once after its end."""
        return self.kind in LASTING_KINDS and not self.retracted


def usual_severity(kind: Kind) -> Severity:
    """What an alert of `kind` is raised with, unless it is about a service level."""
    return Severity.CRITICAL if kind in CRITICAL_KINDS else Severity.WARNING
