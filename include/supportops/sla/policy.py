"""What is promised to whom, since when: versions of promises, matched by tier, customer and tags.

A clock is judged to its end by the version in force when it started: a version that comes into
force later changes nothing for clocks that run already. Within a version the first promise that
fits the ticket counts, and the match says why. A changed calendar is a new calendar, named by a
new version.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from supportops.names import folded
from supportops.sla.calendar.business_hours import BusinessHours
from supportops.sla.events import DONE, STATUSES


class Metric(StrEnum):
    """What is measured, by Zendesk's names of SLA metrics."""

    FIRST_REPLY = "first_reply_time"
    NEXT_REPLY = "next_reply_time"
    UPDATE = "update_time"
    RESOLUTION = "resolution_time"


METRICS = tuple(Metric)
PAUSABLE = frozenset({Metric.UPDATE, Metric.RESOLUTION})


class DayReading(StrEnum):
    """What "3 working days" means for a ticket of Saturday 11:00 before a working Monday.

    BUSINESS_HOURS: three working days' worth of open time: Wednesday at closing.
    SAME_TIME: the third working day after that date, at 11:00; where the office is closed at that
    time of day, the day's closing. END_OF_DAY: the closing of that day.
    """

    BUSINESS_HOURS = "business_hours"
    SAME_TIME = "same_time"
    END_OF_DAY = "end_of_day"


@dataclass(frozen=True, slots=True)
class Amount:
    """How long a promise is: seconds of open time, or a number of working days."""

    seconds: int = 0
    working_days: int = 0

    def __post_init__(self) -> None:
        if (self.seconds > 0) == (self.working_days > 0):
            raise ValueError("an amount of either seconds or working days, above zero")

    def __str__(self) -> str:
        if self.working_days:
            return f"{self.working_days} working day{'s' if self.working_days > 1 else ''}"
        for unit, size in (("h", 3600), ("min", 60)):
            if self.seconds % size == 0:
                return f"{self.seconds // size} {unit}"
        return f"{self.seconds} s"


@dataclass(frozen=True, slots=True)
class Target:
    """One metric's promise. Without a deadline it is measured and reported only.

    `aim` is a softer target before the deadline, raised as a warning. `pauses`: the statuses during
    which the clock is paused; only update and resolution may pause.
    """

    metric: Metric
    deadline: Amount | None = None
    aim: Amount | None = None
    pauses: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.pauses and self.metric not in PAUSABLE:
            raise ValueError(f"{self.metric} never pauses")
        if unknown := self.pauses - set(STATUSES):
            raise ValueError(f"unknown statuses {sorted(unknown)}")

    @property
    def stops(self) -> frozenset[str]:
        """The statuses in which the clock stands still; the time while solved never counts towards
        a resolution."""
        return self.pauses | frozenset(DONE if self.metric is Metric.RESOLUTION else ())


@dataclass(frozen=True, slots=True)
class Escalation:
    """When to alert: at a share of the open time, an amount before the deadline, and after it."""

    warn_share: float = 0.75
    warn_before: Amount = field(default_factory=lambda: Amount(seconds=3600))
    follow_up: Amount = field(default_factory=lambda: Amount(working_days=1))


@dataclass(frozen=True, slots=True)
class Promise:
    """The targets of one tier, of certain customers or tags where these are named.

    A ticket fits if its tier is `tier`, its customer one of `customers`, by these names or their
    `aliases` (compared as `folded`), and at least one of its tags among `tags`; an empty set fits
    all. `solved_counts_as_reply`: whether solving the ticket fulfils its first reply.
    """

    name: str
    tier: str
    calendar: str
    targets: tuple[Target, ...]
    reading: DayReading = DayReading.BUSINESS_HOURS
    customers: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    escalation: Escalation = field(default_factory=Escalation)
    solved_counts_as_reply: bool = False
    aliases: frozenset[str] = frozenset()

    @property
    def customer_keys(self) -> frozenset[str]:
        """The folded names of its customers."""
        return frozenset(map(folded, self.customers | self.aliases))

    def fits(self, tier: str, customer: str | None, tags: frozenset[str]) -> bool:
        """Whether a ticket of this tier, customer and tags falls under the promise."""
        return (
            tier == self.tier
            and (not self.customers or self._is_for(customer))
            and (not self.tags or bool(tags & self.tags))
        )

    def _is_for(self, customer: str | None) -> bool:
        return customer is not None and folded(customer) in self.customer_keys

    def target(self, metric: Metric) -> Target | None:
        """The target of a metric, None where the promise has none."""
        return next((target for target in self.targets if target.metric is metric), None)

    @property
    def condition(self) -> str:
        """What a ticket has to be, in words."""
        parts = [f"tier {self.tier}"]
        parts += [f"customer {' or '.join(sorted(self.customers))}"] if self.customers else []
        parts += [f"tag {' or '.join(sorted(self.tags))}"] if self.tags else []
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """The promises in force from `valid_from` (aware) until the next version's, in their order.

    `title`: what customers call them, where it says so.
    """

    name: str
    valid_from: datetime
    promises: tuple[Promise, ...]
    title: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """Opening hours, the seconds in "a working day", and why dates are closed, where known.

    Two calendars are equal only if they are the same object: open time is cached by calendar.
    """

    name: str
    hours: BusinessHours
    working_day: int
    closed: Mapping[date, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Match:
    """Which promise counts, and why; none where nothing is promised."""

    promise: Promise | None
    version: PolicyVersion | None
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class PolicyBook:
    """All versions, oldest first. A ticket without a tier counts as `default_tier`."""

    versions: tuple[PolicyVersion, ...]
    calendars: Mapping[str, Calendar]
    default_tier: str

    def __post_init__(self) -> None:
        starts = [version.valid_from for version in self.versions]
        if starts != sorted(set(starts)) or not starts:
            raise ValueError("at least one version, each later than the one before it")
        for version in self.versions:
            for promise in version.promises:
                if promise.calendar not in self.calendars:
                    raise ValueError(f"promise {promise.name}: no calendar {promise.calendar!r}")

    def version_at(self, at: datetime) -> PolicyVersion | None:
        """The version in force at an aware instant; none before the first."""
        begun = [version for version in self.versions if version.valid_from <= at]
        return begun[-1] if begun else None

    def hours_of_promises(self) -> dict[str, BusinessHours]:
        """The hours that each promise counts in, by "version/promise"."""
        return {
            f"{version.name}/{promise.name}": self.calendars[promise.calendar].hours
            for version in self.versions
            for promise in version.promises
        }

    def match(
        self, at: datetime, tier: str | None, customer: str | None = None, tags: str | None = None
    ) -> Match:
        """The promise to a clock that starts at `at`. `tags` as stored, with commas between."""
        version = self.version_at(at)
        if version is None:
            return Match(None, None, f"before the first policy, {self.versions[0].name}")
        effective, note = tier or self.default_tier, "" if tier else " (without a tier)"
        for number, promise in enumerate(version.promises, 1):
            if promise.fits(effective, customer, tag_set(tags)):
                reason = f"rule {number} of policy {version.name}: {promise.condition}{note}"
                return Match(promise, version, reason)
        return Match(None, version, f"no rule of policy {version.name} for tier {effective}{note}")


def tag_set(tags: str | None) -> frozenset[str]:
    """The single tags of a stored text."""
    return frozenset(tag for tag in (tags or "").split(",") if tag)
