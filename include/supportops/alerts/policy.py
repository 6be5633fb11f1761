"""The alert policy of `alerts.yaml`: routes, steps, rate limits and retries."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, assert_never

from supportops.alerts.alert import Alert, Kind, Severity
from supportops.alerts.routing.matcher import is_one_of
from supportops.alerts.routing.period import DigestPeriod


class Hours(StrEnum):
    """When a route's messages may go out."""

    ALWAYS = "always"
    OFFICE = "office"
    OUTSIDE = "outside"


class OfficeHours(Protocol):
    """What the escalation needs of a business calendar; `elapsed` in seconds of open time."""

    def is_open(self, t: datetime) -> bool: ...
    def next_open(self, t: datetime) -> datetime: ...
    def elapsed(self, start: datetime, end: datetime) -> float: ...


@dataclass(frozen=True, slots=True)
class Target:
    """One person or room on one channel, a name of `channels.registry`. `secret` names the
    Apprise address, never holds it. `digest`: what is not critical reaches it in a digest at the
    instants of this period; None: as its routes say."""

    name: str
    channel: str
    secret: str
    digest: DigestPeriod | None = None


class Duty(Protocol):
    """Who of a team is on duty at an aware instant, by name; nobody in a gap."""

    def on_duty(self, at: datetime) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class OnCall:
    """Whoever of a team is on duty when a message to it is decided on.

    `members`: the targets of each person. Without `duty` no rota can be used.
    """

    team: str
    members: Mapping[str, tuple[Target, ...]]
    duty: Duty | None = None

    @property
    def possible(self) -> tuple[Target, ...]:
        """Every target that a message may go to, once."""
        return tuple(dict.fromkeys(each for mine in self.members.values() for each in mine))

    def targets_at(self, at: datetime) -> tuple[Target, ...]:
        """The targets of those on duty; of the whole team where nobody is: somebody must know."""
        people = () if self.duty is None else self.duty.on_duty(at)
        found = (each for person in people for each in self.members.get(person, ()))
        return tuple(dict.fromkeys(found)) or self.possible


@dataclass(frozen=True, slots=True)
class Step:
    """Who is notified `after` the alert was raised, while it is still open.

    On an office route the time counts from the opening: nobody could have acted before it.
    """

    after: timedelta
    targets: tuple[Target, ...]
    on_call: tuple[OnCall, ...] = ()

    @property
    def possible(self) -> tuple[Target, ...]:
        """Every target that the step may notify, whoever is on duty."""
        return possible(self.targets, self.on_call)


@dataclass(frozen=True, slots=True)
class Route:
    """Which alerts go to whom. An empty tuple means any; all routes that `matching` finds count.

    `aliases`: what else the `customers` are called.
    `digest`: everything that is due to one target at one dispatch goes in one message; with a
    `period` it is due at the instants of that.
    """

    name: str
    steps: tuple[Step, ...]
    kinds: tuple[Kind, ...] = ()
    severities: tuple[Severity, ...] = ()
    sites: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()
    hours: Hours = Hours.ALWAYS
    remind: timedelta | None = None
    resolved: bool = True
    digest: bool = False
    period: DigestPeriod | None = None
    aliases: frozenset[str] = frozenset()

    def is_for_customer(self, name: str | None) -> bool:
        """Whether `name` is a name of one of its customers, where it names any."""
        return not self.customers or is_one_of(name, (*self.customers, *self.aliases))

    def open_at(self, now: datetime, office: OfficeHours) -> bool:
        """Whether messages of the route may go out at `now`."""
        match self.hours:
            case Hours.ALWAYS:
                return True
            case Hours.OFFICE:
                return office.is_open(now)
            case Hours.OUTSIDE:
                return not office.is_open(now)
            case _:
                assert_never(self.hours)

    def sends_resolution_at(self, now: datetime, office: OfficeHours, alert: Alert) -> bool:
        """Whether a resolution of `alert` may go out at `now`.

        Whoever was woken outside office hours need not wait for them. A retraction goes out on
        routes that send no resolutions, too.
        """
        wanted = self.resolved or alert.retracted
        return wanted and (not self._waits_for_office or office.is_open(now))

    @property
    def _waits_for_office(self) -> bool:
        match self.hours:
            case Hours.OFFICE:
                return True
            case Hours.ALWAYS | Hours.OUTSIDE:
                return False
            case _:
                assert_never(self.hours)

    def starts_at(self, raised_at: datetime, office: OfficeHours) -> datetime:
        """The instant from which the steps count, for what was raised at `raised_at`."""
        return office.next_open(raised_at) if self._waits_for_office else raised_at


@dataclass(frozen=True, slots=True)
class Limit:
    """A rate limit: at most `count` messages in `period` to one target; the overflow is bundled."""

    count: int
    period: timedelta


@dataclass(frozen=True, slots=True)
class Retry:
    """When an attempt is repeated, and when the outbox gives up on a message.

    It never gives up on an alarm whose alert is open and not acknowledged: after `give_up_after`,
    or after three attempts that may have arrived, the alarm goes out every `while_open`.
    """

    first: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(minutes=15)
    give_up_after: timedelta = timedelta(hours=24)
    while_open: timedelta = timedelta(hours=1)
    alarm_after: int = 3
    timeout: timedelta = timedelta(seconds=20)

    def pause(self, key: str, attempt: int) -> timedelta:
        """The wait after the `attempt`-th failure (from 1): doubling, with jitter of +-20 %.

        The jitter comes from the key of the message, so that a replay waits as long.
        """
        plain = min(self.first * (1 << min(attempt - 1, 20)), self.longest)
        return _with_jitter(plain, key, attempt)

    def slow_pause(self, key: str, attempt: int) -> timedelta:
        """The wait where `pause` no longer holds, with the same jitter."""
        return _with_jitter(self.while_open, key, attempt)


def _with_jitter(plain: timedelta, key: str, attempt: int) -> timedelta:
    digest = hashlib.sha256(f"{key}/{attempt}".encode()).digest()
    return timedelta(seconds=plain.total_seconds() * (0.8 + 0.4 * digest[0] / 255))


@dataclass(frozen=True, slots=True)
class AlertPolicy:
    """What `alerts.yaml` says. `receivers` are all of them by name, also those on no route."""

    routes: tuple[Route, ...]
    fallback: tuple[Target, ...] = ()
    fallback_on_call: tuple[OnCall, ...] = ()
    receivers: Mapping[str, tuple[Target, ...]] = field(default_factory=dict)
    limits: Mapping[str, tuple[Limit, ...]] = field(default_factory=dict)
    retry: Retry = Retry()
    timezone: str = "Europe/London"
    board_url: str | None = None
    public_url: str | None = None

    def at_any_hour(self) -> AlertPolicy:
        """The same with no route that waits for hours: for while nobody knows the office's."""
        routes = tuple(replace(route, hours=Hours.ALWAYS) for route in self.routes)
        return replace(self, routes=routes)

    def in_office_hours(self) -> AlertPolicy:
        """The same with nothing sent outside office hours: for what may be no emergency.

        A route for the time outside them sends nothing, and so is left out.
        """
        routes = tuple(
            replace(route, hours=Hours.OFFICE)
            for route in self.routes
            if route.hours is not Hours.OUTSIDE
        )
        return replace(self, routes=routes)

    def digests(self) -> dict[str, DigestPeriod]:
        """The periods of the targets that have one of their own, by name."""
        found = self.targets().values()
        return {target.name: target.digest for target in found if target.digest is not None}

    @property
    def possible_fallback(self) -> tuple[Target, ...]:
        """Every target that the fallback may notify, whoever is on duty."""
        return possible(self.fallback, self.fallback_on_call)

    def targets(self) -> dict[str, Target]:
        """Every target by its name."""
        steps = (step for route in self.routes for step in route.steps)
        named = [step.possible for step in steps]
        every = (*named, self.possible_fallback, *self.receivers.values())
        return {target.name: target for targets in every for target in targets}


def possible(targets: tuple[Target, ...], on_call: tuple[OnCall, ...]) -> tuple[Target, ...]:
    """`targets` and all that may stand for `on_call`, each once."""
    return tuple(dict.fromkeys([*targets, *(each for team in on_call for each in team.possible)]))
