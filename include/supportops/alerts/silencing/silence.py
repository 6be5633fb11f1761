"""Silences, as in Alertmanager: who is not to be notified of what, from when until when, and why.

A silence stops alarms, reminders and escalation and nothing else: the alert is shown, clocks and
checks go on, and whoever got the alarm before gets the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from supportops.alerts.alert import Affected, Alert, Kind
from supportops.alerts.routing.matcher import How, MatcherError, Pattern, has_glob, is_one_of
from supportops.alerts.routing.matching import lasting
from supportops.customers import Customers

EXPIRES_SOON = timedelta(minutes=15)
LONGEST = timedelta(days=366)
# About our own work, of which nobody else would learn: only a matcher that names them by their
# kind silences them.
OF_OURSELVES = frozenset(
    {
        Kind.BLIND,
        Kind.CHECK_STALE,
        Kind.CHECK_TROUBLE,
        Kind.CLOCK,
        Kind.CONFIGURATION,
        Kind.DELIVERY,
        Kind.TASK_FAILED,
        Kind.IMPORT_ERROR,
        Kind.REPORT_TROUBLE,
        Kind.NOTICE_WAITING,
        Kind.NOTICE_LATE,
    }
)


class Label(StrEnum):
    """What a matcher compares."""

    KIND = "kind"
    SEVERITY = "severity"
    SITE = "site"
    CUSTOMER = "customer"
    HOST = "host"


class SilenceState(StrEnum):
    """As Alertmanager calls them."""

    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Matcher:
    """A label and the names that it has to be one of. `aliases`: all names of the customers that
    one of whose names the pattern matches, as customers.yaml has them now."""

    label: Label
    pattern: Pattern
    aliases: frozenset[str] = field(default=frozenset(), compare=False)

    def __str__(self) -> str:
        return f"{self.label}{self.pattern}"

    def is_for_customer(self, name: str | None) -> bool:
        """Whether a customer of this name is meant, by it or by another of the customer's names."""
        return self.pattern.matches(name) or is_one_of(name, self.aliases)


@dataclass(frozen=True, slots=True)
class Silence:
    """A silence as stored; all its matchers have to match. It is in force from `starts_at`, until
    `ends_at` or somebody ended it before. `replaces`: the one that it is another version of."""

    id: int
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    reason: str
    created_by: str
    created_at: datetime
    expired_by: str | None = None
    expired_at: datetime | None = None
    replaces: int | None = None

    @property
    def until(self) -> datetime:
        """When it ends, or ended."""
        return self.ends_at if self.expired_at is None else min(self.ends_at, self.expired_at)

    def state(self, now: datetime) -> SilenceState:
        """Whether it is in force at `now`."""
        if self.until <= now:
            return SilenceState.EXPIRED
        return SilenceState.PENDING if now < self.starts_at else SilenceState.ACTIVE

    def expires_soon(self, now: datetime) -> bool:
        """Whether it is in force for less than a quarter of an hour more."""
        return self.state(now) is SilenceState.ACTIVE and self.until - now < EXPIRES_SOON

    def words(self) -> str:
        """What it matches: "site=shop, kind=outage,fault"."""
        return " ".join(map(str, self.matchers))


def aliased(silences: Iterable[Silence], customers: Customers) -> list[Silence]:
    """The same, which know each customer by all names."""
    return [replace(each, matchers=known_by(each.matchers, customers)) for each in silences]


def known_by(matchers: Iterable[Matcher], customers: Customers) -> tuple[Matcher, ...]:
    """The same, which know each customer by all names."""
    return tuple(
        replace(each, aliases=frozenset(_aliases(each.pattern, customers)))
        if each.label is Label.CUSTOMER
        else each
        for each in matchers
    )


def _aliases(pattern: Pattern, customers: Customers) -> Iterator[str]:
    for each in customers.listed:
        names = (each.name, *each.aliases)
        if any(map(pattern.matches, names)):
            yield from names


def covers(matchers: Sequence[Matcher], alert: Alert, one: Affected) -> bool:
    """Whether an alert, as far as it is about one of its sites, is what `matchers` are about."""
    return all(_matches(each, alert, one) for each in matchers) and (
        alert.kind not in OF_OURSELVES or any(_names(each, alert.kind) for each in matchers)
    )


def covered(matchers: Sequence[Matcher], alert: Alert) -> tuple[Affected, ...]:
    """Those of an alert's sites as far as which `matchers` are about it."""
    return tuple(one for one in sites_of(alert) if covers(matchers, alert, one))


def sites_of(alert: Alert) -> tuple[Affected, ...]:
    """The sites that an alert is about now, all of them while none fails steadily; what is about
    none counts as one without a name."""
    return tuple(lasting(alert)) or alert.affected or (Affected(alert.site, alert.customer),)


def _matches(matcher: Matcher, alert: Alert, one: Affected) -> bool:
    pattern = matcher.pattern
    match matcher.label:
        case Label.KIND:
            # A server's outage stands for those of its sites, which raise none of their own.
            stands_in = alert.kind is Kind.HOST_OUTAGE and pattern.matches(Kind.OUTAGE.value)
            return stands_in or pattern.matches(alert.kind.value)
        case Label.SEVERITY:
            return pattern.matches(alert.severity.value)
        case Label.SITE:
            return pattern.matches(one.site)
        case Label.CUSTOMER:
            return matcher.is_for_customer(one.customer)
        case Label.HOST:
            return pattern.matches(alert.host)


def _names(matcher: Matcher, kind: Kind) -> bool:
    """Whether it asks for this kind and no pattern that it happens to fit."""
    by_name = matcher.label is Label.KIND and matcher.pattern.how is How.EQUAL
    return by_name and matcher.pattern.matches(kind.value)


def parsed(written: Iterable[str]) -> tuple[Matcher, ...]:
    """Matchers as people write them: `site=shop`, `kind=outage,fault`, `site=shop-*` and
    `host=~web-[0-9]+`. Raises MatcherError."""
    return checked([_parsed(each) for each in written])


def _parsed(written: str) -> Matcher:
    label, sign, value = written.partition("=")
    name = label.strip().casefold()
    if not sign or name not in {each.value for each in Label}:
        labels = ", ".join(each.value for each in Label)
        raise MatcherError(f"{written!r}: expected LABEL=VALUE with a label out of {labels}")
    if value.startswith("~"):
        return Matcher(Label(name), Pattern(How.REGEX, (value[1:].strip(),)))
    values = tuple(each.strip() for each in value.split(",") if each.strip())
    how = How.GLOB if any(map(has_glob, values)) else How.EQUAL
    return Matcher(Label(name), Pattern(how, values))


def checked(matchers: Sequence[Matcher]) -> tuple[Matcher, ...]:
    """`matchers` if they can be used. Raises MatcherError; without any everything would match."""
    if not matchers:
        raise MatcherError("a silence needs a matcher, such as site=shop")
    known = {Label.KIND: [*map(str, Kind)], Label.SEVERITY: ["critical", "warning", "info"]}
    for each in matchers:
        each.pattern.check()
        names = known.get(each.label)
        for value in each.pattern.values if names and each.pattern.how is How.EQUAL else ():
            if not Pattern(How.EQUAL, tuple(names or ())).matches(value):
                raise MatcherError(f"no {each.label} {value!r}; there are {', '.join(names or ())}")
    return tuple(matchers)
