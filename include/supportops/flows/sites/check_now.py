"""One check of a site out of turn: its result is shown to who asked, and judged by nobody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock

from supportops.context import Context
from supportops.db.engine import reading
from supportops.flows.active_configuration import active_configuration
from supportops.flows.sites.checking.shard import page_url
from supportops.flows.sites.checking.targets import target_of
from supportops.sites.check import ProbeResult

# Beyond the front page so many are asked.
MOST_PAGES = 9
PAUSE = timedelta(seconds=20)
# A site's server and our own process are not to be kept busy by people who press a button.
MOST_AT_ONCE = 2


class TooSoonError(RuntimeError):
    """The site was checked a moment ago, or others are being checked."""


class CheckNow:
    """Checks sites on request: each at most every PAUSE, MOST_AT_ONCE at a time in a process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._running = 0
        self._last: dict[str, datetime] = {}

    def __call__(
        self, context: Context, name: str, clock: Callable[[], datetime]
    ) -> list[tuple[str, ProbeResult]]:
        """The result of each page by its path, "" the front page. Nothing is recorded.

        Raises LookupError for a site that is not configured, TooSoonError.
        """
        with reading(context.engine) as connection:
            fleet = active_configuration(connection).displayed().fleet
        site = fleet.by_name().get(name)
        if site is None:
            raise LookupError("no site of this name is configured")
        self._begin(name, clock())
        try:
            from supportops.sites.probe.probe import probe

            pages = site.pages[:MOST_PAGES]
            targets = [target_of(site, site.url, site.expect, context.secrets)]
            targets += [
                target_of(site, page_url(site.url, page.path), page.expect, context.secrets)
                for page in pages
            ]
            results = probe(targets, fleet.policy, clock)
            return list(zip(["", *(page.path for page in pages)], results, strict=True))
        finally:
            with self._lock:
                self._running -= 1

    def _begin(self, name: str, now: datetime) -> None:
        with self._lock:
            recent = {each: at for each, at in self._last.items() if abs(now - at) < PAUSE}
            self._last = recent
            if name in recent:
                seconds = (PAUSE - abs(now - recent[name])).seconds + 1
                raise TooSoonError(f"It was checked a moment ago: wait {seconds} s.")
            if self._running >= MOST_AT_ONCE:
                raise TooSoonError("Other sites are being checked: wait a moment.")
            self._last[name] = now
            self._running += 1


check_now = CheckNow()
