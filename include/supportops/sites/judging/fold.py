"""Folds runs of checks into incidents: what began, what ended, and what caused it all.

The root cause is decided before any incident is opened: first whether our own connection is down,
then whether a shared server is, and only then each site, so that one cause is one incident.
"""

from __future__ import annotations

from supportops.sites.incident import Change, FleetState, Run
from supportops.sites.judging.changed_sites import follow_configuration
from supportops.sites.judging.ending_certificates import judge_certificates
from supportops.sites.judging.judged_run import JudgedRun
from supportops.sites.judging.pages import advance_site, judge_degraded, judge_pages
from supportops.sites.judging.servers import judge_servers
from supportops.sites.judging.vantage import judge_vantage
from supportops.sites.site import Fleet


def fold(before: FleetState, run: Run, fleet: Fleet) -> tuple[FleetState, list[Change]]:
    """The state after `run`, and what it opened, updated and closed.

    Pure: the same state, run and fleet give the same answer. Sites that the run did not check
    keep their standing; what the fleet no longer has is forgotten.
    """
    judged = JudgedRun(before, run, fleet)
    follow_configuration(judged)
    if judged.attempts:
        _judge(judged)
    return FleetState(judged.standings, judged.open), judged.changes


def _judge(run: JudgedRun) -> None:
    blind = judge_vantage(run)
    for name in sorted({site for site, _ in run.attempts if site in run.sites}):
        advance_site(run, run.sites[name], blind)
    judge_servers(run)
    judge_pages(run)
    judge_degraded(run)
    judge_certificates(run)
