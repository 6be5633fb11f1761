"""Checks one shard of a run: every page once, again where a result has to be confirmed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from types import TracebackType
from typing import Any

from sqlalchemy import Engine

from supportops.config import snapshots
from supportops.context import Secrets, no_secrets
from supportops.db.engine import reading, writing
from supportops.db.locks import Lock, advisory_lock
from supportops.sites import store
from supportops.sites.check import ProbeResult
from supportops.sites.due import from_text
from supportops.sites.incident import VANTAGE
from supportops.sites.recheck import pause_before_next
from supportops.sites.site import Expectation, Fleet, Site
from supportops.sites.standing import Attempt, Track

Clock = Callable[[], datetime]
PageKey = tuple[str, str]
FLUSH_EVERY = 200
FLUSH_SECONDS = 5.0


@dataclass(slots=True)
class Shard:
    """The pages of one shard, and the results recorded for them so far.

    `down`: the pages that were confirmed down before, and on which tracks. `over`: the run was
    judged, so that nothing may be added to it.
    """

    slot: datetime
    fleet: Fleet
    sites: Sequence[Site]
    down: Mapping[PageKey, set[Track]]
    tries: dict[PageKey, list[Attempt]] = field(default_factory=dict)
    over: bool = False
    secrets: Secrets = no_secrets

    @classmethod
    def load(
        cls, engine: Engine, slot: datetime, number: int, secrets: Secrets = no_secrets
    ) -> Shard:
        """Raises LookupError where no run was planned for `slot`."""
        with reading(engine) as connection:
            run = store.run_of(connection, slot)
            if run is None:
                raise LookupError(f"no run was planned for {slot.isoformat()}")
            fleet = snapshots.get(connection, run.configuration).fleet
            size = fleet.policy.shard
            sites = from_text(fleet, run.due)[number * size : (number + 1) * size]
            names = {site.name for site in sites}
            down = store.down_pages(connection, names)
            shard = cls(slot, fleet, sites, down, over=run.judged_at is not None)
            shard.secrets = secrets
            for attempt in store.attempts(connection, slot, names | {VANTAGE}):
                shard.tries.setdefault((attempt.site, attempt.page), []).append(attempt)
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

    def next_pause(self) -> timedelta | None:
        """How long to wait before the next round; None when every page is done."""
        return None if self.over else min(self._pauses().values(), default=None)

    def _pauses(self) -> dict[PageKey, timedelta]:
        policy = self.fleet.policy
        wanted = {
            key: pause_before_next(self.tries.get(key, []), self.down.get(key, ()), policy)
            for key in self.pages()
        }
        return {key: pause for key, pause in wanted.items() if pause is not None}

    def check(self, engine: Engine, clock: Clock, wait: timedelta, trust: str | None) -> None:
        """One round: every page whose pause is over, and the control addresses with them."""
        from supportops.flows.checking.targets import target_of
        from supportops.sites.probe.probe import Target, probe

        pages = self.pages()
        keys = [key for key, pause in self._pauses().items() if pause <= wait]
        targets = [target_of(*pages[key], self.secrets) for key in keys]
        for url in self.fleet.policy.vantage:
            keys.append((VANTAGE, url))
            targets.append(Target(url, Expectation(status=((100, 599),)), True))
        with Writer(engine, self.slot) as writer:

            def record(index: int, result: ProbeResult) -> None:
                tries = self.tries.setdefault(keys[index], [])
                attempt = Attempt(*keys[index], len(tries), result)
                tries.append(attempt)
                writer.add(attempt)

            probe(targets, self.fleet.policy, clock, on_result=record, trust=trust)
        self.over = writer.over

    def summary(self) -> dict[str, Any]:
        """The pages, their checks, and how many pages failed their last one. JSON values."""
        results = [tries for (site, _), tries in self.tries.items() if site != VANTAGE]
        return {
            "pages": len(results),
            "attempts": sum(len(tries) for tries in results),
            "failing": sum(not tries[-1].result.good for tries in results),
        }


class Writer:
    """Appends results in small transactions, so that a killed check loses the last few at most.

    A thread of its own writes them: a slow store must not make the sites look slow. A run that was
    judged takes no more results, or a replay would judge it otherwise. Leaving the context waits
    for all writes, and raises the first error of any.
    """

    def __init__(self, engine: Engine, slot: datetime) -> None:
        self.over = False
        self._engine = engine
        self._slot = slot
        self._rows: list[Attempt] = []
        self._flushed = monotonic()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="supportops-results")
        self._written: list[Future[None]] = []

    def add(self, attempt: Attempt) -> None:
        """Queues a result; returns before it is written."""
        self._rows.append(attempt)
        if len(self._rows) >= FLUSH_EVERY or monotonic() - self._flushed >= FLUSH_SECONDS:
            self._flush()

    def _flush(self) -> None:
        rows, self._rows, self._flushed = self._rows, [], monotonic()
        if rows:
            self._written.append(self._thread.submit(self._append, rows))

    def _append(self, rows: Sequence[Attempt]) -> None:
        with writing(self._engine) as connection:
            advisory_lock(connection, Lock.JUDGE_SITES)
            run = store.run_of(connection, self._slot)
            self.over = run is None or run.judged_at is not None
            if not self.over:
                store.append_results(connection, self._slot, rows)

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._flush()
        self._thread.shutdown()
        if kind is None:
            for written in self._written:
                written.result()


def page_url(site_url: str, path: str) -> str:
    """The address of a further page: the site's scheme and server, and `path`."""
    scheme, _, rest = site_url.partition("://")
    server = rest.split("/", 1)[0].split("?", 1)[0].split("#", 1)[0]
    return f"{scheme}://{server}{path}"
