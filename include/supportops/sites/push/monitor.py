"""A push monitor: who is to report, when, and what of the reported values is too much."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from supportops.sites.push.schedule import Schedule
from supportops.sites.site import Fleet, Site

GRACE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a reported value must not be above; None: any will do.

    `disk` is a share from 0 to 1, `backup` the age of the last backup, the others are numbers.
    """

    disk: float | None = None
    backup: timedelta | None = None
    pending_updates: int | None = None
    queue: int | None = None


@dataclass(frozen=True, slots=True)
class Monitor:
    """A job that reports to the public endpoint. `name` is unique.

    `site` or `server` is what it is about, the name of one in `sites.yaml`. `token` and
    `signature` name the secrets by which its pushes are known; with `signature` a push that is not
    signed is refused. `by_get`: a GET counts as a push. `urgent`: its silence and its failures
    cannot wait for the office.
    """

    name: str
    token: str
    schedule: Schedule
    grace: timedelta = GRACE
    site: str | None = None
    server: str | None = None
    signature: str | None = None
    by_get: bool = False
    urgent: bool = False
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Monitors:
    """Every push monitor, in the order of the file."""

    all: tuple[Monitor, ...] = ()

    def by_token(self) -> dict[str, Monitor]:
        """By the names of their tokens, by which a monitor is known when it is renamed."""
        return {each.token: each for each in self.all}


def about(monitor: Monitor, fleet: Fleet) -> tuple[Site, ...]:
    """The sites that a monitor is about: its own, or all on its server."""
    if monitor.site is not None:
        return tuple(site for site in fleet.sites if site.name == monitor.site)
    return tuple(site for site in fleet.sites if site.host == monitor.server)
