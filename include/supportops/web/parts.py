"""What every page shares: the configuration it speaks of, its clock, and the age of the check."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import quote, urlencode

from sqlalchemy import Connection

from supportops.alerts.policy import AlertPolicy, OfficeHours
from supportops.context import Context
from supportops.reports.audience import Plan
from supportops.sites.site import STALE_AFTER, Fleet
from supportops.sites.store import last_run
from supportops.web.lights import Light


class Configuration(Protocol):
    """What the board needs of `supportops.config.loader.Configuration`."""

    @property
    def fleet(self) -> Fleet: ...
    @property
    def alerts(self) -> AlertPolicy: ...
    @property
    def office(self) -> OfficeHours: ...
    @property
    def reports(self) -> Plan: ...


OpenContext = Callable[[], AbstractContextManager[Context]]
ActiveConfiguration = Callable[[Connection], Configuration]
"""The configuration in force; raises LookupError before the first."""

Clock = Callable[[], datetime]


class NotHere(LookupError):
    """A page about something that the store does not hold."""


class Elsewhere(LookupError):
    """A page that lies at another address: `to`, relative to the board."""

    def __init__(self, to: str) -> None:
        super().__init__(to)
        self.to = to


@dataclass(frozen=True, slots=True)
class Desk:
    """What a page is made from: one snapshot of the store, its configuration, and the instant."""

    connection: Connection
    configuration: Configuration
    now: datetime

    @property
    def zone(self) -> str:
        return self.configuration.alerts.timezone


@dataclass(frozen=True, slots=True)
class Choice:
    """A filter that can be chosen; `chosen` if it is in force."""

    words: str
    href: str
    count: int
    chosen: bool
    light: Light | None = None


@dataclass(frozen=True, slots=True)
class LastCheck:
    """When the last run was judged; `age` is None before the first."""

    at: datetime | None
    age: timedelta | None

    @property
    def seconds(self) -> int | None:
        return None if self.age is None else max(0, int(self.age.total_seconds()))

    @property
    def stale_after(self) -> int:
        """The age in seconds from which on nobody should rely on the page."""
        return int(STALE_AFTER.total_seconds())

    @property
    def stale(self) -> bool:
        return self.age is None or self.age > STALE_AFTER


def last_check(connection: Connection, now: datetime) -> LastCheck:
    run = last_run(connection, judged=True)
    at = run.judged_at if run is not None else None
    return LastCheck(at, None if at is None else now - at)


def link(to: str, /, **query: str | int | None) -> str:
    """A relative address: every page lies at the same depth, wherever the board is mounted."""
    given = {key: value for key, value in query.items() if value not in (None, "")}
    return f"{to}?{urlencode(given, quote_via=quote, safe='')}" if given else to
