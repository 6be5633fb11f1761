"""What each page did: its standing after the run, and its own incidents."""

from __future__ import annotations

from collections.abc import Sequence

from supportops.sites.ending import Ending
from supportops.sites.incident import (
    IncidentKey,
    IncidentKind,
    StandingKey,
    degraded_incident,
    degraded_subject,
    page_incident,
    page_subject,
)
from supportops.sites.judging.judged_run import JudgedRun, counting, going_on_from
from supportops.sites.site import Site
from supportops.sites.standing import (
    Attempt,
    SiteState,
    Standing,
    Track,
    advance,
    suspend,
    tracks_of,
)


def advance_site(run: JudgedRun, site: Site, blind: bool) -> None:
    """Moves the standings of a site's pages on by what this run saw of them."""
    mains = counting(run.attempts.get((site.name, ""), []))
    main = run.standings.get((site.name, "", Track.OUTAGE), Standing())
    # A run that was cut short may hold pages of a site whose front page it never checked.
    main_bad = mains[-1].bad_for(Track.OUTAGE) if mains else main.down
    for page in ("", *(page.path for page in site.pages)):
        tries = run.attempts.get((site.name, page), [])
        for track in tracks_of(page):
            is_new = tries and (site.name, page) not in run.judged
            if is_new and not (track is Track.FAULT and main_bad):
                _advance(run, site, page, track, tries, blind)


def _advance(
    run: JudgedRun, site: Site, page: str, track: Track, tries: Sequence[Attempt], blind: bool
) -> None:
    key = (site.name, page, track)
    before = run.standings.get(key, Standing())
    if site.in_maintenance(tries[-1].result.checked_at):
        run.standings[key] = suspend(before, SiteState.MAINTENANCE, tries, track)
    elif blind and any(t.bad_for(track) for t in counting(tries)[-1:]):
        run.standings[key] = suspend(before, SiteState.UNKNOWN, tries, track)
    else:
        run.standings[key] = advance(before, tries, track, run.fleet.policy, site.interval)
        run.touched.add(key)


def judge_pages(run: JudgedRun) -> None:
    """Opens, continues and ends the outages and faults of pages, one incident a page and track."""
    hosts_down = {s for kind, s in run.open if kind is IncidentKind.HOST_OUTAGE}
    for key in sorted(run.standings):
        name, page, track = key
        site, standing = run.sites[name], run.standings[key]
        kind, subject = IncidentKind(track.value), page_subject(track, name, page)
        its_own = kind is IncidentKind.FAULT or site.host not in hosts_down
        if (kind, subject) in run.open:
            if key in run.touched:
                _continue(run, (kind, subject), standing)
        elif its_own and _is_to_open(run, key, standing):
            at = standing.checked_at if key in run.touched else None
            incident = page_incident(kind, subject, site, page, standing, at or run.at)
            if track is Track.OUTAGE and name in run.taken_over:
                incident = going_on_from(run.taken_over[name], incident)
            run.open_incident(incident, f"{standing.bad_streak} checks in a row failed")


def _is_to_open(run: JudgedRun, key: StandingKey, standing: Standing) -> bool:
    """What was announced with its server stays open, also while it cannot be judged."""
    announced = key[2] is Track.OUTAGE and key[0] in run.taken_over
    return standing.state is SiteState.DOWN or (standing.down and announced)


def _continue(run: JudgedRun, key: IncidentKey, standing: Standing) -> None:
    if standing.flapping != run.open[key].flapping:
        run.update(key, flapping=standing.flapping)
    if not standing.down and not standing.flapping:
        assert standing.since is not None
        words = "up again" if key[0] is IncidentKind.OUTAGE else "works again"
        run.close(key, standing.since, Ending.RECOVERED, words)


def judge_degraded(run: JudgedRun) -> None:
    """Pages that fail too often, and are not down. One that goes down stays degraded: whether
    it is well again shows when it is back."""
    hosts_down = {s for kind, s in run.open if kind is IncidentKind.HOST_OUTAGE}
    for name, page, track in sorted(run.touched):
        site, standing = run.sites[name], run.standings[(name, page, track)]
        key = (IncidentKind.FAULT, degraded_subject(track, name, page))
        own = (IncidentKind(track.value), page_subject(track, name, page))
        wider = own in run.open or (IncidentKind.OUTAGE, name) in run.open
        if key in run.open and standing.rate.since is None:
            ended = standing.answers_since or standing.checked_at or run.at
            run.close(key, ended, Ending.RECOVERED, "requests fail no more than usual")
        may_open = key not in run.open and not wider and site.host not in hosts_down
        if may_open and standing.rate.since is not None and not standing.down:
            at = standing.checked_at or run.at
            incident = degraded_incident(key, site, page, standing, at)
            run.open_incident(incident, str(incident.facts["words"]))
