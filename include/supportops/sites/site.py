"""A customer's website: where it is, what is expected of it, and when it is checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from supportops.sites.failure_rate import AS_SHIPPED, DegradedPolicy
from supportops.sites.maintenance import Maintenance

# Airflow's [core] max_map_length as shipped.
MOST_SHARDS = 1024
FIVE_MINUTES = timedelta(minutes=5)
# A run that begins this much before a site's interval is over checks it all the same.
DUE_TOLERANCE = timedelta(minutes=1)
# The last check is too old when two intervals have passed without another.
STALE_AFTER = 2 * FIVE_MINUTES


# Days before the end of a certificate; Let's Encrypt's clients renew 30 days ahead.
CERTIFICATE_STEPS = (30, 14, 7, 3, 1)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a healthy response looks like.

    `status` are inclusive ranges of HTTP status codes. `contains` and `not_contains` are texts
    looked for in the decoded body, `matches` regular expressions; `visible_text`: in the page's
    text without its markup. `final_host`: where redirects must end (ASCII). `certificate_days`:
    warn when the certificate expires in fewer days, and again at each of these steps. `latency`:
    the ceiling for the whole exchange, DNS to last byte.
    """

    status: tuple[tuple[int, int], ...] = ((200, 399),)
    contains: tuple[str, ...] = ()
    not_contains: tuple[str, ...] = ()
    certificate_days: tuple[int, ...] = CERTIFICATE_STEPS
    latency: timedelta | None = None
    matches: tuple[str, ...] = ()
    visible_text: bool = False
    final_host: str | None = None

    def accepts(self, status: int) -> bool:
        """Whether the HTTP status lies in one of the ranges."""
        return any(low <= status <= high for low, high in self.status)

    def names(self, status: int) -> bool:
        """Whether the HTTP status is expected by itself, not as one of a range."""
        return (status, status) in self.status

    @property
    def reads_text(self) -> bool:
        """Whether the body has to be read as text; what is expected of it is in `probe/page.py`."""
        return bool(self.contains or self.not_contains or self.matches)


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """What a site's requests carry, and how many redirects they follow.

    `headers` are names and values; they and the login go to the site's own origin alone. `login` is
    the name of the secret that holds `user:password`. `user_agent` None: that of the policy.
    """

    headers: tuple[tuple[str, str], ...] = ()
    user_agent: str | None = None
    login: str | None = None
    most_redirects: int = 10


PLAIN = RequestOptions()


@dataclass(frozen=True, slots=True)
class Page:
    """A further path of a site. Its failure, while the site itself is up, is a fault."""

    path: str
    expect: Expectation


@dataclass(frozen=True, slots=True)
class Site:
    """One website that the agency is responsible for. `name` is unique."""

    name: str
    customer: str
    url: str
    host: str | None = None
    expect: Expectation = Expectation()
    pages: tuple[Page, ...] = ()
    interval: timedelta = FIVE_MINUTES
    maintenance: tuple[Maintenance, ...] = ()
    allow_private: bool = False
    request: RequestOptions = PLAIN

    def due(self, slot: datetime, asked: datetime | None) -> bool:
        """Whether the run of `slot` includes this site, which the run of `asked` checked last.

        Both are aware UTC. A site that was never checked is due at once, and one whose interval
        is that of the runs in every run. Slots and not instants of checks are compared: a check
        that waited for its turn does not put off the next one.
        """
        if asked is None or self.interval <= FIVE_MINUTES:
            return True
        return slot - asked >= self.interval - DUE_TOLERANCE

    def in_maintenance(self, instant: datetime) -> bool:
        """Whether any window covers the instant (aware)."""
        return any(window.covers(instant) for window in self.maintenance)


@dataclass(frozen=True, slots=True)
class CheckPolicy:
    """How sites are checked and judged; the same for all of them.

    `confirm_after`: pauses before each recheck of a failing site, in the same run.
    `recovery_checks`: good checks in a row that end an incident. `host_share` and
    `host_min_sites`: how many of a server's sites fail together before the server is the
    cause. `vantage`: control addresses that are always up unless our own connection is down.
    `degraded`: which failure rate makes a page degraded.
    `rate`: checks started in a second, `in_flight`: at once, `shard`: sites a task.
    """

    deadline: timedelta = timedelta(seconds=10)
    confirm_after: tuple[timedelta, ...] = (timedelta(seconds=10), timedelta(seconds=30))
    recovery_checks: int = 2
    host_share: float = 0.5
    host_min_sites: int = 3
    degraded: DegradedPolicy = AS_SHIPPED
    vantage: tuple[str, ...] = ()
    rate: float = 40.0
    in_flight: int = 64
    shard: int = 500
    user_agent: str = "supportops site check"
    heartbeat: str | None = None
    heartbeat_failure: str | None = None


@dataclass(frozen=True, slots=True)
class Fleet:
    """Every site, and how they are checked: what `sites.yaml` says."""

    sites: tuple[Site, ...]
    policy: CheckPolicy = CheckPolicy()

    def due(self, slot: datetime, asked: Mapping[str, datetime] | None = None) -> tuple[Site, ...]:
        """The sites to check in the run of `slot` (aware UTC), in the order of the file.

        `asked`: the slot of the last run that checked each site; one without was never checked.
        """
        asked = asked or {}
        return tuple(site for site in self.sites if site.due(slot, asked.get(site.name)))

    def longest_interval(self) -> timedelta:
        """The longest interval of any site; that of the runs where there is none longer."""
        return max((site.interval for site in self.sites), default=FIVE_MINUTES)

    def by_name(self) -> dict[str, Site]:
        """The sites by their names, which are unique."""
        return {site.name: site for site in self.sites}


def shard_size(sites: int, size: int) -> int:
    """How many of a run's `sites` one task checks: `size`, or more where there would be more tasks
    than Airflow allows, which would be a run that checks nothing."""
    return max(size, -(-sites // MOST_SHARDS))
