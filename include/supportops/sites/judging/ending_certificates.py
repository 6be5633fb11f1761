"""Certificates that end soon: warned about in steps, until another takes their place."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from supportops.sites.certificates import end_in_words, is_successor, step_reached
from supportops.sites.check import ProbeResult, Reason, instant_from_json, instant_to_json
from supportops.sites.ending import Ending
from supportops.sites.incident import IncidentKey, IncidentKind, certificate_incident
from supportops.sites.judging.judged_run import JudgedRun
from supportops.sites.site import Site
from supportops.sites.standing import Track


def judge_certificates(run: JudgedRun) -> None:
    """Only where the front page answers; a certificate that prevents it is an outage."""
    for name, site in sorted(run.sites.items()):
        if (name, "", Track.OUTAGE) in run.touched:
            last = run.standings[(name, "", Track.OUTAGE)].last
            if last is not None and (last.good or last.reason is Reason.SLOW):
                _judge_certificate(run, site, last)


def _judge_certificate(run: JudgedRun, site: Site, last: ProbeResult) -> None:
    key = (IncidentKind.CERTIFICATE, site.name)
    if last.certificate_expires is None:
        if key in run.open:
            why = "the site has no certificate any more: it is not served over HTTPS"
            run.close(key, last.checked_at, Ending.NO_CERTIFICATE, why)
        return
    if key in run.open:
        _follow_certificate(run, key, site, last, last.certificate_expires)
        return
    left = last.certificate_expires - last.checked_at
    step = step_reached(left, site.expect.certificate_days)
    if step is not None:
        why = end_in_words(left)
        run.open_incident(certificate_incident(key, site, last, why, step), why)


def _follow_certificate(
    run: JudgedRun, key: IncidentKey, site: Site, last: ProbeResult, expires: datetime
) -> None:
    """Follows the earliest end that a site shows, until a later one is sure to replace it."""
    facts, at = run.open[key].facts, last.checked_at
    worst = instant_from_json(facts.get("certificate_expires")) or expires
    since = instant_from_json(facts.get("better_since"))
    left, alternates = expires - at, bool(facts.get("alternates"))
    step = step_reached(left, site.expect.certificate_days)
    if expires > worst:
        if since is None:
            run.update(key, better_since=instant_to_json(at))
        elif is_successor(since, at, alternates=alternates, site=site):
            _succeed(run, key, expires, left, step, since)
    elif step is None:
        limit = max(site.expect.certificate_days, default=0)
        why = f"the same certificate, which is warned about only {limit} days before its end"
        run.close(key, at, Ending.LIMIT_CHANGED, why)
    else:
        known: dict[str, Any] = {"certificate_expires": instant_to_json(expires)}
        if since is not None:
            known |= {"better_since": None, "alternates": True}
        if step < facts.get("step", step + 1):
            known |= {"step": step, "step_at": instant_to_json(at), "words": end_in_words(left)}
        run.update(key, **known)


def _succeed(
    run: JudgedRun,
    key: IncidentKey,
    expires: datetime,
    left: timedelta,
    step: int | None,
    since: datetime,
) -> None:
    """Another certificate took the place of the one that was warned about."""
    if step is None:
        run.close(key, since, Ending.RENEWED, f"renewed ({left.days} days left)")
        return
    ends, words = instant_to_json(expires), end_in_words(left)
    run.update(key, certificate_expires=ends, step=step, words=words, better_since=None)
