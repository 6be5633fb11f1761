"""What is true now of an open incident: it fails, answers, cannot be seen, or is part of another.

An incident is held open while its end is not certain, so that what its first message said may no
longer be so. Whoever is notified later is to read what is true then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from supportops.sites.check import instant_to_json
from supportops.sites.incident import DEGRADED, FleetState, Incident, IncidentKey, IncidentKind
from supportops.sites.site import Fleet, Site
from supportops.sites.standing import SiteState, Standing, Track

Present = dict[str, Any]


class PresentState(StrEnum):
    """FAILS is what was announced. UNSEEN: our own connection or machine is in the way. COVERED: a
    wider incident is open, of which this one is part."""

    FAILS = "fails"
    ANSWERS = "answers"
    UNSEEN = "unseen"
    COVERED = "covered"


class Held(StrEnum):
    """Why an incident is open although what failed answers."""

    CONFIRMATION = "confirmation"
    MAINTENANCE = "maintenance"
    FLAPPING = "flapping"


def presents(state: FleetState, fleet: Fleet) -> dict[IncidentKey, Present]:
    """What is true now of each open incident, in JSON's types, as the fact `present` of its alert.

    `state` is a PresentState, `held` a Held where there is one; `since` when it began to answer;
    `by` and `name` the key and the subject of the wider incident; `down` and `checked` how many
    of a server's sites fail, of how many.
    """
    sites = fleet.by_name()
    return {key: _present(incident, state, sites) for key, incident in state.open.items()}


def _present(incident: Incident, state: FleetState, sites: Mapping[str, Site]) -> Present:
    wider = _wider(incident, state)
    if wider is not None:
        return {"state": PresentState.COVERED.value, "by": wider.key, "name": wider.subject}
    blind = next((i for i in state.open.values() if i.kind is IncidentKind.BLIND), None)
    present = _alone(incident, state, sites)
    if present["state"] == PresentState.UNSEEN and blind is not None:
        return present | {"by": blind.key, "name": blind.subject}
    return present


def _alone(incident: Incident, state: FleetState, sites: Mapping[str, Site]) -> Present:
    if incident.reason == DEGRADED:  # Some of its requests succeed all the while.
        return {"state": PresentState.FAILS.value}
    match incident.kind:
        case IncidentKind.OUTAGE:
            found = state.standings.get((str(incident.site), "", Track.OUTAGE))
        case IncidentKind.FAULT:
            found = state.standings.get((str(incident.site), incident.page or "", Track.FAULT))
        case IncidentKind.HOST_OUTAGE:
            return _of_server([s for _, s in _members(incident, state, sites)])
        case _:
            found = None
    return _of_standing(found) if found is not None else {"state": PresentState.FAILS.value}


def _wider(incident: Incident, state: FleetState) -> Incident | None:
    """The open outage that this incident is part of: of its server, or of its whole site."""
    if incident.site is None:
        return None
    server = state.open.get((IncidentKind.HOST_OUTAGE, incident.host or ""))
    if server is not None and incident.site in server.facts.get("sites", ()):
        return server
    if incident.kind is IncidentKind.OUTAGE:
        return None
    return state.open.get((IncidentKind.OUTAGE, incident.site))


def _members(
    server: Incident, state: FleetState, sites: Mapping[str, Site]
) -> Iterator[tuple[str, Standing]]:
    for name, site in sites.items():
        found = state.standings.get((name, "", Track.OUTAGE))
        if site.host == server.host and found is not None:
            yield name, found


def _of_standing(standing: Standing) -> Present:
    in_maintenance = standing.state is SiteState.MAINTENANCE
    if standing.state is SiteState.UNKNOWN:
        return {"state": PresentState.UNSEEN.value}
    if standing.answers_since is None:
        held = {"held": Held.MAINTENANCE.value} if in_maintenance else {}
        return {"state": PresentState.FAILS.value, **held}
    held_by = Held.FLAPPING if standing.flapping else Held.CONFIRMATION
    return {
        "state": PresentState.ANSWERS.value,
        "since": instant_to_json(standing.answers_since),
        "held": (Held.MAINTENANCE if in_maintenance else held_by).value,
    }


def _of_server(standings: list[Standing]) -> Present:
    """Of its sites together: it answers when all of them do."""
    each = [_of_standing(standing) for standing in standings]
    states = {present["state"] for present in each}
    if states == {PresentState.ANSWERS}:
        held = {present["held"] for present in each}
        last = max(present["since"] for present in each)
        steady = Held.MAINTENANCE if Held.MAINTENANCE in held else Held.CONFIRMATION
        by = Held.FLAPPING if Held.FLAPPING in held else steady
        return {"state": PresentState.ANSWERS.value, "since": last, "held": by.value}
    if PresentState.FAILS not in states and PresentState.UNSEEN in states:
        return {"state": PresentState.UNSEEN.value}
    down = sum(present["state"] == PresentState.FAILS for present in each)
    return {"state": PresentState.FAILS.value, "down": down, "checked": len(each)}
