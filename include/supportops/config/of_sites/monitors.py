"""The push monitors of `sites.yaml`, as operators write them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from supportops.config.model import Model, Wrong, entries, twice, unknown
from supportops.config.values import Duration, Identifier, Name, Share, Zone
from supportops.sites.push.monitor import GRACE, Limits, Monitor
from supportops.sites.push.schedule import Cron, Every, Schedule, ScheduleError

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=366)
LONGEST_GRACE = timedelta(days=31)
_Count = Annotated[int, Field(ge=0, le=10**9)]


class LimitsEntry(Model):
    """What a reported value must not be above."""

    disk: Share | None = Field(default=None, json_schema_extra={"examples": ["90%"]})
    backup: Duration | None = None
    pending_updates: _Count | None = None
    queue: _Count | None = None


class MonitorEntry(Model):
    """A job that reports: `every` or `cron`, and `site` or `server`."""

    name: Name
    token: Identifier
    site: Name | None = None
    server: Name | None = None
    every: Duration | None = None
    cron: str | None = None
    zone: Zone | None = None
    grace: Duration = GRACE
    get: bool = False
    signature: Identifier | None = None
    severity: Literal["critical", "warning"] = "warning"
    limits: LimitsEntry = LimitsEntry()

    @model_validator(mode="after")
    def says_when_and_of_what(self) -> Self:
        if (self.every is None) == (self.cron is None):
            raise ValueError("either `every` or `cron`")
        if (self.site is None) == (self.server is None):
            raise ValueError("either `site` or `server`")
        if self.every is not None and not SHORTEST <= self.every <= LONGEST:
            raise ValueError("an `every` from 1m to 366d")
        if self.zone is not None and self.cron is None:
            raise ValueError("a `zone` only beside `cron`")
        if self.grace > LONGEST_GRACE:
            raise ValueError("a `grace` of at most 31d")
        if self.signature == self.token:
            raise ValueError("a `signature` with a secret of its own: the token is in an address")
        if self.get and self.signature is not None:
            raise ValueError("no `get` beside `signature`: what is signed is posted")
        if self.cron is not None:
            self._schedule("UTC")
        return self

    def _schedule(self, zone: str) -> Schedule:
        if self.every is not None:
            return Every(self.every)
        try:
            return Cron.checked(self.cron or "", self.zone or zone)
        except ScheduleError as error:
            raise ValueError(str(error)) from None

    def monitor(self, zone: str) -> Monitor:
        """`zone`: of a cron expression that names none."""
        limits = self.limits
        return Monitor(
            name=self.name,
            token=self.token,
            schedule=self._schedule(zone),
            grace=self.grace,
            site=self.site,
            server=self.server,
            signature=self.signature,
            by_get=self.get,
            urgent=self.severity == "critical",
            limits=Limits(limits.disk, limits.backup, limits.pending_updates, limits.queue),
        )


def wrong_monitors(data: Any) -> Iterator[Wrong]:
    """Each name and each token once, and sites and servers that the file has."""
    found = list(entries(data, "monitors"))
    for key in ("name", "token"):
        yield from twice(((*path, key), entry.get(key)) for path, entry in found)
    sites = [entry for _, entry in entries(data, "sites")]
    for key, other in (("site", "name"), ("server", "host")):
        known = list(dict.fromkeys(s.get(other) for s in sites if isinstance(s.get(other), str)))
        for path, entry in found:
            named = entry.get(key)
            if isinstance(named, str) and named not in known:
                yield unknown((*path, key), named, known, f"a {key} of this file:")
