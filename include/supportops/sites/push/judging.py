"""Folds the pushes of a monitor into incidents: silence, failure, and values above their limits.

Pure: the same standing, pushes and surroundings give the same answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from supportops.sites.check import instant_to_json
from supportops.sites.ending import Ending
from supportops.sites.incident import Change, ChangeKind, Incident, IncidentKind, closed
from supportops.sites.push.content import Outcome
from supportops.sites.push.monitor import Monitor
from supportops.sites.push.standing import (
    Push,
    PushStanding,
    Surroundings,
    above,
    after,
    expected,
)
from supportops.sites.site import Site

KINDS = (IncidentKind.PUSH_MISSING, IncidentKind.PUSH_FAILED, IncidentKind.PUSH_LIMIT)
Open = Mapping[IncidentKind, Incident]


@dataclass(frozen=True, slots=True)
class Judged:
    """The standing after the pushes, the incidents that are open, and what was changed."""

    standing: PushStanding
    open: Open
    changes: tuple[Change, ...]


def judge(
    monitor: Monitor,
    standing: PushStanding,
    pushes: Sequence[Push],
    still_open: Open,
    around: Surroundings,
    site: Site | None = None,
    *,
    at_once: bool = False,
) -> Judged:
    """`pushes` come in the order of their numbers. `site`: the one that the monitor is about.

    `at_once`: for a push that has just come; it opens what it reports, and leaves ends and silence
    to the judgement that comes every five minutes, so that a job that fails in turns opens one
    incident in that time and not one a minute.
    """
    judging = _Judging(monitor, standing, dict(still_open), around.now, site)
    for push in pushes:
        if at_once:
            judging.standing = after(judging.standing, push)
            judging.failure()
        else:
            judging.silence(replace(around, now=min(push.received_at, around.now)))
            judging.push(push)
    if not at_once:
        judging.end_failure()
        judging.silence(around)
        judging.limits(around)
    return Judged(judging.standing, judging.open, tuple(judging.changes))


class _Judging:
    def __init__(
        self,
        monitor: Monitor,
        standing: PushStanding,
        still_open: dict[IncidentKind, Incident],
        now: datetime,
        site: Site | None,
    ) -> None:
        self.monitor, self.standing, self.site = monitor, standing, site
        self.open, self.now = still_open, now
        self.changes: list[Change] = []
        self._follow_configuration()

    def push(self, push: Push) -> None:
        self.standing = after(self.standing, push)
        if push.content.outcome is Outcome.REFUSED:
            return
        if missing := self.open.get(IncidentKind.PUSH_MISSING):
            ended = max(push.received_at, missing.started_at)
            self._close(missing, ended, Ending.RECOVERED, "a push came again")
        self.failure()

    def failure(self) -> None:
        """A failure is an incident at once, and one until a good push comes."""
        standing = self.standing
        if standing.failed_at is None:
            return
        words = _failure_words(standing)
        facts = {"words": words, "exit_code": standing.exit_code, "detail": standing.message}
        if found := self.open.get(IncidentKind.PUSH_FAILED):
            self._update(found, facts)
            return
        self._open(IncidentKind.PUSH_FAILED, "failed", standing.failed_at, facts)

    def end_failure(self) -> None:
        found = self.open.get(IncidentKind.PUSH_FAILED)
        if found is not None and self.standing.failed_at is None:
            ended = self.standing.good_at or self.now
            self._close(found, ended, Ending.RECOVERED, "the last push reports success")

    def silence(self, around: Surroundings) -> None:
        """Not while the last push reported a failure: that is known, and why nothing works."""
        next_push = expected(self.monitor, self.standing, around)
        if IncidentKind.PUSH_MISSING in self.open or not next_push.passed(around.now):
            return
        if failed := self.open.get(IncidentKind.PUSH_FAILED):
            words = f"{_failure_words(self.standing)}; no push since"
            self._update(failed, {"words": words})
            return
        standing = self.standing
        last = standing.pushed_at
        words = "no push has ever come" if last is None else "no push in time"
        if standing.refused_at is not None and standing.refused_at >= (last or standing.since):
            words = f"{words}; the last one was refused: {standing.refused}"
        facts = {"words": words, "expected_at": instant_to_json(next_push.at)}
        self._open(IncidentKind.PUSH_MISSING, "silent", next_push.at, facts, around.now)

    def limits(self, around: Surroundings) -> None:
        """Of values that are known now: not while the monitor is silent, or its site down."""
        limits = str(self.monitor.limits)
        words = "; ".join(above(self.monitor.limits, self.standing, around.now))
        found = self.open.get(IncidentKind.PUSH_LIMIT)
        if not words and found is not None:
            if found.facts.get("limits") == limits:
                self._close(found, around.now, Ending.RECOVERED, "within the limits")
            else:
                self._close(found, around.now, Ending.LIMIT_RAISED, "its limits were changed")
        elif words and found is not None:
            self._update(found, {"words": words, "limits": limits})
        elif words and not self._hidden(around):
            started = self.standing.pushed_at or around.now
            facts = {"words": words, "limits": limits}
            self._open(IncidentKind.PUSH_LIMIT, "limit", started, facts)

    def _hidden(self, around: Surroundings) -> bool:
        now = around.now
        down = any(span.start <= now < span.end for span in around.down)
        return IncidentKind.PUSH_MISSING in self.open or down or around.in_maintenance(now)

    def _follow_configuration(self) -> None:
        """An open incident is called as its monitor is now, and is routed by its site of now."""
        name = self.monitor.name
        for incident in list(self.open.values()):
            place = self._place()
            if incident.subject != name:
                why = f"it is called {name} now, and has not ended"
                self._close(incident, self.now, Ending.RENAMED, why)
                facts = {**incident.facts, "follows": [*_followed(incident), incident.key]}
                renamed = replace(
                    incident, subject=name, started_at=self.now, opened_at=self.now, facts=facts
                )
                self._opened(replace(renamed, **place), f"was called {incident.subject}")
            elif any(getattr(incident, key) != value for key, value in place.items()):
                moved = replace(incident, **place)
                self.open[incident.kind] = moved
                why = "its site was changed"
                self.changes.append(Change(ChangeKind.UPDATED, moved, why))

    def _place(self) -> dict[str, Any]:
        site = self.site
        return {
            "site": self.monitor.site,
            "customer": site.customer if site else None,
            "host": site.host if site else self.monitor.server,
        }

    def _open(
        self,
        kind: IncidentKind,
        reason: str,
        started_at: datetime,
        facts: Mapping[str, Any],
        opened_at: datetime | None = None,
    ) -> None:
        whole = {
            **facts,
            "monitor": self.monitor.name,
            "token": self.monitor.token,
            "schedule": str(self.monitor.schedule),
            "urgent": self.monitor.urgent,
            "first_failed_at": started_at.isoformat(),
            "last_good_at": instant_to_json(self.standing.good_at),
        }
        incident = Incident(
            kind,
            self.monitor.name,
            reason,
            started_at,
            max(started_at, opened_at or self.now),
            facts=whole,
            **self._place(),
        )
        self._opened(incident, str(facts["words"]))

    def _opened(self, incident: Incident, why: str) -> None:
        self.open[incident.kind] = incident
        self.changes.append(Change(ChangeKind.OPENED, incident, why))

    def _update(self, incident: Incident, facts: Mapping[str, Any]) -> None:
        if all(incident.facts.get(name) == value for name, value in facts.items()):
            return
        after_ = replace(incident, facts={**incident.facts, **facts})
        self.open[incident.kind] = after_
        self.changes.append(Change(ChangeKind.UPDATED, after_, "it changed while open"))

    def _close(self, incident: Incident, ended_at: datetime, ending: Ending, why: str) -> None:
        self.open.pop(incident.kind, None)
        self.changes.append(closed(incident, ended_at, self.now, ending, why))


def removed(incident: Incident, now: datetime) -> Change:
    """The end of an incident whose monitor is in no configuration any more."""
    why = f"{incident.subject} is no longer configured: it was removed, not mended"
    return closed(incident, now, now, Ending.MONITOR_REMOVED, why)


def _failure_words(standing: PushStanding) -> str:
    code = standing.exit_code
    return "its job reports a failure" + (f", exit code {code}" if code else "")


def _followed(incident: Incident) -> list[str]:
    found = incident.facts.get("follows", ())
    return [str(each) for each in found] if isinstance(found, list | tuple) else []
