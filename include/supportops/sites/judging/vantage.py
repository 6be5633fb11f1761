"""Whether a run saw nothing because our own connection is down."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from supportops.sites.ending import Ending
from supportops.sites.incident import VANTAGE, Incident, affected, evidence
from supportops.sites.judging.judged_run import BLIND, JudgedRun, counting
from supportops.sites.site import Site
from supportops.sites.standing import Track


def judge_vantage(run: JudgedRun) -> bool:
    """Whether this run saw nothing because our own connection is down."""
    controls = [tries for (site, _), tries in run.attempts.items() if site == VANTAGE]
    mains = [
        (run.sites[site], tries)
        for (site, page), made in run.attempts.items()
        if page == "" and site in run.sites and (tries := counting(made))
    ]
    failing = [
        (site, tries[0].result.checked_at)
        for site, tries in mains
        if tries[-1].bad_for(Track.OUTAGE)
    ]
    if controls:
        gone = all(not tries[-1].result.good for tries in controls)
    else:  # A run that was cut short before it checked them: what was known holds.
        gone = bool(run.fleet.policy.vantage) and BLIND in run.open
    # Half is enough: sites in our own network still answer when the way out is gone. A run in
    # which no check counts says nothing, so what was known holds.
    # Sites that are still to come in this run may turn out to answer.
    total = len(mains) + len(run.pending)
    most = len(failing) * 2 >= total if failing else not total and BLIND in run.open
    blind = gone and most
    if blind and BLIND not in run.open:
        last = controls[0][-1].result
        first = min(tries[0].result.checked_at for tries in controls)
        facts = evidence(last) | {"checked": len(mains), "down": len(failing)}
        facts["affected"] = affected(_not_announced(failing))
        facts["first_failed_at"] = first.isoformat()
        why = f"{len(failing)} of {len(mains)} sites and every control address failed together"
        run.open_incident(Incident(*BLIND, last.reason.value, first, run.at, facts=facts), why)
    elif blind:
        known = run.open[BLIND].facts.get("affected", ())
        bad = {site.name for site, _ in failing}
        fine = {s.name: t[0].result.checked_at for s, t in mains if s.name not in bad}
        run.update(BLIND, affected=affected(_not_announced(failing), known, fine))
    elif BLIND in run.open:
        _end_blindness(run, len(failing), len(mains))
    return blind


def _end_blindness(run: JudgedRun, failing: int, checked: int) -> None:
    answers = {
        is_control: [
            attempt.result.checked_at
            for (site, _), tries in run.attempts.items()
            for attempt in tries
            if attempt.result.good and (site == VANTAGE) is is_control
        ]
        for is_control in (True, False)
    }
    fail = f"{failing} of {checked} sites fail" if failing else ""
    if answers[True]:
        why = "our connection is back"
        run.close(BLIND, min(answers[True]), Ending.CONNECTION_BACK, why, rest=fail)
    else:
        at, rest = min(answers[False], default=run.at), "no control address answers"
        rest = f"{rest}, {fail}" if fail else rest
        run.close(BLIND, at, Ending.SITES_ANSWER, "most sites answer again", rest=rest)


def _not_announced(failing: Iterable[tuple[Site, datetime]]) -> list[tuple[Site, datetime]]:
    """Without the sites that are in maintenance, of which nobody expects to hear."""
    return [(site, at) for site, at in failing if not site.in_maintenance(at)]
