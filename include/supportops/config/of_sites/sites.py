"""`sites.yaml`: the file as operators write it, and the fleet that it means."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from supportops.config.model import Model, Wrong, entries, twice
from supportops.config.of_sites.domains import DomainsEntry, wrong_domains
from supportops.config.of_sites.monitors import MonitorEntry, wrong_monitors
from supportops.config.of_sites.request_values import (
    CertificateDays,
    Headers,
    HostName,
    Pattern,
    Redirects,
    UserAgent,
)
from supportops.config.values import (
    Clock,
    ControlUrl,
    Duration,
    Identifier,
    Instant,
    Interval,
    Name,
    Path,
    Share,
    StatusRanges,
    Url,
    Weekday,
    Zone,
)
from supportops.sites.domains.domain import DomainPolicy
from supportops.sites.failure_rate import DegradedPolicy
from supportops.sites.maintenance import Maintenance, OneOffMaintenance, WeeklyMaintenance
from supportops.sites.push.monitor import Monitors
from supportops.sites.site import (
    FIVE_MINUTES,
    CheckPolicy,
    Expectation,
    Fleet,
    Page,
    RequestOptions,
    Site,
)


class ExpectEntry(Model):
    """What a healthy answer looks like. What is left out comes from the level above."""

    status: StatusRanges | None = None
    contains: list[str] | None = None
    not_contains: list[str] | None = None
    certificate_days: CertificateDays | None = None
    latency: Duration | None = None
    matches: Annotated[list[Pattern], Field(max_length=20)] | None = None
    text: Literal["source", "visible"] | None = None
    final_host: HostName | None = None

    def over(self, base: Expectation) -> Expectation:
        """This entry, with `base` where it is silent."""
        return Expectation(
            status=base.status if self.status is None else self.status,
            contains=base.contains if self.contains is None else tuple(self.contains),
            not_contains=(
                base.not_contains if self.not_contains is None else tuple(self.not_contains)
            ),
            certificate_days=(
                base.certificate_days if self.certificate_days is None else self.certificate_days
            ),
            latency=base.latency if self.latency is None else self.latency,
            matches=base.matches if self.matches is None else tuple(self.matches),
            visible_text=base.visible_text if self.text is None else self.text == "visible",
            final_host=base.final_host if self.final_host is None else self.final_host,
        )


class PageEntry(Model):
    path: Path
    expect: ExpectEntry = ExpectEntry()


class OneOffEntry(Model):
    """One announced window: `from` and `to`, instants with their offset."""

    start: Instant = Field(alias="from")
    end: Instant = Field(alias="to")
    note: str = ""

    @model_validator(mode="after")
    def ends_after_it_starts(self) -> Self:
        if self.end <= self.start:
            raise ValueError("a window whose `to` is after its `from`")
        return self


class WeeklyEntry(Model):
    """The same window every week on the wall clock of `zone`, the office's unless it is named; may
    run past midnight."""

    weekday: Weekday
    start: Clock = Field(alias="from")
    end: Clock = Field(alias="to")
    zone: Zone | None = None
    note: str = ""


class MaintenanceEntry(Model):
    once: list[OneOffEntry] = []
    weekly: list[WeeklyEntry] = []

    def windows(self, zone: str) -> tuple[Maintenance, ...]:
        once = [OneOffMaintenance(w.start, w.end, w.note) for w in self.once]
        weekly = [
            WeeklyMaintenance(w.weekday, w.start, w.end, w.zone or zone, w.note)
            for w in self.weekly
        ]
        return (*once, *weekly)


class DefaultsEntry(Model):
    interval: Interval = FIVE_MINUTES
    redirects: Redirects = 10
    expect: ExpectEntry = ExpectEntry()
    maintenance: MaintenanceEntry = MaintenanceEntry()


class SiteEntry(Model):
    name: Name
    customer: Name
    url: Url
    host: Name | None = None
    interval: Interval | None = None
    expect: ExpectEntry = ExpectEntry()
    pages: list[PageEntry] = []
    maintenance: MaintenanceEntry = MaintenanceEntry()
    allow_private: bool = False
    headers: Headers = {}
    user_agent: UserAgent | None = None
    login: Identifier | None = None
    redirects: Redirects | None = None

    def site(
        self, defaults: DefaultsEntry, base: Expectation, common: tuple[Maintenance, ...], zone: str
    ) -> Site:
        """`base` and `common`: what all sites expect and share as maintenance, by `defaults`."""
        expect = self.expect.over(base)
        return Site(
            name=self.name,
            customer=self.customer,
            url=self.url,
            host=self.host,
            expect=expect,
            pages=tuple(Page(p.path, p.expect.over(_page_base(expect))) for p in self.pages),
            interval=self.interval or defaults.interval,
            maintenance=common + self.maintenance.windows(zone),
            allow_private=self.allow_private,
            request=RequestOptions(
                headers=tuple(self.headers.items()),
                user_agent=self.user_agent,
                login=self.login,
                most_redirects=defaults.redirects if self.redirects is None else self.redirects,
            ),
        )


def _page_base(expect: Expectation) -> Expectation:
    """A page shares the site's ranges and ceilings, but not the texts of the front page."""
    return Expectation(
        status=expect.status,
        certificate_days=expect.certificate_days,
        latency=expect.latency,
        visible_text=expect.visible_text,
        final_host=expect.final_host,
    )


class CheckEntry(Model):
    deadline: Duration = timedelta(seconds=10)
    confirm_after: list[Duration] = [timedelta(seconds=10), timedelta(seconds=30)]
    recovery_checks: Annotated[int, Field(ge=1, le=10)] = 2
    rate: Annotated[float, Field(gt=0, le=1000)] = 40.0
    in_flight: Annotated[int, Field(ge=1, le=1024)] = 64
    shard: Annotated[int, Field(ge=1, le=5000)] = 500
    user_agent: UserAgent = "supportops site check"
    heartbeat: Identifier | None = None
    heartbeat_failure: Identifier | None = None

    @model_validator(mode="after")
    def fits_into_an_interval(self) -> Self:
        tries = 1 + len(self.confirm_after)
        if sum(self.confirm_after, self.deadline * tries) > timedelta(minutes=4):
            raise ValueError("a deadline and confirmations that end within 4m together")
        return self


class ServersEntry(Model):
    """When a shared server, not each of its sites, is the cause."""

    share: Share = Field(default=0.5, json_schema_extra={"default": "50%"})
    min_sites: Annotated[int, Field(ge=2)] = 3


class DegradedEntry(Model):
    """Which share of failed requests, none of them an outage, makes a page degraded."""

    above: Share = Field(default=0.25, json_schema_extra={"default": "25%"})
    below: Share = Field(default=0.1, json_schema_extra={"default": "10%"})
    window: Duration = timedelta(hours=1)

    @model_validator(mode="after")
    def ends_below_its_start(self) -> Self:
        if self.below > self.above:
            raise ValueError("a `below` that is at most `above`")
        if self.window > timedelta(days=1):
            raise ValueError("a window of at most 1d")
        return self


class SitesFile(Model):
    """The whole of `sites.yaml`."""

    defaults: DefaultsEntry = DefaultsEntry()
    check: CheckEntry = CheckEntry()
    servers: ServersEntry = ServersEntry()
    degraded: DegradedEntry = DegradedEntry()
    vantage: list[ControlUrl] = []
    sites: list[SiteEntry]
    domains: DomainsEntry | None = None
    monitors: Annotated[list[MonitorEntry], Field(max_length=5000)] = []

    @classmethod
    def across(cls, data: Any) -> Iterator[Wrong]:
        """Each site name once, in a site each page once, and each control address once."""
        vantage = data.get("vantage") if isinstance(data, dict) else None
        urls = vantage if isinstance(vantage, list) else []
        yield from twice((("vantage", index), url) for index, url in enumerate(urls))
        sites = list(entries(data, "sites"))
        yield from twice(((*path, "name"), site.get("name")) for path, site in sites)
        for path, site in sites:
            pages = entries(site, "pages")
            yield from twice(((*path, *inner, "path"), page.get("path")) for inner, page in pages)
        yield from wrong_monitors(data)
        yield from wrong_domains(data)

    def domain_policy(self) -> DomainPolicy | None:
        """None where domains are not checked."""
        return None if self.domains is None else self.domains.policy()

    def push_monitors(self, zone: str) -> Monitors:
        """`zone`: of cron expressions that name none."""
        return Monitors(tuple(entry.monitor(zone) for entry in self.monitors))

    def fleet(self, zone: str) -> Fleet:
        """`zone`: of weekly maintenance that names none."""
        check = self.check
        policy = CheckPolicy(
            deadline=check.deadline,
            confirm_after=tuple(check.confirm_after),
            recovery_checks=check.recovery_checks,
            host_share=self.servers.share,
            host_min_sites=self.servers.min_sites,
            degraded=DegradedPolicy(self.degraded.above, self.degraded.below, self.degraded.window),
            vantage=tuple(self.vantage),
            rate=check.rate,
            in_flight=check.in_flight,
            shard=check.shard,
            user_agent=check.user_agent,
            heartbeat=check.heartbeat,
            heartbeat_failure=check.heartbeat_failure,
        )
        base = self.defaults.expect.over(Expectation())
        common = self.defaults.maintenance.windows(zone)
        sites = tuple(site.site(self.defaults, base, common, zone) for site in self.sites)
        return Fleet(sites, policy)
