"""A run of checks while it is judged: its incidents are opened, updated and closed here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from supportops.sites.ending import Ending
from supportops.sites.incident import (
    Change,
    ChangeKind,
    FleetState,
    Incident,
    IncidentKey,
    IncidentKind,
    Run,
    StandingKey,
)
from supportops.sites.site import Fleet
from supportops.sites.standing import Attempt, Track

BLIND = (IncidentKind.BLIND, "our connection")


class JudgedRun:
    """One run while it is judged: standings and open incidents as they become, and what changed.

    `at`: the last check of the run, else its slot. `attempts`: the tries by site and page, in
    order. `judged`: the pages that an earlier part of the run was judged by; `pending`: the sites
    that a later part may bring. `touched`: the standings that this run changed. `taken_over`: by
    site, the outage of its server that ended in this run although the site is down.
    """

    def __init__(self, before: FleetState, run: Run, fleet: Fleet) -> None:
        self.standings = dict(before.standings)
        self.open = dict(before.open)
        self.changes: list[Change] = []
        self.fleet = fleet
        self.sites = fleet.by_name()
        self.at = max((a.result.checked_at for a in run.attempts), default=run.slot)
        self.attempts = _by_page(run.attempts)
        self.judged, self.pending = run.judged, run.pending
        self.touched: set[StandingKey] = set()
        self.taken_over: dict[str, Incident] = {}

    def open_incident(self, incident: Incident, why: str) -> None:
        """Opens an incident; `why` is what led to it."""
        self.open[(incident.kind, incident.subject)] = incident
        self.changes.append(Change(ChangeKind.OPENED, incident, why))

    def close(
        self, key: IncidentKey, ended_at: datetime, ending: Ending, why: str, **facts: Any
    ) -> None:
        """Ends an incident; `why` is what people read about it, `rest` what is wrong still."""
        incident = self.open.pop(key)
        ended_at = max(ended_at, incident.started_at)
        end = {"ended_at": ended_at.isoformat(), "ending": ending.value, "over": why}
        facts = {**incident.facts, **end, **facts}
        closed_at = self._judged_at(incident)
        closed = replace(incident, ended_at=ended_at, closed_at=closed_at, facts=facts)
        self.changes.append(Change(ChangeKind.CLOSED, closed, why))

    def _judged_at(self, incident: Incident) -> datetime:
        """When this run last checked the page of an incident; the run's last check for others."""
        if incident.kind in (IncidentKind.OUTAGE, IncidentKind.FAULT):
            key = (incident.site or "", incident.page or "", Track(incident.kind.value))
            if key in self.touched:
                return self.standings[key].checked_at or self.at
        return self.at

    def update(self, key: IncidentKey, flapping: bool | None = None, **facts: Any) -> None:
        """Gives an open incident other facts; no change where they are what they were."""
        before = self.open[key]
        flag = before.flapping if flapping is None else flapping
        after = replace(before, flapping=flag, facts={**before.facts, **facts, "flapping": flag})
        if flag != before.flapping or any(before.facts.get(k) != v for k, v in facts.items()):
            self.open[key] = after
            self.changes.append(Change(ChangeKind.UPDATED, after, "it changed while open"))


def counting(tries: Sequence[Attempt]) -> list[Attempt]:
    """The tries that say something about the page: those that did not fail on our side."""
    return [attempt for attempt in tries if attempt.result.counts]


def going_on_from(server: Incident, incident: Incident) -> Incident:
    """`incident` of a site, announced so far by that of its `server`."""
    return replace(incident, facts={**incident.facts, "follows": followed_by(server)})


def followed_by(incident: Incident) -> list[str]:
    """The keys of the incidents that one which goes on from `incident` follows."""
    return [*incident.facts.get("follows", ()), incident.key]


def _by_page(attempts: Iterable[Attempt]) -> dict[tuple[str, str], list[Attempt]]:
    pages: defaultdict[tuple[str, str], list[Attempt]] = defaultdict(list)
    for attempt in sorted(attempts, key=lambda a: (a.site, a.page, a.number)):
        pages[(attempt.site, attempt.page)].append(attempt)
    return dict(pages)
