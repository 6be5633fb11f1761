"""An incident: something wrong with a site or a server, from its first failed check to its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from supportops.sites.standing import Attempt, Standing, Track

VANTAGE = "@vantage"
StandingKey = tuple[str, str, Track]
IncidentKey = tuple["IncidentKind", str]


class IncidentKind(StrEnum):
    OUTAGE = "outage"
    HOST_OUTAGE = "host_outage"
    FAULT = "fault"
    CERTIFICATE = "certificate"
    BLIND = "blind"


@dataclass(frozen=True, slots=True)
class Incident:
    """Something wrong from `started_at` (the first failed check) to `ended_at` (the first good).

    `opened_at` and `closed_at` are the instants of the checks that confirmed each. `facts` are
    JSON values for people: what failed, how, where, and which sites with it.
    """

    kind: IncidentKind
    subject: str
    reason: str
    started_at: datetime
    opened_at: datetime
    site: str | None = None
    page: str | None = None
    host: str | None = None
    customer: str | None = None
    ended_at: datetime | None = None
    closed_at: datetime | None = None
    flapping: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Unique: of one kind and subject, no two are opened by the same check.

        Two may well start with the same one: a server's sites recover all but one, whose first
        failure is then the start of the server's next outage too.
        """
        return f"{self.kind}:{self.subject}:{self.opened_at.isoformat()}"


class ChangeKind(StrEnum):
    OPENED = "opened"
    UPDATED = "updated"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Change:
    """What a run did to an incident, and why."""

    kind: ChangeKind
    incident: Incident
    why: str


@dataclass(frozen=True, slots=True)
class FleetState:
    """Everything a fold needs of the past: how pages stand, and which incidents are open."""

    standings: Mapping[StandingKey, Standing] = field(default_factory=dict)
    open: Mapping[IncidentKey, Incident] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of checks: its slot and every recorded attempt, in any order."""

    slot: datetime
    attempts: Sequence[Attempt]
