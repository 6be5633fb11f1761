"""A status page: what a reader may know of some sites, in values that are safe to publish.

A page holds names of its own sites and no other name: no server, no address, no reason of a check,
nobody of the team.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

DAYS = 90
NOTHING = timedelta(0)


class State(StrEnum):
    """How a site stands, from the worst to the best. FAULT: a part of it does not work. UNKNOWN: it
    was not checked lately, or we cannot see it."""

    DOWN = "down"
    DEGRADED = "degraded"
    FAULT = "fault"
    UNKNOWN = "unknown"
    MAINTENANCE = "maintenance"
    UP = "up"


ORDER = {state: place for place, state in enumerate(State)}


@dataclass(frozen=True, slots=True)
class Day:
    """One UTC day of a site; what is in none of its times is unknown, or still to come.

    `up` includes `degraded`. A day before the site was the customer's has nothing in it.
    """

    date: date
    up: timedelta = NOTHING
    degraded: timedelta = NOTHING
    down: timedelta = NOTHING
    maintenance: timedelta = NOTHING

    def __add__(self, other: Day) -> Day:
        """Two parts of the same day."""
        return Day(
            self.date,
            self.up + other.up,
            self.degraded + other.degraded,
            self.down + other.down,
            self.maintenance + other.maintenance,
        )

    @property
    def state(self) -> State:
        """The worst that was seen; UNKNOWN where nothing was."""
        if self.down:
            return State.DOWN
        if self.degraded:
            return State.DEGRADED
        if self.up:
            return State.UP
        return State.MAINTENANCE if self.maintenance else State.UNKNOWN


@dataclass(frozen=True, slots=True)
class SiteStatus:
    """A site at the instant of its page, and its last DAYS days, the oldest first."""

    name: str
    state: State
    days: tuple[Day, ...] = ()

    @property
    def up_share(self) -> float | None:
        """up / (up + down) in these days, from 0 to 1; None where nothing was seen."""
        up = sum((day.up for day in self.days), NOTHING)
        seen = up + sum((day.down for day in self.days), NOTHING)
        return up / seen if seen else None

    @property
    def days_seen(self) -> int:
        """In how many of these days it was seen at all."""
        return sum(bool(day.up or day.down) for day in self.days)


@dataclass(frozen=True, slots=True)
class Notice:
    """What the customer was sent: plain paragraphs. `at`: when; aware UTC."""

    at: datetime
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Incident:
    """What is wrong, or was, with some of the page's sites; instants are aware UTC.

    `key` names it in feeds and says nothing else. `until`: None while it lasts. `good`: whether it
    ended well; else one of the sites was not checked any more.
    """

    key: str
    state: State
    sites: tuple[str, ...]
    since: datetime
    until: datetime | None = None
    notices: tuple[Notice, ...] = ()
    good: bool = True


@dataclass(frozen=True, slots=True)
class Maintenance:
    """A window that is open or planned for some of the page's sites; aware UTC."""

    sites: tuple[str, ...]
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """An open ticket of the page's customer. `metric`: what is due next, as Zendesk calls it, None
    where nothing is promised; `due_at`: None while the customer is waited for. `changed_at`: when
    something last happened to it. Instants are aware UTC."""

    number: str
    subject: str
    metric: str | None
    due_at: datetime | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Tickets:
    """The open tickets of the page's customer, the oldest first; `as_of`: of when they are known,
    None where that is not known at the moment."""

    as_of: datetime | None
    open: tuple[OpenTicket, ...] = ()


@dataclass(frozen=True, slots=True)
class StatusPage:
    """One page. `customer`: None for the public one. `checked_at`: up to when it is known; None
    before the first check. `stale_after`: how much later it may be out of date.

    `language` is a BCP 47 tag, `zone` an IANA name, `colour` #rrggbb. `logo`: the name of the file
    beside the page. `address`: where the page is published, None where that is not known.
    `tickets`: None where the page does not show them; the public one never does.
    """

    title: str
    customer: str | None
    language: str
    zone: str
    made_at: datetime
    checked_at: datetime | None
    stale_after: timedelta
    sites: tuple[SiteStatus, ...]
    incidents: tuple[Incident, ...] = ()
    past: tuple[Incident, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()
    blind: bool = False
    colour: str | None = None
    logo: str | None = None
    address: str | None = None
    tickets: Tickets | None = None

    @property
    def stale(self) -> bool:
        """Whether it may have been out of date when it was made."""
        return self.checked_at is None or self.made_at - self.checked_at > self.stale_after

    @property
    def state(self) -> State:
        """The worst of its sites'."""
        return worst(site.state for site in self.sites)

    def count(self, state: State) -> int:
        """How many of the sites stand so."""
        return sum(site.state is state for site in self.sites)


def worst(states: Iterable[State]) -> State:
    """The worst of several, UNKNOWN of none."""
    return min(states, key=ORDER.__getitem__, default=State.UNKNOWN)
