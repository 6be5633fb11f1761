"""Who gets which report: what `reports.yaml` says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import StrEnum

from supportops.reports.period import Cadence


class Format(StrEnum):
    """An attachment. The mail itself is always HTML with a text part."""

    PDF = "pdf"
    XLSX = "xlsx"
    CSV = "csv"
    JSON = "json"


class Part(StrEnum):
    """The sections that an audience may choose from, in the order of the page."""

    TIERS = "tiers"
    TREND = "trend"
    RESTATEMENTS = "restatements"
    OPEN_BREACHES = "open_breaches"
    BREACHES = "breaches"
    AT_RISK = "at_risk"
    VOLUME = "volume"
    CUSTOMERS = "customers"
    ASSIGNEES = "assignees"
    SITES = "sites"
    INCIDENTS = "incidents"
    ALERTS = "alerts"
    TUTORIALS = "tutorials"


# What stays inside the agency unless its file says otherwise.
INTERNAL = frozenset({Part.CUSTOMERS, Part.ASSIGNEES, Part.ALERTS, Part.TUTORIALS})


@dataclass(frozen=True, slots=True)
class Brand:
    """Whose name, colour (#rrggbb) and logo a report carries in its head.

    `logo`: the SHA-256 of the picture's content, in hexadecimal.
    """

    name: str = ""
    colour: str | None = None
    logo: str | None = None


@dataclass(frozen=True, slots=True)
class Audience:
    """`receivers` are names out of alerts.yaml. `customer`: the report is about it alone.

    `tiers`: empty means all. `zone` names the clock of days, weeks and instants, `language` (a
    BCP 47 tag) how dates are written. `brand`: it gets the report that is written for customers,
    under this head, in place of the one for managers. `approved`: it is sent when somebody has
    approved it. `former`: names under which reports for the same reader may be stored, from when
    its customer was called otherwise.
    """

    name: str
    title: str
    receivers: tuple[str, ...]
    cadences: frozenset[Cadence]
    parts: tuple[Part, ...]
    formats: tuple[Format, ...]
    customer: str | None = None
    tiers: tuple[str, ...] = ()
    zone: str = "Europe/London"
    language: str = "en-GB"
    brand: Brand | None = None
    approved: bool = False
    former: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All names under which its reports may be stored, its own first."""
        return (self.name, *self.former)


@dataclass(frozen=True, slots=True)
class ForCustomers:
    """How the monthly reports of customers are made. `brand`: the agency's own head, for customers
    without a colour or a logo. `approved`: each is sent when somebody has approved it.
    """

    brand: Brand = Brand()
    approved: bool = True
    formats: tuple[Format, ...] = (Format.PDF,)


@dataclass(frozen=True, slots=True)
class Plan:
    """All audiences, and what holds for each of them. Those of customers.yaml are among them.

    `targets`: the share of promises to keep, by tier; a tier without one is reported without a
    verdict. `availability` is the share of time that a site should be up, `site_availability`
    that of single sites. `late_at`: the wall-clock time in `zone` by which a report must have
    been sent on its day; a cadence without one is never late.
    """

    audiences: tuple[Audience, ...] = ()
    targets: Mapping[str, float] = field(default_factory=dict)
    availability: float | None = None
    site_availability: Mapping[str, float] = field(default_factory=dict)
    stale_after: timedelta = timedelta(hours=2)
    attach_at_most: int = 7_000_000
    late_at: Mapping[Cadence, time] = field(default_factory=dict)
    zone: str = "Europe/London"
    for_customers: ForCustomers = ForCustomers()

    def of(self, cadence: Cadence) -> tuple[Audience, ...]:
        """Those who get this report."""
        return tuple(each for each in self.audiences if cadence in each.cadences)
