"""Folds runs of checks into incidents: what began, what ended, and what caused it all.

The root cause is decided before any incident is opened: first whether we are blind, then
whether a shared server is down, and only then each site, so that nobody hears forty times.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from supportops.sites.check import WORDS, ProbeResult, instant_to_json, result_to_json
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
)
from supportops.sites.site import Fleet, Site
from supportops.sites.standing import Attempt, SiteState, Standing, Track, advance, suspend


def fold(before: FleetState, run: Run, fleet: Fleet) -> tuple[FleetState, list[Change]]:
    """The state after `run`, and what it opened, updated and closed.

    Pure: the same state, run and fleet give the same answer. Sites that the run did not check
    keep their standing.
    """
    if not run.attempts:
        return before, []
    judging = _Judging(before, run, fleet)
    judging.judge()
    return FleetState(judging.standings, judging.open), judging.changes


class _Judging:
    """One run's work; its parts share what they found."""

    def __init__(self, before: FleetState, run: Run, fleet: Fleet) -> None:
        self.standings = dict(before.standings)
        self.open = dict(before.open)
        self.changes: list[Change] = []
        self.fleet = fleet
        self.sites = fleet.named()
        self.at = max(attempt.result.checked_at for attempt in run.attempts)
        self.attempts = _by_page(run.attempts)
        self.touched: set[StandingKey] = set()

    def judge(self) -> None:
        blind = self._judge_vantage()
        for name in sorted({site for site, _ in self.attempts if site in self.sites}):
            self._advance_site(self.sites[name], blind)
        self._judge_hosts()
        self._judge_pages()
        self._judge_certificates()
        self._drop_the_removed()

    def _judge_vantage(self) -> bool:
        """Whether this run saw nothing because our own connection is down."""
        controls = [tries for (site, _), tries in self.attempts.items() if site == VANTAGE]
        mains = [
            tries[-1].bad_for(Track.OUTAGE)
            for (site, page), tries in self.attempts.items()
            if page == "" and site in self.sites
        ]
        gone = bool(controls) and all(not tries[-1].result.good for tries in controls)
        failing = sum(mains)
        blind = gone and failing * 2 > len(mains)
        key = (IncidentKind.BLIND, "our connection")
        if blind and key not in self.open:
            last = controls[0][-1].result
            first = min(tries[0].result.checked_at for tries in controls)
            facts = _evidence(last) | {"checked": len(mains), "down": failing}
            incident = Incident(*key, last.reason.value, first, self.at, facts=facts)
            why = f"{failing} of {len(mains)} sites and every control address failed together"
            self._open(incident, why)
        elif not blind and key in self.open:
            self._close(key, self._first_good(controls), "control addresses or sites answer again")
        return blind

    def _first_good(self, controls: Sequence[Sequence[Attempt]]) -> datetime:
        good = [a.result.checked_at for tries in controls for a in tries if a.result.good]
        return min(good, default=self.at)

    def _advance_site(self, site: Site, blind: bool) -> None:
        mains = self.attempts.get((site.name, ""), [])
        main_bad = bool(mains) and mains[-1].bad_for(Track.OUTAGE)
        for page in ("", *(page.path for page in site.pages)):
            tries = self.attempts.get((site.name, page), [])
            tracks = (Track.OUTAGE, Track.FAULT) if page == "" else (Track.FAULT,)
            for track in tracks:
                if tries and not (track is Track.FAULT and main_bad):
                    self._advance(site, page, track, tries, blind)

    def _advance(
        self, site: Site, page: str, track: Track, tries: Sequence[Attempt], blind: bool
    ) -> None:
        key = (site.name, page, track)
        before = self.standings.get(key, Standing())
        if site.in_maintenance(tries[-1].result.checked_at):
            self.standings[key] = suspend(before, SiteState.MAINTENANCE, tries)
        elif blind and tries[-1].bad_for(track):
            self.standings[key] = suspend(before, SiteState.UNKNOWN, tries)
        else:
            self.standings[key] = advance(before, tries, track, self.fleet.policy, site.interval)
            self.touched.add(key)

    def _judge_hosts(self) -> None:
        members: defaultdict[str, list[Site]] = defaultdict(list)
        for site in self.fleet.sites:
            if site.host is not None:
                members[site.host].append(site)
        for host, sites in members.items():
            self._judge_host(host, sites)

    def _judge_host(self, host: str, sites: Sequence[Site]) -> None:
        known = {s.name: st for s in sites if (st := self._fresh(s)) is not None}
        down = {name: standing for name, standing in known.items() if standing.down}
        policy = self.fleet.policy
        together = len(known) >= policy.host_min_sites and len(down) > policy.host_share * len(
            known
        )
        key = (IncidentKind.HOST_OUTAGE, host)
        share = f"{len(down)} of {len(known)} sites on {host} are down"
        if together and key not in self.open:
            self._open_host(key, host, down, len(known), share)
        elif together and key in self.open:
            self._update(key, sites=sorted({*self.open[key].facts["sites"], *down}))
        elif key in self.open and known:
            up = [s.since for s in known.values() if not s.down and s.since is not None]
            ended = max((t for t in up if t > self.open[key].started_at), default=self.at)
            self._close(key, ended, share)

    def _open_host(
        self,
        key: IncidentKey,
        host: str,
        down: Mapping[str, Standing],
        known: int,
        why: str,
    ) -> None:
        first = min(down.values(), key=lambda s: (s.since is None, s.since))
        assert first.since is not None
        assert first.last_bad is not None
        good = [s.last_good_at for s in down.values() if s.last_good_at]
        facts = _evidence(first.last_bad) | {
            "sites": sorted(down),
            "checked": known,
            "down": len(down),
            "first_failed_at": first.since.isoformat(),
            "last_good_at": instant_to_json(max(good, default=None)),
        }
        reason = first.last_bad.reason.value
        self._open(Incident(*key, reason, first.since, self.at, host=host, facts=facts), why)

    def _fresh(self, site: Site) -> Standing | None:
        """How a site stands, unless that is unknown, suspended or older than two intervals."""
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
            site = self.sites.get(name)
            if site is None:
                continue
            kind = IncidentKind(track.value)
            incident_key = (kind, f"{name} {page}" if page else name)
            standing = self.standings[key]
            if incident_key in self.open:
                if key in self.touched:
                    self._continue(incident_key, standing)
            elif standing.state is SiteState.DOWN and self._is_its_own_cause(
                kind, site, hosts_down
            ):
                self._open_page(incident_key, site, page, standing)

    def _is_its_own_cause(self, kind: IncidentKind, site: Site, hosts_down: set[str]) -> bool:
        return kind is IncidentKind.FAULT or site.host not in hosts_down

    def _continue(self, key: IncidentKey, standing: Standing) -> None:
        incident = self.open[key]
        if standing.flapping != incident.flapping:
            self._update(key, flapping=standing.flapping)
        if not standing.down and not standing.flapping:
            assert standing.since is not None
            count = f"{standing.good_streak} good checks in a row"
            self._close(key, standing.since, count)

    def _open_page(self, key: IncidentKey, site: Site, page: str, standing: Standing) -> None:
        assert standing.since is not None
        assert standing.last_bad is not None
        facts = _evidence(standing.last_bad) | {
            "first_failed_at": standing.since.isoformat(),
            "last_good_at": instant_to_json(standing.last_good_at),
            "page": page,
        }
        incident = Incident(
            *key,
            standing.last_bad.reason.value,
            standing.since,
            standing.checked_at or self.at,
            site=site.name,
            page=page,
            host=site.host,
            customer=site.customer,
            flapping=standing.flapping,
            facts=facts,
        )
        self._open(incident, f"{standing.bad_streak} checks in a row failed")

    def _judge_certificates(self) -> None:
        for site in self.fleet.sites:
            if (site.name, "", Track.OUTAGE) in self.touched:
                last = self.standings[(site.name, "", Track.OUTAGE)].last
                if last is not None and last.good and last.certificate_expires is not None:
                    self._judge_certificate(site, last, last.certificate_expires)

    def _judge_certificate(self, site: Site, last: ProbeResult, expires: datetime) -> None:
        key = (IncidentKind.CERTIFICATE, site.name)
        left = expires - last.checked_at
        ends_soon = left < timedelta(days=site.expect.certificate_days)
        why = f"the certificate ends in {left.days} days"
        if ends_soon and key not in self.open:
            self._open(
                Incident(
                    *key,
                    "certificate_ends",
                    last.checked_at,
                    last.checked_at,
                    site=site.name,
                    host=site.host,
                    customer=site.customer,
                    facts=_evidence(last) | {"words": why},
                ),
                why,
            )
        elif not ends_soon and key in self.open:
            self._close(key, last.checked_at, f"a certificate with {left.days} days left")

    def _drop_the_removed(self) -> None:
        """Incidents of what is no longer checked end here; nobody could close them otherwise."""
        pages = {(s.name, p.path) for s in self.fleet.sites for p in s.pages}
        pages |= {(s.name, "") for s in self.fleet.sites}
        hosts = {s.host for s in self.fleet.sites}
        for key, incident in list(self.open.items()):
            by_site = incident.site is not None
            there = (incident.site, incident.page or "") in pages if by_site else True
            if incident.kind is IncidentKind.HOST_OUTAGE:
                there = incident.host in hosts
            if not there:
                self._close(key, self.at, "no longer checked")

    def _open(self, incident: Incident, why: str) -> None:
        self.open[(incident.kind, incident.subject)] = incident
        self.changes.append(Change(ChangeKind.OPENED, incident, why))

    def _close(self, key: IncidentKey, ended_at: datetime, why: str) -> None:
        incident = self.open.pop(key)
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


def _by_page(attempts: Iterable[Attempt]) -> dict[tuple[str, str], list[Attempt]]:
    pages: defaultdict[tuple[str, str], list[Attempt]] = defaultdict(list)
    for attempt in sorted(attempts, key=lambda a: (a.site, a.page, a.number)):
        pages[(attempt.site, attempt.page)].append(attempt)
    return dict(pages)


def _evidence(result: ProbeResult) -> dict[str, Any]:
    return result_to_json(result) | {"words": WORDS[result.reason]}


def fold_all(runs: Iterable[Run], fleet: Fleet) -> Iterator[tuple[FleetState, list[Change]]]:
    """The fold of a whole history from nothing: what a replay runs."""
    state = FleetState()
    for run in runs:
        state, changes = fold(state, run, fleet)
        yield state, changes
