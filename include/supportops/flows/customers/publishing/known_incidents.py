"""Whom incidents hurt, and from when to when, as a status page may say it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from supportops.customers import Customers
from supportops.instants import aware_instant
from supportops.sites.ending import Ending
from supportops.sites.incident import DEGRADED, Incident, IncidentKind, ended_well, failed_since
from supportops.sites.site import Site
from supportops.status_pages.page import State
from supportops.status_pages.selecting import Hurt, KnownIncident


def known_incidents(
    stored: Sequence[Incident], customers: Customers, sites: Mapping[str, Site]
) -> list[KnownIncident]:
    """The incidents that customers can see, with whom each hurts; what goes on as another incident
    is a part of that one from its beginning, and is over when that one is."""
    hurts = {each.key: list(_hurts(each, customers, sites)) for each in stored if _state(each)}
    _join(stored, hurts)
    return [
        KnownIncident(each.key, state, tuple(hurts[each.key]))
        for each in stored
        if (state := _state(each)) is not None
    ]


def without_covered(incidents: Iterable[KnownIncident]) -> list[KnownIncident]:
    """Without what lasts as a part of something worse: a page of a site that is down, and a site
    whose server is."""
    known = list(incidents)
    cause: dict[str, str] = {}
    for each in sorted(known, key=lambda each: len(each.hurts)):
        if each.state is State.DOWN:
            cause.update({hurt.site: each.key for hurt in each.hurts if hurt.until is None})
    return [
        replace(
            each,
            hurts=tuple(
                hurt
                for hurt in each.hurts
                if hurt.until is not None or cause.get(hurt.site, each.key) == each.key
            ),
        )
        for each in known
    ]


def _state(incident: Incident) -> State | None:
    """How the incident shows; None for one that no customer can see."""
    match incident.kind:
        case IncidentKind.OUTAGE:
            return State.DEGRADED if incident.reason == DEGRADED else State.DOWN
        case IncidentKind.HOST_OUTAGE:
            return State.DOWN
        case IncidentKind.FAULT:
            return State.DEGRADED if incident.reason == DEGRADED else State.FAULT
        case _:
            return None


def _hurts(incident: Incident, customers: Customers, sites: Mapping[str, Site]) -> Iterator[Hurt]:
    """Each site with its customer of that time."""
    over = None if incident.closed_at is None else incident.ended_at or incident.closed_at
    partly = incident.facts.get("ending") == Ending.PARTLY_RECOVERED.value
    good = partly or ended_well(incident)
    if incident.site is not None:
        owner = incident.customer or getattr(sites.get(incident.site), "customer", None)
        yield Hurt(incident.site, customers.key(owner), failed_since(incident), over, good)
        return
    listed = incident.facts.get("affected")
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, Mapping) and each.get("site") and each.get("customer"):
            since = aware_instant(each.get("since")) or incident.started_at
            back = aware_instant(each.get("until"))
            key = customers.key(str(each["customer"]))
            yield Hurt(str(each["site"]), key, since, back or over, good or back is not None)


def _join(stored: Sequence[Incident], hurts: dict[str, list[Hurt]]) -> None:
    """Moves what was before to the incident that it goes on as."""
    renamed = {each.key for each in stored if each.facts.get("ending") == Ending.RENAMED.value}
    for later in stored:
        follows = later.facts.get("follows")
        for key in map(str, follows if isinstance(follows, list | tuple) else ()):
            after = hurts.get(later.key, []) if key != later.key else []
            for before in tuple(hurts.get(key, ())):
                for place, each in enumerate(after):
                    if _goes_on(before, each, key in renamed):
                        hurts[key].remove(before)
                        after[place] = replace(each, since=min(each.since, before.since))
                        break


def _goes_on(before: Hurt, after: Hurt, renamed: bool) -> bool:
    return before.customer == after.customer and (renamed or before.site == after.site)
