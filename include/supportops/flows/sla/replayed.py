"""What a replay finds: the messages of a period's sweeps, and its attainment under each policy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from supportops.flows.sla.judging.judged_tickets import Unjudged


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` until `end` (exclusive, aware), by what is known at `as_of`."""

    start: datetime
    end: datetime
    as_of: datetime


@dataclass(slots=True)
class Attainment:
    """How many clocks of one tier and metric fell due in the period, and how many were met."""

    due: int = 0
    met: int = 0

    @property
    def share(self) -> float | None:
        """The share met, 0 to 1; None where nothing fell due."""
        return self.met / self.due if self.due else None


@dataclass(frozen=True, slots=True)
class Message:
    """One message that a sweep raised. `what` is a milestone, or that a breach was retracted."""

    sweep: datetime
    what: str
    at: datetime
    source: str
    ticket: str
    tier: str
    metric: str
    instance: int
    policy: str | None
    deadline: datetime | None

    def to_json(self) -> dict[str, Any]:
        """JSON values; instants in ISO 8601. The sweep is left out."""
        return {
            "ticket": self.ticket,
            "source_id": self.source,
            "tier": self.tier,
            "metric": self.metric,
            "instance": self.instance,
            "policy": self.policy,
            "what": self.what,
            "at": self.at.isoformat(),
            "deadline": self.deadline.isoformat() if self.deadline else None,
        }


@dataclass(slots=True)
class PolicyResult:
    """The period under one policy book: attainment by (tier, metric).

    `left_out`: clocks under a target that ended in the period because their ticket was merged or
    deleted; they count nowhere else.
    """

    name: str
    attainment: dict[tuple[str, str], Attainment] = field(default_factory=dict)
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Changed:
    """A promise that is met under one policy and broken under the other; None: none fell due."""

    source: str
    ticket: str
    metric: str
    instance: int
    met: tuple[bool | None, bool | None]


@dataclass(frozen=True, slots=True)
class Replay:
    """A period under each policy; `messages` are what the sweeps raised under the first."""

    period: Period
    policies: tuple[PolicyResult, ...]
    messages: tuple[Message, ...]
    unjudged: tuple[Unjudged, ...]
    changed: tuple[Changed, ...] = ()
    changed_total: int = 0

    def counts(self) -> dict[str, int]:
        """How many messages of each kind there are."""
        return dict(sorted(Counter(message.what for message in self.messages).items()))

    def sweeps(self) -> Iterator[tuple[datetime, list[Message]]]:
        """The sweeps that raised messages, the oldest first."""
        by_sweep: dict[datetime, list[Message]] = {}
        for message in self.messages:
            by_sweep.setdefault(message.sweep, []).append(message)
        yield from by_sweep.items()

    def to_json(self) -> dict[str, Any]:
        """Sweeps with the messages of each, then attainment by policy, tier and metric."""
        return {
            "from": self.period.start.isoformat(),
            "to": self.period.end.isoformat(),
            "as_of": self.period.as_of.isoformat(),
            "sweeps": [
                {"at": at.isoformat(), "told": [message.to_json() for message in messages]}
                for at, messages in self.sweeps()
            ],
            "told": self.counts(),
            "policies": [_policy_json(each) for each in self.policies],
            "unjudged": [
                {"ticket": each.ticket, "source_id": each.source, "why": each.why}
                for each in self.unjudged
            ],
        }


def _policy_json(result: PolicyResult) -> dict[str, Any]:
    return {
        "name": result.name,
        "attainment": [
            {"tier": tier, "metric": metric, "met": each.met, "due": each.due, "share": each.share}
            for (tier, metric), each in sorted(result.attainment.items())
        ],
        "left_out": result.left_out,
    }
