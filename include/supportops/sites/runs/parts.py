"""What of a run can be judged while the rest of it is still being checked.

A page is judged when it will not be checked again in this run. What may share a cause with pages
that are still to come waits for them: a site for the others on its server, and everything for our
own connection while no control address answers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from supportops.sites.incident import VANTAGE, FleetState, IncidentKind
from supportops.sites.recheck import pause_before_next
from supportops.sites.site import CheckPolicy, Fleet, Site
from supportops.sites.standing import KNOWN, Attempt, Track, tracks_of

PageKey = tuple[str, str]
# How much later than one site the last of the same server may be checked: five hundred sites are
# started within 13 s, and a thousand that hang wait for their turn.
SLACK = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Ready:
    """The pages to judge now, and when to look again at what waits for the rest of its server.

    `news`: whether one of the pages was confirmed down, or is back.
    """

    pages: frozenset[PageKey] = frozenset()
    news: bool = False
    look_again: datetime | None = None


def longest_wait(policy: CheckPolicy) -> timedelta:
    """How long after its first failed check a site waits for the others on its server.

    A server that hangs is confirmed within this: 100 s as shipped. Later than that, what is
    known is judged.
    """
    tries = 1 + len(policy.confirm_after)
    return sum(policy.confirm_after, policy.deadline * tries) + SLACK


def is_news(tries: Sequence[Attempt], down: Collection[Track], policy: CheckPolicy) -> bool:
    """Whether a page that is done was confirmed down, or is back: worth a judgement of its own."""
    for track in tracks_of(tries[0].page):
        bad = [attempt.bad_for(track) for attempt in tries if attempt.result.counts]
        if track in down:
            if bad and not bad[-1]:
                return True
        elif sum(bad) > len(policy.confirm_after) and bad[-1]:
            return True
    return False


def ready(
    attempts: Iterable[Attempt],
    state: FleetState,
    fleet: Fleet,
    due: Sequence[Site],
    judged: Collection[PageKey],
    now: datetime,
) -> Ready:
    """The pages of a run that can be judged `now`, by the attempts recorded so far.

    `due` are the run's sites, `judged` the pages of earlier parts.
    """
    return _Parting(attempts, state, fleet, due, judged).ready(now)


class _Parting:
    def __init__(
        self,
        attempts: Iterable[Attempt],
        state: FleetState,
        fleet: Fleet,
        due: Sequence[Site],
        judged: Collection[PageKey],
    ) -> None:
        self.tries: defaultdict[PageKey, list[Attempt]] = defaultdict(list)
        for attempt in sorted(attempts, key=lambda each: each.number):
            self.tries[(attempt.site, attempt.page)].append(attempt)
        self.state, self.fleet, self.due, self.judged = state, fleet, due, judged
        self.policy = fleet.policy
        fronts = [(site.name, "") for site in due if (site.name, "") not in judged]
        self.fronts_done = {key for key in fronts if self._is_done(key)}
        self.undone = {name for name, page in fronts if (name, page) not in self.fronts_done}

    def ready(self, now: datetime) -> Ready:
        blind = self._is_blind()
        if blind is None:
            return Ready()
        held, looks = set[str](), list[datetime]()
        # Where our own connection is the cause, no server is.
        for host, sites in () if blind else self._by_host().items():
            names, look_again = self._held(host, sites, now)
            held |= names
            looks += [look_again] if look_again is not None else []
        pages = {key for key in self.fronts_done if key[0] not in held}
        for site in self.due:
            front = (site.name, "")
            if front in pages or front in self.judged:
                of_site = {(site.name, page.path) for page in site.pages} - set(self.judged)
                pages |= {key for key in of_site if self._is_done(key)}
        news = any(is_news(self.tries[key], self._down(key), self.policy) for key in pages)
        return Ready(frozenset(pages), news, min(looks, default=None))

    def _down(self, key: PageKey) -> set[Track]:
        found = ((track, self.state.standings.get((*key, track))) for track in tracks_of(key[1]))
        return {track for track, standing in found if standing is not None and standing.down}

    def _is_done(self, key: PageKey) -> bool:
        if key not in self.tries:
            return False
        return pause_before_next(self.tries[key], self._down(key), self.policy) is None

    def _is_blind(self) -> bool | None:
        """Whether our own connection is the cause; None where too little is known to say so."""
        controls = [tries for (site, _), tries in self.tries.items() if site == VANTAGE]
        if not controls or any(tries[-1].result.good for tries in controls):
            return False
        done = [self.tries[(s.name, "")] for s in self.due if s.name not in self.undone]
        known = [tries for each in done if (tries := [a for a in each if a.result.counts])]
        failing = sum(tries[-1].bad_for(Track.OUTAGE) for tries in known)
        if failing and 2 * failing >= len(known) + len(self.undone):
            return True
        few = 2 * (failing + len(self.undone)) < len(known) + len(self.undone)
        return False if few else None

    def _by_host(self) -> Mapping[str, list[Site]]:
        hosts: defaultdict[str, list[Site]] = defaultdict(list)
        for site in self.fleet.sites:
            if site.host is not None:
                hosts[site.host].append(site)
        return hosts

    def _held(
        self, host: str, sites: Sequence[Site], now: datetime
    ) -> tuple[set[str], datetime | None]:
        """The sites of a server that wait for the others on it, and until when."""
        names = {site.name for site in sites if not site.in_maintenance(now)}
        undone = names & self.undone
        done = {name for name, _ in self.fronts_done if name in names}
        if not undone or not done:
            return set(), None
        if (IncidentKind.HOST_OUTAGE, host) in self.state.open:
            return done, None  # Its end is decided when all of its sites are known.
        failed = {name for name in done if self._failed((name, ""))}
        news = {name for name in failed if Track.OUTAGE not in self._down((name, ""))}
        if not news:
            return set(), None
        down = failed | {n for n in names - done - undone if self._down((n, ""))}
        seen = {name for name in done if self._counts((name, ""))}
        known = {name for name in names - done - undone if self._is_known(name)}
        total = len(known | undone | seen)
        share = self.policy.host_share
        least = self.policy.host_min_sites
        is_most = len(down) > share * total and len(seen | known) >= least
        if is_most or len(down | undone) <= share * total or total < least:
            return set(), None
        limit = min(self.tries[(name, "")][0].result.checked_at for name in news)
        limit += longest_wait(self.policy)
        return (news, limit) if now < limit else (set(), None)

    def _is_known(self, name: str) -> bool:
        standing = self.state.standings.get((name, "", Track.OUTAGE))
        return standing is not None and standing.state in KNOWN

    def _counts(self, key: PageKey) -> bool:
        return any(attempt.result.counts for attempt in self.tries[key])

    def _failed(self, key: PageKey) -> bool:
        return self.tries[key][-1].bad_for(Track.OUTAGE)
