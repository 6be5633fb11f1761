"""Checks one shard of a run: every page once, again where a result has to be confirmed."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine

from supportops.config import snapshots
from supportops.context import Secrets, no_secrets
from supportops.db.engine import reading
from supportops.flows.sites.checking.timer import NOTHING, Clock, Timer
from supportops.flows.sites.checking.writer import JudgePart, Writer
from supportops.sites import store
from supportops.sites.check import ProbeResult
from supportops.sites.incident import VANTAGE
from supportops.sites.log import chains
from supportops.sites.log.chains import SeenChain
from supportops.sites.recheck import pause_before_next
from supportops.sites.runs.due import from_text
from supportops.sites.runs.parts import PageKey, is_news
from supportops.sites.site import Expectation, Fleet, Site, shard_size
from supportops.sites.standing import Attempt, Track

if TYPE_CHECKING:
    from supportops.sites.probe.probe import Target

# Rechecks that are due so soon are waited for without ending the round.
LINGER = timedelta(seconds=1)
# A recheck is accompanied by checks of the control addresses, unless they were checked just now.
CONTROLS_EVERY = timedelta(seconds=5)
# How often a round with something to judge looks whether it can be judged yet, in seconds.
LOOK_EVERY = 0.2


@dataclass(slots=True)
class Shard:
    """The pages of one shard, and the results recorded for them so far.

    `resumed`: an earlier task recorded some of them and was killed; `late`: by how much the next
    check of a page is later than it should have been. `down`: the pages that were confirmed down
    before, and on which tracks. `over`: the run was judged, so that nothing may be added to it.
    `due`: the checks to make, the next one first.
    """

    slot: datetime
    fleet: Fleet
    sites: Sequence[Site]
    down: Mapping[PageKey, set[Track]]
    tries: dict[PageKey, list[Attempt]] = field(default_factory=dict)
    over: bool = False
    due: list[tuple[datetime, int, PageKey]] = field(default_factory=list)
    look_again: datetime | None = None
    has_news: bool = False
    secrets: Secrets = no_secrets
    chains: dict[str, str] = field(default_factory=dict)
    resumed: bool = False
    late: dict[PageKey, timedelta] = field(default_factory=dict)

    @classmethod
    def load(
        cls,
        engine: Engine,
        slot: datetime,
        number: int,
        now: datetime,
        secrets: Secrets = no_secrets,
    ) -> Shard:
        """`now` by the timer. Raises LookupError where no run was planned for `slot`."""
        with reading(engine) as connection:
            run = store.run_of(connection, slot)
            if run is None:
                raise LookupError(f"no run was planned for {slot.isoformat()}")
            fleet = snapshots.get(connection, run.configuration).fleet
            due = from_text(fleet, run.due)
            size = shard_size(len(due), fleet.policy.shard)
            sites = due[number * size : (number + 1) * size]
            names = {site.name for site in sites}
            down = store.down_pages(connection, names)
            shard = cls(slot, fleet, sites, down, over=run.judged_at is not None)
            shard.secrets = secrets
            shard.chains = chains.current_digests(connection, names)
            for attempt in store.attempts(connection, slot, names | {VANTAGE}):
                shard.tries.setdefault((attempt.site, attempt.page), []).append(attempt)
        for key in shard.pages():
            tries = shard.tries.get(key)
            shard.resumed |= tries is not None
            shard.plan(key, now, now - tries[-1].result.checked_at if tries else NOTHING)
        return shard

    def pages(self) -> dict[PageKey, tuple[Site, str, Expectation]]:
        """Every address to check, with its site and what is expected of it."""
        found: dict[PageKey, tuple[Site, str, Expectation]] = {}
        for site in self.sites:
            found[(site.name, "")] = (site, site.url, site.expect)
            for page in site.pages:
                url = page_url(site.url, page.path)
                found[(site.name, page.path)] = (site, url, page.expect)
        return found

    def plan(self, key: PageKey, now: datetime, idle: timedelta = NOTHING) -> None:
        """Enters the page's next check, if it has one; one that is done may be news.

        `idle`: for how long nobody has checked it, because a task was killed.
        """
        tries, policy = self.tries.get(key, []), self.fleet.policy
        pause = pause_before_next(tries, self.down.get(key, ()), policy)
        if pause is not None:
            heapq.heappush(self.due, (now + self._rest(key, pause, idle), len(self.due), key))
        elif self.look_again is not None or is_news(tries, self.down.get(key, ()), policy):
            self.has_news = True

    def _rest(self, key: PageKey, pause: timedelta, idle: timedelta) -> timedelta:
        """What is left of a pause. Time that a killed task lost is made up for by the next one, so
        that an outage is confirmed as soon; the shortest pause is between any two checks."""
        if idle > NOTHING:
            self.late[key] = max(NOTHING, idle - pause)
            return max(NOTHING, pause - idle)
        shortest = min(self.fleet.policy.confirm_after, default=NOTHING)
        return pause - max(NOTHING, min(self.late.pop(key, NOTHING), pause - shortest))

    def next_pause(self, now: datetime) -> timedelta | None:
        """How long to wait before the next round; None when every page is done."""
        if self.over or not self.due:
            return None
        at, _, key = self.due[0]
        tries = self.tries.get(key, [])
        longest = pause_before_next(tries, self.down.get(key, ()), self.fleet.policy)
        wait = min(at - now, longest or NOTHING)
        if self.look_again is not None:
            wait = min(wait, self.look_again - now)
        return max(NOTHING, wait)

    def check(
        self,
        engine: Engine,
        clock: Clock,
        timer: Timer,
        judge_part: JudgePart,
        trust: str | None,
    ) -> None:
        """One round: every page whose pause is over, and those whose pause ends meanwhile."""
        from supportops.sites.probe.probe import probe

        with Writer(engine, self.slot, judge_part) as writer:
            writer.look_again = self.look_again
            writing = _Round(self, writer, timer)
            probe([], self.fleet.policy, clock, on_result=writing.record, trust=trust, feed=writing)
            writing.finish()
        self.over, self.look_again = writer.over, writer.look_again

    def summary(self) -> dict[str, Any]:
        """The pages, their checks, and how many pages failed their last one. JSON values."""
        results = [tries for (site, _), tries in self.tries.items() if site != VANTAGE]
        return {
            "pages": len(results),
            "attempts": sum(len(tries) for tries in results),
            "failing": sum(not tries[-1].result.good for tries in results),
        }


class _Round:
    """Feeds the probe with what is due, takes its results, and has judged what is ready."""

    def __init__(self, shard: Shard, writer: Writer, timer: Timer) -> None:
        self.shard, self.writer, self.timer = shard, writer, timer
        self.pages = shard.pages()
        self.keys: list[PageKey] = []
        self.open = 0
        self.open_controls = 0
        self.controls_at: datetime | None = None
        self.idle_since = monotonic()

    def take(self) -> list[Target]:
        """The pages that are due; with them the control addresses."""
        self._judge_if_possible()
        self.writer.write_failures()
        due, now, keys = self.shard.due, self.timer.now(), list[PageKey]()
        while due and due[0][0] <= now:
            keys.append(heapq.heappop(due)[2])
        if keys:
            keys = [*self._controls(now), *keys]
        self.keys += keys
        self.open += len(keys)
        return [self._target(key) for key in keys]

    def _controls(self, now: datetime) -> list[PageKey]:
        recent = self.controls_at is not None and now - self.controls_at < CONTROLS_EVERY
        if recent or self.open_controls:
            return []
        self.controls_at = now
        urls = self.shard.fleet.policy.vantage
        self.open_controls = len(urls)
        return [(VANTAGE, url) for url in urls]

    def _target(self, key: PageKey) -> Target:
        from supportops.flows.sites.checking.targets import target_of
        from supportops.sites.probe.probe import Target

        if key[0] == VANTAGE:
            return Target(key[1], Expectation(status=((100, 599),)), True)
        return target_of(*self.pages[key], self.shard.secrets)

    def wait(self) -> float | None:
        """Seconds until a check is due or something may be judged; None: the round is over."""
        now, looks = self.timer.now(), [at for at, *_ in self.shard.due[:1]]
        if self.shard.look_again is not None:
            looks.append(self.shard.look_again)
        left = min((at - now for at in looks), default=None)
        if self.open:
            waits = [
                max(0.0, left.total_seconds()) if left is not None else None,
                LOOK_EVERY if self.shard.has_news else None,
                self.writer.until_failures_are_due(),
            ]
            return min((wait for wait in waits if wait is not None), default=None)
        if left is None or left > LINGER or monotonic() - self.idle_since > LINGER.total_seconds():
            return None
        return max(0.0, left.total_seconds())

    def record(self, index: int, result: ProbeResult) -> None:
        """One more result of the probe, which numbers them as they were taken."""
        key = self.keys[index]
        tries = self.shard.tries.setdefault(key, [])
        attempt = Attempt(*key, len(tries), result)
        tries.append(attempt)
        self._note_chain(attempt)
        self.writer.add(attempt)
        self.open -= 1
        self.idle_since = monotonic()
        if key[0] == VANTAGE:
            self.open_controls -= 1
        else:
            self.shard.plan(key, self.timer.now())

    def _note_chain(self, attempt: Attempt) -> None:
        """The certificates of a front page, where they are others than before."""
        chain, known = attempt.result.chain, self.shard.chains
        if chain is None or attempt.page or attempt.site == VANTAGE:
            return
        digest = chain.digest()
        if known.get(attempt.site) != digest:
            from supportops.sites.probe.presented import chain_of

            known[attempt.site] = digest
            seen = SeenChain(digest, chain_of(chain), attempt.result.checked_at)
            self.writer.add_chain(attempt.site, seen)

    def _judge_if_possible(self) -> None:
        shard = self.shard
        if self.writer.may_judge:
            shard.look_again = self.writer.look_again
            shard.has_news |= shard.look_again is not None and shard.look_again <= self.timer.now()
        # A control address that has not answered yet may show that the failures are our own.
        if shard.has_news and not self.open_controls and self.writer.may_judge:
            self._judge()

    def _judge(self) -> None:
        self.shard.has_news = False
        self.shard.look_again = self.writer.look_again = None
        self.writer.judge()

    def finish(self) -> None:
        """The last judgement of the round, where something is left for one."""
        if self.shard.has_news:
            self._judge()


def page_url(site_url: str, path: str) -> str:
    """The address of a further page: the site's scheme and server, and `path`."""
    scheme, _, rest = site_url.partition("://")
    server = rest.split("/", 1)[0].split("?", 1)[0].split("#", 1)[0]
    return f"{scheme}://{server}{path}"
