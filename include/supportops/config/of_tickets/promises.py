"""The `policies` of `service_levels.yaml`: who is promised what, since when."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from itertools import pairwise
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from supportops.config.model import Model, Wrong, entries, shown, twice, unknown
from supportops.config.values import Duration, Identifier, Name, Share
from supportops.sla.events import STATUSES
from supportops.sla.policy import (
    PAUSABLE,
    Amount,
    DayReading,
    Escalation,
    Metric,
    PolicyVersion,
    Promise,
    Target,
)

LONGEST_DAYS, LONGEST_SECONDS = 3660, 3660 * 86_400
_AMOUNT = re.compile(r"(\d{1,6})\s*(working days?|[smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _amount(found: Any) -> Amount:
    if isinstance(found, Amount):
        return found
    match = _AMOUNT.fullmatch(found.strip()) if isinstance(found, str) else None
    if match is None or not int(match[1]):
        raise ValueError("an amount such as 3 working days, 4h or 15m")
    number, unit = int(match[1]), match[2]
    amount = (
        Amount(working_days=number) if unit not in _UNITS else Amount(seconds=number * _UNITS[unit])
    )
    if amount.working_days > LONGEST_DAYS or amount.seconds > LONGEST_SECONDS:
        raise ValueError("an amount of at most ten years")
    return amount


def _status(found: str) -> str:
    if found not in STATUSES:
        raise ValueError("a status: " + ", ".join(STATUSES))
    return found


AmountText = Annotated[
    Amount,
    BeforeValidator(_amount),
    WithJsonSchema({"type": "string", "examples": ["3 working days", "4h", "15m"]}),
]
StatusName = Annotated[str, AfterValidator(_status)]


class TargetEntry(Model):
    """One metric: measured only without `within`. `aim` is a warning when it is missed."""

    within: AmountText | None = None
    aim: AmountText | None = None
    pauses: list[StatusName] = []

    def target(self, metric: Metric) -> Target:
        return Target(metric, self.within, self.aim, frozenset(self.pauses))


class EscalationEntry(Model):
    """When a clock's alerts are raised before it is due, and once more after."""

    warn: Share = Field(default=0.75, json_schema_extra={"default": "75%"})
    warn_before: Duration | None = None
    follow_up: AmountText = Field(
        default=Amount(working_days=1), json_schema_extra={"default": "1 working day"}
    )

    def escalation(self) -> Escalation:
        seconds = int(self.warn_before.total_seconds()) if self.warn_before else 3600
        return Escalation(self.warn, Amount(seconds=seconds), self.follow_up)


class PromiseEntry(Model):
    """The targets of a tier; of some customers or tags only, where these are named."""

    name: Identifier | None = None
    tier: Identifier
    customers: list[Name] = []
    tags: list[Name] = []
    calendar: Identifier
    targets: Annotated[dict[Metric, TargetEntry], Field(min_length=1)]
    escalation: EscalationEntry = EscalationEntry()
    solved_counts_as_reply: bool | None = None

    @model_validator(mode="after")
    def replies_never_pause(self) -> PromiseEntry:
        for metric, entry in self.targets.items():
            if entry.pauses and metric not in PAUSABLE:
                raise ValueError(f"no pauses for {metric}: whoever waits for a reply waits")
        return self

    def promise(self, reading: DayReading, *, solved_counts: bool) -> Promise:
        own = self.solved_counts_as_reply
        return Promise(
            self.name or self.tier,
            self.tier,
            self.calendar,
            tuple(self.targets[m].target(m) for m in Metric if m in self.targets),
            reading,
            frozenset(self.customers),
            frozenset(self.tags),
            self.escalation.escalation(),
            solved_counts if own is None else own,
        )


class PolicyEntry(Model):
    """All promises made from a date on, until the next policy's. The first that fits counts.

    `solved_counts_as_reply` holds for every promise that does not say otherwise.
    """

    name: Identifier
    title: Name | None = None
    valid_from: Annotated[date, Field(alias="from")]
    working_days: DayReading = DayReading.BUSINESS_HOURS
    solved_counts_as_reply: bool = False
    promises: Annotated[list[PromiseEntry], Field(min_length=1)]

    def version(self, zone: str) -> PolicyVersion:
        """In force from midnight of its date in `zone`."""
        since = datetime.combine(self.valid_from, time(), ZoneInfo(zone)).astimezone(UTC)
        solved = self.solved_counts_as_reply
        promises = tuple(
            entry.promise(self.working_days, solved_counts=solved) for entry in self.promises
        )
        return PolicyVersion(self.name, since, promises, self.title)


def wrong_policies(data: Any) -> Iterator[Wrong]:
    """Policies out of order or named twice, and promises on calendars that are not there."""
    calendars = data.get("calendars") if isinstance(data, dict) else None
    known = calendars if isinstance(calendars, dict) else {}
    found = list(entries(data, "policies"))
    yield from twice(((*path, "name"), entry.get("name")) for path, entry in found)
    for (_, before), (path, after) in pairwise(found):
        if _day(after.get("from")) <= _day(before.get("from")):
            expected = "a later date than the policy before it"
            yield Wrong((*path, "from"), shown(after.get("from")), expected)
    for path, entry in found:
        for place, promise in entries(entry, "promises"):
            calendar = promise.get("calendar")
            if isinstance(calendar, str) and calendar not in known:
                yield unknown((*path, *place, "calendar"), calendar, known, "one of")


def wrong_default(data: Any, usual: str) -> Iterator[Wrong]:
    """A default tier (`usual` where none is written) that a policy promises nothing."""
    tier = data.get("default_tier", usual) if isinstance(data, dict) else None
    for path, entry in entries(data, "policies"):
        tiers = [promise.get("tier") for _, promise in entries(entry, "promises")]
        if tiers and isinstance(tier, str) and tier not in tiers:
            yield Wrong((*path, "promises"), f"no promise for {tier}", "one for the default tier")


def _day(found: Any) -> date:
    try:
        return date.fromisoformat(str(found))
    except ValueError:
        return date.min  # reported at its own place
