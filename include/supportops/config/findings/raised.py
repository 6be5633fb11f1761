"""Which alerts can be raised with a configuration: of what kind, how urgent, about whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from supportops.alerts.alert import (
    SERVICE_LEVEL_KINDS,
    Affected,
    Alert,
    Kind,
    Severity,
    usual_severity,
)
from supportops.config.configuration import Configuration, File
from supportops.sites.domains.domain import Domain, domains_of
from supportops.sites.push.monitor import Limits

RAISED_AT = datetime(2026, 1, 1, tzinfo=UTC)
# About this installation, whatever it is configured to do.
_ITS_OWN = (
    Kind.CLOCK,
    Kind.CONFIGURATION,
    Kind.TASK_FAILED,
    Kind.IMPORT_ERROR,
)
_OF_A_SITE = (Kind.OUTAGE, Kind.FAULT, Kind.CERTIFICATE)
_NOBODY = (Affected(),)


@dataclass(frozen=True, slots=True)
class Raised:
    """Alerts of one kind and severity, and whom they can be about.

    `affected`: each site or customer that such an alert can be about, by itself or among others;
    one of neither stands for all that no file names. `subjects`: what they can be about, where
    routing depends on it. `tiers`: of the tickets.
    """

    kind: Kind
    severity: Severity
    affected: tuple[Affected, ...] = _NOBODY
    subjects: tuple[str, ...] = ("",)
    tiers: tuple[str, ...] = ()

    def alert(self, about: Affected, subject: str = "") -> Alert:
        """One of them."""
        return Alert(
            key=f"{self.kind}:",
            kind=self.kind,
            severity=self.severity,
            subject=subject,
            headline="",
            opened_at=RAISED_AT,
            site=about.site,
            customer=about.customer,
        )


def raised(configuration: Configuration) -> Iterator[Raised]:
    """All of them, kind by kind."""
    for kind in _ITS_OWN:
        yield Raised(kind, usual_severity(kind))
    receivers = tuple(configuration.displayed().alerts.targets())
    yield Raised(Kind.DELIVERY, usual_severity(Kind.DELIVERY), subjects=receivers or ("",))
    if configuration.has(File.REPORTS) and configuration.reports.audiences:
        yield Raised(Kind.REPORT_TROUBLE, usual_severity(Kind.REPORT_TROUBLE))
    if configuration.notices.rules is not None:
        yield Raised(Kind.NOTICE_WAITING, usual_severity(Kind.NOTICE_WAITING))
        yield Raised(Kind.NOTICE_LATE, usual_severity(Kind.NOTICE_LATE))
    yield from _about_sites(configuration)
    yield from _about_customers(configuration)


def customers_named(configuration: Configuration) -> list[str]:
    """Every customer that a file other than alerts.yaml names, each by one name in one spelling."""
    customers = configuration.customers
    named = [each.name for each in customers.listed]
    named += [site.customer for site in configuration.displayed().fleet.sites]
    named += [
        each.customer for each in configuration.displayed().reports.audiences if each.customer
    ]
    book = configuration.displayed().promises
    for version in () if book is None else book.versions:
        named += [name for promise in version.promises for name in sorted(promise.customers)]
    one = {customers.key(name): customers.named(name) for name in reversed(named)}
    return list(one.values())[::-1]


def promised_tiers(configuration: Configuration) -> list[str]:
    """The tiers to which the newest policy, or one before it, promises something."""
    book = configuration.promises
    versions = () if book is None else book.versions
    return list(dict.fromkeys(each.tier for one in versions for each in one.promises))


def _about_sites(configuration: Configuration) -> Iterator[Raised]:
    fleet = configuration.displayed().fleet
    every = tuple(Affected(site.name, site.customer) for site in fleet.sites)
    hosted = tuple(Affected(site.name, site.customer) for site in fleet.sites if site.host)
    some = dict.fromkeys(_OF_A_SITE, every) | {Kind.HOST_OUTAGE: hosted}
    some |= {Kind.BLIND: every if fleet.policy.vantage else ()}
    for kind, affected in some.items():
        if affected:
            yield Raised(kind, usual_severity(kind), affected)
    yield from _about_monitors(configuration)
    yield from _about_domains(configuration)
    yield Raised(Kind.CHECK_STALE, usual_severity(Kind.CHECK_STALE), every or _NOBODY)
    for severity in (Severity.CRITICAL, Severity.WARNING):
        yield Raised(Kind.CHECK_TROUBLE, severity, every or _NOBODY)


def _about_domains(configuration: Configuration) -> Iterator[Raised]:
    if configuration.domains is None:
        return
    sites = [domain.site for domain in _domains(configuration)]
    about = [Affected(site.name, site.customer) if site else Affected() for site in sites]
    if about:
        for kind in (Kind.REGISTRATION, Kind.DNS_CHANGE, Kind.MAIL_RECORDS):
            yield Raised(kind, Severity.WARNING, tuple(dict.fromkeys(about)))
        yield Raised(Kind.REGISTRATION, Severity.INFO, tuple(dict.fromkeys(about)))


def _domains(configuration: Configuration) -> list[Domain]:
    return domains_of(configuration.displayed().fleet, configuration.domains)


def _about_monitors(configuration: Configuration) -> Iterator[Raised]:
    sites = configuration.displayed().fleet.by_name()
    monitors = configuration.monitors.all
    for kind in (Kind.PUSH_MISSING, Kind.PUSH_FAILED, Kind.PUSH_LIMIT):
        for severity in (Severity.CRITICAL, Severity.WARNING):
            urgent = severity is Severity.CRITICAL
            of = [m for m in monitors if (m.urgent and kind is not Kind.PUSH_LIMIT) is urgent]
            if kind is Kind.PUSH_LIMIT:
                of = [m for m in of if m.limits != Limits()]
            named = (sites.get(m.site or "") for m in of)
            about = [Affected(s.name, s.customer) if s else Affected() for s in named]
            if about:
                yield Raised(kind, severity, tuple(dict.fromkeys(about)))


def _about_customers(configuration: Configuration) -> Iterator[Raised]:
    customers = (*(Affected(None, name) for name in customers_named(configuration)), Affected())
    yield Raised(Kind.CALL, usual_severity(Kind.CALL), customers)
    if not configuration.has(File.SERVICE_LEVELS):
        return
    tiers = promised_tiers(configuration)
    of: dict[Severity, Sequence[str]] = {
        severity: [tier for tier in tiers if configuration.tiers.severity(tier) is severity]
        for severity in Severity
    }
    for kind in sorted(SERVICE_LEVEL_KINDS):
        for severity, names in of.items():
            if names:
                yield Raised(kind, severity, customers, tiers=tuple(names))
