"""The outage of a server: most of its sites are down together, until most are back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from supportops.sites.ending import Ending
from supportops.sites.incident import IncidentKey, IncidentKind, affected, host_incident
from supportops.sites.judging.judged_run import JudgedRun, followed_by
from supportops.sites.site import Site
from supportops.sites.standing import KNOWN, Standing, Track

NOT_LISTED = "none of the sites that failed on it is listed there any more"


def judge_servers(run: JudgedRun) -> None:
    """Opens, follows and ends the outages of all servers that sites are listed on."""
    members: defaultdict[str, list[Site]] = defaultdict(list)
    for site in run.fleet.sites:
        if site.host is not None:
            members[site.host].append(site)
    for host, sites in sorted(members.items()):
        if (IncidentKind.HOST_OUTAGE, host) in run.open:
            _follow_server(run, host, sites)
        else:
            _judge_server(run, host, sites)


def _judge_server(run: JudgedRun, host: str, sites: Sequence[Site]) -> None:
    """Opens the outage of a server when most of its sites are down together."""
    known = {s.name: st for s in sites if (st := _fresh(run, s)) is not None}
    # Those that this run has yet to judge may turn out to be up.
    pending = {s.name for s in sites if s.name in run.pending}
    down = {n: standing for n, standing in known.items() if standing.down and n not in pending}
    quiet = {s.name for s in sites if s.name in pending and s.in_maintenance(run.at)}
    total = len((known.keys() | pending) - quiet)
    enough = len(known.keys() - pending) >= run.fleet.policy.host_min_sites
    if enough and _is_most(run, len(down), total):
        first = _first_down(run, down)
        incident = host_incident(host, sites, down, first, len(known), run.at)
        run.open_incident(incident, f"{len(down)} of {len(known)} sites on {host} are down")


def _first_down(run: JudgedRun, down: Mapping[str, Standing]) -> Standing:
    """The site that began a server's outage. A site that was down before, on its own, did
    not, unless all of them were: then the last one made it an outage of the server."""
    since = {name: s.since for name, s in down.items() if s.since is not None}
    fresh = [name for name in since if (IncidentKind.OUTAGE, name) not in run.open]
    if fresh:
        return down[min(fresh, key=lambda name: (since[name], name))]
    return down[max(since, key=lambda name: (since[name], name))]


def _follow_server(run: JudgedRun, host: str, sites: Sequence[Site]) -> None:
    """Updates the outage of a server until most of its sites are back.

    What was confirmed of a site holds through maintenance and while we are blind, as it does
    for a site's own incident; one that flaps is not back.
    """
    key = (IncidentKind.HOST_OUTAGE, host)
    found = {s.name: run.standings.get((s.name, "", Track.OUTAGE)) for s in sites}
    known = {name: standing for name, standing in found.items() if standing is not None}
    down = {name for name, standing in known.items() if standing.down or standing.flapping}
    before = run.open[key].facts
    earlier = [each for each in before.get("affected", ()) if each["site"] in found]
    failing = [(site, known[site.name].since) for site in sites if site.name in down]
    good = {name: standing.since for name, standing in known.items() if name not in down}
    listed = affected(failing, earlier, good)
    # A site that is not seen now, because of maintenance or of us, is neither down nor back.
    seen = down | {name for name, standing in known.items() if standing.state in KNOWN}
    if run.pending & found.keys() or _is_most(run, len(down), len(seen)):
        _let_go(run, key, found)
        names = sorted(found.keys() & before["sites"] | down)
        run.update(key, sites=names, affected=listed)
        return
    run.open[key] = replace(run.open[key], facts={**before, "affected": listed})
    started = run.open[key].started_at
    back = [s.since for name, s in known.items() if name not in down and s.since is not None]
    ended = max((since for since in back if since > started), default=run.at)
    still = sorted(name for name in down if known[name].down)
    if still:
        why = f"{len(still)} of {len(seen)} sites still down"
        close_server(run, key, ended, Ending.PARTLY_RECOVERED, why, still)
    elif down:
        why = f"all sites answer, but {len(down)} of {len(seen)} go up and down"
        run.close(key, ended, Ending.PARTLY_RECOVERED, why)
    elif seen:
        run.close(key, ended, Ending.RECOVERED, "sites are up again")
    else:
        run.close(key, run.at, Ending.SERVER_REMOVED, NOT_LISTED)


def _let_go(run: JudgedRun, key: IncidentKey, members: Collection[str]) -> None:
    """A site that moved to another server was announced with this one."""
    server = run.open[key]
    for name in server.facts["sites"]:
        if name not in members:
            run.taken_over[name] = server


def close_server(
    run: JudgedRun,
    key: IncidentKey,
    at: datetime,
    ending: Ending,
    why: str,
    still: Sequence[str] = (),
) -> None:
    """Ends a server's outage while sites of it are down: theirs go on where it stopped."""
    run.close(key, at, ending, why, **({"still_down": list(still)} if still else {}))
    server = run.changes[-1].incident
    for name in server.facts.get("sites", ()):
        its_own = (IncidentKind.OUTAGE, name)
        if its_own in run.open:
            before = run.open[its_own].facts.get("follows", ())
            run.update(its_own, follows=[*before, *followed_by(server)])
        else:
            run.taken_over[name] = server


def _is_most(run: JudgedRun, down: int, known: int) -> bool:
    return known > 0 and down / known > run.fleet.policy.host_share


def _fresh(run: JudgedRun, site: Site) -> Standing | None:
    """A site's standing, unless it is unknown, suspended or older than two intervals."""
    standing = run.standings.get((site.name, "", Track.OUTAGE))
    if standing is None or standing.checked_at is None:
        return None
    if standing.state not in KNOWN:
        return None
    return standing if run.at - standing.checked_at <= 2 * site.interval else None
