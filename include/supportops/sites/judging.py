"""Folds runs of checks into incidents: what began, what ended, and what caused it all.

The root cause is decided before any incident is opened: first whether our own connection is down,
then whether a shared server is, and only then each site, so that one cause is one incident.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from supportops.sites.check import ProbeResult, Reason
from supportops.sites.incident import (
    VANTAGE,
    Change,
    ChangeKind,
    FleetState,
    Incident,
    IncidentKey,
    IncidentKind,
    Run,
    StandingKey,
    affected,
    certificate_incident,
    evidence,
    host_incident,
    page_incident,
    page_subject,
)
from supportops.sites.site import Fleet, Site
from supportops.sites.standing import (
    Attempt,
    SiteState,
    Standing,
    Track,
    advance,
    suspend,
    tracks_of,
)

BLIND = (IncidentKind.BLIND, "our connection")


def fold(before: FleetState, run: Run, fleet: Fleet) -> tuple[FleetState, list[Change]]:
    """The state after `run`, and what it opened, updated and closed.

    Pure: the same state, run and fleet give the same answer. Sites that the run did not check
    keep their standing; what the fleet no longer has is forgotten.
    """
    judging = _Judging(before, run, fleet)
    judging.judge()
    return FleetState(judging.standings, judging.open), judging.changes


class _Judging:
    """The judgement of one run."""

    def __init__(self, before: FleetState, run: Run, fleet: Fleet) -> None:
        self.standings = dict(before.standings)
        self.open = dict(before.open)
        self.changes: list[Change] = []
        self.fleet = fleet
        self.sites = fleet.by_name()
        self.at = max((a.result.checked_at for a in run.attempts), default=run.slot)
        self.attempts = _by_page(run.attempts)
        self.touched: set[StandingKey] = set()

    def judge(self) -> None:
        self._drop_the_removed()
        if not self.attempts:
            return
        blind = self._judge_vantage()
        for name in sorted({site for site, _ in self.attempts if site in self.sites}):
            self._advance_site(self.sites[name], blind)
        self._judge_hosts()
        self._judge_pages()
        self._judge_certificates()

    def _drop_the_removed(self) -> None:
        """What is no longer checked ends here: nothing would ever close it otherwise."""
        pages = {(s.name, p.path) for s in self.fleet.sites for p in s.pages}
        pages |= {(s.name, "") for s in self.fleet.sites}
        hosts = {s.host for s in self.fleet.sites}
        for gone in [key for key in self.standings if key[:2] not in pages]:
            del self.standings[gone]
        for key, incident in sorted(self.open.items()):
            there = incident.site is None or (incident.site, incident.page or "") in pages
            if incident.kind is IncidentKind.HOST_OUTAGE:
                there = incident.host in hosts
            if not there:
                self._close(key, self.at, "no longer checked")

    def _judge_vantage(self) -> bool:
        """Whether this run saw nothing because our own connection is down."""
        controls = [tries for (site, _), tries in self.attempts.items() if site == VANTAGE]
        mains = [
            (self.sites[site], tries)
            for (site, page), made in self.attempts.items()
            if page == "" and site in self.sites and (tries := _counting(made))
        ]
        failing = [
            (site, tries[0].result.checked_at)
            for site, tries in mains
            if tries[-1].bad_for(Track.OUTAGE)
        ]
        if controls:
            gone = all(not tries[-1].result.good for tries in controls)
        else:  # A run that was cut short before it checked them: what was known holds.
            gone = bool(self.fleet.policy.vantage) and BLIND in self.open
        # Half is enough: sites in our own network still answer when the way out is gone. A run in
        # which no check counts says nothing, so what was known holds.
        most = len(failing) * 2 >= len(mains) if failing else not mains and BLIND in self.open
        blind = gone and most
        if blind and BLIND not in self.open:
            last = controls[0][-1].result
            first = min(tries[0].result.checked_at for tries in controls)
            facts = evidence(last) | {"checked": len(mains), "down": len(failing)}
            facts["affected"] = affected(_not_announced(failing))
            why = f"{len(failing)} of {len(mains)} sites and every control address failed together"
            self._open(Incident(*BLIND, last.reason.value, first, self.at, facts=facts), why)
        elif blind:
            known = self.open[BLIND].facts.get("affected", ())
            self._update(BLIND, affected=affected(_not_announced(failing), known))
        elif BLIND in self.open:
            good = [a.result.checked_at for tries in controls for a in tries if a.result.good]
            self._close(BLIND, min(good, default=self.at), "control addresses or sites answer")
        return blind

    def _advance_site(self, site: Site, blind: bool) -> None:
        mains = _counting(self.attempts.get((site.name, ""), []))
        main = self.standings.get((site.name, "", Track.OUTAGE), Standing())
        # A run that was cut short may hold pages of a site whose front page it never checked.
        main_bad = mains[-1].bad_for(Track.OUTAGE) if mains else main.down
        for page in ("", *(page.path for page in site.pages)):
            tries = self.attempts.get((site.name, page), [])
            for track in tracks_of(page):
                if tries and not (track is Track.FAULT and main_bad):
                    self._advance(site, page, track, tries, blind)

    def _advance(
        self, site: Site, page: str, track: Track, tries: Sequence[Attempt], blind: bool
    ) -> None:
        key = (site.name, page, track)
        before = self.standings.get(key, Standing())
        if site.in_maintenance(tries[-1].result.checked_at):
            self.standings[key] = suspend(before, SiteState.MAINTENANCE, tries)
        elif blind and any(t.bad_for(track) for t in _counting(tries)[-1:]):
            self.standings[key] = suspend(before, SiteState.UNKNOWN, tries)
        else:
            self.standings[key] = advance(before, tries, track, self.fleet.policy, site.interval)
            self.touched.add(key)

    def _judge_hosts(self) -> None:
        members: defaultdict[str, list[Site]] = defaultdict(list)
        for site in self.fleet.sites:
            if site.host is not None:
                members[site.host].append(site)
        for host, sites in sorted(members.items()):
            if (IncidentKind.HOST_OUTAGE, host) in self.open:
                self._follow_host(host, sites)
            else:
                self._judge_host(host, sites)

    def _judge_host(self, host: str, sites: Sequence[Site]) -> None:
        """Opens the outage of a server when most of its sites are down together."""
        known = {s.name: st for s in sites if (st := self._fresh(s)) is not None}
        down = {name: standing for name, standing in known.items() if standing.down}
        if len(known) >= self.fleet.policy.host_min_sites and self._is_most(len(down), len(known)):
            first = self._first_down(down)
            incident = host_incident(host, sites, down, first, len(known), self.at)
            self._open(incident, f"{len(down)} of {len(known)} sites on {host} are down")

    def _first_down(self, down: Mapping[str, Standing]) -> Standing:
        """The site that began a server's outage. A site that was down before, on its own, did
        not, unless all of them were: then the last one made it an outage of the server."""
        since = {name: s.since for name, s in down.items() if s.since is not None}
        fresh = [name for name in since if (IncidentKind.OUTAGE, name) not in self.open]
        if fresh:
            return down[min(fresh, key=lambda name: (since[name], name))]
        return down[max(since, key=lambda name: (since[name], name))]

    def _follow_host(self, host: str, sites: Sequence[Site]) -> None:
        """Updates the outage of a server until most of its sites are back.

        What was confirmed of a site holds through maintenance and while we are blind, as it does
        for a site's own incident; one that flaps is not back.
        """
        key = (IncidentKind.HOST_OUTAGE, host)
        found = {s.name: self.standings.get((s.name, "", Track.OUTAGE)) for s in sites}
        known = {name: standing for name, standing in found.items() if standing is not None}
        down = {name for name, standing in known.items() if standing.down or standing.flapping}
        if self._is_most(len(down), len(known)):
            before = self.open[key].facts
            failing = [(site, known[site.name].since) for site in sites if site.name in down]
            self._update(
                key,
                sites=sorted({*before["sites"], *down}),
                affected=affected(failing, before.get("affected", ())),
            )
            return
        started = self.open[key].started_at
        back = [s.since for name, s in known.items() if name not in down and s.since is not None]
        ended = max((since for since in back if since > started), default=self.at)
        self._close(key, ended, f"{len(down)} of {len(known)} sites on {host} are down")

    def _is_most(self, down: int, known: int) -> bool:
        return known > 0 and down / known > self.fleet.policy.host_share

    def _fresh(self, site: Site) -> Standing | None:
        """A site's standing, unless it is unknown, suspended or older than two intervals."""
        standing = self.standings.get((site.name, "", Track.OUTAGE))
        if standing is None or standing.checked_at is None:
            return None
        if standing.state not in (SiteState.UP, SiteState.DOWN):
            return None
        return standing if self.at - standing.checked_at <= 2 * site.interval else None

    def _judge_pages(self) -> None:
        hosts_down = {s for kind, s in self.open if kind is IncidentKind.HOST_OUTAGE}
        for key in sorted(self.standings):
            name, page, track = key
            site, standing = self.sites[name], self.standings[key]
            kind, subject = IncidentKind(track.value), page_subject(track, name, page)
            its_own = kind is IncidentKind.FAULT or site.host not in hosts_down
            if (kind, subject) in self.open:
                if key in self.touched:
                    self._continue((kind, subject), standing)
            elif standing.state is SiteState.DOWN and its_own:
                at = standing.checked_at if key in self.touched else None
                incident = page_incident(kind, subject, site, page, standing, at or self.at)
                self._open(incident, f"{standing.bad_streak} checks in a row failed")

    def _continue(self, key: IncidentKey, standing: Standing) -> None:
        if standing.flapping != self.open[key].flapping:
            self._update(key, flapping=standing.flapping)
        if not standing.down and not standing.flapping:
            assert standing.since is not None
            self._close(key, standing.since, f"{standing.good_streak} good checks in a row")

    def _judge_certificates(self) -> None:
        """Only where the front page answers; a certificate that prevents it is an outage."""
        for name, site in sorted(self.sites.items()):
            if (name, "", Track.OUTAGE) in self.touched:
                last = self.standings[(name, "", Track.OUTAGE)].last
                if last is not None and (last.good or last.reason is Reason.SLOW):
                    self._judge_certificate(site, last)

    def _judge_certificate(self, site: Site, last: ProbeResult) -> None:
        key = (IncidentKind.CERTIFICATE, site.name)
        if last.certificate_expires is None:
            if key in self.open:
                self._close(key, last.checked_at, "the site has no certificate any more")
            return
        left = last.certificate_expires - last.checked_at
        ends_soon = left < timedelta(days=site.expect.certificate_days)
        if ends_soon and key not in self.open:
            why = f"the certificate ends in {left.days} days"
            self._open(certificate_incident(key, site, last, why), why)
        elif not ends_soon and key in self.open:
            self._close(key, last.checked_at, f"a certificate with {left.days} days left")

    def _open(self, incident: Incident, why: str) -> None:
        self.open[(incident.kind, incident.subject)] = incident
        self.changes.append(Change(ChangeKind.OPENED, incident, why))

    def _close(self, key: IncidentKey, ended_at: datetime, why: str) -> None:
        incident = self.open.pop(key)
        ended_at = max(ended_at, incident.started_at)
        facts = {**incident.facts, "ended_at": ended_at.isoformat()}
        closed = replace(incident, ended_at=ended_at, closed_at=self.at, facts=facts)
        self.changes.append(Change(ChangeKind.CLOSED, closed, why))

    def _update(self, key: IncidentKey, flapping: bool | None = None, **facts: Any) -> None:
        before = self.open[key]
        flag = before.flapping if flapping is None else flapping
        after = replace(before, flapping=flag, facts={**before.facts, **facts, "flapping": flag})
        if flag != before.flapping or any(before.facts.get(k) != v for k, v in facts.items()):
            self.open[key] = after
            self.changes.append(Change(ChangeKind.UPDATED, after, "it changed while open"))


def _not_announced(failing: Iterable[tuple[Site, datetime]]) -> list[tuple[Site, datetime]]:
    """Without the sites that are in maintenance, of which nobody expects to hear."""
    return [(site, at) for site, at in failing if not site.in_maintenance(at)]


def _counting(tries: Sequence[Attempt]) -> list[Attempt]:
    """The tries that say something about the page: those that did not fail on our side."""
    return [attempt for attempt in tries if attempt.result.counts]


def _by_page(attempts: Iterable[Attempt]) -> dict[tuple[str, str], list[Attempt]]:
    pages: defaultdict[tuple[str, str], list[Attempt]] = defaultdict(list)
    for attempt in sorted(attempts, key=lambda a: (a.site, a.page, a.number)):
        pages[(attempt.site, attempt.page)].append(attempt)
    return dict(pages)
