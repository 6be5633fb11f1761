"""Maintenance that people announce while the installation runs, beside that of sites.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from supportops.names import folded
from supportops.sites.maintenance import OneOffMaintenance
from supportops.sites.site import Fleet, Site


class Scope(StrEnum):
    """What a window is about."""

    SITE = "site"
    SERVER = "server"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class AnnouncedWindow:
    """A window that `by` announced for all sites of a scope; `start` and `end` aware UTC."""

    id: int
    scope: Scope
    name: str
    start: datetime
    end: datetime
    reason: str
    by: str

    def concerns(self, site: Site) -> bool:
        """Whether the window is one of `site`."""
        names = {
            Scope.SITE: site.name,
            Scope.SERVER: site.host or "",
            Scope.CUSTOMER: site.customer,
        }
        return folded(names[self.scope]) == folded(self.name)

    def to_json(self) -> dict[str, Any]:
        """As a stored configuration holds it."""
        return {
            "id": self.id,
            "scope": self.scope.value,
            "name": self.name,
            "from": self.start.isoformat(),
            "to": self.end.isoformat(),
            "reason": self.reason,
            "by": self.by,
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> AnnouncedWindow:
        """The inverse of `to_json`."""
        return cls(
            id=found["id"],
            scope=Scope(found["scope"]),
            name=found["name"],
            start=datetime.fromisoformat(found["from"]),
            end=datetime.fromisoformat(found["to"]),
            reason=found["reason"],
            by=found["by"],
        )


def announced(fleet: Fleet, windows: Iterable[AnnouncedWindow]) -> Fleet:
    """`fleet` with the windows among the maintenance of the sites that they concern."""
    known = list(windows)
    return Fleet(tuple(_with(site, known) for site in fleet.sites), fleet.policy)


def _with(site: Site, windows: Sequence[AnnouncedWindow]) -> Site:
    found = [
        OneOffMaintenance(w.start, w.end, f"{w.reason} ({w.by})")
        for w in windows
        if w.concerns(site)
    ]
    return replace(site, maintenance=(*site.maintenance, *found)) if found else site
