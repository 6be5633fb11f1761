"""What an incident says when it is opened: who, since when, why, and the evidence for people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from supportops.sites.check import WORDS, ProbeResult, instant_to_json, result_to_json
from supportops.sites.incident import Incident, IncidentKey, IncidentKind
from supportops.sites.site import Site
from supportops.sites.standing import Standing, Track


def page_subject(track: Track, name: str, page: str) -> str:
    """What an incident of a page is about: different for every page, whatever sites are called.

    A path begins with a slash and has no space, so no name can be mistaken for another's page.
    """
    if track is Track.OUTAGE:
        return name
    return f"{name} {page}" if page else f"{name} (front page)"


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
    host: str, down: Mapping[str, Standing], first: Standing, known: int, at: datetime
) -> Incident:
    """A server's outage: the sites that are down on it, and the evidence of the first of them."""
    assert first.since is not None
    assert first.last_bad is not None
    good = [s.last_good_at for s in down.values() if s.last_good_at]
    facts = evidence(first.last_bad) | {
        "sites": sorted(down),
        "checked": known,
        "down": len(down),
        "first_failed_at": first.since.isoformat(),
        "last_good_at": instant_to_json(max(good, default=None)),
    }
    reason = first.last_bad.reason.value
    kind = IncidentKind.HOST_OUTAGE
    return Incident(kind, host, reason, first.since, at, host=host, facts=facts)


def certificate_incident(key: IncidentKey, site: Site, last: ProbeResult, why: str) -> Incident:
    return Incident(
        *key,
        "certificate_ends",
        last.checked_at,
        last.checked_at,
        site=site.name,
        host=site.host,
        customer=site.customer,
        facts=evidence(last) | {"words": why},
    )


def evidence(result: ProbeResult) -> dict[str, Any]:
    return result_to_json(result) | {"words": WORDS[result.reason]}
