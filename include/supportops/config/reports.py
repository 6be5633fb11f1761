"""`reports.yaml`: who gets which report, as operators write it, and the plan that it means."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field

from supportops.config.model import (
    Model,
    Wrong,
    entries,
    items,
    mapping,
    shown,
    twice,
    unknown,
)
from supportops.config.of_tickets.service_levels import office_zone, tiers_in
from supportops.config.values import (
    Clock,
    Colour,
    Duration,
    Identifier,
    Name,
    Share,
    Size,
    Zone,
    known_zones,
)
from supportops.config.yaml_source import KeyPath
from supportops.customers import Agency, Customer, CustomerReport, Customers
from supportops.names import folded
from supportops.reports.audience import (
    INTERNAL,
    Audience,
    Brand,
    ForCustomers,
    Format,
    Part,
    Plan,
)
from supportops.reports.period import MADE_AT, Cadence
from supportops.reports.words.dates import check_language

# The choices of which an audience names each at most once.
_CHOICES = ("receivers", "reports", "tiers", "sections", "formats")


def _language(found: str) -> str:
    try:
        check_language(found)
    except ValueError:
        raise ValueError("a language, such as en-GB, de or fr-CH") from None
    return found


def _hour(found: Any) -> Any:
    """Unquoted, 10:30 is 630 in YAML, but a bare 9 is nine o'clock to who writes it."""
    if isinstance(found, int) and found < 60:
        raise ValueError("a time of day such as 09:00")
    return found


Language = Annotated[str, AfterValidator(_language)]
Hour = Annotated[Clock, BeforeValidator(_hour)]


class AudienceEntry(Model):
    """Those who get the same report. What is left out: all of it, on the file's own clock."""

    name: Identifier
    title: Name
    receivers: Annotated[list[Identifier], Field(min_length=1)]
    reports: Annotated[list[Cadence], Field(min_length=1)]
    customer: Name | None = None
    tiers: list[Identifier] = []
    sections: Annotated[list[Part], Field(min_length=1)] | None = None
    formats: list[Format] = [Format.PDF]
    timezone: Zone | None = None
    language: Language = "en-GB"

    def audience(self, zone: str) -> Audience:
        return Audience(
            name=self.name,
            title=self.title,
            receivers=tuple(self.receivers),
            cadences=frozenset(self.reports),
            parts=tuple(part for part in Part if part in self._chosen()),
            formats=tuple(each for each in Format if each in self.formats),
            customer=self.customer,
            tiers=tuple(self.tiers),
            zone=self.timezone or zone,
            language=self.language,
        )

    def _chosen(self) -> frozenset[Part]:
        """A customer reads of the agency's own affairs only where its file says so."""
        if self.sections is not None:
            return frozenset(self.sections)
        return frozenset(Part) - INTERNAL if self.customer else frozenset(Part)


class AvailabilityEntry(Model):
    """The share of time that sites should be up; `sites` for those that differ."""

    default: Share | None = None
    sites: dict[Name, Share] = {}


class Approval(StrEnum):
    """Whether somebody reads a report before it is sent."""

    NONE = "none"
    REQUIRED = "required"


class MonthlyEntry(Model):
    """The monthly reports of the customers that `reports` in customers.yaml names them for."""

    approval: Approval = Approval.REQUIRED
    agency: Name | None = None
    colour: Colour | None = None
    formats: list[Format] = [Format.PDF]

    def for_customers(self) -> ForCustomers:
        return ForCustomers(
            Brand(self.agency or "", self.colour),
            self.approval is Approval.REQUIRED,
            tuple(each for each in Format if each in self.formats),
        )


class ReportsFile(Model):
    """The whole of `reports.yaml`. Without the file nobody gets a report."""

    timezone: Zone | None = None
    stale_after: Duration = timedelta(hours=2)
    attach_at_most: Size = Field(default=7_000_000, json_schema_extra={"default": "7MB"})
    late: dict[Cadence, Hour] = {}
    targets: dict[Identifier, Share] = {}
    availability: AvailabilityEntry = AvailabilityEntry()
    monthly: MonthlyEntry = MonthlyEntry()
    audiences: list[AudienceEntry] = []

    @classmethod
    def across(cls, data: Any) -> Iterator[Wrong]:
        """Each audience once, and in it each receiver, section and so on."""
        found = list(entries(data, "audiences"))
        yield from twice(((*path, "name"), entry.get("name")) for path, entry in found)
        for path, entry in found:
            for key in _CHOICES:
                yield from twice(((*path, *inner), item) for inner, item in items(entry, key))

    @classmethod
    def among(cls, data: Any, others: Mapping[str, Any]) -> Iterator[Wrong]:
        """Receivers, tiers, sites and customers that the other files do not know."""
        yield from _wrong_receivers(data, others.get("alerts"))
        yield from _wrong_tiers(data, others.get("service_levels"))
        yield from _wrong_sites(data, others.get("sites"), others.get("customers"))
        yield from _too_far_west(data, others.get("service_levels"))

    def plan(self, zone: str) -> Plan:
        """`zone`: of days, weeks and times where the file names none."""
        zone = self.timezone or zone
        return Plan(
            audiences=tuple(entry.audience(zone) for entry in self.audiences),
            targets=self.targets,
            availability=self.availability.default,
            site_availability=self.availability.sites,
            stale_after=self.stale_after,
            attach_at_most=self.attach_at_most,
            late_at=self.late,
            zone=zone,
            for_customers=self.monthly.for_customers(),
        )


def with_customers(plan: Plan, customers: Customers) -> Plan:
    """`plan` with an audience for each customer that customers.yaml has a monthly report for."""
    listed = (each for each in customers.listed if CustomerReport.MONTHLY in each.reports)
    theirs = tuple(audience_of_customer(each, plan, customers.agency) for each in listed)
    return replace(plan, audiences=(*plan.audiences, *theirs))


def audience_of_customer(customer: Customer, plan: Plan, agency: Agency) -> Audience:
    """Who reads a customer's monthly report, under the customer's own head or the agency's."""
    chosen = plan.for_customers
    logo = customer.logo or agency.logo
    return Audience(
        name=audience_name(customer.name),
        title=customer.name,
        receivers=customer.contacts,
        cadences=frozenset({Cadence.MONTHLY}),
        parts=tuple(part for part in Part if part not in INTERNAL),
        formats=chosen.formats,
        customer=customer.name,
        zone=plan.zone,
        language=customer.language,
        brand=replace(
            chosen.brand,
            name=agency.name or chosen.brand.name,
            colour=customer.colour or agency.colour or chosen.brand.colour,
            logo=logo.digest if logo else chosen.brand.logo,
        ),
        approved=chosen.approved,
        former=tuple(audience_name(alias) for alias in customer.aliases),
    )


def audience_name(customer: str) -> str:
    """The short name under which a customer's reports are stored: "customer_acme_1a2b3c4d".

    Two customers whose names have the same letters have different ones.
    """
    plain = unicodedata.normalize("NFKD", folded(customer)).encode("ascii", "ignore").decode()
    letters = re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")[:40].rstrip("_")
    digest = hashlib.sha256(folded(customer).encode()).hexdigest()[:8]
    return "_".join(each for each in ("customer", letters, digest) if each)


def _too_far_west(data: Any, levels: Any) -> Iterator[Wrong]:
    """Zones in which a day is not over yet when its report is made, on the office's clocks: it
    would always be a day, or a week, behind."""
    office = office_zone(levels)
    if office not in known_zones():
        return  # reported there
    common = data.get("timezone", office) if isinstance(data, dict) else None
    for path, entry in entries(data, "audiences"):
        zone = entry.get("timezone", common)
        if not isinstance(zone, str) or zone not in known_zones():
            continue  # reported where it stands
        for _, cadence in items(entry, "reports"):
            if cadence in tuple(Cadence) and _behind(zone, cadence, office):
                at = f"{MADE_AT[Cadence(cadence)]:%H:%M} {office}"
                expected = f"a zone in which the day before is over at {at}, when it is made"
                yield Wrong((*path, "timezone"), shown(zone), expected)


def _behind(zone: str, cadence: str, office: str) -> bool:
    """Whether on some day of a year midnight in `zone` comes after the schedule."""
    made_at = MADE_AT[Cadence(cadence)]
    days = (date(2026, 1, 1) + timedelta(days=n) for n in range(365))
    return any(
        datetime.combine(day, time(), ZoneInfo(zone))
        > datetime.combine(day, made_at, ZoneInfo(office))
        for day in days
    )


def _wrong_receivers(data: Any, alerts: Any) -> Iterator[Wrong]:
    receivers = alerts.get("receivers") if isinstance(alerts, dict) else None
    if not isinstance(receivers, dict):
        return  # reported there
    for path, name in _named(data, "receivers"):
        if name not in receivers:
            yield unknown(path, name, receivers, "a receiver of alerts.yaml:")


def _wrong_tiers(data: Any, levels: Any) -> Iterator[Wrong]:
    if not isinstance(levels, dict):
        return
    known = tiers_in(levels)
    written = [(("targets", tier), tier) for tier in mapping(data, "targets")]
    for path, tier in [*written, *_named(data, "tiers")]:
        if isinstance(tier, str) and tier not in known:
            yield unknown(path, tier, known, "a tier of service_levels.yaml:")


def _wrong_sites(data: Any, sites: Any, named: Any) -> Iterator[Wrong]:
    """A customer may have tickets and no site, but not a name that sites.yaml writes otherwise.

    The names of customers.yaml may be written in any way.
    """
    listed = {
        folded(name)
        for _, entry in entries(named, "customers")
        for name in (entry.get("name"), *(alias for _, alias in items(entry, "aliases")))
        if isinstance(name, str)
    }
    known = [site for _, site in entries(sites, "sites")]
    if not known:
        return
    customers = {c for site in known if isinstance(c := site.get("customer"), str)}
    alike = {folded(customer): customer for customer in sorted(customers)}
    for path, entry in entries(data, "audiences"):
        customer = entry.get("customer")
        if not isinstance(customer, str) or customer in customers or folded(customer) in listed:
            continue
        if meant := alike.get(folded(customer)):
            expected = f"{shown(meant)}, as sites.yaml writes it"
            yield Wrong((*path, "customer"), shown(customer), expected)


def _named(data: Any, key: str) -> Iterator[tuple[KeyPath, str]]:
    """The texts in the list at `key` of every audience, with their places."""
    for path, entry in entries(data, "audiences"):
        for inner, item in items(entry, key):
            if isinstance(item, str):
                yield (*path, *inner), item
