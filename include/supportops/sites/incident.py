"""An incident: something wrong with a site or a server, from its first failed check to its end.

The functions at the end open an incident of each kind: its subject, start and evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from supportops.instants import aware_instant
from supportops.sites.check import WORDS, ProbeResult, Reason, instant_to_json, result_to_json
from supportops.sites.ending import Ending
from supportops.sites.site import Site
from supportops.sites.standing import Attempt, Standing, Track

VANTAGE = "@vantage"
StandingKey = tuple[str, str, Track]
IncidentKey = tuple["IncidentKind", str]


class IncidentKind(StrEnum):
    """What is wrong: a site, a server, a page, a certificate, our own connection (`BLIND`), a job
    that pushes (its silence, its failure, a value that it reports), or a domain: the end of its
    registration, its changed records, and those of its mail."""

    OUTAGE = "outage"
    HOST_OUTAGE = "host_outage"
    FAULT = "fault"
    CERTIFICATE = "certificate"
    BLIND = "blind"
    PUSH_MISSING = "push_missing"
    PUSH_FAILED = "push_failed"
    PUSH_LIMIT = "push_limit"
    REGISTRATION = "registration"
    DNS_CHANGE = "dns_change"
    MAIL_RECORDS = "mail_records"


@dataclass(frozen=True, slots=True)
class Incident:
    """Something wrong from `started_at` (the first failed check) to `ended_at` (the first good).

    `opened_at` and `closed_at` are the instants of the checks that confirmed each. `facts` are
    JSON values for people: what failed, how, where, and which sites with it.
    """

    kind: IncidentKind
    subject: str
    reason: str
    started_at: datetime
    opened_at: datetime
    site: str | None = None
    page: str | None = None
    host: str | None = None
    customer: str | None = None
    ended_at: datetime | None = None
    closed_at: datetime | None = None
    flapping: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Unique: of one kind and subject, no two are opened by the same check.

        Two may well start with the same one: a server's sites recover all but one, whose first
        failure is then the start of the server's next outage too.
        """
        return f"{self.kind}:{self.subject}:{self.opened_at.isoformat()}"


class ChangeKind(StrEnum):
    """What a run did to an incident."""

    OPENED = "opened"
    UPDATED = "updated"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Change:
    """What a run did to an incident, and why."""

    kind: ChangeKind
    incident: Incident
    why: str


@dataclass(frozen=True, slots=True)
class FleetState:
    """All that a fold needs of the past: the standing of each page, and the open incidents."""

    standings: Mapping[StandingKey, Standing] = field(default_factory=dict)
    open: Mapping[IncidentKey, Incident] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of checks, or what of it is judged at once: the attempts in any order.

    A run that is judged in parts has, in each, the attempts of the earlier ones too, whose pages
    (site and path) are in `judged`. `pending` are the sites that will be judged later.
    """

    slot: datetime
    attempts: Sequence[Attempt]
    judged: frozenset[tuple[str, str]] = frozenset()
    pending: frozenset[str] = frozenset()


def failed_since(incident: Incident) -> datetime:
    """The first failed check, which under another name is earlier than `started_at`."""
    return aware_instant(incident.facts.get("first_failed_at")) or incident.started_at


def ended_well(incident: Incident) -> bool:
    """Whether it works again, as far as is known: closed without a reason counts as well."""
    ending = incident.facts.get("ending")
    return ending not in {each.value for each in Ending if not each.good}


def page_subject(track: Track, name: str, page: str) -> str:
    """The subject of an incident of a page: different for every page, whatever sites are called.

    A path begins with a slash and has no space, so no name can be mistaken for another's page.
    """
    if track is Track.OUTAGE:
        return name
    return f"{name} {page}" if page else f"{name} (front page)"


def closed(
    incident: Incident, ended_at: datetime, closed_at: datetime, ending: Ending, why: str
) -> Change:
    """The end of an incident, for the reason `why`, which people read."""
    ended_at = max(ended_at, incident.started_at)
    end = {"ended_at": ended_at.isoformat(), "ending": ending.value, "over": why}
    over = replace(
        incident,
        ended_at=ended_at,
        closed_at=max(closed_at, incident.opened_at),
        facts={**incident.facts, **end},
    )
    return Change(ChangeKind.CLOSED, over, why)


DEGRADED = "degraded"


def degraded_subject(track: Track, name: str, page: str) -> str:
    """The subject of an incident of a page that fails at times, beside that of `page_subject`."""
    if track is Track.OUTAGE:
        return f"{name} (degraded)"
    return f"{name} {page} (degraded)" if page else f"{name} (slow at times)"


def degraded_incident(
    key: IncidentKey, site: Site, page: str, standing: Standing, at: datetime
) -> Incident:
    """A page that fails too often without being down, seen by the check at `at`."""
    rate = standing.rate
    assert rate.since is not None
    assert standing.last_bad is not None
    what = "are slow" if standing.last_bad.reason is Reason.SLOW else "fail"
    minutes = round((rate.runs[-1].at - rate.runs[0].at).total_seconds() / 60)
    words = (
        f"{rate.failed} of {rate.made} requests in {minutes} min {what}, "
        f"the last with: {WORDS[standing.last_bad.reason]}"
    )
    facts = evidence(standing.last_bad) | {
        "words": words,
        "failed": rate.failed,
        "requests": rate.made,
        "first_failed_at": rate.since.isoformat(),
        "page": page,
    }
    return Incident(
        *key,
        DEGRADED,
        rate.since,
        at,
        site=site.name,
        page=page,
        host=site.host,
        customer=site.customer,
        facts=facts,
    )


def page_incident(
    kind: IncidentKind, subject: str, site: Site, page: str, standing: Standing, at: datetime
) -> Incident:
    """An outage, or a fault, of one page that was confirmed at `at`."""
    assert standing.since is not None
    assert standing.last_bad is not None
    facts = evidence(standing.last_bad) | {
        "first_failed_at": standing.since.isoformat(),
        "last_good_at": instant_to_json(standing.last_good_at),
        "page": page,
    }
    return Incident(
        kind,
        subject,
        standing.last_bad.reason.value,
        standing.since,
        at,
        site=site.name,
        page=page,
        host=site.host,
        customer=site.customer,
        flapping=standing.flapping,
        facts=facts,
    )


def host_incident(
    host: str,
    sites: Iterable[Site],
    down: Mapping[str, Standing],
    first: Standing,
    known: int,
    at: datetime,
) -> Incident:
    """A server's outage: the sites that are down on it, and the evidence of the first of them.

    `sites` are those on the server; `down` has the standing of each that is down.
    """
    assert first.since is not None
    assert first.last_bad is not None
    good = [s.last_good_at for s in down.values() if s.last_good_at]
    facts = evidence(first.last_bad) | {
        "sites": sorted(down),
        "affected": affected((s, down[s.name].since) for s in sites if s.name in down),
        "evidence_of": next(name for name, standing in down.items() if standing is first),
        "checked": known,
        "down": len(down),
        "first_failed_at": first.since.isoformat(),
        "last_good_at": instant_to_json(max(good, default=None)),
    }
    reason = first.last_bad.reason.value
    kind = IncidentKind.HOST_OUTAGE
    return Incident(kind, host, reason, first.since, at, host=host, facts=facts)


def affected(
    failing: Iterable[tuple[Site, datetime | None]],
    known: Iterable[Mapping[str, Any]] = (),
    back: Mapping[str, datetime | None] | None = None,
) -> list[dict[str, Any]]:
    """The sites that a cause wider than one of them affects, whose they are, and since when.

    `failing`: each with its first failure; those `known` from before keep theirs. `back` has the
    first good check of those that answer again, by name. JSON values, in the order of the sites'
    names: who is notified of which sites goes by them.
    """
    found = {str(each["site"]): dict(each) for each in known}
    for site, instant in failing:
        entry = {"site": site.name, "customer": site.customer, "since": instant_to_json(instant)}
        found.setdefault(site.name, entry).pop("until", None)
    for name in found.keys() & (back or {}).keys():
        found[name].setdefault("until", instant_to_json((back or {})[name]))
    return [found[name] for name in sorted(found)]


def certificate_incident(
    key: IncidentKey, site: Site, last: ProbeResult, why: str, step: int
) -> Incident:
    """A certificate that expires soon, seen by the check `last`; `why` says how soon, `step` which
    of the steps before its end was passed."""
    return Incident(
        *key,
        "certificate_ends",
        last.checked_at,
        last.checked_at,
        site=site.name,
        host=site.host,
        customer=site.customer,
        facts=evidence(last)
        | {"words": why, "step": step, "step_at": instant_to_json(last.checked_at)},
    )


def evidence(result: ProbeResult) -> dict[str, Any]:
    """The facts of an incident that come from a check: JSON values, and the reason in words."""
    return result_to_json(result) | {"words": WORDS[result.reason]}
