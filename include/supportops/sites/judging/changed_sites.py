"""What another configuration does to open incidents: sites are renamed, moved and removed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from supportops.sites.ending import Ending
from supportops.sites.incident import (
    Change,
    ChangeKind,
    Incident,
    IncidentKey,
    IncidentKind,
    affected,
    page_incident,
)
from supportops.sites.judging.judged_run import BLIND, JudgedRun, followed_by, going_on_from
from supportops.sites.judging.servers import NOT_LISTED, close_server
from supportops.sites.renaming import renamed_hosts, renamed_sites, with_good_checks
from supportops.sites.site import Site
from supportops.sites.standing import Track

_REMOVED = "is no longer checked: it was removed from the configuration, not mended"


def follow_configuration(run: JudgedRun) -> None:
    """Renames, ends and moves what the fleet names otherwise now, or no longer has."""
    _rename(run)
    _drop_the_removed(run)
    _follow_sites(run)


def _rename(run: JudgedRun) -> None:
    """What goes by another name now is the same: its standing and its incidents move along."""
    for old, new in renamed_sites(run.standings, run.fleet).items():
        for name, page, track in list(run.standings):
            if name == old:
                run.standings[(new, page, track)] = run.standings.pop((name, page, track))
        for key, incident in sorted(run.open.items()):
            if incident.site == old:
                subject = new + incident.subject.removeprefix(old)
                standing = run.standings.get((new, "", Track.OUTAGE))
                facts = with_good_checks(incident.facts, standing)
                renamed = replace(incident, subject=subject, site=new, facts=facts)
                _rename_incident(run, key, renamed)
            elif old in incident.facts.get("sites", ()):
                _rename_in_list(run, key, old, new)
    for old, new in renamed_hosts(run.open, run.fleet).items():
        key = (IncidentKind.HOST_OUTAGE, old)
        _rename_incident(run, key, replace(run.open[key], subject=new, host=new))


def _rename_in_list(run: JudgedRun, key: IncidentKey, old: str, new: str) -> None:
    facts = run.open[key].facts
    sites = sorted({new if name == old else name for name in facts["sites"]})
    listed = [
        {**each, "site": new} if each["site"] == old else each for each in facts.get("affected", ())
    ]
    renamed = {**facts.get("renamed", {}), old: new}
    run.update(key, sites=sites, affected=affected((), listed), renamed=renamed)


def _rename_incident(run: JudgedRun, key: IncidentKey, named: Incident) -> None:
    before = run.open[key]
    why = f"it is called {named.subject} now, and is not mended"
    run.close(key, run.at, Ending.RENAMED, why)
    facts = {**named.facts, "follows": followed_by(before)}
    after = replace(named, started_at=run.at, opened_at=run.at, facts=facts)
    run.open_incident(after, f"was called {before.subject}")


def _drop_the_removed(run: JudgedRun) -> None:
    """What is no longer checked ends here: nothing would ever close it otherwise."""
    pages = {(s.name, p.path) for s in run.fleet.sites for p in s.pages}
    pages |= {(s.name, "") for s in run.fleet.sites}
    hosts = {s.host for s in run.fleet.sites}
    _part_from_servers(run, hosts)
    for key, incident in sorted(run.open.items()):
        if incident.site is not None and incident.site not in run.sites:
            run.close(key, run.at, Ending.SITE_REMOVED, f"{incident.site} {_REMOVED}")
        elif incident.site is not None and (incident.site, incident.page or "") not in pages:
            why = f"{incident.page} of {incident.site} {_REMOVED}"
            run.close(key, run.at, Ending.PAGE_REMOVED, why)
        elif incident.kind is IncidentKind.HOST_OUTAGE and incident.host not in hosts:
            close_server(run, key, run.at, Ending.SERVER_REMOVED, NOT_LISTED)
        elif key == BLIND and not (run.fleet.sites and run.fleet.policy.vantage):
            what = "control addresses are" if run.fleet.sites else "sites are"
            why = f"no {what} configured any more; nothing shows that the connection is back"
            run.close(key, run.at, Ending.CONTROLS_REMOVED, why)
    for gone in [key for key in run.standings if key[:2] not in pages]:
        del run.standings[gone]


def _part_from_servers(run: JudgedRun, hosts: Collection[str | None]) -> None:
    """A site that is removed while its server is down has an end of its own to announce."""
    for (kind, host), server in sorted(run.open.items()):
        if kind is not IncidentKind.HOST_OUTAGE or host not in hosts:
            continue
        whose = {each["site"]: each["customer"] for each in server.facts.get("affected", ())}
        for name in sorted(whose.keys() - run.sites.keys()):
            standing = run.standings.get((name, "", Track.OUTAGE))
            its_own = (IncidentKind.OUTAGE, name)
            if standing is not None and standing.down and its_own not in run.open:
                gone = Site(name, whose[name], "", host)
                incident = page_incident(*its_own, gone, "", standing, run.at)
                run.open_incident(going_on_from(server, incident), f"it left {host}")


def _follow_sites(run: JudgedRun) -> None:
    """An open incident belongs to whom its site belongs to now, and is routed by it."""
    for key, incident in sorted(run.open.items()):
        site = run.sites.get(incident.site or "")
        if site and (incident.customer, incident.host) != (site.customer, site.host):
            after = replace(incident, customer=site.customer, host=site.host)
            run.open[key] = after
            run.changes.append(Change(ChangeKind.UPDATED, after, "its site was changed"))
