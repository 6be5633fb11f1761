"""Finds what goes by another name in the configuration now, and is the same as before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from supportops.sites.incident import Incident, IncidentKey, IncidentKind, StandingKey
from supportops.sites.site import Fleet
from supportops.sites.standing import SiteState, Standing, Track

_GOOD_CHECKS = "good_checks_before"


def renamed_sites(standings: Mapping[StandingKey, Standing], fleet: Fleet) -> dict[str, str]:
    """Old names and new: a site that is gone, and one never checked with the same address.

    Only where neither address is that of several sites: otherwise nobody knows which is which.
    """
    checked = {name for name, _, _ in standings}
    listed = fleet.by_name()
    gone = {
        name: standing.last.url
        for (name, page, track), standing in standings.items()
        if name not in listed and page == "" and track is Track.OUTAGE and standing.last
    }
    fresh = {site.url: site.name for site in fleet.sites if site.name not in checked}
    shared = Counter(site.url for site in fleet.sites) + Counter(gone.values())
    return {old: fresh[url] for old, url in gone.items() if url in fresh and shared[url] == 2}


def renamed_hosts(open_: Mapping[IncidentKey, Incident], fleet: Fleet) -> dict[str, str]:
    """Old names and new of servers that are down: all that failed on it is on one other now.

    Not where that other server is known to be down itself.
    """
    hosts = {site.name: site.host for site in fleet.sites}
    listed = set(hosts.values())
    found = {}
    for kind, host in open_:
        if kind is IncidentKind.HOST_OUTAGE and host not in listed:
            sites = open_[kind, host].facts.get("sites", ())
            new = {hosts[name] for name in sites if name in hosts}
            if len(new) == 1 and (name := new.pop()) and (kind, name) not in open_:
                found[host] = name
    return {old: new for old, new in found.items() if list(found.values()).count(new) == 1}


def with_good_checks(facts: Mapping[str, Any], standing: Standing | None) -> dict[str, Any]:
    """The facts of an outage that goes on under a new name: with the good checks in a row under
    the old one, which count for the recovery too."""
    others = {name: value for name, value in facts.items() if name != _GOOD_CHECKS}
    if standing is None or not standing.good_streak or standing.checked_at is None:
        return others
    found = {"in_a_row": standing.good_streak, "last": standing.checked_at.isoformat()}
    return {**others, _GOOD_CHECKS: found}


def standing_when_renamed(incident: Incident) -> Standing:
    """How the site stood when its outage went on under this name."""
    down = Standing(SiteState.DOWN, down=True, since=incident.started_at)
    good = incident.facts.get(_GOOD_CHECKS)
    if not good:
        return down
    last = datetime.fromisoformat(good["last"])
    return replace(down, good_streak=good["in_a_row"], checked_at=last)
