"""A wide alert as one receiver reads it: about its own sites, and without a word of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from supportops.alerts.alert import Affected, Alert
from supportops.alerts.policy import AlertPolicy
from supportops.alerts.routing.matching import visible_to
from supportops.instants import aware_instant

# What counts sites of others too, or is the last instant of any.
_COUNTS = ("checked", "failed", "last_good_at", "rest")
# What a check of one site left in the facts: its address, and what its server answered.
_EVIDENCE = ("url", "address", "detail", "status", "phases", "certificate_expires", "redirects")


def for_target(alert: Alert, target: str, policy: AlertPolicy) -> Alert:
    """`alert` with what the `policy` lets `target` read of it."""
    theirs = visible_to(target, alert, policy)
    return alert if theirs is None else narrowed(alert, theirs)


def narrowed(alert: Alert, theirs: Sequence[Affected]) -> Alert:
    """A wide alert about `theirs`, some of its sites: no name of another, no count of them.

    Times are theirs too: the first failure, and the end where all of them have one.
    """
    mine = {each.site for each in theirs}
    others = {each.site for each in alert.affected} - mine
    facts = {name: _without(value, others) for name, value in alert.facts.items()}
    for name in (*_COUNTS, *(() if _is_of(alert, mine) else _EVIDENCE)):
        facts.pop(name, None)
    facts |= {"narrowed": True, "sites": sorted(map(str, mine)), "down": len(mine)}
    if isinstance(present := facts.get("present"), Mapping) and "down" in present:
        failing = sum(each.until is None for each in theirs)
        facts["present"] = {"state": present.get("state"), "down": failing}
    return replace(alert, facts=facts | _times(alert, theirs) | _end(facts, theirs))


def _is_of(alert: Alert, mine: set[str | None]) -> bool:
    """Whether the evidence was left by a check of one of these sites, or of none."""
    return alert.facts.get("evidence_of") in {None, *mine}


def _without(value: Any, others: set[str | None]) -> Any:
    """A list without the names of others, or what it has under them; anything else as it is."""
    if not isinstance(value, list):
        return value
    return [each for each in value if _site(each) not in others]


def _times(alert: Alert, theirs: Sequence[Affected]) -> dict[str, str]:
    since = [each.since for each in theirs if each.since is not None]
    until = [each.until for each in theirs if each.until is not None]
    times: dict[str, str] = {}
    if since and (first := aware_instant(alert.facts.get("first_failed_at"))):
        times["first_failed_at"] = max(first, min(since)).isoformat()
    if alert.resolved_at is not None and len(until) == len(theirs) and until:
        times["ended_at"] = min(max(until), alert.resolved_at).isoformat()
    return times


def _end(facts: Mapping[str, Any], theirs: Sequence[Affected]) -> dict[str, str]:
    """How a partial end is announced to those whose sites are only some of them."""
    if facts.get("ending") != "partly_recovered":
        return {}
    if all(each.until for each in theirs):
        return {"ending": "recovered", "over": "sites are up again"}
    still = facts.get("still_down")
    if still:
        return {"over": f"{len(still)} of {len(theirs)} sites still down"}
    return {"over": "all sites answer, but not steadily"}


def _site(listed: Any) -> str | None:
    """The site that an entry of a list names, by itself or as its `site`."""
    named = listed.get("site") if isinstance(listed, Mapping) else listed
    return named if isinstance(named, str) else None
