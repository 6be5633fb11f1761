"""Folds runs of checks into incidents: what began, what ended, and what caused it all.

The root cause is decided before any incident is opened: first whether our own connection is down,
then whether a shared server is, and only then each site, so that one cause is one incident.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from supportops.sites.certificates import end_in_words, is_successor, step_reached
from supportops.sites.check import ProbeResult, Reason, instant_from_json, instant_to_json
from supportops.sites.ending import Ending
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
    degraded_incident,
    degraded_subject,
    evidence,
    host_incident,
    page_incident,
    page_subject,
)
from supportops.sites.renaming import renamed_hosts, renamed_sites, with_good_checks
from supportops.sites.site import Fleet, Site
from supportops.sites.standing import (
    KNOWN,
    Attempt,
    SiteState,
    Standing,
    Track,
    advance,
    suspend,
    tracks_of,
)

BLIND = (IncidentKind.BLIND, "our connection")
_NOT_LISTED = "none of the sites that failed on it is listed there any more"
_REMOVED = "is no longer checked: it was removed from the configuration, not mended"


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
        self.judged, self.pending = run.judged, run.pending
        self.touched: set[StandingKey] = set()
        # By site: the outage of its server that ended in this run although the site is down.
        self.taken_over: dict[str, Incident] = {}

    def judge(self) -> None:
        self._rename()
        self._drop_the_removed()
        self._follow_configuration()
        if not self.attempts:
            return
        blind = self._judge_vantage()
        for name in sorted({site for site, _ in self.attempts if site in self.sites}):
            self._advance_site(self.sites[name], blind)
        self._judge_hosts()
        self._judge_pages()
        self._judge_degraded()
        self._judge_certificates()

    def _rename(self) -> None:
        """What goes by another name now is the same: its standing and its incidents move along."""
        for old, new in renamed_sites(self.standings, self.fleet).items():
            for name, page, track in list(self.standings):
                if name == old:
                    self.standings[(new, page, track)] = self.standings.pop((name, page, track))
            for key, incident in sorted(self.open.items()):
                if incident.site == old:
                    subject = new + incident.subject.removeprefix(old)
                    standing = self.standings.get((new, "", Track.OUTAGE))
                    facts = with_good_checks(incident.facts, standing)
                    renamed = replace(incident, subject=subject, site=new, facts=facts)
                    self._rename_incident(key, renamed)
                elif old in incident.facts.get("sites", ()):
                    self._rename_in_list(key, old, new)
        for old, new in renamed_hosts(self.open, self.fleet).items():
            key = (IncidentKind.HOST_OUTAGE, old)
            self._rename_incident(key, replace(self.open[key], subject=new, host=new))

    def _rename_in_list(self, key: IncidentKey, old: str, new: str) -> None:
        facts = self.open[key].facts
        sites = sorted({new if name == old else name for name in facts["sites"]})
        listed = [
            {**each, "site": new} if each["site"] == old else each
            for each in facts.get("affected", ())
        ]
        renamed = {**facts.get("renamed", {}), old: new}
        self._update(key, sites=sites, affected=affected((), listed), renamed=renamed)

    def _rename_incident(self, key: IncidentKey, named: Incident) -> None:
        before = self.open[key]
        why = f"it is called {named.subject} now, and is not mended"
        self._close(key, self.at, Ending.RENAMED, why)
        facts = {**named.facts, "follows": _followed_by(before)}
        after = replace(named, started_at=self.at, opened_at=self.at, facts=facts)
        self._open(after, f"was called {before.subject}")

    def _drop_the_removed(self) -> None:
        """What is no longer checked ends here: nothing would ever close it otherwise."""
        pages = {(s.name, p.path) for s in self.fleet.sites for p in s.pages}
        pages |= {(s.name, "") for s in self.fleet.sites}
        hosts = {s.host for s in self.fleet.sites}
        self._part_from_servers(hosts)
        for key, incident in sorted(self.open.items()):
            if incident.site is not None and incident.site not in self.sites:
                self._close(key, self.at, Ending.SITE_REMOVED, f"{incident.site} {_REMOVED}")
            elif incident.site is not None and (incident.site, incident.page or "") not in pages:
                why = f"{incident.page} of {incident.site} {_REMOVED}"
                self._close(key, self.at, Ending.PAGE_REMOVED, why)
            elif incident.kind is IncidentKind.HOST_OUTAGE and incident.host not in hosts:
                self._close_host(key, self.at, Ending.SERVER_REMOVED, _NOT_LISTED)
            elif key == BLIND and not (self.fleet.sites and self.fleet.policy.vantage):
                what = "control addresses are" if self.fleet.sites else "sites are"
                why = f"no {what} configured any more; nothing shows that the connection is back"
                self._close(key, self.at, Ending.CONTROLS_REMOVED, why)
        for gone in [key for key in self.standings if key[:2] not in pages]:
            del self.standings[gone]

    def _part_from_servers(self, hosts: Collection[str | None]) -> None:
        """A site that is removed while its server is down has an end of its own to announce."""
        for (kind, host), server in sorted(self.open.items()):
            if kind is not IncidentKind.HOST_OUTAGE or host not in hosts:
                continue
            whose = {each["site"]: each["customer"] for each in server.facts.get("affected", ())}
            for name in sorted(whose.keys() - self.sites.keys()):
                standing = self.standings.get((name, "", Track.OUTAGE))
                its_own = (IncidentKind.OUTAGE, name)
                if standing is not None and standing.down and its_own not in self.open:
                    gone = Site(name, whose[name], "", host)
                    incident = page_incident(*its_own, gone, "", standing, self.at)
                    self._open(_going_on_from(server, incident), f"it left {host}")

    def _follow_configuration(self) -> None:
        """An open incident belongs to whom its site belongs to now, and is routed by it."""
        for key, incident in sorted(self.open.items()):
            site = self.sites.get(incident.site or "")
            if site and (incident.customer, incident.host) != (site.customer, site.host):
                after = replace(incident, customer=site.customer, host=site.host)
                self.open[key] = after
                self.changes.append(Change(ChangeKind.UPDATED, after, "its site was changed"))

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
        # Sites that are still to come in this run may turn out to answer.
        total = len(mains) + len(self.pending)
        most = len(failing) * 2 >= total if failing else not total and BLIND in self.open
        blind = gone and most
        if blind and BLIND not in self.open:
            last = controls[0][-1].result
            first = min(tries[0].result.checked_at for tries in controls)
            facts = evidence(last) | {"checked": len(mains), "down": len(failing)}
            facts["affected"] = affected(_not_announced(failing))
            facts["first_failed_at"] = first.isoformat()
            why = f"{len(failing)} of {len(mains)} sites and every control address failed together"
            self._open(Incident(*BLIND, last.reason.value, first, self.at, facts=facts), why)
        elif blind:
            known = self.open[BLIND].facts.get("affected", ())
            bad = {site.name for site, _ in failing}
            fine = {s.name: t[0].result.checked_at for s, t in mains if s.name not in bad}
            self._update(BLIND, affected=affected(_not_announced(failing), known, fine))
        elif BLIND in self.open:
            self._end_blindness(len(failing), len(mains))
        return blind

    def _end_blindness(self, failing: int, checked: int) -> None:
        answers = {
            is_control: [
                attempt.result.checked_at
                for (site, _), tries in self.attempts.items()
                for attempt in tries
                if attempt.result.good and (site == VANTAGE) is is_control
            ]
            for is_control in (True, False)
        }
        fail = f"{failing} of {checked} sites fail" if failing else ""
        if answers[True]:
            why = "our connection is back"
            self._close(BLIND, min(answers[True]), Ending.CONNECTION_BACK, why, rest=fail)
        else:
            at, rest = min(answers[False], default=self.at), "no control address answers"
            rest = f"{rest}, {fail}" if fail else rest
            self._close(BLIND, at, Ending.SITES_ANSWER, "most sites answer again", rest=rest)

    def _advance_site(self, site: Site, blind: bool) -> None:
        mains = _counting(self.attempts.get((site.name, ""), []))
        main = self.standings.get((site.name, "", Track.OUTAGE), Standing())
        # A run that was cut short may hold pages of a site whose front page it never checked.
        main_bad = mains[-1].bad_for(Track.OUTAGE) if mains else main.down
        for page in ("", *(page.path for page in site.pages)):
            tries = self.attempts.get((site.name, page), [])
            for track in tracks_of(page):
                is_new = tries and (site.name, page) not in self.judged
                if is_new and not (track is Track.FAULT and main_bad):
                    self._advance(site, page, track, tries, blind)

    def _advance(
        self, site: Site, page: str, track: Track, tries: Sequence[Attempt], blind: bool
    ) -> None:
        key = (site.name, page, track)
        before = self.standings.get(key, Standing())
        if site.in_maintenance(tries[-1].result.checked_at):
            self.standings[key] = suspend(before, SiteState.MAINTENANCE, tries, track)
        elif blind and any(t.bad_for(track) for t in _counting(tries)[-1:]):
            self.standings[key] = suspend(before, SiteState.UNKNOWN, tries, track)
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
        # Those that this run has yet to judge may turn out to be up.
        pending = {s.name for s in sites if s.name in self.pending}
        down = {n: standing for n, standing in known.items() if standing.down and n not in pending}
        quiet = {s.name for s in sites if s.name in pending and s.in_maintenance(self.at)}
        total = len((known.keys() | pending) - quiet)
        enough = len(known.keys() - pending) >= self.fleet.policy.host_min_sites
        if enough and self._is_most(len(down), total):
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
        before = self.open[key].facts
        earlier = [each for each in before.get("affected", ()) if each["site"] in found]
        failing = [(site, known[site.name].since) for site in sites if site.name in down]
        good = {name: standing.since for name, standing in known.items() if name not in down}
        listed = affected(failing, earlier, good)
        # A site that is not seen now, because of maintenance or of us, is neither down nor back.
        seen = down | {name for name, standing in known.items() if standing.state in KNOWN}
        if self.pending & found.keys() or self._is_most(len(down), len(seen)):
            self._let_go(key, found)
            names = sorted(found.keys() & before["sites"] | down)
            self._update(key, sites=names, affected=listed)
            return
        self.open[key] = replace(self.open[key], facts={**before, "affected": listed})
        started = self.open[key].started_at
        back = [s.since for name, s in known.items() if name not in down and s.since is not None]
        ended = max((since for since in back if since > started), default=self.at)
        still = sorted(name for name in down if known[name].down)
        if still:
            why = f"{len(still)} of {len(seen)} sites still down"
            self._close_host(key, ended, Ending.PARTLY_RECOVERED, why, still)
        elif down:
            why = f"all sites answer, but {len(down)} of {len(seen)} go up and down"
            self._close(key, ended, Ending.PARTLY_RECOVERED, why)
        elif seen:
            self._close(key, ended, Ending.RECOVERED, "sites are up again")
        else:
            self._close(key, self.at, Ending.SERVER_REMOVED, _NOT_LISTED)

    def _let_go(self, key: IncidentKey, members: Collection[str]) -> None:
        """A site that moved to another server was announced with this one."""
        server = self.open[key]
        for name in server.facts["sites"]:
            if name not in members:
                self.taken_over[name] = server

    def _close_host(
        self, key: IncidentKey, at: datetime, ending: Ending, why: str, still: Sequence[str] = ()
    ) -> None:
        """Ends a server's outage while sites of it are down: theirs go on where it stopped."""
        self._close(key, at, ending, why, **({"still_down": list(still)} if still else {}))
        server = self.changes[-1].incident
        for name in server.facts.get("sites", ()):
            its_own = (IncidentKind.OUTAGE, name)
            if its_own in self.open:
                before = self.open[its_own].facts.get("follows", ())
                self._update(its_own, follows=[*before, *_followed_by(server)])
            else:
                self.taken_over[name] = server

    def _is_most(self, down: int, known: int) -> bool:
        return known > 0 and down / known > self.fleet.policy.host_share

    def _fresh(self, site: Site) -> Standing | None:
        """A site's standing, unless it is unknown, suspended or older than two intervals."""
        standing = self.standings.get((site.name, "", Track.OUTAGE))
        if standing is None or standing.checked_at is None:
            return None
        if standing.state not in KNOWN:
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
            elif its_own and self._is_to_open(key, standing):
                at = standing.checked_at if key in self.touched else None
                incident = page_incident(kind, subject, site, page, standing, at or self.at)
                if track is Track.OUTAGE and name in self.taken_over:
                    incident = _going_on_from(self.taken_over[name], incident)
                self._open(incident, f"{standing.bad_streak} checks in a row failed")

    def _is_to_open(self, key: StandingKey, standing: Standing) -> bool:
        """What was announced with its server stays open, also while it cannot be judged."""
        announced = key[2] is Track.OUTAGE and key[0] in self.taken_over
        return standing.state is SiteState.DOWN or (standing.down and announced)

    def _continue(self, key: IncidentKey, standing: Standing) -> None:
        if standing.flapping != self.open[key].flapping:
            self._update(key, flapping=standing.flapping)
        if not standing.down and not standing.flapping:
            assert standing.since is not None
            words = "up again" if key[0] is IncidentKind.OUTAGE else "works again"
            self._close(key, standing.since, Ending.RECOVERED, words)

    def _judge_degraded(self) -> None:
        """Pages that fail too often, and are not down. One that goes down stays degraded: whether
        it is well again shows when it is back."""
        hosts_down = {s for kind, s in self.open if kind is IncidentKind.HOST_OUTAGE}
        for name, page, track in sorted(self.touched):
            site, standing = self.sites[name], self.standings[(name, page, track)]
            key = (IncidentKind.FAULT, degraded_subject(track, name, page))
            own = (IncidentKind(track.value), page_subject(track, name, page))
            wider = own in self.open or (IncidentKind.OUTAGE, name) in self.open
            if key in self.open and standing.rate.since is None:
                ended = standing.answers_since or standing.checked_at or self.at
                self._close(key, ended, Ending.RECOVERED, "requests fail no more than usual")
            may_open = key not in self.open and not wider and site.host not in hosts_down
            if may_open and standing.rate.since is not None and not standing.down:
                at = standing.checked_at or self.at
                incident = degraded_incident(key, site, page, standing, at)
                self._open(incident, str(incident.facts["words"]))

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
                why = "the site has no certificate any more: it is not served over HTTPS"
                self._close(key, last.checked_at, Ending.NO_CERTIFICATE, why)
            return
        if key in self.open:
            self._follow_certificate(key, site, last, last.certificate_expires)
            return
        left = last.certificate_expires - last.checked_at
        step = step_reached(left, site.expect.certificate_days)
        if step is not None:
            why = end_in_words(left)
            self._open(certificate_incident(key, site, last, why, step), why)

    def _follow_certificate(
        self, key: IncidentKey, site: Site, last: ProbeResult, expires: datetime
    ) -> None:
        """Follows the earliest end that a site shows, until a later one is sure to replace it."""
        facts, at = self.open[key].facts, last.checked_at
        worst = instant_from_json(facts.get("certificate_expires")) or expires
        since = instant_from_json(facts.get("better_since"))
        left, alternates = expires - at, bool(facts.get("alternates"))
        step = step_reached(left, site.expect.certificate_days)
        if expires > worst:
            if since is None:
                self._update(key, better_since=instant_to_json(at))
            elif is_successor(since, at, alternates=alternates, site=site):
                self._succeed(key, expires, left, step, since)
        elif step is None:
            limit = max(site.expect.certificate_days, default=0)
            why = f"the same certificate, which is warned about only {limit} days before its end"
            self._close(key, at, Ending.LIMIT_CHANGED, why)
        else:
            known: dict[str, Any] = {"certificate_expires": instant_to_json(expires)}
            if since is not None:
                known |= {"better_since": None, "alternates": True}
            if step < facts.get("step", step + 1):
                known |= {"step": step, "step_at": instant_to_json(at), "words": end_in_words(left)}
            self._update(key, **known)

    def _succeed(
        self,
        key: IncidentKey,
        expires: datetime,
        left: timedelta,
        step: int | None,
        since: datetime,
    ) -> None:
        """Another certificate took the place of the one that was warned about."""
        if step is None:
            self._close(key, since, Ending.RENEWED, f"renewed ({left.days} days left)")
            return
        ends, words = instant_to_json(expires), end_in_words(left)
        self._update(key, certificate_expires=ends, step=step, words=words, better_since=None)

    def _open(self, incident: Incident, why: str) -> None:
        self.open[(incident.kind, incident.subject)] = incident
        self.changes.append(Change(ChangeKind.OPENED, incident, why))

    def _close(
        self, key: IncidentKey, ended_at: datetime, ending: Ending, why: str, **facts: Any
    ) -> None:
        """Ends an incident; `why` is what people read about it, `rest` what is wrong still."""
        incident = self.open.pop(key)
        ended_at = max(ended_at, incident.started_at)
        end = {"ended_at": ended_at.isoformat(), "ending": ending.value, "over": why}
        facts = {**incident.facts, **end, **facts}
        closed_at = self._judged_at(incident)
        closed = replace(incident, ended_at=ended_at, closed_at=closed_at, facts=facts)
        self.changes.append(Change(ChangeKind.CLOSED, closed, why))

    def _judged_at(self, incident: Incident) -> datetime:
        """When this run last checked the page of an incident; the run's last check for others."""
        if incident.kind in (IncidentKind.OUTAGE, IncidentKind.FAULT):
            key = (incident.site or "", incident.page or "", Track(incident.kind.value))
            if key in self.touched:
                return self.standings[key].checked_at or self.at
        return self.at

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


def _going_on_from(server: Incident, incident: Incident) -> Incident:
    return replace(incident, facts={**incident.facts, "follows": _followed_by(server)})


def _followed_by(incident: Incident) -> list[str]:
    """The keys of the incidents that one which goes on from `incident` follows."""
    return [*incident.facts.get("follows", ()), incident.key]


def _by_page(attempts: Iterable[Attempt]) -> dict[tuple[str, str], list[Attempt]]:
    pages: defaultdict[tuple[str, str], list[Attempt]] = defaultdict(list)
    for attempt in sorted(attempts, key=lambda a: (a.site, a.page, a.number)):
        pages[(attempt.site, attempt.page)].append(attempt)
    return dict(pages)
